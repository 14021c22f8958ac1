/*
 * Binary mode (HTTP binding of CloudEvents 1.0): attributes are ce- headers, the body is the data.
 *
 * A header's value is percent-encoded UTF-8, or that within double quotes with backslashes. All
 * values are texts then: an extension attribute that was a number or boolean at its sender cannot
 * be told from its text in this mode.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/edges/http_parts.h"
#include "schemas/cloudevent.h"
#include "schemas/cloudevent_parts.h"
#include "schemas/limits.h"

enum { MAX_NAME = 20, MAX_VALUE = 4 * 1024, MAX_HEADERS = SL_MAX_EXTENSIONS + 16 };

struct binary {
    json_t *event;
    struct sl_refusal *refusal;
    bool refused;
};

/* Removes the double quotes and backslashes of a quoted string, in place. -1: it does not end. */
static int unquote(char *text)
{
    char *out = text;
    const char *in = text + 1;
    if (*text != '"')
        return 0;
    while (*in != '\0' && *in != '"') {
        if (*in == '\\' && in[1] != '\0')
            in++;
        *out++ = *in++;
    }
    if (in[0] != '"' || in[1] != '\0')
        return -1;
    *out = '\0';
    return 0;
}

/* "ce-id" -> "id"; false when what comes behind "ce-" is no attribute's name. */
static bool attribute_name(char out[MAX_NAME + 1], const char *header, size_t size)
{
    if (size == 0 || size > MAX_NAME)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = header[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
        out[i] = c;
    }
    out[size] = '\0';
    return strcmp(out, "data") != 0 && strcmp(out, "datacontenttype") != 0;
}

static enum MHD_Result refuse(struct binary *binary, const char *sentence)
{
    (void)sl_refuse(binary->refusal, SL_MALFORMED, "", "%s", sentence);
    binary->refused = true;
    return MHD_NO;
}

static enum MHD_Result one_header(void *context, enum MHD_ValueKind kind, const char *key,
                                  size_t key_size, const char *value, size_t value_size)
{
    struct binary *binary = context;
    char name[MAX_NAME + 1], text[MAX_VALUE];
    (void)kind;
    if (key_size < 3 || (key[0] != 'c' && key[0] != 'C') || (key[1] != 'e' && key[1] != 'E') ||
        key[2] != '-')
        return MHD_YES;
    if (!attribute_name(name, key + 3, key_size - 3))
        return refuse(binary, "a ce- header that is no attribute's");
    if (json_object_get(binary->event, name) != NULL)
        return refuse(binary, "a ce- header stands there twice");
    if (value == NULL || value_size >= sizeof text ||
        json_object_size(binary->event) >= MAX_HEADERS)
        return refuse(binary, "too many ce- headers, or too long a one");
    memcpy(text, value, value_size);
    text[value_size] = '\0';
    if (strlen(text) != value_size || unquote(text) < 0 || http_decode(text) < 0 ||
        json_object_set_new(binary->event, name, json_string(text)) < 0)
        return refuse(binary, "a ce- header's value is percent-encoded UTF-8 without control "
                              "characters");
    return MHD_YES;
}

/* A whole JSON text may stand in another one as it is: what it says stays as it was sent. */
static int add_data(struct sl_buffer *out, struct sl_bytes body, struct sl_refusal *refusal)
{
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    bool good = sl_json_read(&arena, body, SL_MAX_EVENT, &refusal->error) != NULL;
    sl_arena_free(&arena);
    if (!good)
        return -1;
    out->size--; /* the closing bracket */
    sl_buffer_printf(out, ",\"datacontenttype\":\"application/json\",\"data\":");
    sl_buffer_add_bytes(out, body);
    sl_buffer_add(out, "}", 1);
    return 0;
}

int http_binary(struct sl_buffer *out, struct http_request *request, struct sl_refusal *refusal)
{
    struct binary binary = {json_object(), refusal, false};
    int result = -1;
    (void)MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, one_header, &binary);
    char *text = binary.refused ? NULL : json_dumps(binary.event, JSON_COMPACT);
    if (text != NULL) {
        sl_buffer_add_bytes(out, sl_text(text));
        result = request->body.size == 0 ? 0
                                         : add_data(out, sl_buffer_bytes(&request->body), refusal);
    }
    free(text);
    json_decref(binary.event);
    return result;
}
