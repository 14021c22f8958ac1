/* The spool edge: files that a back office moves in, good, bad and hostile. */
#include "tests/unit/spool_desk.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define IN "in/back_office"
#define TAKING "taking/back_office"
#define TAKEN "taken/back_office"
#define REJECTED "rejected/back_office"

static void begin(struct desk *desk, struct party *party)
{
    party_init(party, &parties, IMG);
    desk_open(desk, party, NULL);
}

static void end(struct desk *desk)
{
    struct party *party = desk->party;
    desk_close(desk);
    party_free(party);
}

static void reason_is(const struct desk *desk, const char *name, const char *code,
                      const char *field)
{
    json_t *reason = json_at(desk, REJECTED, name);
    assert_string_equal(text_of(reason, "code"), code);
    assert_string_equal(text_of(reason, "field"), field);
    assert_true(strlen(text_of(reason, "sentence")) > 0);
    json_decref(reason);
}

/* ---------------------------------------------------------------- good and bad */

static void a_file_leaves_after_the_sync(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    begin(&desk, &party);
    put_event(&desk, "1.json", "doc-1", 7);
    for (int i = 0; i < 3; i++)
        spool_take(desk.spool, desk.elapsed);
    spool_answer(desk.spool, desk.elapsed);
    assert_true(there(&desk, IN, "1.json"));
    party_sync(&party);
    spool_answer(desk.spool, desk.elapsed);
    assert_false(there(&desk, IN, "1.json"));
    assert_true(there(&desk, TAKEN, "1.json"));
    desk_crash(&desk, 0);
    status_is(&desk, "doc-1", "waiting");
    put_event(&desk, "1.json", "doc-1", 7); /* again: as good as taken */
    desk_rounds(&desk, 8);
    assert_int_equal(entries(&desk, IN) + entries(&desk, TAKING) + entries(&desk, REJECTED), 0);
    assert_int_equal(entries(&desk, TAKEN), 2);
    struct samenloop_health health;
    samenloop_health(party.house, &health);
    assert_int_equal(health.outbox[3], 1);
    assert_string_equal(spool_trouble(desk.spool), "");
    end(&desk);
}

static void an_idle_spool_looks_four_times_a_second(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    begin(&desk, &party);
    desk_rounds(&desk, 4);
    int64_t before = desk.elapsed;
    desk_rounds(&desk, 8);
    assert_in_range(desk.elapsed - before, 6 * SPOOL_PERIOD, 8 * SPOOL_PERIOD);
    put_event(&desk, "1.json", "doc-1", 7);
    before = desk.elapsed;
    while (!there(&desk, TAKEN, "1.json") && desk.elapsed < before + 10000)
        desk_round(&desk);
    assert_in_range(desk.elapsed - before, 0, 2 * SPOOL_PERIOD);
    end(&desk);
}

static void refused_files_have_their_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *code;
    } cases[] = {{"a.json", "", "malformed"},
                 {"b.json", "{\"id\":\"a\",", "malformed"},
                 {"c.json", "{\"id\":\"a\",\"id\":\"a\"}", "malformed"},
                 {"d.json", "7", "malformed"},
                 {"e.json", "\xff\xfe", "malformed"},
                 {"f.json", "[[]]", "batch_refused"},
                 {"g.json", " \n[1,2]", "batch_refused"},
                 {"h.json", "[", "batch_refused"}};
    struct desk desk;
    struct party party;
    char reason[64], json[2048];
    begin(&desk, &party);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        put_text(&desk, IN, cases[i].name, sl_text(cases[i].text));
    event_json(json, sizeof json, IMG, SL_LANE_ORDINARY, "doc-1", 7, "");
    memcpy(strstr(json, "0014200000000007"), "0014100000000007", 16);
    put_text(&desk, IN, "z.json", sl_text(json));
    desk_rounds(&desk, 8);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)snprintf(reason, sizeof reason, "%s.reason.json", cases[i].name);
        assert_true(there(&desk, REJECTED, cases[i].name));
        json_t *told = json_at(&desk, REJECTED, reason);
        if (strcmp(text_of(told, "code"), cases[i].code) != 0)
            fail_msg("%s: %s", cases[i].name, text_of(told, "code"));
        json_decref(told);
    }
    reason_is(&desk, "z.json.reason.json", "subject_invalid", "/subject");
    assert_int_equal(entries(&desk, IN) + entries(&desk, TAKING) + entries(&desk, TAKEN), 0);
    struct spool_counts counts;
    spool_counts(desk.spool, &counts);
    assert_int_equal(counts.rejected, 9);
    end(&desk);
}

