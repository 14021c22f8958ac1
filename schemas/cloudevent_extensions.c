/* Extension attributes: text of the back office that travels with the event, screened and bounded.
 */
#include <stdlib.h>

#include "schemas/bsn.h"
#include "schemas/cloudevent_parts.h"
#include "schemas/limits.h"

enum { MAX_EXTENSION_NAME = 20 };

/* Context attributes that a back office gives and that are read elsewhere. */
static const char *const given[] = {
    "specversion", "id",   "source",     "type",          "subject",     "datacontenttype",
    "time",        "data", "dataschema", "correlationid", "causationid", "traceparent",
};

/* What an adapter says with a delivery: nobody else's extension may pass for it. */
static const char *const told[] = {"rule",       "clause",   "quotation",    "role",
                                   "journalseq", "deadline", "inboxposition"};

static bool is_one_of(struct sl_bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sl_bytes_is(name, names[i]))
            return true;
    }
    return false;
}

bool sl_extension_good(struct sl_bytes name, struct sl_bytes value)
{
    bool good = name.size > 0 && name.size <= MAX_EXTENSION_NAME &&
                !is_one_of(name, given, sizeof given / sizeof given[0]) &&
                !is_one_of(name, told, sizeof told / sizeof told[0]);
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
    }
    return good && value.data != NULL && value.size <= SL_MAX_EXTENSION &&
           sl_bytes_printable(value);
}

static struct sl_bytes extension_text(const struct sl_json *value, char digits[24])
{
    if (sl_json_is(value, SL_JSON_TRUE) || sl_json_is(value, SL_JSON_FALSE))
        return sl_text(value->kind == SL_JSON_TRUE ? "true" : "false");
    if (sl_json_is(value, SL_JSON_INTEGER))
        return sl_digits(digits, value->integer);
    return sl_json_text(value);
}

static int read_extension(struct sl_taking *taking, Samenloop__V1__Origin *origin, const char *name,
                          const struct sl_json *value)
{
    char digits[24];
    char field[SL_POINTER_SIZE];
    struct sl_bytes text = extension_text(value, digits);
    sl_pointer(field, "", name);
    bool beyond = sl_json_is(value, SL_JSON_INTEGER) &&
                  (value->integer < INT32_MIN || value->integer > INT32_MAX);
    if (beyond || !sl_extension_good(sl_text(name), text))
        return sl_refuse(taking->refusal, SL_MALFORMED, field,
                         "%s: no attribute that a back office gives, or no text of at most %d "
                         "bytes, 32-bit number, true or false",
                         sl_name_shown(name), SL_MAX_EXTENSION);
    if (origin->n_extensions == SL_MAX_EXTENSIONS)
        return sl_refuse(taking->refusal, SL_MALFORMED, field, "more than %d extension attributes",
                         SL_MAX_EXTENSIONS);
    Samenloop__V1__Extension *extension = sl_arena_alloc(taking->arena, sizeof *extension);
    samenloop__v1__extension__init(extension);
    extension->name = sl_taking_keep(taking, sl_text(name));
    extension->value = sl_taking_keep(taking, text);
    origin->extensions[origin->n_extensions++] = extension;
    return 0;
}

static bool is_extension(const char *name)
{
    return !is_one_of(sl_text(name), given, sizeof given / sizeof given[0]);
}

/* Whatever it is: what is no text is screened as it is written. */
static bool has_number(const struct sl_json *value)
{
    char digits[24];
    size_t position = 0;
    struct sl_bytes text = extension_text(value, digits);
    if (text.data != NULL)
        return sl_bsn_find(text, &position);
    struct sl_buffer written = {0};
    bool found = sl_json_write(&written, value, SL_MAX_EVENT) < 0 ||
                 sl_bsn_find(sl_buffer_bytes(&written), &position);
    sl_buffer_free(&written);
    return found;
}

int sl_taking_text(struct sl_taking *taking)
{
    if (taking->text.error.code != SL_OK) {
        *taking->refusal = taking->text;
        return -1;
    }
    for (const struct sl_json *one = sl_json_first(taking->event); one != NULL; one = one->next) {
        const char *name = (const char *)one->name.data;
        char field[SL_POINTER_SIZE];
        if (!is_extension(name) || !has_number(one))
            continue;
        sl_pointer(field, "", name);
        return sl_refuse(taking->refusal, SL_BSN_IN_TEXT, field,
                         "%s: something in it looks like a citizen service number",
                         sl_name_shown(name));
    }
    return 0;
}

int sl_taking_extensions(struct sl_taking *taking, Samenloop__V1__Origin *origin)
{
    origin->extensions = sl_arena_alloc(taking->arena, SL_MAX_EXTENSIONS * sizeof(void *));
    for (const struct sl_json *one = sl_json_first(taking->event); one != NULL; one = one->next) {
        const char *name = (const char *)one->name.data;
        if (is_extension(name) && one->kind != SL_JSON_NULL &&
            read_extension(taking, origin, name, one) < 0)
            return -1;
    }
    return 0;
}
