/* The spool edge: items of the inbox as files, and no file lost or doubled, whatever stops when. */
#include "tests/unit/spool_desk.h"

#define OUT "out/back_office"
#define DONE "out/back_office/done"

/* img with a desk, ncg that publishes to it, and the router between them. */
struct world {
    struct party img;
    struct party ncg;
    struct post post;
    struct desk desk;
};

static void world_open(struct world *world)
{
    party_init(&world->img, &parties, IMG);
    party_init(&world->ncg, &parties, NCG);
    post_init(&world->post);
    post_connect(&world->post, &world->img);
    post_connect(&world->post, &world->ncg);
    desk_open(&world->desk, &world->img, &world->post);
}

static void world_close(struct world *world)
{
    desk_close(&world->desk);
    party_free(&world->img);
    party_free(&world->ncg);
    post_free(&world->post);
}

static void ncg_says(struct world *world, enum sl_lane lane, const char *id, unsigned house)
{
    assert_int_equal(publish(&world->ncg, lane, id, house).status, SAMENLOOP_ACCEPTED);
    post_run(&world->post, &world->ncg);
    post_run(&world->post, &world->img);
}

static uint64_t waiting(const struct world *world)
{
    struct samenloop_health health;
    samenloop_health(world->img.house, &health);
    return health.inbox[1] + health.inbox[2] + health.inbox[3];
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

enum { FILES = 1024 };
struct listing {
    char names[FILES][64];
    size_t count;
};

/* The files that a back office sees, in their order; it looks at no name with a dot before it. */
static void look(const struct desk *desk, struct listing *out)
{
    DIR *all = opendir(at(desk, OUT, "."));
    assert_non_null(all);
    out->count = 0;
    for (const struct dirent *one; (one = readdir(all)) != NULL;) {
        if (one->d_name[0] == '.' || one->d_type != DT_REG)
            continue;
        assert_true(out->count < FILES && strlen(one->d_name) < sizeof out->names[0]);
        (void)snprintf(out->names[out->count++], sizeof out->names[0], "%s", one->d_name);
    }
    (void)closedir(all);
    qsort(out->names, out->count, sizeof out->names[0], by_name);
}

static void done_with(const struct desk *desk, const char *name)
{
    assert_int_equal(rename(at(desk, OUT, name), at(desk, DONE, name)), 0);
}

/* The id of the event in a file, after a look at its form. */
static void id_in(char id[64], const struct desk *desk, const char *name)
{
    json_t *event = json_at(desk, OUT, name);
    unsigned long long position = strtoull(text_of(event, "inboxposition"), NULL, 10);
    assert_int_equal(position, strtoull(name + 2, NULL, 10));
    (void)snprintf(id, 64, "%s", text_of(event, "id"));
    json_decref(event);
}

/* ---------------------------------------------------------------- out and done */

static void items_are_files_until_they_are_done(void **state)
{
    (void)state;
    struct world world;
    struct listing list;
    struct spool_counts counts;
    char id[64];
    world_open(&world);
    ncg_says(&world, SL_LANE_ORDINARY, "doc-1", 7);
    ncg_says(&world, SL_LANE_ORDINARY, "doc-2", 8);
    ncg_says(&world, SL_LANE_ACUTE, "doc-3", 9);
    desk_rounds(&world.desk, 4);
    look(&world.desk, &list);
    assert_int_equal(list.count, 3);
    static const char *const ids[] = {"doc-3", "doc-1", "doc-2"};
    for (size_t i = 0; i < 3; i++) {
        id_in(id, &world.desk, list.names[i]);
        assert_string_equal(id, ids[i]);
    }
    done_with(&world.desk, list.names[1]);
    for (int i = 0; i < 8 && waiting(&world) == 3; i++)
        desk_round(&world.desk);
    assert_int_equal(waiting(&world), 2);
    desk_rounds(&world.desk, 4);
    assert_int_equal(entries(&world.desk, DONE), 0);
    look(&world.desk, &list);
    assert_int_equal(list.count, 2);
    spool_counts(world.desk.spool, &counts);
    assert_int_equal(counts.written, 3);
    assert_int_equal(counts.acknowledged, 1);
    assert_string_equal(spool_trouble(world.desk.spool), "");
    world_close(&world);
}

/* While the adapter is down one is done, one is removed, and one is left. */
static void a_start_writes_only_what_is_nowhere(void **state)
{
    (void)state;
    struct world world;
    struct listing list, again;
    world_open(&world);
    for (unsigned i = 1; i <= 3; i++)
        ncg_says(&world, SL_LANE_ORDINARY, i == 1 ? "doc-1" : i == 2 ? "doc-2" : "doc-3", i);
    desk_rounds(&world.desk, 4);
    look(&world.desk, &list);
    assert_int_equal(list.count, 3);
    done_with(&world.desk, list.names[0]);
    assert_int_equal(unlink(at(&world.desk, OUT, list.names[1])), 0);
    put_text(&world.desk, OUT, list.names[2], sl_text("the back office's"));
    desk_crash(&world.desk, 0);
    desk_rounds(&world.desk, 8);
    look(&world.desk, &again);
    assert_int_equal(again.count, 2);
    assert_string_equal(again.names[0], list.names[1]);
    assert_string_equal(again.names[1], list.names[2]);
    struct stat about;
    assert_int_equal(stat(at(&world.desk, OUT, list.names[2]), &about), 0);
    assert_int_equal(about.st_size, 17); /* it was not written again */
    assert_int_equal(waiting(&world), 2);
    world_close(&world);
}

struct moved {
    const struct desk *desk;
    const char *name;
};

static void move_it(void *context)
{
    const struct moved *moved = context;
    done_with(moved->desk, moved->name);
}

/* Done was looked through already, and out not yet. */
static void a_file_on_its_way_to_done_is_not_written_again(void **state)
{
    (void)state;
    struct world world;
    struct listing list, again;
    world_open(&world);
    ncg_says(&world, SL_LANE_ORDINARY, "doc-1", 7);
    ncg_says(&world, SL_LANE_ORDINARY, "doc-2", 8);
    desk_rounds(&world.desk, 4);
    look(&world.desk, &list);
    assert_int_equal(unlink(at(&world.desk, OUT, list.names[0])), 0);
    desk_crash(&world.desk, 0);
    struct moved moved = {&world.desk, list.names[1]};
    fault.context = &moved;
    fault.meanwhile = move_it;
    desk_rounds(&world.desk, 8);
    look(&world.desk, &again);
    assert_int_equal(again.count, 1);
    assert_string_equal(again.names[0], list.names[0]);
    assert_int_equal(waiting(&world), 1);
    world_close(&world);
}

/* Only what was handed to this role can be acknowledged; the rest of done is left alone. */
static void odd_files_in_done_acknowledge_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {
        "3-00000000000000000099.json", "3-0.json",       "3-18446744073709551616.json", "x.json",
        "4-00000000000000000001.json", "3-000000000000", "3-00000000000000000000.json", "\n"};
    struct world world;
    world_open(&world);
    ncg_says(&world, SL_LANE_ORDINARY, "doc-1", 7);
    desk_rounds(&world.desk, 4);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_text(&world.desk, DONE, names[i], sl_text(""));
    desk_rounds(&world.desk, 8);
    assert_int_equal(entries(&world.desk, DONE), sizeof names / sizeof *names);
    assert_int_equal(waiting(&world), 1);
    assert_string_equal(spool_trouble(world.desk.spool), "");
    world_close(&world);
}