static void a_batch_is_answered_event_by_event(void **state)
{
    (void)state;
    static const char *const statuses[] = {"accepted", "refused", "duplicate"};
    struct desk desk;
    struct party party;
    char one[2048], other[2048], batch[8192];
    begin(&desk, &party);
    event_json(one, sizeof one, IMG, SL_LANE_ORDINARY, "doc-1", 7, "");
    event_json(other, sizeof other, NCG, SL_LANE_ORDINARY, "doc-2", 7, "");
    (void)snprintf(batch, sizeof batch, "[%s,%s,%s]", one, other, one);
    put_text(&desk, IN, "b.json", sl_text(batch));
    (void)snprintf(batch, sizeof batch, "[%s]", one);
    put_text(&desk, IN, "c.json", sl_text(batch));
    put_text(&desk, IN, "d.json", sl_text("[]"));
    desk_rounds(&desk, 8);
    assert_true(there(&desk, TAKEN, "c.json") && there(&desk, TAKEN, "d.json"));
    status_is(&desk, "doc-1", "waiting");
    status_is(&desk, "doc-2", NULL);
    json_t *reason = json_at(&desk, REJECTED, "b.json.reason.json");
    const json_t *events = json_object_get(reason, "events");
    assert_string_equal(text_of(reason, "code"), "batch_refused");
    assert_int_equal(json_array_size(events), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(text_of(json_array_get(events, i), "status"), statuses[i]);
    assert_string_equal(text_of(json_array_get(events, 1), "code"), "source_mismatch");
    assert_string_equal(text_of(json_array_get(events, 1), "id"), "doc-2");
    json_decref(reason);
    end(&desk);
}

static void a_file_beyond_the_limits_is_refused(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    struct sl_buffer text = {0};
    begin(&desk, &party);
    memset(sl_buffer_extend(&text, SPOOL_MAX_FILE + 1), ' ', SPOOL_MAX_FILE + 1);
    text.data[0] = '[';
    put_text(&desk, IN, "huge.json", sl_buffer_bytes(&text));
    text.data[0] = '{';
    put_text(&desk, IN, "large.json", sl_bytes(text.data, SL_MAX_EVENT + 1));
    put_text(&desk, IN, "sparse.json", sl_text(""));
    assert_int_equal(truncate(at(&desk, IN, "sparse.json"), (off_t)1 << 40), 0);
    put_event(&desk, "z.json", "doc-1", 7);
    desk_rounds(&desk, 8);
    reason_is(&desk, "huge.json.reason.json", "too_large", "");
    reason_is(&desk, "large.json.reason.json", "too_large", "");
    reason_is(&desk, "sparse.json.reason.json", "too_large", "");
    status_is(&desk, "doc-1", "waiting");
    sl_buffer_free(&text);
    end(&desk);
}

/* ---------------------------------------------------------------- hostile */

static void what_is_no_file_of_its_own_is_left_alone(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    begin(&desk, &party);
    put_event(&desk, "real", "doc-1", 7); /* another ending */
    assert_int_equal(symlink(at(&desk, IN, "real"), at(&desk, IN, "link.json")), 0);
    assert_int_equal(symlink("/dev/zero", at(&desk, IN, "zero.json")), 0);
    assert_int_equal(mkfifo(at(&desk, IN, "fifo.json"), 0600), 0);
    assert_int_equal(mkdir(at(&desk, IN, "folder.json"), 0700), 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", at(&desk, IN, "socket.json"));
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(file, (struct sockaddr *)&address, sizeof address), 0);
    (void)close(file);
    size_t count = 5 + (mknod(at(&desk, IN, "device.json"), S_IFCHR | 0600, makedev(1, 5)) == 0);
    put_event(&desk, ".hidden.json", "doc-2", 7);
    put_event(&desk, ".json", "doc-3", 7);
    put_event(&desk, "real.json.part", "doc-4", 7);
    put_event(&desk, "real.JSON", "doc-5", 7);
    desk_rounds(&desk, 16);
    assert_int_equal(entries(&desk, IN), count + 4);
    assert_int_equal(entries(&desk, TAKING) + entries(&desk, TAKEN) + entries(&desk, REJECTED), 0);
    assert_string_equal(spool_trouble(desk.spool), "");
    /* A hard link is a regular file, but not the back office's alone. */
    assert_int_equal(link(at(&desk, IN, "real"), at(&desk, IN, "hard.json")), 0);
    desk_rounds(&desk, 8);
    reason_is(&desk, "hard.json.reason.json", "malformed", "");
    status_is(&desk, "doc-1", NULL);
    end(&desk);
}

static void odd_names_are_names(void **state)
{
    (void)state;
    static const char *const names[] = {" .json",        "a b.json",    "a\nb.json", "\x1b[2J.json",
                                        "\xff\xfe.json", "..json.json", "-rf.json",  "%s%n.json"};
    struct desk desk;
    struct party party;
    char id[16], longest[256], cut[256];
    begin(&desk, &party);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(id, sizeof id, "doc-%u", i);
        put_event(&desk, names[i], id, i + 1);
    }
    memset(longest, 'x', 255);
    memcpy(longest + 250, ".json", 6);
    put_event(&desk, longest, "doc-9", 7);
    longest[0] = 'y';
    put_text(&desk, IN, longest, sl_text("{"));
    desk_rounds(&desk, 8);
    (void)snprintf(cut, sizeof cut, "%.200s", longest);
    assert_true(there(&desk, REJECTED, cut));
    cut[0] = 'x';
    assert_true(there(&desk, TAKEN, cut));
    /* ..json.json begins with a dot. */
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(there(&desk, TAKEN, names[i]), names[i][0] != '.');
        assert_int_equal(there(&desk, IN, names[i]), names[i][0] == '.');
    }
    end(&desk);
}

