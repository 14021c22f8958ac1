/* Moments as milliseconds since 1970-01-01T00:00:00Z, and their text (RFC 3339). */
#ifndef SL_TIMESTAMP_H
#define SL_TIMESTAMP_H

#include <stdint.h>

#include "schemas/bytes.h"

enum { SL_TIMESTAMP_SIZE = 32 }; /* room for a moment's text and its NUL */

#define SL_SECOND INT64_C(1000)
#define SL_MINUTE (60 * SL_SECOND)
#define SL_HOUR (60 * SL_MINUTE)
#define SL_DAY (24 * SL_HOUR)

/*
 * Reads an RFC 3339 date-time with its offset, years 1970 to 9999, in UTC too; a fraction is cut to
 * milliseconds, a leap second is the second after it. -1 when the text is none.
 */
int sl_timestamp_parse(int64_t *out, struct sl_bytes text);

/* Reads a full-date (YYYY-MM-DD) of the Gregorian calendar as days since 1970. -1 when it is none.
 */
int sl_date_parse(int64_t *days, struct sl_bytes text);

/* Writes UTC with a Z, milliseconds only where there are some; of the years 0 to 9999. */
void sl_timestamp_format(char out[SL_TIMESTAMP_SIZE], int64_t at);

/* Days since 1970 of a date, and back (proleptic Gregorian calendar). */
int64_t sl_days_from_date(int64_t year, int month, int day);
void sl_date_from_days(int64_t days, int64_t *year, int *month, int *day);

#endif
