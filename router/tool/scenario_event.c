/* An event at the door of its adapter, and what the core makes of it. */
#include <stdlib.h>
#include <string.h>

#include "router/tool/scenario_parts.h"
#include "schemas/timestamp.h"

/* ---------------------------------------------------------------- the door of an adapter */

struct doorway {
    struct scenario *scenario;
    int party;
};

static bool knows_house(void *context, struct sl_bytes bag_id, uint8_t pseudonym[SL_HASH_SIZE])
{
    const struct doorway *way = context;
    sl_pseudonym(way->scenario->key, pseudonym, bag_id);
    for (size_t i = 0; i < way->scenario->event_count; i++) {
        const struct kept *kept = &way->scenario->events[i];
        if ((kept->reached & 1u << way->party) != 0 &&
            memcmp(kept->event.header.subject.data, pseudonym, SL_HASH_SIZE) == 0)
            return true;
    }
    return false;
}

static bool knows_event(void *context, struct sl_bytes id, uint8_t uuid[SL_UUID_SIZE])
{
    const struct doorway *way = context;
    const struct kept *found = NULL;
    for (size_t i = 0; i < way->scenario->event_count; i++) {
        const struct kept *kept = &way->scenario->events[i];
        bool own = kept->publisher == way->party;
        if (sl_bytes_is(id, kept->id) && (own || (kept->reached & 1u << way->party) != 0) &&
            (found == NULL || (own && found->publisher != way->party)))
            found = kept;
    }
    if (found != NULL)
        memcpy(uuid, found->event.header.event_id.data, SL_UUID_SIZE);
    return found != NULL;
}

/* What a line can say of an event that was not accepted. */
struct about {
    const char *id;
    const char *type;
    const char *from;
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    const uint8_t *subject;
};

static void look_at(struct scenario *scenario, struct about *about, const json_t *event,
                    const char *from)
{
    const char *type = json_string_value(json_object_get(event, "type"));
    const char *subject = json_string_value(json_object_get(event, "subject"));
    struct sl_error error;
    size_t prefix = strlen(SL_TYPE_PREFIX);
    *about = (struct about){.id = json_string_value(json_object_get(event, "id")), .from = from};
    if (type != NULL)
        about->type = strncmp(type, SL_TYPE_PREFIX, prefix) == 0 ? type + prefix : type;
    if (subject != NULL && (sl_bag_check(sl_text(subject), false, &error) == 0 ||
                            sl_bag_check(sl_text(subject), true, &error) == 0)) {
        sl_pseudonym(scenario->key, about->pseudonym, sl_text(subject));
        about->subject = about->pseudonym;
    }
}

static void write_about(struct scenario *scenario, const struct about *about,
                        enum core_outcome outcome, const char *rule, const char *to,
                        const char *what, const char *detail)
{
    struct core_line line = {.outcome = outcome,
                             .at = scenario->at,
                             .event = {.id = about->id,
                                       .type = about->type,
                                       .from = about->from,
                                       .subject = about->subject},
                             .rule = rule,
                             .to = to,
                             .what = what,
                             .detail = detail};
    core_line_write(&scenario->log, &line);
    if (scenario->watch.line != NULL)
        scenario->watch.line(scenario->watch.context, &line);
}

/* Gates X6 and X7. True: the event was dealt with. */
static bool known_already(struct scenario *scenario, const struct about *about,
                          const struct sl_event *event)
{
    const Samenloop__V1__Header *header = &event->header;
    uint64_t number = core_known(scenario->core, sl_from_pb(header->source), header->event_id.data);
    if (number == 0)
        return false;
    const Samenloop__V1__Header *earlier = &scenario->events[number - 1].event.header;
    if (sl_bytes_equal(sl_from_pb(earlier->content_mac), sl_from_pb(header->content_mac)))
        write_about(scenario, about, CORE_DUPLICATE, "same-id", NULL, NULL, NULL);
    else
        write_about(scenario, about, CORE_REFUSED, "same-id-other-content", about->from,
                    sl_code_name(SL_ID_CONFLICT), "the same id with other content");
    return true;
}

/* A header names its sections by their digests; here nobody reads those. */
static void name_sections(struct scenario *scenario, struct sl_event *event)
{
    static uint8_t digest[SL_HASH_SIZE];
    Samenloop__V1__Header *header = &event->header;
    header->sections = sl_arena_alloc(&scenario->arena,
                                      SL_SECTIONS * sizeof(Samenloop__V1__SectionDigest *));
    header->n_sections = 0;
    for (int i = SL_LOCATION; i <= SL_ORIGIN; i++) {
        if ((event->present & sl_section_bit((enum sl_section)i)) == 0)
            continue;
        Samenloop__V1__SectionDigest *named = sl_arena_alloc(&scenario->arena, sizeof *named);
        samenloop__v1__section_digest__init(named);
        named->section = (Samenloop__V1__Section)i;
        named->digest = (ProtobufCBinaryData){.len = sizeof digest, .data = digest};
        header->sections[header->n_sections++] = named;
    }
}

/* An accepted correction or withdrawal says anew which house its original is about. */
static void change(struct kept *original, const Samenloop__V1__Header *header)
{
    if (original->withdrawn)
        return;
    original->subject = header->subject.data;
    original->withdrawn = !sl_is_correction(sl_type_find(sl_from_pb(header->type)));
}