static void no_backlog_hides_an_acute_item(void **state)
{
    (void)state;
    enum { BACKLOG = SPOOL_MAX_OUT + 40 };
    struct world world;
    struct listing list;
    char id[64];
    size_t seen = 0;
    world_open(&world);
    for (unsigned i = 0; i < BACKLOG; i++) {
        (void)snprintf(id, sizeof id, "doc-%u", i);
        ncg_says(&world, SL_LANE_ORDINARY, id, i + 1);
    }
    int64_t before = world.desk.elapsed;
    desk_rounds(&world.desk, SPOOL_MAX_OUT / SPOOL_MAX_WRITTEN + 2);
    assert_in_range(world.desk.elapsed - before, 0, 2 * SPOOL_PERIOD);
    look(&world.desk, &list);
    assert_int_equal(list.count, SPOOL_MAX_OUT);
    ncg_says(&world, SL_LANE_ACUTE, "acute", 7);
    desk_rounds(&world.desk, 2);
    look(&world.desk, &list);
    assert_int_equal(list.count, SPOOL_MAX_OUT + 1);
    id_in(id, &world.desk, list.names[0]);
    assert_string_equal(id, "acute");
    while (list.count > 0) {
        seen += list.count;
        for (size_t i = 0; i < list.count; i++)
            done_with(&world.desk, list.names[i]);
        desk_rounds(&world.desk, 8);
        look(&world.desk, &list);
    }
    assert_int_equal(seen, BACKLOG + 1);
    assert_int_equal(waiting(&world), 0);
    world_close(&world);
}

