/* The routing log's file after a kill: what it lacks, and no more of it than memory should hold. */
#include "router/catching.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/catching-XXXXXX";
static char file[sizeof folder + 16];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(file, sizeof file, "%s/routing.log", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static struct catching *begin(void)
{
    struct sl_error error = {0};
    struct catching *catching = NULL;
    assert_int_equal(catching_begin(&catching, file, &error), 0);
    assert_non_null(catching);
    return catching;
}

static void tell(struct catching *catching, const char *lines)
{
    struct sl_error error = {0};
    assert_int_equal(catching_take(catching, sl_text(lines), &error), 0);
}

static void expect(struct catching *catching, const char *missing)
{
    assert_true(sl_bytes_equal(catching_missing(catching), sl_text(missing)));
    catching_free(catching);
}

static void what_comes_behind_the_end_is_missing(void **state)
{
    (void)state;
    write_file("one\ntwo\nthr"); /* the last one is torn */
    struct catching *catching = begin();
    tell(catching, "one\n");
    tell(catching, "two\nthree\n");
    tell(catching, "four\n");
    expect(catching, "three\nfour\n");
    assert_int_equal(unlink(file), 0);
}

static void another_end_is_left_alone(void **state)
{
    (void)state;
    write_file("one\nof somebody else\n");
    struct catching *catching = begin();
    tell(catching, "one\ntwo\n");
    expect(catching, "");
    assert_int_equal(unlink(file), 0);
}

/* A file that was emptied lacks all lines; a journal of years must not be held in memory for it. */
static void a_file_without_anything_gets_so_much_and_no_more(void **state)
{
    enum { LINE = 1024, MOST = 16 * 1024 * 1024 / LINE };
    char line[LINE + 1];
    (void)state;
    memset(line, 'x', LINE);
    memcpy(line + LINE - 1, "\n", 2);
    struct catching *catching = begin();
    for (int i = 0; i < MOST; i++)
        tell(catching, line);
    assert_int_equal(catching_missing(catching).size, MOST * LINE);
    tell(catching, "one more\n");
    assert_int_equal(catching_missing(catching).size, 0);
    tell(catching, "and another\n");
    expect(catching, "");
}

static void a_stop_in_order_leaves_nothing_to_look_for(void **state)
{
    struct sl_error error = {0};
    struct catching *catching = NULL;
    char mark[sizeof file + 8];
    (void)state;
    catching_mark(file);
    assert_int_equal(catching_begin(&catching, file, &error), 0);
    assert_null(catching);
    (void)snprintf(mark, sizeof mark, "%s.whole", file);
    assert_int_equal(access(mark, F_OK), -1); /* it was for one start */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_behind_the_end_is_missing),
        cmocka_unit_test(another_end_is_left_alone),
        cmocka_unit_test(a_file_without_anything_gets_so_much_and_no_more),
        cmocka_unit_test(a_stop_in_order_leaves_nothing_to_look_for)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