static void nothing_is_overwritten(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    begin(&desk, &party);
    for (unsigned i = 0; i < 3; i++) {
        put_event(&desk, "event.json", i == 0 ? "doc-0" : i == 1 ? "doc-1" : "doc-2", i + 1);
        put_text(&desk, IN, "bad.json", sl_text("{"));
        desk_rounds(&desk, 8);
    }
    assert_int_equal(entries(&desk, TAKEN), 3);
    assert_int_equal(entries(&desk, REJECTED), 6);
    /* A file that has the name of another one's reason. */
    put_text(&desk, IN, "x.json.reason.json", sl_text("[7]"));
    desk_rounds(&desk, 8);
    put_text(&desk, IN, "x.json", sl_text("{"));
    desk_rounds(&desk, 8);
    json_t *kept = json_at(&desk, REJECTED, "x.json.reason.json");
    assert_true(json_is_array(kept));
    json_decref(kept);
    assert_int_equal(entries(&desk, REJECTED), 10);
    end(&desk);
}

/* What was put in the place of a file that was read is taken as well. */
static void a_file_that_is_exchanged_is_two(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    begin(&desk, &party);
    put_event(&desk, "1.json", "doc-1", 7);
    for (int i = 0; i < 3; i++)
        spool_take(desk.spool, desk.elapsed);
    put_event(&desk, "1.json", "doc-2", 8);
    desk_sync(&desk);
    spool_answer(desk.spool, desk.elapsed);
    assert_int_equal(entries(&desk, TAKEN), 0);
    desk_rounds(&desk, 16);
    status_is(&desk, "doc-1", "waiting");
    status_is(&desk, "doc-2", "waiting");
    assert_int_equal(entries(&desk, TAKEN), 1);
    assert_int_equal(entries(&desk, IN) + entries(&desk, TAKING), 0);
    /* One that is taken back while it is handed in is gone, and was accepted. */
    put_event(&desk, "3.json", "doc-3", 9);
    while (party.house != NULL && !adapter_pending(party.house)) {
        spool_take(desk.spool, desk.elapsed);
        desk.elapsed += SPOOL_PERIOD;
    }
    assert_int_equal(unlink(at(&desk, IN, "3.json")), 0);
    desk_rounds(&desk, 8);
    status_is(&desk, "doc-3", "waiting");
    assert_string_equal(spool_trouble(desk.spool), "");
    end(&desk);
}