/* Whatever lies where the edge writes, it writes no other file than its own. */
static void nothing_is_written_through_a_link(void **state)
{
    (void)state;
    struct world world;
    struct listing list;
    world_open(&world);
    put_text(&world.desk, "", "victim", sl_text("x"));
    assert_int_equal(symlink(at(&world.desk, "", "victim"),
                             at(&world.desk, OUT, ".3-00000000000000000001.json.new")),
                     0);
    for (unsigned i = 2; i < 5; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, ".3-0000000000000000000%u.json.new", i);
        assert_int_equal(mkfifo(at(&world.desk, OUT, name), 0600), 0);
    }
    for (unsigned i = 1; i <= 3; i++)
        ncg_says(&world, SL_LANE_ORDINARY, i == 1 ? "doc-1" : i == 2 ? "doc-2" : "doc-3", i);
    desk_rounds(&world.desk, 4);
    look(&world.desk, &list);
    assert_int_equal(list.count, 3);
    struct stat about;
    assert_int_equal(stat(at(&world.desk, "", "victim"), &about), 0);
    assert_int_equal(about.st_size, 1);
    world_close(&world);
}

/* ---------------------------------------------------------------- a day with a fault in it */

enum { EVENTS = 3, SEEN = 16 };

/* A day: two good files, one bad and a batch go in, three items come out. */
struct day {
    struct world world;
    struct listing seen; /* what the back office has taken */
};

static void day_begin(struct day *day)
{
    char one[2048], other[2048], batch[4200];
    struct world *world = &day->world;
    *day = (struct day){0};
    world_open(world);
    ncg_says(world, SL_LANE_ORDINARY, "in-1", 1);
    ncg_says(world, SL_LANE_ORDINARY, "in-2", 1);
    ncg_says(world, SL_LANE_ACUTE, "in-3", 2);
    put_event(&world->desk, "a.json", "out-1", 3);
    put_text(&world->desk, "in/back_office", "b.json", sl_text("{"));
    put_event(&world->desk, "d.json", "out-2", 3);
    event_json(one, sizeof one, IMG, SL_LANE_ORDINARY, "out-3", 4, "");
    event_json(other, sizeof other, NCG, SL_LANE_ORDINARY, "out-4", 4, "");
    (void)snprintf(batch, sizeof batch, "[%s,%s]", one, other);
    put_text(&world->desk, "in/back_office", "c.json", sl_text(batch));
}

/* A round, and the back office takes what it sees: nothing twice, everything whole. */
static void day_round(struct day *day)
{
    struct desk *desk = &day->world.desk;
    struct listing list;
    desk_round(desk);
    look(desk, &list);
    for (size_t i = 0; i < list.count; i++) {
        char id[64];
        id_in(id, desk, list.names[i]);
        for (size_t n = 0; n < day->seen.count; n++)
            assert_string_not_equal(day->seen.names[n], id);
        (void)snprintf(day->seen.names[day->seen.count++], sizeof day->seen.names[0], "%s", id);
        done_with(desk, list.names[i]);
    }
}

