/* A file that holds the number of a running process, and the lock that says that it runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "router/pidfile.h"

static char path[] = "/tmp/samenloop-pid-XXXXXX";

/* Another process, since a process never meets its own lock: what it finds. */
static int in_another(int (*look)(void))
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(look());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int sees_the_holder(void)
{
    return pidfile_holder(path) == getppid();
}

static int sees_nobody(void)
{
    return pidfile_holder(path) == 0;
}

static int is_refused(void)
{
    struct sl_error error = {0};
    return pidfile_take(path, &error) == -1 && error.code == SL_IO &&
           strstr(error.text, "another process holds it") != NULL;
}

static int can_take(void)
{
    struct sl_error error = {0};
    int held = pidfile_take(path, &error);
    if (held < 0)
        return 0;
    pidfile_drop(held);
    return 1;
}

static int dies_with_it(void)
{
    struct sl_error error = {0};
    return pidfile_take(path, &error) >= 0;
}

static void one_process_holds_it(void **state)
{
    (void)state;
    struct sl_error error = {0};
    char line[32] = "";
    int held = pidfile_take(path, &error);
    assert_true(held >= 0);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(strtol(line, NULL, 10), getpid());
    assert_true(in_another(sees_the_holder));
    assert_true(in_another(is_refused));
    /* Closing any descriptor of a file ends a process's lock on it: so this comes last. */
    assert_int_equal(fclose(file), 0);
    pidfile_drop(held);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_true(in_another(sees_nobody));
    assert_true(in_another(can_take));
}

static void what_a_crash_left_is_nobody_s(void **state)
{
    (void)state;
    struct stat status;
    assert_true(in_another(dies_with_it));
    assert_int_equal(stat(path, &status), 0);
    assert_int_not_equal(status.st_size, 0); /* its number stands there still */
    assert_int_equal(pidfile_holder(path), 0);
    assert_true(in_another(can_take));
}

static void what_cannot_be_opened_is_told(void **state)
{
    (void)state;
    struct sl_error error = {0};
    assert_int_equal(pidfile_take("/tmp/no-such-folder/of-samenloop/pid", &error), -1);
    assert_non_null(strstr(error.text, "No such file"));
    assert_int_equal(pidfile_holder("/tmp/no-such-folder/of-samenloop/pid"), 0);
    pidfile_drop(-1);
}

static int make_file(void **state)
{
    (void)state;
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_process_holds_it),
        cmocka_unit_test(what_a_crash_left_is_nobody_s),
        cmocka_unit_test(what_cannot_be_opened_is_told),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
