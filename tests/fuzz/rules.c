/* An agreement's text: read, checked and shown, whatever stands in it. */
#include "tests/fuzz/fuzz.h"

#include "router/language/agreement.h"
#include "router/language/check.h"
#include "router/language/print.h"

static void fuzz_begin(void)
{
}

/* The agreement's paragraphs, and two neighbours together. */
static void fuzz_seeds(void)
{
    struct sl_buffer text = {0};
    fuzz_file(&text, "router/agreement.rules");
    sl_buffer_add(&text, "", 1);
    const char *begin = (const char *)text.data, *before = begin;
    for (const char *end; (end = strstr(begin, "\n\n")) != NULL; before = begin, begin = end + 2) {
        fuzz_seed(sl_bytes(begin, (size_t)(end - begin) + 1));
        fuzz_seed(sl_bytes(before, (size_t)(end - before) + 1));
    }
    sl_buffer_free(&text);
}

/* Each finding is a line that begins with a place. */
static void check_findings(const struct sl_buffer *findings)
{
    for (size_t at = 0; at < findings->size;) {
        const uint8_t *end = memchr(findings->data + at, '\n', findings->size - at);
        must(end != NULL);
        must(findings->size - at > 2 && memcmp(findings->data + at, "f:", 2) == 0);
        at = (size_t)(end - findings->data) + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0}, shown = {0};
    if (agreement_read(&agreement, "f", sl_bytes(data, size), &findings) < 0) {
        must(agreement == NULL && findings.size > 0);
        check_findings(&findings);
    } else {
        must(findings.size == 0);
        size_t count = agreement_check(agreement, &findings);
        must((count == 0) == (findings.size == 0));
        check_findings(&findings);
        agreement_print_table(&shown, agreement);
        agreement_print_graph(&shown, agreement);
        must(shown.size > 0);
        agreement_free(agreement);
    }
    sl_buffer_free(&findings);
    sl_buffer_free(&shown);
    return 0;
}