static void day_ends_well(struct day *day)
{
    const struct desk *desk = &day->world.desk;
    for (int i = 0; i < 24; i++)
        day_round(day);
    assert_int_equal(day->seen.count, 3);
    assert_int_equal(waiting(&day->world), 0);
    assert_string_equal(spool_trouble(desk->spool), "");
    /* Three events of ncg and three of img are in the router's journal, each once. */
    assert_int_equal(day->world.post.event_count, 6);
    assert_int_equal(entries(desk, "in/back_office") + entries(desk, "taking/back_office") +
                         entries(desk, DONE),
                     0);
    assert_int_equal(entries(desk, "taken/back_office"), 2);
    assert_true(there(desk, "rejected/back_office", "b.json") ||
                there(desk, "rejected/back_office", "b.json.reason.json"));
    json_t *reason = json_at(desk, "rejected/back_office", "c.json.reason.json");
    assert_string_equal(text_of(reason, "code"), "batch_refused");
    json_decref(reason);
}

/* Each refused file is there once, and has a reason with its name. */
static void refused_have_reasons(const struct desk *desk)
{
    char reason[512];
    size_t files = 0;
    DIR *all = opendir(at(desk, "rejected/back_office", "."));
    assert_non_null(all);
    for (const struct dirent *one; (one = readdir(all)) != NULL;) {
        if (one->d_type == DT_DIR || strstr(one->d_name, ".reason.json") != NULL)
            continue;
        (void)snprintf(reason, sizeof reason, "%s.reason.json", one->d_name);
        assert_true(there(desk, "rejected/back_office", reason));
        files++;
    }
    (void)closedir(all);
    assert_int_equal(files, 2);
}

/* The calls that an undisturbed day makes. */
static unsigned calls_of_a_day(void)
{
    struct day day;
    day_begin(&day);
    day_ends_well(&day);
    unsigned calls = fault.calls;
    world_close(&day.world);
    assert_in_range(calls, 20, 200);
    return calls;
}

static void killed_before_each_call(void **state)
{
    (void)state;
    static const uint64_t crashes[] = {0, UINT64_MAX}; /* the power goes; the process is killed */
    unsigned calls = calls_of_a_day();
    for (unsigned i = 0; i < 2 * calls; i++) {
        struct day day;
        day_begin(&day);
        fault.at = 1 + i / 2;
        fault.from_then_on = true;
        fault.reason = EIO;
        for (int n = 0; n < 24 && !killed(); n++)
            day_round(&day);
        assert_true(killed());
        fault.at = 0;
        desk_crash(&day.world.desk, crashes[i % 2]);
        day_ends_well(&day);
        refused_have_reasons(&day.world.desk);
        world_close(&day.world);
    }
}

static void each_call_fails_once(void **state)
{
    (void)state;
    static const int reasons[] = {EIO, ENOSPC};
    unsigned calls = calls_of_a_day();
    for (unsigned i = 0; i < 2 * calls; i++) {
        struct day day;
        day_begin(&day);
        fault.at = 1 + i / 2;
        fault.from_then_on = false;
        fault.reason = reasons[i % 2];
        day_ends_well(&day);
        refused_have_reasons(&day.world.desk);
        world_close(&day.world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_files_until_they_are_done),
        cmocka_unit_test(a_start_writes_only_what_is_nowhere),
        cmocka_unit_test(a_file_on_its_way_to_done_is_not_written_again),
        cmocka_unit_test(odd_files_in_done_acknowledge_nothing),
        cmocka_unit_test(no_backlog_hides_an_acute_item),
        cmocka_unit_test(nothing_is_written_through_a_link),
        cmocka_unit_test(killed_before_each_call),
        cmocka_unit_test(each_call_fails_once),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