static void many_files_are_taken_in_order(void **state)
{
    (void)state;
    enum { FILES = 2500, STEP = 1709 };
    struct desk desk;
    struct party party;
    struct spool_counts counts, before = {0};
    char name[32], id[32];
    begin(&desk, &party);
    for (unsigned i = 0, n = 0; i < FILES; i++, n = (n + STEP) % FILES) {
        (void)snprintf(name, sizeof name, "%06u.json", n);
        (void)snprintf(id, sizeof id, "doc-%u", n);
        put_event(&desk, name, id, n + 1);
    }
    for (int i = 0; i < 400 && before.taken < FILES; i++, before = counts) {
        desk_round(&desk);
        spool_counts(desk.spool, &counts);
        assert_in_range(counts.taken - before.taken, 0, SPOOL_MAX_TAKEN);
        (void)snprintf(name, sizeof name, "%06u.json", (unsigned)counts.taken);
        assert_int_equal(there(&desk, IN, name), counts.taken < FILES);
        (void)snprintf(name, sizeof name, "%06u.json", (unsigned)counts.taken - 1);
        assert_false(there(&desk, IN, name));
    }
    assert_int_equal(before.taken, FILES);
    assert_in_range(desk.elapsed, 0, 4 * SPOOL_PERIOD); /* it did not rest in between */
    end(&desk);
}

/* ---------------------------------------------------------------- the disk */

static void files_wait_while_the_house_is_full(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    begin(&desk, &party);
    sl_storage_memory_faults(party.outbox, (struct sl_storage_faults){.capacity = 1});
    char name[32], id[32];
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof name, "%03u.json", i);
        (void)snprintf(id, sizeof id, "doc-%u", i);
        put_event(&desk, name, id, i + 1);
    }
    int64_t before = desk.elapsed;
    desk_rounds(&desk, 20);
    assert_true(desk.elapsed >= before + 4 * SPOOL_PAUSE); /* no busy loop */
    assert_true(entries(&desk, IN) + entries(&desk, TAKING) > 0);
    assert_int_equal(entries(&desk, REJECTED), 0);
    assert_non_null(strstr(spool_trouble(desk.spool), "takes no more events"));
    sl_storage_memory_faults(party.outbox, (struct sl_storage_faults){0});
    desk_rounds(&desk, 20);
    assert_int_equal(entries(&desk, TAKEN), 200);
    assert_string_equal(spool_trouble(desk.spool), "");
    end(&desk);
}

