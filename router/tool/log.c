/*
 * samenloop log: the routing log, past and as it comes. The journal has it whole; the router's file
 * lacks what a crash kept from it; the feed gives what comes from now on, to another machine too.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "router/router.h"
#include "router/telling.h"
#include "router/tool/lines.h"
#include "router/tool/log_feed.h"
#include "router/tool/tool.h"
#include "schemas/keyfile.h"
#include "schemas/log/storage.h"
#include "schemas/timestamp.h"

enum { LOOK_MS = 200, FILE_PART = 256 * 1024 };

enum {
    OPTION_TYPE = 256,
    OPTION_ORG,
    OPTION_RULE,
    OPTION_OUTCOME,
    OPTION_EVENT,
    OPTION_BAG,
    OPTION_KEY,
    OPTION_JSON,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_SUBJECT,
    OPTION_JOURNAL,
    OPTION_FILE,
    OPTION_FEED,
    OPTION_ROUTER_KEY,
    OPTION_CURVE_KEY
};

struct asked {
    struct lines_wanted wanted;
    struct lines_form form;
    const char *journal;
    const char *file;
    struct log_feed feed;
    const char *key;
    const char *bags[LINES_SUBJECTS];
    size_t bag_count;
    bool follow;
};

/* ---------------------------------------------------------------- from where */

static void wait_a_little(void)
{
    struct timespec time = {0, LOOK_MS * 1000000L};
    (void)nanosleep(&time, NULL);
}

static int show(void *context, struct sl_bytes lines, struct sl_error *error)
{
    struct asked *asked = context;
    if (lines_show(stdout, &asked->form, &asked->wanted, lines, error) < 0)
        return -1;
    if (asked->follow && fflush(stdout) != 0)
        return sl_fail(error, SL_IO, "standard output: %s", strerror(errno));
    return 0;
}

static int show_journal(struct asked *asked, struct sl_error *error)
{
    struct sl_storage *storage = NULL;
    struct router *past = NULL;
    if (sl_storage_files(&storage, asked->journal, false, error) < 0)
        return -1;
    int result = telling_open(&past, storage, error);
    while (result == 0 && (result = telling_more(past, show, asked, error)) == 0 && asked->follow)
        wait_a_little();
    router_close(past);
    sl_storage_free(storage);
    return result;
}

/* Whole lines of what was read; the beginning of the next one stays. */
static int show_whole(struct asked *asked, struct sl_buffer *text, struct sl_error *error)
{
    const uint8_t *feed = text->size == 0 ? NULL : memrchr(text->data, '\n', text->size);
    size_t whole = feed == NULL ? 0 : (size_t)(feed + 1 - text->data);
    int result = show(asked, sl_bytes(text->data, whole), error);
    if (whole > 0)
        memmove(text->data, text->data + whole, text->size - whole);
    text->size -= whole;
    return result;
}

static int show_file(struct asked *asked, struct sl_error *error)
{
    struct sl_buffer text = {0};
    FILE *file = fopen(asked->file, "rbe");
    if (file == NULL)
        return sl_fail(error, SL_IO, "%s: %s", asked->file, strerror(errno));
    int result = 0;
    for (bool more = true; more && result == 0;) {
        size_t had = text.size;
        (void)sl_buffer_extend(&text, FILE_PART);
        size_t got = fread(text.data + had, 1, FILE_PART, file);
        text.size = had + got;
        result = ferror(file) == 0 ? show_whole(asked, &text, error)
                                   : sl_fail(error, SL_IO, "%s: %s", asked->file, strerror(errno));
        more = got > 0 || asked->follow;
        if (got == 0 && asked->follow) {
            clearerr(file);
            wait_a_little();
        }
    }
    sl_buffer_free(&text);
    (void)fclose(file);
    return result;
}

/* ---------------------------------------------------------------- what is asked */

static void take_moment(int64_t *out, const char *argument, struct argp_state *state)
{
    if (sl_timestamp_parse(out, sl_text(argument)) < 0)
        argp_error(state, "%s: a moment is written as 2021-02-01T09:00:00Z", argument);
}

/* As the log shows it, or the whole pseudonym. */
static void take_subject(struct asked *asked, const char *argument, struct argp_state *state)
{
    size_t shown = LINES_SUBJECT_TEXT - 1;
    if (strlen(argument) < shown || strspn(argument, "0123456789abcdef") != strlen(argument))
        argp_error(state, "%s: a subject is the first %zu hex digits of its pseudonym, or more",
                   argument, shown);
    else if (asked->wanted.subject_count == LINES_SUBJECTS)
        argp_error(state, "at most %d subjects", LINES_SUBJECTS);
    else
        memcpy(asked->wanted.subjects[asked->wanted.subject_count++], argument, shown);
}

