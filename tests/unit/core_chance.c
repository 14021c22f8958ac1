/*
 * Worlds of chance, in which one core never stops and one beside it goes through an image again and
 * again: they decide the same, line by line, whatever comes.
 */
#include "schemas/file.h"
#include "tests/unit/core.h"
#include "tests/unit/image.h"

enum { WORLDS = 100, HOUSES = 4, AHEAD = 4, ATTRIBUTES = 4, WORD = 32 };

/* A core, and one beside it that goes through an image again and again. */
struct pair {
    uint64_t seed;
    struct world world;
    struct core *copy;
    const struct sl_type *types[EVENTS_KEPT + 1];
    char words[EVENTS_KEPT + 1][ATTRIBUTES][WORD];
};

static uint64_t chance(struct pair *pair, uint64_t below)
{
    pair->seed = pair->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (pair->seed >> 33) % below;
}

/* One of a list with '|' between. */
static void choose(struct pair *pair, char *out, const char *values)
{
    size_t count = 1;
    for (const char *at = values; *at != '\0'; at++)
        count += *at == '|' ? 1 : 0;
    for (uint64_t skip = chance(pair, count); skip > 0; skip--)
        values = strchr(values, '|') + 1;
    (void)snprintf(out, WORD, "%.*s", (int)strcspn(values, "|"), values);
}

static bool choose_value(struct pair *pair, const struct sl_field *field, char *out)
{
    switch (field->kind) {
    case SL_KIND_YES_NO:
        choose(pair, out, "yes|no");
        return true;
    case SL_KIND_YES_NO_UNKNOWN:
        choose(pair, out, "yes|no|unknown");
        return true;
    case SL_KIND_CODE:
    case SL_KIND_CODE_SET:
        choose(pair, out, field->values);
        return true;
    case SL_KIND_DATE:
        choose(pair, out, "2021-03-01|2021-04-01|2021-05-01");
        return true;
    case SL_KIND_NUMBER:
        choose(pair, out, "1|2|3");
        return true;
    default:
        return false;
    }
}

static void add_attribute(struct told *told, size_t *count, const char *name, const char *value)
{
    told->attributes[2 * *count] = name;
    told->attributes[2 * *count + 1] = value;
    ++*count;
}

/* The attributes of a type, or some of them. */
static void choose_attributes(struct pair *pair, const struct sl_type *type, struct told *told)
{
    char(*words)[WORD] = pair->words[pair->world.count + 1];
    size_t count = 0;
    if (type->municipality)
        add_attribute(told, &count, "municipality", "0014");
    for (size_t i = 0; i < SL_MAX_TYPE_ATTRIBUTES && count < ATTRIBUTES; i++) {
        const struct sl_field *field = &type->attributes[i];
        if (field->name != NULL && (field->required || chance(pair, 2) == 0) &&
            choose_value(pair, field, words[count]))
            add_attribute(told, &count, field->name, words[count]);
    }
}

static struct told choose_event(struct pair *pair)
{
    static const enum sl_organisation kinds[] = {SL_IMG, SL_NCG, SL_MUNICIPALITY};
    const struct sl_type *type = sl_type_at(chance(pair, sl_type_count()));
    struct told told = {.type = type->name,
                        .role = (enum sl_role)(SL_BACK_OFFICE + chance(pair, SL_ROLES - 1)),
                        .house = (uint8_t)chance(pair, HOUSES),
                        .sections = type->required |
                                    (type->optional & (uint32_t)chance(pair, 512))};
    do
        told.from = (int)chance(pair, sizeof kinds / sizeof kinds[0]);
    while ((type->publishers & kinds[told.from]) == 0);
    if (type->causation_required || type->original || chance(pair, 2) == 0)
        told.causation = 1 + chance(pair, pair->world.count + AHEAD);
    const struct sl_type *original = told.causation <= pair->world.count
                                         ? pair->types[told.causation]
                                         : NULL;
    bool correction = sl_is_correction(type) && original != NULL;
    choose_attributes(pair, correction ? original : type, &told);
    pair->types[pair->world.count + 1] = correction ? original : type;
    return told;
}

/* All that a decision says. */
static void describe(struct sl_buffer *out, const struct core_decision *decision)
{
    write_lines_of(out, decision);
    for (size_t i = 0; i < decision->delivery_count; i++) {
        const struct core_delivery *one = &decision->deliveries[i];
        sl_buffer_printf(out, "to %d %d %d %s #%llu %x %lld %zu %zu %zu %d\n", one->receiver,
                         (int)one->role, (int)one->lane, one->what == NULL ? "" : one->what->name,
                         (unsigned long long)one->event.number, one->sections, (long long)one->due,
                         one->reason_count, one->detail_count, one->subject_count,
                         (int)one->receipt_wanted);
    }
    sl_buffer_printf(out, "%d %llu ", (int)decision->refused,
                     (unsigned long long)decision->original);
    sl_buffer_add_bytes(out, decision->past);
}

static void same_decision(const struct core_decision *a, const struct core_decision *b)
{
    struct sl_buffer one = {0}, other = {0};
    describe(&one, a);
    describe(&other, b);
    same(&one, &other);
    sl_buffer_free(&one);
    sl_buffer_free(&other);
}