static int accept(struct scenario *scenario, struct sl_event *event, int party, const char *id,
                  struct sl_error *error)
{
    uint64_t wanted = core_wants(scenario->core, party, &event->header);
    struct core_event told = {.number = scenario->event_count + 1,
                              .at = scenario->at,
                              .publisher = party,
                              .header = &event->header,
                              .sections = event->present & ~sl_section_bit(SL_ORIGIN)};
    if (wanted != 0) {
        const struct kept *kept = &scenario->events[wanted - 1];
        told.kept = &kept->event.header;
        told.kept_sections = kept->event.present & ~sl_section_bit(SL_ORIGIN);
        told.past = kept->past;
    }
    struct core_decision decision;
    if (core_event(scenario->core, &told, &decision, error) < 0)
        return -1;
    if (decision.refused == SL_OK) {
        scenario->events = sl_grow(scenario->events, &scenario->event_capacity,
                                   scenario->event_count + 1, sizeof *scenario->events);
        scenario->events[scenario->event_count++] = (struct kept){
            .id = (const char *)sl_arena_copy(&scenario->arena, sl_bytes(id, strlen(id) + 1)).data,
            .event = *event,
            .subject = event->header.subject.data,
            .publisher = party,
            .past = sl_arena_copy(&scenario->arena, decision.past)};
        const struct watch_event watched = {told.number, told.at, scenario->parties[party].name,
                                            told.header, decision.original};
        if (scenario->watch.event != NULL)
            scenario->watch.event(scenario->watch.context, &watched);
    }
    write_lines(scenario, &decision, id);
    if (decision.original != 0)
        change(&scenario->events[decision.original - 1], &event->header);
    deliver(scenario, &decision);
    return 0;
}

/* As its adapter reads it: jansson's tree, by way of its text. */
static int read_record(struct scenario *scenario, const struct sl_door *door, enum sl_role role,
                       const json_t *record, struct sl_event *event, struct sl_refusal *refusal)
{
    char *text = record == NULL ? NULL : json_dumps(record, JSON_COMPACT | JSON_ENCODE_ANY);
    *refusal = (struct sl_refusal){0};
    const struct sl_json *tree = sl_json_read(
        &scenario->arena, sl_text(text == NULL ? "null" : text), SL_MAX_FRAME, &refusal->error);
    free(text);
    return tree == NULL ? -1
                        : sl_cloudevent_take(event, &scenario->arena, door, role, tree, refusal);
}

/* Through the door of its adapter; -1: refused. The event belongs to the scenario's arena. */
static int through_door(struct scenario *scenario, const char *from, enum sl_role role,
                        const json_t *record, struct sl_event *event, struct sl_refusal *refusal)
{
    char oin[OIN_TEXT];
    int party = find_party(scenario, from);
    bool municipality = strncmp(from, "gm", 2) == 0;
    struct doorway way = {scenario, party};
    struct sl_door door = {.participant = from,
                           .oin = oin,
                           .publisher = party >= 0 ? sl_organisation_of(from) : SL_NOBODY,
                           .now = scenario->at,
                           .in_force = scenario->agreements[0]->in_force,
                           .pseudonym = municipality ? NULL : scenario->key,
                           .content = scenario->key,
                           .context = &way,
                           .house = municipality ? knows_house : NULL,
                           .event = knows_event};
    set_oin(oin, from);
    if (read_record(scenario, &door, role, record, event, refusal) < 0)
        return -1;
    name_sections(scenario, event);
    return 0;
}

int take_event(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    const json_t *record = json_object_get(line, "event");
    const char *from = json_string_value(json_object_get(line, "from"));
    const char *role_name = json_string_value(json_object_get(line, "role"));
    enum sl_role role = SL_BACK_OFFICE;
    if (from == NULL || (role_name != NULL && sl_role_parse(&role, sl_text(role_name)) < 0))
        return sl_fail(error, SL_MALFORMED, "an event wants `from`, and `role` a role's name");
    struct about about;
    struct sl_event *event = sl_arena_alloc(&scenario->arena, sizeof *event);
    struct sl_refusal refusal = {0};
    look_at(scenario, &about, record, from);
    if (through_door(scenario, from, role, record, event, &refusal) < 0) {
        write_about(scenario, &about, CORE_REFUSED, NULL, from, sl_code_name(refusal.error.code),
                    refusal.error.text);
        return 0;
    }
    if (known_already(scenario, &about, event))
        return 0;
    return accept(scenario, event, find_party(scenario, from), about.id, error);
}

/* ---------------------------------------------------------------- why */

int scenario_explain(struct scenario *scenario, const json_t *record, enum sl_role role,
                     struct sl_buffer *out, struct sl_error *error)
{
    const char *source = json_string_value(json_object_get(record, "source"));
    const char *time = json_string_value(json_object_get(record, "time"));
    int64_t at = scenario->at;
    if (scenario_begin(scenario, error) < 0)
        return -1;
    int party = source != NULL ? find_oin(scenario, sl_text(source)) : -1;
    if (party < 0)
        return sl_fail(error, SL_SOURCE_MISMATCH, "source: is nobody's who takes part");
    if (time != NULL && sl_timestamp_parse(&at, sl_text(time)) == 0 && at > scenario->at)
        let_time_pass(scenario, at);
    struct sl_event *event = sl_arena_alloc(&scenario->arena, sizeof *event);
    struct sl_refusal refusal = {0};
    if (through_door(scenario, scenario->parties[party].name, role, record, event, &refusal) < 0)
        return sl_fail(error, refusal.error.code, "refused, %s: %s",
                       sl_code_name(refusal.error.code), refusal.error.text);
    struct core_event told = {.number = scenario->event_count + 1,
                              .at = scenario->at,
                              .publisher = party,
                              .header = &event->header,
                              .sections = event->present & ~sl_section_bit(SL_ORIGIN)};
    sl_buffer_printf(out, "%s from %s as %s\n", event->type->name, scenario->parties[party].name,
                     sl_role_name(role));
    core_explain(scenario->core, &told, out);
    return 0;
}
