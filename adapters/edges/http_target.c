/* Targets, numbers and media types: text from outside, read strictly. */
#include <string.h>
#include <strings.h>

#include "adapters/edges/http_parts.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int http_decode(char *text)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; out++) {
        if (*in != '%') {
            *out = *in++;
            continue;
        }
        int high = hex_digit(in[1]);
        int low = high < 0 ? -1 : hex_digit(in[2]);
        if (low < 0 || high + low == 0)
            return -1;
        *out = (char)(high << 4 | low);
        in += 3;
    }
    *out = '\0';
    return sl_bytes_printable(sl_text(text)) ? 0 : -1;
}

static int query_trouble(struct http_request *request, const char *field, const char *sentence)
{
    request->trouble = (struct http_trouble){"malformed", field, sentence};
    return -1;
}

static int one_parameter(struct http_request *request, char *parameter)
{
    char *value = strchr(parameter, '=');
    if (value == NULL)
        return query_trouble(request, NULL, "a query parameter is name=value");
    *value++ = '\0';
    for (size_t i = 0; i < HTTP_QUERIES; i++) {
        const char *name = request->route->queries[i];
        if (name == NULL || strcmp(parameter, name) != 0)
            continue;
        if (request->values[i] != NULL)
            return query_trouble(request, name, "a query parameter stands there twice");
        if (http_decode(value) < 0)
            return query_trouble(request, name,
                                 "a query parameter is percent-encoded UTF-8 without control "
                                 "characters");
        request->values[i] = value;
        return 0;
    }
    return query_trouble(request, NULL, "a query parameter that is not known here");
}

/* A plus is a plus: this is a URI (RFC 3986), no form. */
int http_query(struct http_request *request, char *query)
{
    char *rest = query;
    for (char *parameter; (parameter = strsep(&rest, "&")) != NULL;)
        if (one_parameter(request, parameter) < 0)
            return -1;
    return 0;
}

int http_number(uint64_t *out, const char *text, uint64_t otherwise, uint64_t max)
{
    uint64_t value = 0;
    if (text == NULL) {
        *out = otherwise;
        return 0;
    }
    if (*text == '\0' || (text[0] == '0' && text[1] != '\0'))
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || value > max / 10 || value * 10 > max - digit)
            return -1;
        value = value * 10 + digit;
    }
    *out = value;
    return 0;
}

static struct sl_bytes trimmed(struct sl_bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = sl_bytes(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static bool same_word(struct sl_bytes text, const char *word)
{
    text = trimmed(text);
    return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

bool http_media_is(struct sl_bytes value, const char *type)
{
    const uint8_t *end = value.size == 0 ? NULL : memchr(value.data, ';', value.size);
    if (end != NULL)
        value.size = (size_t)(end - value.data);
    return value.size > 0 && same_word(value, type);
}

bool http_media_utf8(struct sl_bytes value)
{
    const uint8_t *start = value.size == 0 ? NULL : memchr(value.data, ';', value.size);
    if (start == NULL)
        return true;
    struct sl_bytes rest = sl_bytes(start + 1, value.size - (size_t)(start + 1 - value.data));
    return same_word(rest, "charset=utf-8") || same_word(rest, "charset=\"utf-8\"");
}
