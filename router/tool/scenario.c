#include "router/tool/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "router/language/check.h"
#include "schemas/cloudevent.h"
#include "schemas/directory.h"
#include "schemas/file.h"
#include "schemas/timestamp.h"

enum { MAX_SCENARIO = 64 * 1024 * 1024, OIN_TEXT = 21 };

struct party {
    char name[SL_NAME_SIZE];
    char oin[OIN_TEXT];
    uint32_t roles;
    bool away;
};

/* An event that was accepted; its number is its place. */
struct kept {
    const char *id; /* the back office's */
    struct sl_event event;
    int publisher;
    const uint8_t *subject; /* of its last correction */
    uint32_t reached;       /* bit n: participant n got it */
    struct sl_bytes past;
};

/* A delivery, with all of it that is needed to make it later. */
struct parcel {
    struct core_delivery delivery;
    uint8_t subject[SL_PSEUDONYM_SIZE];
    size_t order;
};

struct scenario {
    struct agreement **agreements; /* all that ever held; the first says since when */
    size_t agreement_count;
    size_t agreement_capacity;
    const struct agreement *holding;
    const struct agreement *coming; /* waits for its moment; NULL: none */
    bool no_others;
    const char *file; /* that is played */
    struct sl_buffer findings;
    struct core *core;
    struct party parties[SL_MAX_PARTICIPANTS];
    size_t party_count;
    struct sl_mac *key;
    struct sl_arena arena;
    struct kept *events;
    size_t event_count;
    size_t event_capacity;
    struct parcel *waiting;
    size_t waiting_count;
    size_t waiting_capacity;
    size_t deliveries;
    int64_t at;
    struct sl_buffer log;
};

/* ---------------------------------------------------------------- who takes part */

/* The identification numbers of samples and replays. */
static void set_oin(char out[OIN_TEXT], const char *name)
{
    if (strcmp(name, "img") == 0)
        memcpy(out, "00000004164164164000", OIN_TEXT);
    else if (strcmp(name, "ncg") == 0)
        memcpy(out, "00000004165165165000", OIN_TEXT);
    else
        (void)snprintf(out, OIN_TEXT, "0000000100000%.4s000",
                       strlen(name) > strlen("gm") ? name + strlen("gm") : "0000");
}

static int add_party(struct scenario *scenario, const char *name, uint32_t roles,
                     struct sl_error *error)
{
    if (sl_organisation_of(name) == SL_NOBODY)
        return sl_fail(error, SL_MALFORMED, "a participant is img, ncg, or gm with four digits");
    if (scenario->party_count == SL_MAX_PARTICIPANTS)
        return sl_fail(error, SL_MALFORMED, "more than %d participants", SL_MAX_PARTICIPANTS);
    struct party *party = &scenario->parties[scenario->party_count++];
    *party = (struct party){.roles = roles};
    (void)snprintf(party->name, sizeof party->name, "%s", name);
    set_oin(party->oin, name);
    return 0;
}

