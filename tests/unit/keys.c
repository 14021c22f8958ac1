/* samenloop keys: what the program makes is what router and adapters read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "schemas/file.h"
#include "schemas/directory.h"
#include "schemas/keyfile.h"
#include "schemas/timestamp.h"

enum { OPEN_FOLDERS = 16 };

static size_t secrets;

/* A shell's exit status, as wait() gives it. */
static int shell(const char *command)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* Runs the program in the test's own folder; gives its exit code, its output is in `output`. */
static struct sl_buffer output;

static int run(const char *arguments)
{
    char command[512];
    struct sl_error error;
    (void)snprintf(command, sizeof command, "%s/samenloop keys %s > output 2>&1", getenv("BUILD"),
                   arguments);
    int status = shell(command);
    sl_buffer_clear(&output);
    assert_int_equal(sl_file_read(&output, "output", 64 * 1024, &error), 0);
    sl_buffer_add(&output, "", 1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool said(const char *text)
{
    return strstr((const char *)output.data, text) != NULL;
}

static int setup(void **state)
{
    (void)state;
    return run("new DIR --participants img,ncg,gm0014=00000001000000014999") == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    sl_buffer_free(&output);
    return 0;
}

static int64_t now(void)
{
    return time(NULL) * SL_SECOND;
}

static void read_key(uint8_t key[SL_KEY_SIZE], const char *participant, const char *file)
{
    char path[128];
    struct sl_error error;
    (void)snprintf(path, sizeof path, "DIR/%s/%s", participant, file);
    if (sl_keyfile_read_secret(key, path, &error) < 0)
        fail_msg("%s", error.text);
}

static void public_of(uint8_t out[SL_KEY_SIZE], int type, const char *participant, const char *file)
{
    uint8_t secret[SL_KEY_SIZE];
    read_key(secret, participant, file);
    EVP_PKEY *key = sl_key_private(type, secret);
    sl_key_raw(key, NULL, out);
    EVP_PKEY_free(key);
}

static void test_cards_name_the_keys(void **state)
{
    (void)state;
    static const struct {
        Samenloop__V1__KeyUse use;
        int type;
        const char *file;
    } uses[] = {{SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, EVP_PKEY_ED25519, "signing.key"},
                {SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, EVP_PKEY_X25519, "sealing.key"},
                {SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE, EVP_PKEY_X25519, "curve.key"}};
    struct sl_directory directory = {0};
    struct sl_error error = {0};
    assert_int_equal(sl_directory_add(&directory, "img", "00000004164164164000", &error), 0);
    assert_int_equal(sl_directory_add(&directory, "ncg", "00000004165165165000", &error), 0);
    assert_int_equal(sl_directory_add(&directory, "gm0014", "00000001000000014999", &error), 0);
    struct sl_buffer problems = {0};
    if (sl_directory_load(&directory, "DIR/cards", "DIR/ca.pem", now(), &problems, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(problems.size, 0);
    for (size_t i = 0; i < directory.count; i++) {
        const struct sl_participant *participant = &directory.participants[i];
        assert_int_equal(participant->card_count, 1);
        for (size_t k = 0; k < 3; k++) {
            uint8_t wanted[SL_KEY_SIZE];
            public_of(wanted, uses[k].type, participant->name, uses[k].file);
            const struct sl_key *found = sl_card_key(&participant->cards[0], uses[k].use, now());
            assert_non_null(found);
            assert_memory_equal(found->public_key, wanted, SL_KEY_SIZE);
            assert_null(sl_card_key(&participant->cards[0], uses[k].use, now() + 731 * SL_DAY));
        }
    }
    sl_directory_free(&directory);
}

static void test_keys_of_the_house(void **state)
{
    (void)state;
    uint8_t img[SL_KEY_SIZE];
    uint8_t ncg[SL_KEY_SIZE];
    struct stat status;
    read_key(img, "img", "pseudonym.key");
    read_key(ncg, "ncg", "pseudonym.key");
    assert_memory_equal(img, ncg, sizeof img);
    assert_int_equal(stat("DIR/gm0014/pseudonym.key", &status), -1);
    read_key(img, "img", "content.key");
    read_key(ncg, "ncg", "content.key");
    assert_memory_not_equal(img, ncg, sizeof img);
    read_key(img, "gm0014", "content.key");
}

static void test_router(void **state)
{
    (void)state;
    uint8_t wanted[SL_KEY_SIZE];
    uint8_t open[SL_KEY_SIZE];
    struct sl_error error;
    public_of(wanted, EVP_PKEY_X25519, "router", "curve.key");
    assert_int_equal(sl_keyfile_read(open, "DIR/router/curve.pub", &error), 0);
    assert_memory_equal(wanted, open, sizeof open);
    public_of(wanted, EVP_PKEY_ED25519, "router", "signing.key");
    assert_int_equal(sl_keyfile_read(open, "DIR/router/signing.pub", &error), 0);
    assert_memory_equal(wanted, open, sizeof open);
}

static int check_mode(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)place;
    size_t size = strlen(path);
    bool secret = size > 4 && strcmp(path + size - 4, ".key") == 0;
    mode_t others = status->st_mode & (S_IRWXG | S_IRWXO);
    secrets += secret;
    if ((kind == FTW_D || secret) && others != 0)
        fail_msg("%s: mode %o", path, status->st_mode & 0777);
    return 0;
}

static void test_modes(void **state)
{
    (void)state;
    secrets = 0;
    assert_int_equal(nftw("DIR", check_mode, OPEN_FOLDERS, FTW_PHYS), 0);
    assert_int_equal(secrets, 1 + 2 + 3 * 5 + 2);
}

static int forbid_secret(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)place;
    struct sl_buffer key = {0};
    struct sl_error error;
    size_t size = strlen(path);
    if (kind == FTW_F && strcmp(path + size - 4, ".key") == 0) {
        assert_int_equal(sl_file_read(&key, path, 4096, &error), 0);
        key.data[key.size - 1] = '\0'; /* the line feed */
        assert_false(said((const char *)key.data));
    }
    sl_buffer_free(&key);
    return 0;
}

static void test_show(void **state)
{
    (void)state;
    assert_int_equal(run("show DIR"), 0);
    assert_true(said("00000004164164164000") && said("00000001000000014999"));
    assert_int_equal(nftw("DIR", forbid_secret, OPEN_FOLDERS, FTW_PHYS), 0);
    assert_int_equal(run("show DIR/cards/img.card"), 0);
    assert_true(said("nobody vouches"));
    assert_int_equal(run("show DIR/cards/img.card --trust DIR/ca.pem"), 0);
    assert_true(said("the authority vouches"));
    assert_int_equal(run("show DIR/ca.pem"), 1);
    assert_int_equal(run("show nowhere"), 1);
    assert_int_equal(run("show"), 2);
}

static void test_another_authority(void **state)
{
    (void)state;
    assert_int_equal(run("new OTHER --from 2021-01-01T00:00:00Z --days 30"), 0);
    assert_int_equal(run("show DIR/cards/img.card --trust OTHER/ca.pem"), 1);
    assert_true(said("NOT GOOD"));
    assert_int_equal(run("show OTHER"), 1);
    assert_true(said("2021-01-31T00:00:00Z  NOT VALID NOW"));
}

static void test_nothing_is_overwritten(void **state)
{
    (void)state;
    uint8_t before[SL_KEY_SIZE];
    uint8_t after[SL_KEY_SIZE];
    read_key(before, "img", "signing.key");
    assert_int_equal(run("new DIR"), 1);
    read_key(after, "img", "signing.key");
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_int_equal(run("new empty/ --participants ncg"), 0);
    struct stat status;
    assert_int_equal(stat("empty/cards/ncg.card", &status), 0);
    assert_int_equal(shell("test -z \"$(ls -d DIR.* empty.* 2>/dev/null)\""), 0);
}

static void test_usage(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "sell",
                                        "new",
                                        "new a b",
                                        "new a --days 0",
                                        "new a --from yesterday",
                                        "new a --colour red"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(run(wrong[i]), 2);
    assert_int_equal(run("new a --participants img,bob"), 1);
    assert_int_equal(run("new a --participants img,img"), 1);
    assert_int_equal(run("new a --participants img=12"), 1);
    assert_int_equal(run("new a --participants ''"), 1);
    assert_int_equal(run("--help"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards_name_the_keys),
        cmocka_unit_test(test_keys_of_the_house),
        cmocka_unit_test(test_router),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_another_authority),
        cmocka_unit_test(test_nothing_is_overwritten),
        cmocka_unit_test(test_usage),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
