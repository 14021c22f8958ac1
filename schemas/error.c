#include "schemas/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[SL_CODES] = {
    [SL_OK] = "ok",
    [SL_MALFORMED] = "malformed",
    [SL_TOO_LARGE] = "too_large",
    [SL_UNKNOWN_TYPE] = "unknown_type",
    [SL_NOT_PERMITTED] = "not_permitted",
    [SL_SOURCE_MISMATCH] = "source_mismatch",
    [SL_SUBJECT_INVALID] = "subject_invalid",
    [SL_ATTRIBUTE_INVALID] = "attribute_invalid",
    [SL_ATTRIBUTE_MISSING] = "attribute_missing",
    [SL_CAUSATION_MISSING] = "causation_missing",
    [SL_SECTION_NOT_ALLOWED] = "section_not_allowed",
    [SL_SECTION_MISSING] = "section_missing",
    [SL_FIELD_INVALID] = "field_invalid",
    [SL_FIELD_MISSING] = "field_missing",
    [SL_BSN_IN_TEXT] = "bsn_in_text",
    [SL_TIME_WINDOW] = "time_window",
    [SL_WRONG_LANE] = "wrong_lane",
    [SL_ID_CONFLICT] = "id_conflict",
    [SL_UNKNOWN_ORIGINAL] = "unknown_original",
    [SL_NOT_YOURS] = "not_yours",
    [SL_BAD_SIGNATURE] = "bad_signature",
    [SL_BAD_KEY_CARD] = "bad_key_card",
    [SL_BAD_DIGEST] = "bad_digest",
    [SL_SEALED_WRONGLY] = "sealed_wrongly",
    [SL_NOT_ADMITTED] = "not_admitted",
    [SL_PROTOCOL] = "protocol",
    [SL_OVERLOAD] = "overload",
    [SL_BEHIND] = "behind",
    [SL_IO] = "io",
    [SL_FULL] = "full",
    [SL_FATAL] = "fatal",
    [SL_DAMAGED] = "damaged",
    [SL_CONFIGURATION] = "configuration",
};

int sl_fail(struct sl_error *error, enum sl_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->code = code;
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}

int sl_fail_at(struct sl_error *error, const char *format, ...)
{
    char sentence[sizeof error->text];
    memcpy(sentence, error->text, sizeof sentence);
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof error->text)
        (void)snprintf(error->text + used, sizeof error->text - (size_t)used, ": %s", sentence);
    return -1;
}

const char *sl_code_name(enum sl_code code)
{
    return (unsigned)code < SL_CODES ? names[code] : "protocol";
}

enum sl_code sl_code_by_name(const char *name, size_t size)
{
    for (int i = 0; i < SL_CODES; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return (enum sl_code)i;
    }
    return SL_PROTOCOL;
}
