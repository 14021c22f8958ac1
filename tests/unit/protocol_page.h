/*
 * The examples of schemas/PROTOCOL.md. Each stands there as a block of hexadecimal digits under a
 * name (```hex NAME, comments behind #); tests make it again from the fixed keys that the page
 * names, and compare. A difference prints the bytes that are right.
 */
#ifndef TESTS_PROTOCOL_PAGE_H
#define TESTS_PROTOCOL_PAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/bytes.h"

enum { MAX_BLOCKS = 64 };

struct block {
    char name[32];
    struct sl_buffer bytes;
    bool compared;
};

struct page {
    struct block blocks[MAX_BLOCKS];
    size_t count;
};

static inline int digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

/* Adds a line's digits: white space anywhere, a comment behind '#'. */
static inline void add_line(struct block *block, const char *line)
{
    int high = -1;
    for (const char *c = line; *c != '\0' && *c != '#'; c++) {
        int value = digit(*c);
        if (value < 0) {
            assert_non_null(strchr(" \n", *c));
        } else if (high < 0) {
            high = value;
        } else {
            uint8_t byte = (uint8_t)(high * 16 + value);
            sl_buffer_add(&block->bytes, &byte, 1);
            high = -1;
        }
    }
    assert_int_equal(high, -1); /* a byte stands on one line */
}

static inline int read_page(void **state)
{
    struct page *page = sl_new(1, sizeof *page);
    struct block *inside = NULL;
    char path[512];
    char line[512];
    (void)snprintf(path, sizeof path, "%s/schemas/PROTOCOL.md", getenv("ROOT"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "```hex ", 7) == 0) {
            assert_true(page->count < MAX_BLOCKS);
            inside = &page->blocks[page->count++];
            assert_int_equal(sscanf(line + 7, "%31s", inside->name), 1);
        } else if (strncmp(line, "```", 3) == 0) {
            inside = NULL;
        } else if (inside != NULL) {
            add_line(inside, line);
        }
    }
    (void)fclose(file);
    *state = page;
    return 0;
}

static inline void show(const char *name, struct sl_bytes bytes)
{
    (void)fprintf(stderr, "```hex %s", name);
    for (size_t i = 0; i < bytes.size; i++)
        (void)fprintf(stderr, "%s%02x", i % 32 == 0 ? "\n" : "", bytes.data[i]);
    (void)fprintf(stderr, "\n```\n");
}

/* True: the page has these bytes under this name. */
static inline bool says(struct page *page, const char *name, struct sl_bytes bytes)
{
    for (size_t i = 0; i < page->count; i++) {
        struct block *block = &page->blocks[i];
        if (strcmp(block->name, name) != 0)
            continue;
        block->compared = true;
        if (sl_bytes_equal(sl_buffer_bytes(&block->bytes), bytes))
            return true;
    }
    show(name, bytes);
    return false;
}

/* Comes last: a block that nothing was compared with could say anything. The blocks of the log's
 * part of the page are one program's, all others another's. */
static inline void every_block_was_compared(struct page *page, bool of_the_log)
{
    for (size_t i = 0; i < page->count; i++) {
        bool mine = (strncmp(page->blocks[i].name, "log-", 4) == 0) == of_the_log;
        if (mine && !page->blocks[i].compared)
            fail_msg("PROTOCOL.md: nothing was compared with block %s", page->blocks[i].name);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(page->blocks[i].name, page->blocks[k].name);
    }
}

static inline int free_page(void **state)
{
    struct page *page = *state;
    for (size_t i = 0; i < page->count; i++)
        sl_buffer_free(&page->blocks[i].bytes);
    free(page);
    return 0;
}

#endif
