/* From text to agreement: bounds, characters, memory, findings. */
#include "router/language/raw.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/language/parser.h"
#include "router/language/lexer.h"
#include "schemas/crypto.h"
#include "schemas/file.h"
#include "schemas/limits.h"

/* The agreement and its memory, freed together. */
struct held {
    struct agreement agreement;
    struct sl_arena arena;
};

/* ---------------------------------------------------------------- memory and words */

static void *zeroed(struct sl_arena *arena, size_t size)
{
    void *memory = sl_arena_alloc(arena, size); /* never NULL: these arenas have no limit */
    return memset(memory, 0, size);
}

void *reader_new(struct reader *reader, size_t size)
{
    return zeroed(&reader->scratch, size);
}

void *reader_keep(struct reader *reader, size_t count, size_t size)
{
    return count == 0 ? NULL : zeroed(reader->kept, count * size);
}

const char *reader_text(struct reader *reader, struct sl_bytes text)
{
    char *copy = zeroed(reader->kept, text.size + 1);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    return copy;
}

const char *reader_slice(struct reader *reader, const struct raw_span *span)
{
    return reader_text(reader, sl_bytes(reader->text.data + span->begin, span->end - span->begin));
}

struct raw_list raw_append(struct raw_list list, void *node)
{
    if (list.count == 0)
        list.first = node;
    else
        *(void **)list.last = node; /* the pointer to the next stands first in every node */
    list.last = node;
    list.count++;
    return list;
}

struct raw_word *raw_word(struct reader *reader, const char *text, struct raw_span span)
{
    struct raw_word *word = reader_new(reader, sizeof *word);
    *word = (struct raw_word){.text = text, .span = span};
    return word;
}

const char *raw_joined(struct reader *reader, const char *one, const char *two)
{
    size_t size = strlen(one) + strlen(two) + 2;
    char *text = zeroed(reader->kept, size);
    (void)snprintf(text, size, "%s %s", one, two);
    return text;
}

/* ---------------------------------------------------------------- findings */

void reader_find(struct reader *reader, struct agreement_place place, const char *format, ...)
{
    if (reader->finding_count == AGREEMENT_FINDINGS_MAX)
        return;
    char text[SL_MAX_SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0)
        text[0] = '\0';
    reader->findings[reader->finding_count++] = (struct reader_finding){
        place, reader_text(reader, sl_text(text))};
}

static int by_place(const void *left, const void *right)
{
    const struct agreement_place *a = &((const struct reader_finding *)left)->place;
    const struct agreement_place *b = &((const struct reader_finding *)right)->place;
    return a->line != b->line ? a->line - b->line : a->column - b->column;
}

static void tell_findings(struct reader *reader, struct sl_buffer *out)
{
    qsort(reader->findings, reader->finding_count, sizeof reader->findings[0], by_place);
    for (size_t i = 0; i < reader->finding_count; i++) {
        const struct reader_finding *finding = &reader->findings[i];
        sl_buffer_printf(out, "%s:%d:%d: %s\n", reader->file, finding->place.line,
                         finding->place.column, finding->text);
    }
}

/* ---------------------------------------------------------------- for the lexer */

/* Columns count characters: a byte of UTF-8 that goes on with one counts with it. */
static void advance(struct agreement_place *place, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            *place = (struct agreement_place){place->line + 1, 1};
        else if (((unsigned char)text[i] & 0xC0) != 0x80)
            place->column++;
    }
}

void reader_step(struct reader *reader, struct raw_span *span, const char *text, size_t size)
{
    struct agreement_place place = reader->here.place;
    span->place = place;
    span->begin = reader->here.end;
    span->end = span->begin + size;
    advance(&place, text, size);
    span->end_line = place.line;
    reader->here.place = place;
    reader->here.end = span->end;
}

