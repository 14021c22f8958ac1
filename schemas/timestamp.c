#include "schemas/timestamp.h"

/* Where the year 10000 begins. */
static const int64_t end_of_years = INT64_C(253402300800000);

/* Counts in eras of 400 years that begin on 1 March, so that the leap day is a year's last. */
int64_t sl_days_from_date(int64_t year, int month, int day)
{
    if (month <= 2)
        year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void sl_date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted = (int)((5 * day_of_year + 2) / 153);
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

/* Reads `digits` digits at *at and moves on; -1 when there are none such. */
static int number(struct sl_bytes text, size_t *at, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (*at >= text.size || text.data[*at] < '0' || text.data[*at] > '9')
            return -1;
        value = value * 10 + (text.data[*at] - '0');
    }
    return value;
}

static int literal(struct sl_bytes text, size_t *at, const char *any_of)
{
    for (; *any_of != '\0'; any_of++) {
        if (*at < text.size && text.data[*at] == (uint8_t)*any_of) {
            (*at)++;
            return *any_of;
        }
    }
    return -1;
}

static int date(struct sl_bytes text, size_t *at, int64_t *days)
{
    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = number(text, at, 4);
    if (year < 1970 || literal(text, at, "-") < 0)
        return -1;
    int month = number(text, at, 2);
    if (month < 1 || month > 12 || literal(text, at, "-") < 0)
        return -1;
    int day = number(text, at, 2);
    if (day < 1 || day > length[month - 1])
        return -1;
    if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
        return -1;
    *days = sl_days_from_date(year, month, day);
    return 0;
}

int sl_date_parse(int64_t *days, struct sl_bytes text)
{
    size_t at = 0;
    return date(text, &at, days) == 0 && at == text.size ? 0 : -1;
}

/* The zone's offset in minutes at *at. */
static int offset(struct sl_bytes text, size_t *at, int *minutes)
{
    int sign = literal(text, at, "Zz+-");
    *minutes = 0;
    if (sign != '+' && sign != '-')
        return sign < 0 ? -1 : 0;
    int hours = number(text, at, 2);
    if (hours < 0 || hours > 23 || literal(text, at, ":") < 0)
        return -1;
    int rest = number(text, at, 2);
    if (rest < 0 || rest > 59)
        return -1;
    *minutes = (hours * 60 + rest) * (sign == '-' ? -1 : 1);
    return 0;
}

int sl_timestamp_parse(int64_t *out, struct sl_bytes text)
{
    size_t at = 0;
    int64_t days = 0;
    if (date(text, &at, &days) < 0 || literal(text, &at, "Tt") < 0)
        return -1;
    int hour = number(text, &at, 2);
    if (hour < 0 || hour > 23 || literal(text, &at, ":") < 0)
        return -1;
    int minute = number(text, &at, 2);
    if (minute < 0 || minute > 59 || literal(text, &at, ":") < 0)
        return -1;
    int second = number(text, &at, 2);
    if (second < 0 || second > 60)
        return -1;
    int64_t fraction = 0;
    if (literal(text, &at, ".") > 0) {
        int64_t weight = 100;
        int first = 1;
        for (int d = number(text, &at, 1); d >= 0;
             d = number(text, &at, 1), weight /= 10, first = 0)
            fraction += d * weight;
        if (first)
            return -1;
    }
    int minutes = 0;
    if (offset(text, &at, &minutes) < 0 || at != text.size)
        return -1;
    /* The zone and a leap second can lead out of the years that the text may name. */
    int64_t moment = days * SL_DAY + hour * SL_HOUR + (minute - minutes) * SL_MINUTE +
                     second * SL_SECOND + fraction;
    if (moment < 0 || moment >= end_of_years)
        return -1;
    *out = moment;
    return 0;
}

/* The number's last `digits` digits and what follows them; where the next one begins. */
static char *put(char *out, int64_t number, int digits, char behind)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
    out[digits] = behind;
    return out + digits + 1;
}

void sl_timestamp_format(char out[SL_TIMESTAMP_SIZE], int64_t at)
{
    int64_t days = (at >= 0 ? at : at - SL_DAY + 1) / SL_DAY;
    int64_t rest = at - days * SL_DAY;
    int64_t year = 0;
    int month = 0;
    int day = 0;
    sl_date_from_days(days, &year, &month, &day);
    out = put(out, year, 4, '-');
    out = put(out, month, 2, '-');
    out = put(out, day, 2, 'T');
    out = put(out, rest / SL_HOUR, 2, ':');
    out = put(out, rest / SL_MINUTE % 60, 2, ':');
    out = put(out, rest / SL_SECOND % 60, 2, rest % SL_SECOND != 0 ? '.' : 'Z');
    if (rest % SL_SECOND != 0)
        out = put(out, rest % SL_SECOND, 3, 'Z');
    *out = '\0';
}