static int find_party(const struct scenario *scenario, const char *name)
{
    for (size_t i = 0; name != NULL && i < scenario->party_count; i++) {
        if (strcmp(scenario->parties[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

static int take_participants(struct scenario *scenario, const json_t *participants,
                             struct sl_error *error)
{
    const char *name;
    json_t *roles, *role;
    size_t index;
    scenario->party_count = 0;
    json_object_foreach((json_t *)participants, name, roles)
    {
        uint32_t held = 0;
        json_array_foreach(roles, index, role)
        {
            enum sl_role value = SL_NO_ROLE;
            const char *text = json_string_value(role);
            if (text == NULL || sl_role_parse(&value, sl_text(text)) < 0)
                return sl_fail(error, SL_MALFORMED, "participants: no such role");
            held |= 1u << value;
        }
        if (add_party(scenario, name, held, error) < 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- agreements */

/* The agreement in a file, kept for as long as the scenario; NULL with findings. */
static const struct agreement *load(struct scenario *scenario, const char *path,
                                    struct sl_buffer *findings)
{
    struct agreement *agreement = NULL;
    if (agreement_load(&agreement, path, findings) < 0)
        return NULL;
    scenario->agreements = sl_grow(scenario->agreements, &scenario->agreement_capacity,
                                   scenario->agreement_count + 1, sizeof *scenario->agreements);
    scenario->agreements[scenario->agreement_count++] = agreement;
    return agreement;
}

/* One to begin with. */
static const struct agreement *load_first(struct scenario *scenario, const char *path,
                                          struct sl_error *error)
{
    struct sl_buffer findings = {0};
    const struct agreement *agreement = load(scenario, path, &findings);
    if (agreement == NULL)
        (void)sl_fail(error, SL_MALFORMED, "%.*s", (int)strcspn((char *)findings.data, "\n"),
                      (char *)findings.data);
    sl_buffer_free(&findings);
    return agreement;
}

/* This one holds, for those who take part. */
static void agree(struct scenario *scenario, const struct agreement *agreement)
{
    struct core_participant who[SL_MAX_PARTICIPANTS];
    for (size_t i = 0; i < scenario->party_count; i++)
        who[i] = (struct core_participant){scenario->parties[i].name, scenario->parties[i].roles};
    scenario->holding = agreement;
    if (scenario->core == NULL)
        scenario->core = core_new(agreement, who, scenario->party_count);
    else
        core_agreement(scenario->core, agreement, who, scenario->party_count);
}

/* A version takes force at its moment, or now where that is past. */
static void bring_in(struct scenario *scenario, const struct agreement *agreement)
{
    scenario->coming = agreement;
    if (agreement->in_force > scenario->at)
        return;
    scenario->coming = NULL;
    agree(scenario, agreement);
}

/* ---------------------------------------------------------------- lines and deliveries */

static void write_line(struct scenario *scenario, const struct core_line *line, const char *id)
{
    struct core_line shown = *line;
    uint64_t number = line->event.number;
    shown.event.id = number > 0 && number <= scenario->event_count ? scenario->events[number - 1].id
                                                                   : id;
    core_line_write(&scenario->log, &shown);
}

static void write_lines(struct scenario *scenario, const struct core_decision *decision,
                        const char *id)
{
    for (size_t i = 0; i < decision->line_count; i++)
        write_line(scenario, &decision->lines[i], id);
}

static void deliver(struct scenario *scenario, const struct core_decision *decision);

/* Somebody takes it at once, which is the receipt. */
static void hand_over(struct scenario *scenario, struct parcel *parcel)
{
    const struct core_delivery *delivery = &parcel->delivery;
    uint64_t number = delivery->event.number;
    struct core_line line;
    const struct kept *kept = &scenario->events[number - 1];
    bool moved = memcmp(parcel->subject, kept->event.header.subject.data, sizeof parcel->subject) ==
                 0; /* if the event did since */
    parcel->delivery.event.subject = moved ? kept->subject : parcel->subject;
    core_delivered(&line, delivery, scenario->at, scenario->parties[delivery->receiver].name);
    write_line(scenario, &line, NULL);
    if (delivery->what != NULL)
        return;
    scenario->events[number - 1].reached |= 1u << delivery->receiver;
    if (!delivery->receipt_wanted)
        return;
    struct core_decision decision;
    core_receipt(scenario->core, scenario->at, number, delivery->receiver, delivery->role,
                 &decision);
    write_lines(scenario, &decision, NULL);
    deliver(scenario, &decision);
}

/* What the core gave lives until its next call: copied before anything is handed over. */
static void deliver(struct scenario *scenario, const struct core_decision *decision)
{
    size_t count = decision->delivery_count;
    struct parcel *parcels = sl_new(count, sizeof *parcels);
    for (size_t i = 0; i < count; i++) {
        struct parcel *parcel = &parcels[i];
        struct core_reason *reason = sl_arena_alloc(&scenario->arena, sizeof *reason);
        parcel->delivery = decision->deliveries[i];
        *reason = parcel->delivery.reasons[0];
        parcel->delivery.reasons = reason;
        parcel->delivery.event.uuid = NULL;
        memcpy(parcel->subject, parcel->delivery.event.subject, sizeof parcel->subject);
        parcel->order = ++scenario->deliveries;
    }
    for (size_t i = 0; i < count; i++) {
        if (!scenario->parties[parcels[i].delivery.receiver].away) {
            hand_over(scenario, &parcels[i]);
            continue;
        }
        scenario->waiting = sl_grow(scenario->waiting, &scenario->waiting_capacity,
                                    scenario->waiting_count + 1, sizeof *scenario->waiting);
        scenario->waiting[scenario->waiting_count++] = parcels[i];
    }
    free(parcels);
}

static void let_deadlines_pass(struct scenario *scenario, int64_t until)
{
    struct core_decision decision;
    for (;;) {
        int64_t due = core_wake(scenario->core) - 1;
        if (!core_tick(scenario->core, until, &decision))
            break;
        scenario->at = due;
        write_lines(scenario, &decision, NULL);
        deliver(scenario, &decision);
    }
    scenario->at = until;
}

static void let_time_pass(struct scenario *scenario, int64_t until)
{
    const struct agreement *coming = scenario->coming;
    if (coming != NULL && coming->in_force <= until) {
        if (coming->in_force > scenario->at)
            let_deadlines_pass(scenario, coming->in_force);
        bring_in(scenario, coming);
    }
    let_deadlines_pass(scenario, until);
}

static int lanes_first(const void *a, const void *b)
{
    const struct parcel *x = a, *y = b;
    if (x->delivery.lane != y->delivery.lane)
        return x->delivery.lane < y->delivery.lane ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static int come_back(struct scenario *scenario, int party)
{
    struct parcel *due = sl_new(scenario->waiting_count, sizeof *due);
    size_t count = 0, left = 0;
    scenario->parties[party].away = false;
    for (size_t i = 0; i < scenario->waiting_count; i++) {
        if (scenario->waiting[i].delivery.receiver == party)
            due[count++] = scenario->waiting[i];
        else
            scenario->waiting[left++] = scenario->waiting[i];
    }
    scenario->waiting_count = left;
    qsort(due, count, sizeof *due, lanes_first);
    for (size_t i = 0; i < count; i++)
        hand_over(scenario, &due[i]);
    free(due);
    return 0;
}

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
    }
    write_lines(scenario, &decision, id);
    if (decision.original != 0)
        scenario->events[decision.original - 1].subject = event->header.subject.data;
    deliver(scenario, &decision);
    return 0;
}

static int take_event(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    const json_t *record = json_object_get(line, "event");
    const char *from = json_string_value(json_object_get(line, "from"));
    const char *role_name = json_string_value(json_object_get(line, "role"));
    enum sl_role role = SL_BACK_OFFICE;
    char oin[OIN_TEXT];
    if (from == NULL || (role_name != NULL && sl_role_parse(&role, sl_text(role_name)) < 0))
        return sl_fail(error, SL_MALFORMED, "an event wants `from`, and `role` a role's name");
    int party = find_party(scenario, from);
    struct doorway way = {scenario, party};
    struct sl_door door = {.participant = from,
                           .oin = oin,
                           .publisher = party >= 0 ? sl_organisation_of(from) : SL_NOBODY,
                           .now = scenario->at,
                           .in_force = scenario->agreements[0]->in_force,
                           .pseudonym = strncmp(from, "gm", 2) == 0 ? NULL : scenario->key,
                           .content = scenario->key,
                           .context = &way,
                           .house = strncmp(from, "gm", 2) == 0 ? knows_house : NULL,
                           .event = knows_event};
    struct about about;
    struct sl_event *event = sl_arena_alloc(&scenario->arena, sizeof *event);
    struct sl_refusal refusal = {0};
    set_oin(oin, from);
    look_at(scenario, &about, record, from);
    if (sl_cloudevent_take(event, &scenario->arena, &door, role, record, &refusal) < 0) {
        write_about(scenario, &about, CORE_REFUSED, NULL, from, sl_code_name(refusal.error.code),
                    refusal.error.text);
        return 0;
    }
    if (known_already(scenario, &about, event))
        return 0;
    name_sections(scenario, event);
    return accept(scenario, event, party, about.id, error);
}

/* ---------------------------------------------------------------- the lines of a scenario */

static int take_away(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    int party = find_party(scenario, json_string_value(json_object_get(line, "away")));
    if (party < 0)
        return sl_fail(error, SL_MALFORMED, "away: wants a participant");
    scenario->parties[party].away = true;
    return 0;
}

static int take_back(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    int party = find_party(scenario, json_string_value(json_object_get(line, "back")));
    if (party < 0)
        return sl_fail(error, SL_MALFORMED, "back: wants a participant");
    return come_back(scenario, party);
}

static int take_tick(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    (void)scenario; /* time has passed already */
    (void)line;
    (void)error;
    return 0;
}

/* Seen from the folder of the scenario. */
static char *beside(const struct scenario *scenario, const char *path)
{
    const char *slash = strrchr(scenario->file, '/');
    struct sl_buffer all = {0};
    if (path[0] != '/' && slash != NULL)
        sl_buffer_add(&all, scenario->file, (size_t)(slash - scenario->file) + 1);
    sl_buffer_add(&all, path, strlen(path) + 1);
    return (char *)all.data;
}

static int take_agreement(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    const char *path = json_string_value(json_object_get(line, "agreement"));
    if (path == NULL)
        return sl_fail(error, SL_MALFORMED, "agreement: wants a file");
    if (scenario->no_others)
        return 0;
    char *file = beside(scenario, path);
    const struct agreement *agreement = load(scenario, file, &scenario->findings);
    if (agreement != NULL && agreement_check(agreement, &scenario->findings) == 0)
        bring_in(scenario, agreement);
    free(file);
    return 0;
}

static int take_erasure(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    const char *house = json_string_value(json_object_get(line, "erase"));
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    struct core_decision decision;
    if (house == NULL)
        return sl_fail(error, SL_MALFORMED, "erase: wants a BAG number");
    sl_pseudonym(scenario->key, pseudonym, sl_text(house));
    core_erase(scenario->core, scenario->at, pseudonym, &decision);
    write_lines(scenario, &decision, NULL);
    return 0;
}

static const struct {
    const char *key;
    int (*take)(struct scenario *scenario, const json_t *line, struct sl_error *error);
} kinds[] = {
    {"event", take_event}, {"away", take_away},           {"back", take_back},
    {"tick", take_tick},   {"agreement", take_agreement}, {"erase", take_erasure},
};

static int take_line(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    const uint32_t everything = 1u << SL_BACK_OFFICE | 1u << SL_CONTACT_PERSON |
                                1u << SL_INCIDENT_OFFICER | 1u << SL_JOINT_TEAM;
    const json_t *participants = json_object_get(line, "participants");
    const char *text = json_string_value(json_object_get(line, "at"));
    int64_t at = 0;
    if (participants != NULL)
        return scenario->core != NULL
                   ? sl_fail(error, SL_MALFORMED, "participants: on the first line only")
                   : take_participants(scenario, participants, error);
    if (scenario->core == NULL) {
        if (scenario->party_count == 0 && (add_party(scenario, "img", everything, error) < 0 ||
                                           add_party(scenario, "ncg", everything, error) < 0))
            return -1;
        agree(scenario, scenario->holding);
    }
    if (text == NULL || sl_timestamp_parse(&at, sl_text(text)) < 0)
        return sl_fail(error, SL_MALFORMED, "at: wants a moment (RFC 3339)");
    if (at < scenario->at)
        return sl_fail(error, SL_MALFORMED, "at: time never goes back");
    let_time_pass(scenario, at);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (json_object_get(line, kinds[i].key) != NULL)
            return kinds[i].take(scenario, line, error);
    }
    return sl_fail(error, SL_MALFORMED, "nothing that a scenario knows");
}

static int take_text(struct scenario *scenario, struct sl_bytes text, struct sl_error *error)
{
    json_error_t why;
    size_t blank = 0;
    while (blank < text.size && strchr(" \t\r", text.data[blank]) != NULL)
        blank++;
    if (blank == text.size)
        return 0;
    json_t *line = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &why);
    if (line == NULL)
        return sl_fail(error, SL_MALFORMED, "%s", why.text);
    int result = take_line(scenario, line, error);
    json_decref(line);
    return result;
}

int scenario_play(struct scenario *scenario, const char *path, struct sl_error *error)
{
    struct sl_buffer text = {0};
    int result = sl_file_read(&text, path, MAX_SCENARIO, error);
    scenario->file = path;
    for (size_t begin = 0, number = 1; result == 0 && begin < text.size; number++) {
        const uint8_t *end = memchr(text.data + begin, '\n', text.size - begin);
        size_t size = end != NULL ? (size_t)(end - text.data) - begin : text.size - begin;
        result = take_text(scenario, sl_bytes(text.data + begin, size), error);
        if (result < 0)
            (void)sl_fail_at(error, "%s:%zu", path, number);
        begin += size + 1;
    }
    sl_buffer_free(&text);
    return result;
}

/* ---------------------------------------------------------------- life */

struct scenario *scenario_new(const struct scenario_agreements *agreements, struct sl_error *error)
{
    static const uint8_t zeros[SL_KEY_SIZE];
    struct scenario *scenario = sl_new(1, sizeof *scenario);
    sl_arena_init(&scenario->arena, 0);
    scenario->key = sl_mac_new(zeros);
    scenario->no_others = agreements->no_others;
    scenario->holding = load_first(scenario, agreements->first, error);
    if (scenario->holding != NULL && agreements->next != NULL) {
        scenario->coming = load_first(scenario, agreements->next, error);
        if (scenario->coming == NULL)
            scenario->holding = NULL;
    }
    if (scenario->holding == NULL) {
        scenario_free(scenario);
        return NULL;
    }
    if (scenario->coming != NULL && agreements->throughout) {
        scenario->holding = scenario->coming;
        scenario->coming = NULL;
    }
    return scenario;
}

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL)
        return;
    core_free(scenario->core);
    for (size_t i = 0; i < scenario->agreement_count; i++)
        agreement_free(scenario->agreements[i]);
    free(scenario->agreements);
    sl_mac_free(scenario->key);
    sl_arena_free(&scenario->arena);
    free(scenario->events);
    free(scenario->waiting);
    sl_buffer_free(&scenario->log);
    sl_buffer_free(&scenario->findings);
    free(scenario);
}

struct sl_bytes scenario_log(const struct scenario *scenario)
{
    return sl_buffer_bytes(&scenario->log);
}

struct sl_bytes scenario_findings(const struct scenario *scenario)
{
    return sl_buffer_bytes(&scenario->findings);
}

int64_t scenario_at(const struct scenario *scenario)
{
    return scenario->at;
}

const char *scenario_rules(void)
{
    static const char *const places[] = {"router/agreement.rules",
                                         "/usr/local/share/samenloop/agreement.rules",
                                         "/usr/share/samenloop/agreement.rules"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (access(places[i], R_OK) == 0)
            return places[i];
    }
    return places[0];
}
