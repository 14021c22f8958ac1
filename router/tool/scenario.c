#include "router/tool/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "router/language/check.h"
#include "router/tool/scenario_parts.h"
#include "schemas/file.h"
#include "schemas/timestamp.h"

enum { MAX_SCENARIO = 64 * 1024 * 1024 };

/* ---------------------------------------------------------------- who takes part */

/* The identification numbers of samples and replays. */
void set_oin(char out[OIN_TEXT], const char *name)
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

int find_party(const struct scenario *scenario, const char *name)
{
    for (size_t i = 0; name != NULL && i < scenario->party_count; i++) {
        if (strcmp(scenario->parties[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

int find_oin(const struct scenario *scenario, struct sl_bytes source)
{
    static const char prefix[] = "urn:nld:oin:";
    size_t before = sizeof prefix - 1;
    for (size_t i = 0; i < scenario->party_count; i++) {
        if (source.size > before + SL_OIN_SIZE && memcmp(source.data, prefix, before) == 0 &&
            memcmp(source.data + before, scenario->parties[i].oin, SL_OIN_SIZE) == 0)
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
                                   scenario->agreement_count + 1, sizeof(void *));
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
void bring_in(struct scenario *scenario, const struct agreement *agreement)
{
    scenario->coming = agreement;
    if (agreement->in_force > scenario->at)
        return;
    scenario->coming = NULL;
    agree(scenario, agreement);
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
    come_back(scenario, party);
    return 0;
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

int scenario_begin(struct scenario *scenario, struct sl_error *error)
{
    const uint32_t everything = 1u << SL_BACK_OFFICE | 1u << SL_CONTACT_PERSON |
                                1u << SL_INCIDENT_OFFICER | 1u << SL_JOINT_TEAM;
    if (scenario->core != NULL)
        return 0;
    if (scenario->party_count == 0 && (add_party(scenario, "img", everything, error) < 0 ||
                                       add_party(scenario, "ncg", everything, error) < 0))
        return -1;
    agree(scenario, scenario->holding);
    return 0;
}

static int take_line(struct scenario *scenario, const json_t *line, struct sl_error *error)
{
    const json_t *participants = json_object_get(line, "participants");
    const char *text = json_string_value(json_object_get(line, "at"));
    int64_t at = 0;
    if (participants != NULL)
        return scenario->core != NULL
                   ? sl_fail(error, SL_MALFORMED, "participants: on the first line only")
                   : take_participants(scenario, participants, error);
    if (scenario_begin(scenario, error) < 0)
        return -1;
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

void scenario_wait(struct scenario *scenario, int64_t until)
{
    if (scenario->core != NULL && until > scenario->at)
        let_time_pass(scenario, until);
}

/* ---------------------------------------------------------------- life */

void scenario_watch(struct scenario *scenario, const struct watch *watch)
{
    scenario->watch = *watch;
}

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