static void check(const struct asked *asked, struct argp_state *state)
{
    const struct log_feed *feed = &asked->feed;
    if ((asked->journal != NULL) + (asked->file != NULL) + (feed->address != NULL) != 1)
        argp_error(state, "one of --journal, --file and --feed is wanted");
    else if (feed->address != NULL && (feed->router_key == NULL || feed->curve_key == NULL))
        argp_error(state, "--feed wants --router-key and --curve-key");
    else if (asked->bag_count > 0 && asked->key == NULL)
        argp_error(state, "--bag wants --key, the pseudonym key");
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    const struct {
        int key;
        const char **word;
    } words[] = {
        {OPTION_TYPE, &asked->wanted.type},         {OPTION_ORG, &asked->wanted.org},
        {OPTION_RULE, &asked->wanted.rule},         {OPTION_OUTCOME, &asked->wanted.outcome},
        {OPTION_EVENT, &asked->wanted.event},       {OPTION_KEY, &asked->key},
        {OPTION_JOURNAL, &asked->journal},          {OPTION_FILE, &asked->file},
        {OPTION_FEED, &asked->feed.address},        {OPTION_ROUTER_KEY, &asked->feed.router_key},
        {OPTION_CURVE_KEY, &asked->feed.curve_key},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].key == key) {
            *words[i].word = argument;
            return 0;
        }
    }
    switch (key) {
    case OPTION_SINCE:
        take_moment(&asked->wanted.since, argument, state);
        return 0;
    case OPTION_UNTIL:
        take_moment(&asked->wanted.until, argument, state);
        return 0;
    case OPTION_SUBJECT:
        take_subject(asked, argument, state);
        return 0;
    case OPTION_BAG:
        if (asked->bag_count == LINES_SUBJECTS)
            argp_error(state, "at most %d houses", LINES_SUBJECTS);
        else
            asked->bags[asked->bag_count++] = argument;
        return 0;
    case OPTION_JSON:
        asked->form.json = true;
        return 0;
    case 'f':
        asked->follow = true;
        return 0;
    case ARGP_KEY_END:
        check(asked, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* BAG numbers become pseudonyms here, on the machine of who holds the key. */
static int find_houses(struct asked *asked, struct sl_error *error)
{
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    for (size_t i = 0; i < asked->bag_count; i++) {
        if (asked->wanted.subject_count == LINES_SUBJECTS)
            return sl_fail(error, SL_CONFIGURATION, "at most %d houses", LINES_SUBJECTS);
        if (tool_pseudonym(pseudonym, asked->bags[i], asked->key, error) < 0)
            return -1;
        sl_hex(asked->wanted.subjects[asked->wanted.subject_count++], pseudonym,
               SL_PSEUDONYM_SHOWN);
    }
    return 0;
}

static const struct argp_option options[] = {
    {"journal", OPTION_JOURNAL, "DIR", 0, "the journal's folder; a router may be writing it", 1},
    {"file", OPTION_FILE, "FILE", 0, "the router's log file", 1},
    {"feed", OPTION_FEED, "ADDRESS", 0, "the router's feed: lines from now on, or --since", 1},
    {"router-key", OPTION_ROUTER_KEY, "FILE", 0, "the router's public CURVE key, for --feed", 1},
    {"curve-key", OPTION_CURVE_KEY, "FILE", 0, "a participant's CURVE key, for --feed", 1},
    {"follow", 'f', NULL, 0, "goes on with the lines that come", 2},
    {"since", OPTION_SINCE, "TIME", 0, "lines of this moment and later", 3},
    {"until", OPTION_UNTIL, "TIME", 0, "lines of this moment and before", 3},
    {"subject", OPTION_SUBJECT, "HEX", 0, "lines of this house, by its pseudonym; may be repeated",
     3},
    {"bag", OPTION_BAG, "ID", 0, "lines of this house, by its BAG number; may be repeated", 3},
    {"key", OPTION_KEY, "FILE", 0, "the pseudonym key, for --bag", 3},
    {"type", OPTION_TYPE, "TYPE", 0, "lines of this type of event", 3},
    {"org", OPTION_ORG, "NAME", 0, "lines from or to this participant", 3},
    {"rule", OPTION_RULE, "NAME", 0, "lines of this rule or gate", 3},
    {"event", OPTION_EVENT, "N", 0, "lines of this event: its number (journalseq), or UUID", 3},
    {"outcome", OPTION_OUTCOME, "NAME", 0, "lines of which the outcome begins so", 3},
    {"json", OPTION_JSON, NULL, 0, "the lines as they are, rather than a table", 4},
    {0}};

int tool_log(int count, char **arguments)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .doc =
            "Shows the routing log: what the router decided, by which rule and clause; a line an "
            "outcome. samenloop(1) says what the outcomes are. Moments are UTC."};
    struct asked asked = {0};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    asked.form = lines_form_here(asked.form.json);
    if (find_houses(&asked, &error) < 0)
        return tool_fail(&error);
    asked.follow = asked.follow || asked.feed.address != NULL;
    int result = asked.journal != NULL ? show_journal(&asked, &error)
                 : asked.file != NULL
                     ? show_file(&asked, &error)
                     : log_feed_read(&asked.feed, asked.wanted.since != 0, show, &asked, &error);
    if (result == 0 && fflush(stdout) != 0)
        result = sl_fail(&error, SL_IO, "standard output: %s", strerror(errno));
    return result == 0 ? TOOL_GOOD : tool_fail(&error);
}