/* Root may write everywhere: the edge is somebody else meanwhile. */
static void a_folder_without_leave_is_told(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    begin(&desk, &party);
    put_event(&desk, "1.json", "doc-1", 7);
    put_event(&desk, "2.json", "doc-2", 7);
    assert_int_equal(chmod(at(&desk, IN, "1.json"), 0), 0);
    assert_int_equal(chmod(at(&desk, IN, "2.json"), 0644), 0);
    assert_int_equal(chmod(at(&desk, IN, "."), 0555), 0);
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(seteuid(65534), 0);
    desk_rounds(&desk, 8);
    assert_non_null(strstr(spool_trouble(desk.spool), "in/back_office: Permission denied"));
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(entries(&desk, IN), 2);
    static const char *const all[] = {
        IN, TAKING, TAKEN, REJECTED, "out/back_office", "out/back_office/done"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(chmod(at(&desk, all[i], "."), 0777), 0);
    assert_int_equal(chmod(desk.folder, 0755), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    desk_rounds(&desk, 8);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_string_equal(spool_trouble(desk.spool), "");
    reason_is(&desk, "1.json.reason.json", "malformed", "");
    status_is(&desk, "doc-2", "waiting");
    end(&desk);
}

static void a_folder_that_is_removed_is_told(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    begin(&desk, &party);
    desk_rounds(&desk, 4);
    assert_int_equal(rmdir(at(&desk, "in", "back_office")), 0);
    desk_rounds(&desk, 8);
    assert_non_null(strstr(spool_trouble(desk.spool), "in/back_office was removed"));
    desk_crash(&desk, 0);
    put_event(&desk, "1.json", "doc-1", 7);
    desk_rounds(&desk, 8);
    status_is(&desk, "doc-1", "waiting");
    end(&desk);
}

static void a_spool_is_one_processs_and_no_link(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    struct sl_error error = {0};
    struct spool *second = NULL;
    begin(&desk, &party);
    assert_int_equal(spool_open(&second, &desk.setup, &error), -1);
    assert_non_null(strstr(error.text, "another process uses it"));
    spool_close(desk.spool);
    assert_int_equal(rename(at(&desk, "in", "."), at(&desk, "", "elsewhere")), -1);
    assert_int_equal(rename(at(&desk, "in", "back_office"), at(&desk, "", "elsewhere")), 0);
    assert_int_equal(symlink(at(&desk, "", "elsewhere"), at(&desk, "in", "back_office")), 0);
    assert_int_equal(spool_open(&second, &desk.setup, &error), -1);
    assert_non_null(strstr(error.text, "in/back_office"));
    desk.spool = NULL;
    end(&desk);
}

static void note_role(void *context, const Samenloop__V1__Header *header,
                      Samenloop__V1__Result *result)
{
    bool *came = context;
    (void)result;
    came[header->publisher_role] = true;
}

static void a_folder_speaks_for_its_role(void **state)
{
    (void)state;
    struct desk desk;
    struct party party;
    struct post post;
    bool came[SAMENLOOP_JOINT_TEAM + 1] = {false};
    char json[2048];
    party_init(&party, &parties, IMG);
    post_init(&post);
    post.policy = note_role;
    post.context = came;
    desk_open(&desk, &party, &post);
    spool_close(desk.spool);
    desk.setup.roles[desk.setup.role_count++] = SAMENLOOP_INCIDENT_OFFICER;
    desk_listen(&desk);
    post_connect(&post, &party);
    event_json(json, sizeof json, IMG, SL_LANE_URGENT, "doc-1", 7, "");
    put_text(&desk, "in/incident_officer", "1.json", sl_text(json));
    desk_rounds(&desk, 8);
    assert_true(there(&desk, "taken/incident_officer", "1.json"));
    assert_true(came[SAMENLOOP_INCIDENT_OFFICER] && !came[SAMENLOOP_BACK_OFFICE]);
    put_event(&desk, "2.json", "doc-2", 7);
    desk_rounds(&desk, 8);
    assert_true(came[SAMENLOOP_BACK_OFFICE]);
    post_free(&post);
    end(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_leaves_after_the_sync),
        cmocka_unit_test(an_idle_spool_looks_four_times_a_second),
        cmocka_unit_test(refused_files_have_their_reason),
        cmocka_unit_test(a_batch_is_answered_event_by_event),
        cmocka_unit_test(a_file_beyond_the_limits_is_refused),
        cmocka_unit_test(what_is_no_file_of_its_own_is_left_alone),
        cmocka_unit_test(odd_names_are_names),
        cmocka_unit_test(nothing_is_overwritten),
        cmocka_unit_test(a_file_that_is_exchanged_is_two),
        cmocka_unit_test(many_files_are_taken_in_order),
        cmocka_unit_test(files_wait_while_the_house_is_full),
        cmocka_unit_test(a_folder_without_leave_is_told),
        cmocka_unit_test(a_folder_that_is_removed_is_told),
        cmocka_unit_test(a_spool_is_one_processs_and_no_link),
        cmocka_unit_test(a_folder_speaks_for_its_role),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
