/* The adapter's configuration: every problem is told at once, and nothing secret is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "adapters/config.h"
#include "schemas/file.h"

#define GOOD                                                                                       \
    "participant = \"img\"\nrouter = \"tcp://127.0.0.1:5000\"\nrouter_key = \"router.pub\"\n"      \
    "outbox = \"outbox\"\ninbox = \"/var/inbox\"\ncards = \"cards\"\ntrust = \"ca.pem\"\n"         \
    "signing_key = \"signing.key\"\nsealing_key = \"sealing.key\"\ncurve_key = \"curve.key\"\n"    \
    "content_key = \"content.key\"\npseudonym_key = \"pseudonym.key\"\n"
#define WHO                                                                                        \
    "participants\n    img\n        oin = \"00000004164164164000\"\n    ncg\n"                     \
    "        oin = \"00000004165165165000\"\n"

static char folder[] = "/tmp/samenloop-config-XXXXXX";
static char file[64];

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(file, sizeof file, "%s/adapter.cfg", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(file);
    return rmdir(folder);
}

static struct adapter_config *read_text(const char *text, struct sl_buffer *problems)
{
    struct sl_error error = {0};
    sl_buffer_clear(problems);
    assert_int_equal(sl_file_write(file, sl_text(text), 0600, &error), 0);
    struct adapter_config *config = adapter_config_read(file, problems);
    sl_buffer_add(problems, "", 1);
    return config;
}

static size_t lines(const struct sl_buffer *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->size; i++)
        count += text->data[i] == '\n';
    return count;
}

static void settings_are_read_and_shown(void **state)
{
    (void)state;
    struct sl_buffer text = {0};
    char outbox[128];
    struct adapter_config *config = read_text(GOOD WHO, &text);
    assert_non_null(config);
    (void)snprintf(outbox, sizeof outbox, "%s/outbox", folder);
    assert_string_equal(config->outbox, outbox);
    assert_string_equal(config->inbox, "/var/inbox");
    assert_int_equal(config->segment_bytes, 16777216);
    assert_string_equal(config->http, "");
    assert_int_equal(config->directory.count, 2);
    sl_buffer_clear(&text);
    adapter_config_print(config, &text);
    adapter_config_free(config);
    /* What is shown is a configuration that means the same. */
    sl_buffer_add(&text, "", 1);
    char *shown = strdup((const char *)text.data);
    config = read_text(shown, &text);
    assert_non_null(config);
    assert_string_equal(config->outbox, outbox);
    sl_buffer_clear(&text);
    adapter_config_print(config, &text);
    sl_buffer_add(&text, "", 1);
    assert_string_equal(shown, (const char *)text.data);
    free(shown);
    adapter_config_free(config);
    sl_buffer_free(&text);
}

static void every_problem_is_told_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t problems;
        const char *one;
    } cases[] = {
        {"", 12, "participant: is missing"},
        {GOOD, 1, "participants: is missing"},
        {GOOD WHO "htp = \"127.0.0.1:1\"\n", 1, "htp: there is no such setting"},
        {GOOD WHO "http = \"127.0.0.1\"\n", 2, "http: wants ADDRESS:PORT"},
        {GOOD WHO "http = \"127.0.0.1:65536\"\n", 2, "http: wants ADDRESS:PORT"},
        {GOOD WHO "http = \"127.0.0.1:1\"\n", 1, "tokens: is missing"},
        {GOOD WHO "tokens\n    boss = \"x\"\n", 1, "tokens/boss: there is no such role"},
        {GOOD WHO "segment_bytes = 65536\n", 1, "segment_bytes: wants bytes from 524288"},
        {GOOD WHO "spool_roles = \"boss\"\n", 1, "spool_roles: wants roles"},
        {GOOD WHO "spool_roles = \"back_office back_office\"\n", 1, "spool_roles: wants roles"},
        {GOOD WHO "spool_roles = \" \"\n", 1, "spool_roles: wants roles"},
        {GOOD WHO "segment_bytes = \"-4096\"\n", 1, "segment_bytes: wants"},
        {GOOD WHO "journal = \"12\"\n", 1, "journal: wants 32 hexadecimal digits"},
        {GOOD WHO "router = \"tcp://127.0.0.1:6000\"\n", 1, "router: given twice"},
        {GOOD WHO "clock\n    at = \"x\"\n", 1, "clock: has nothing below it"},
        {"\t{", 1, ""},
    };
    struct sl_buffer text = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(read_text(cases[i].text, &text));
        if (strstr((const char *)text.data, cases[i].one) == NULL)
            fail_msg("case %zu: %s", i, (const char *)text.data);
        if (cases[i].one[0] != '\0' && lines(&text) != cases[i].problems)
            fail_msg("case %zu: %s", i, (const char *)text.data);
    }
    sl_buffer_free(&text);
}

static void a_municipality_has_no_pseudonym_key(void **state)
{
    (void)state;
    struct sl_buffer text = {0};
    static const char gm[] = GOOD WHO "    gm0014\n        oin = \"00000001000000014000\"\n";
    char other[4096];
    (void)snprintf(other, sizeof other, "participant = \"gm0014\"%s",
                   gm + sizeof "participant = \"img\"" - 1);
    assert_null(read_text(other, &text));
    assert_non_null(strstr((const char *)text.data, "pseudonym_key: img and ncg have it"));
    sl_buffer_free(&text);
}

static void what_a_file_names_must_be_there(void **state)
{
    (void)state;
    struct sl_buffer text = {0};
    struct adapter_config *config = read_text(GOOD WHO, &text);
    assert_non_null(config);
    sl_buffer_clear(&text);
    assert_int_equal(adapter_config_load(config, 1612170000000, &text), -1);
    sl_buffer_add(&text, "", 1);
    static const char *const names[] = {
        "signing_key: ",   "sealing_key: ", "curve_key: ", "content_key: ",
        "pseudonym_key: ", "router_key: ",  "cards: "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(strstr((const char *)text.data, names[i]));
    assert_int_equal(lines(&text), sizeof names / sizeof *names);
    adapter_config_free(config);
    sl_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_read_and_shown),
        cmocka_unit_test(every_problem_is_told_at_once),
        cmocka_unit_test(a_municipality_has_no_pseudonym_key),
        cmocka_unit_test(what_a_file_names_must_be_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