void reader_comment(struct reader *reader, const struct raw_span *span, struct sl_bytes text)
{
    while (text.size > 0 && (text.data[0] == '#' || text.data[0] == ' ' || text.data[0] == '\t'))
        text = sl_bytes(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\r'))
        text.size--;
    struct raw_mark *mark = reader_new(reader, sizeof *mark);
    mark->line = span->place.line;
    mark->text = reader_text(reader, text);
    reader->raw.marks = raw_append(reader->raw.marks, mark);
}

const char *reader_mark(struct reader *reader, int line)
{
    while (reader->mark != NULL && reader->mark->line < line)
        reader->mark = reader->mark->next;
    return reader->mark != NULL && reader->mark->line == line ? reader->mark->text : NULL;
}

/* ---------------------------------------------------------------- characters */

static size_t character_size(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* One character of UTF-8 that is no control character, or one that ends lines and words. */
static bool good_character(const uint8_t *at, size_t size, size_t left)
{
    if (*at < 0x80)
        return (*at >= ' ' && *at != 0x7F) || *at == '\t' || *at == '\n' || *at == '\r';
    return size <= left && sl_bytes_printable(sl_bytes(at, size));
}

static bool readable(struct reader *reader)
{
    struct sl_bytes text = reader->text;
    struct agreement_place place = {1, 1};
    if (text.size > AGREEMENT_TEXT_MAX) {
        reader_find(reader, place, "more than %d KiB", AGREEMENT_TEXT_MAX / 1024);
        return false;
    }
    for (size_t i = 0; i < text.size;) {
        size_t size = character_size(text.data[i]);
        if (!good_character(text.data + i, size, text.size - i)) {
            reader_find(reader, place, "a character that is not UTF-8 text");
            return false;
        }
        advance(&place, (const char *)text.data + i, size);
        i += size;
    }
    return true;
}

/* ---------------------------------------------------------------- reading */

static void parse(struct reader *reader)
{
    yyscan_t scanner;
    if (yylex_init_extra(reader, &scanner) != 0)
        abort(); /* out of memory, as everywhere */
    YY_BUFFER_STATE buffer = yy_scan_bytes((const char *)reader->text.data, (int)reader->text.size,
                                           scanner);
    if (yyparse(scanner, reader) != 0 && reader->finding_count == 0)
        reader_find(reader, reader->here.place, "cannot be read on from here");
    yy_delete_buffer(buffer, scanner);
    yylex_destroy(scanner);
}

static void hash(struct agreement *agreement)
{
    struct sl_crypto *crypto = sl_crypto_new();
    sl_sha256(crypto, agreement->hash, &agreement->text, 1);
    sl_crypto_free(crypto);
}

int agreement_read(struct agreement **out, const char *file, struct sl_bytes text,
                   struct sl_buffer *findings)
{
    struct held *held = sl_new(1, sizeof *held);
    sl_arena_init(&held->arena, 0);
    struct agreement *agreement = &held->agreement;
    struct reader reader = {.file = file, .text = text, .agreement = agreement};
    reader.kept = &held->arena;
    reader.here = (struct raw_span){.place = {1, 1}};
    sl_arena_init(&reader.scratch, 0);
    agreement->file = reader_text(&reader, sl_text(file));
    agreement->review = -1;
    if (readable(&reader)) {
        agreement->text = sl_bytes(reader_text(&reader, text), text.size);
        hash(agreement);
        parse(&reader);
        reader.mark = reader.raw.marks.first;
        if (!reader.raw.broken)
            resolve_agreement(&reader);
    }
    tell_findings(&reader, findings);
    sl_arena_free(&reader.scratch);
    if (reader.finding_count > 0) {
        agreement_free(agreement);
        agreement = NULL;
    }
    *out = agreement;
    return agreement == NULL ? -1 : 0;
}

int agreement_load(struct agreement **out, const char *path, struct sl_buffer *findings)
{
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    *out = NULL;
    int result = sl_file_read(&text, path, AGREEMENT_TEXT_MAX, &error);
    if (result < 0)
        sl_buffer_printf(findings, "%s\n", error.text);
    else
        result = agreement_read(out, path, sl_buffer_bytes(&text), findings);
    sl_buffer_free(&text);
    return result;
}

void agreement_free(struct agreement *agreement)
{
    struct held *held = (struct held *)agreement; /* its first member */
    if (held == NULL)
        return;
    struct sl_arena arena = held->arena;
    free(held);
    sl_arena_free(&arena);
}

/* ---------------------------------------------------------------- looking up */

int agreement_fact_find(const struct agreement *agreement, struct sl_bytes name)
{
    for (size_t i = 0; i < agreement->fact_count; i++) {
        if (sl_bytes_is(name, agreement->facts[i].name))
            return (int)i;
    }
    return -1;
}

int agreement_rule_find(const struct agreement *agreement, struct sl_bytes name)
{
    for (size_t i = 0; i < agreement->rule_count; i++) {
        if (sl_bytes_is(name, agreement->rules[i].name))
            return (int)i;
    }
    return -1;
}

const char *agreement_value_name(enum agreement_value value)
{
    static const char *const names[] = {"unknown", "yes", "no"};
    return (unsigned)value < sizeof names / sizeof names[0] ? names[value] : "";
}