static void tell(struct pair *pair)
{
    struct world *world = &pair->world;
    struct core_decision beside;
    struct sl_error error = {0};
    struct told told = choose_event(pair);
    struct kept *kept = world_make(world, &told);
    uint64_t wanted = core_wants(world->core, told.from, &kept->header);
    struct core_event event = {.number = world->count + 1,
                               .at = world->at,
                               .publisher = told.from,
                               .header = &kept->header,
                               .sections = kept->sections};
    assert_int_equal(core_wants(pair->copy, told.from, &kept->header), wanted);
    if (wanted != 0) {
        event.kept = &world->events[wanted].header;
        event.kept_sections = world->events[wanted].sections;
        event.past = sl_buffer_bytes(&world->events[wanted].past);
    }
    assert_int_equal(core_event(world->core, &event, &world->decision, &error), 0);
    assert_int_equal(core_event(pair->copy, &event, &beside, &error), 0);
    same_decision(&world->decision, &beside);
    if (world->decision.refused != SL_OK)
        return;
    sl_buffer_add(&kept->past, world->decision.past.data, world->decision.past.size);
    world->count++;
}

static void let_time_pass(struct pair *pair)
{
    static const int64_t minute = 60 * 1000;
    struct world *world = &pair->world;
    struct core_decision beside;
    bool more = true;
    world->at += minute * (int64_t)(chance(pair, 4) == 0 ? chance(pair, 60000) : chance(pair, 600));
    while (more) {
        more = core_tick(world->core, world->at, &world->decision);
        assert_int_equal(core_tick(pair->copy, world->at, &beside), more);
        if (more)
            same_decision(&world->decision, &beside);
    }
    assert_true(core_wake(world->core) == core_wake(pair->copy));
}

static void give_receipt(struct pair *pair)
{
    struct world *world = &pair->world;
    struct core_decision beside;
    uint64_t number = 1 + chance(pair, world->count + 1);
    int who = (int)chance(pair, 3);
    enum sl_role role = (enum sl_role)(SL_BACK_OFFICE + chance(pair, SL_ROLES - 1));
    core_receipt(world->core, world->at, number, who, role, &world->decision);
    core_receipt(pair->copy, world->at, number, who, role, &beside);
    same_decision(&world->decision, &beside);
}

static void erase(struct pair *pair)
{
    struct world *world = &pair->world;
    struct core_decision beside;
    uint8_t house[SL_PSEUDONYM_SIZE];
    memset(house, 0x10 + (int)chance(pair, HOUSES), sizeof house);
    core_erase(world->core, world->at, house, &world->decision);
    core_erase(pair->copy, world->at, house, &beside);
    same_decision(&world->decision, &beside);
}

/* Another agreement holds: the same words, but what is open stands in the first. */
static void agree_again(struct pair *pair, const char *rules)
{
    struct world *world = &pair->world;
    if (world->agreement_count == sizeof world->agreements / sizeof world->agreements[0])
        return;
    world_agree(world, rules);
    world_bring_in(pair->copy, world->agreements[world->agreement_count - 1]);
}

/* The copy becomes one of its image, and is still as the core that never stopped. */
static void stop_and_start(struct pair *pair)
{
    struct held held, other;
    struct core *next = world_core(&pair->world);
    core_image(pair->copy, held_write(&held));
    core_image(next, held_read(&held));
    assert_false(held.image.failed);
    assert_int_equal(held.image.left, 0);
    core_free(pair->copy);
    pair->copy = next;
    sl_buffer_free(&held.bytes);
    core_image(next, held_write(&held));
    core_image(pair->world.core, held_write(&other));
    same(&held.bytes, &other.bytes);
    sl_buffer_free(&held.bytes);
    sl_buffer_free(&other.bytes);
}

static void live(struct pair *pair, const struct sl_buffer *rules)
{
    world_open(&pair->world, (const char *)rules->data);
    pair->copy = world_core(&pair->world);
    while (pair->world.count < EVENTS_KEPT) {
        uint64_t die = chance(pair, 100);
        if (die < 60)
            tell(pair);
        else if (die < 80)
            let_time_pass(pair);
        else if (die < 88)
            give_receipt(pair);
        else if (die < 90)
            erase(pair);
        else if (die < 91)
            agree_again(pair, (const char *)rules->data);
        else
            stop_and_start(pair);
    }
}

static void end(struct pair *pair)
{
    core_free(pair->copy);
    world_close(&pair->world);
    free(pair);
}

static struct sl_buffer read_rules(void)
{
    struct sl_error error = {0};
    struct sl_buffer rules = {0};
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/router/agreement.rules", root());
    assert_int_equal(sl_file_read(&rules, path, 1024 * 1024, &error), 0);
    sl_buffer_add(&rules, "", 1);
    return rules;
}

static void a_core_from_an_image_decides_as_one_that_never_stopped(void **state)
{
    (void)state;
    struct core_figures figures;
    size_t obligations = 0;
    struct sl_buffer rules = read_rules();
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct pair *pair = sl_new(1, sizeof *pair);
        pair->seed = seed;
        live(pair, &rules);
        core_figures(pair->world.core, &figures);
        obligations += figures.obligations;
        end(pair);
    }
    assert_in_range(obligations, WORLDS, 1000000);
    sl_buffer_free(&rules);
}

/* An image that breaks off anywhere fails, and leaves nothing that could not be freed. */
static void an_image_that_breaks_off_fails(void **state)
{
    (void)state;
    struct sl_buffer rules = read_rules();
    struct pair *pair = sl_new(1, sizeof *pair);
    struct held held;
    pair->seed = 1;
    live(pair, &rules);
    core_image(pair->world.core, held_write(&held));
    size_t whole = held.bytes.size;
    for (size_t size = 0; size < whole; size += 1 + chance(pair, 4096)) {
        struct core *broken = world_core(&pair->world);
        struct image *image = held_read(&held);
        image->left = size;
        core_image(broken, image);
        assert_true(image->failed);
        core_free(broken);
    }
    end(pair);
    sl_buffer_free(&held.bytes);
    sl_buffer_free(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_from_an_image_decides_as_one_that_never_stopped),
        cmocka_unit_test(an_image_that_breaks_off_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
