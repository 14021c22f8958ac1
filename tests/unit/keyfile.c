/* Keys in files: what is written is read again, and what is no key or open to others is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "schemas/file.h"
#include "schemas/keyfile.h"

static char folder[] = "/tmp/samenloop-keyfile-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/a.key", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void test_written_is_read(void **state)
{
    (void)state;
    struct sl_error error = {0};
    uint8_t key[SL_KEY_SIZE];
    uint8_t again[SL_KEY_SIZE] = {0};
    struct stat status;
    sl_random(key, sizeof key);
    assert_int_equal(sl_keyfile_write_secret(path, key, &error), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(sl_keyfile_read_secret(again, path, &error), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(sl_keyfile_write(path, key, &error), 0);
    assert_int_equal(sl_keyfile_read(again, path, &error), 0);
}

static void test_open_to_others_is_refused(void **state)
{
    (void)state;
    static const mode_t bad[] = {0640, 0604, 0660, 0602};
    struct sl_error error = {0};
    uint8_t key[SL_KEY_SIZE] = {1};
    assert_int_equal(sl_keyfile_write_secret(path, key, &error), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        assert_int_equal(sl_keyfile_read_secret(key, path, &error), -1);
        assert_int_equal(error.code, SL_CONFIGURATION);
    }
}

static void test_what_is_no_key_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "00\n", "0000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000000000000000000000000000000000000000000G\n",
        "0000000000000000000000000000000000000000000000000000000000000000\n\n"};
    struct sl_error error = {0};
    uint8_t key[SL_KEY_SIZE];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(sl_file_write(path, sl_text(bad[i]), 0600, &error), 0);
        assert_int_equal(sl_keyfile_read(key, path, &error), -1);
        assert_int_equal(error.code, SL_CONFIGURATION);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sl_keyfile_read_secret(key, path, &error), -1);
    assert_int_equal(error.code, SL_CONFIGURATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_is_read),
        cmocka_unit_test(test_open_to_others_is_refused),
        cmocka_unit_test(test_what_is_no_key_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
