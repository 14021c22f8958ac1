#include "router/core/calendar.h"

#include "schemas/timestamp.h"

/* Easter Sunday by the Gregorian computus (Meeus, Jones, Butcher). */
static int64_t easter(int64_t year)
{
    int64_t a = year % 19, b = year / 100, c = year % 100;
    int64_t d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    int64_t h = (19 * a + b - d - g + 15) % 30;
    int64_t i = c / 4, k = c % 4;
    int64_t l = (32 + 2 * e + 2 * i - h - k) % 7;
    int64_t m = (a + 11 * h + 22 * l) / 451;
    int64_t month = (h + l - 7 * m + 114) / 31;
    int64_t day = (h + l - 7 * m + 114) % 31 + 1;
    return sl_days_from_date(year, (int)month, (int)day);
}

/* 0 is Sunday. */
static int weekday(int64_t day)
{
    return (int)(((day + 4) % 7 + 7) % 7);
}

static bool holiday(int64_t day)
{
    /* From Good Friday to Whit Monday, as days from Easter Sunday. */
    static const int64_t movable[] = {-2, 1, 39, 50};
    int64_t year;
    int month, date;
    sl_date_from_days(day, &year, &month, &date);
    for (size_t i = 0; month >= 3 && month <= 6 && i < sizeof movable / sizeof movable[0]; i++) {
        if (day == easter(year) + movable[i])
            return true;
    }
    if (month == 4) /* King's Day is kept on the 26th when the 27th is a Sunday */
        return weekday(day) != 0 && (date == 27 || (date == 26 && weekday(day) == 6));
    return (month == 1 && date == 1) || (month == 5 && date == 5) ||
           (month == 12 && (date == 25 || date == 26));
}

bool calendar_working_day(const struct calendar *calendar, int64_t day)
{
    if (weekday(day) == 0 || weekday(day) == 6 || holiday(day))
        return false;
    for (size_t i = 0; i < calendar->free_day_count; i++) {
        if (calendar->free_days[i] == day)
            return false;
    }
    return true;
}

static int64_t last_sunday(int64_t year, int month)
{
    int64_t last = sl_days_from_date(year, month, 31);
    return last - weekday(last);
}

/* Summer time lasts from 01:00 UTC to 01:00 UTC. */
static int64_t offset_at(int64_t at)
{
    int64_t year;
    int month, date;
    sl_date_from_days(at / SL_DAY, &year, &month, &date);
    int64_t begin = last_sunday(year, 3) * SL_DAY + SL_HOUR;
    int64_t end = last_sunday(year, 10) * SL_DAY + SL_HOUR;
    return at >= begin && at < end ? 2 * SL_HOUR : SL_HOUR;
}

int64_t calendar_local_day(int64_t at)
{
    return (at + offset_at(at)) / SL_DAY;
}

int64_t calendar_begin_of(int64_t day)
{
    /* The clock never changes at midnight, so both sides of it have the same offset. */
    return day * SL_DAY - offset_at(day * SL_DAY - 2 * SL_HOUR);
}

int64_t calendar_end_of(int64_t day)
{
    return calendar_begin_of(day + 1);
}

int64_t calendar_after_day(struct calendar *calendar, int64_t day, int count)
{
    size_t place = ((size_t)day * 5 + (size_t)count) % CALENDAR_REMEMBERED;
    if (calendar->remembered[place].day == day && calendar->remembered[place].count == count)
        return calendar->remembered[place].end;
    int64_t last = day;
    for (int left = count; left > 0;) {
        last++;
        if (calendar_working_day(calendar, last))
            left--;
    }
    int64_t end = calendar_end_of(last);
    calendar->remembered[place].day = day;
    calendar->remembered[place].count = count;
    calendar->remembered[place].end = end;
    return end;
}

int64_t calendar_after(struct calendar *calendar, int64_t at, int count)
{
    return calendar_after_day(calendar, calendar_local_day(at), count);
}

int64_t calendar_next_level(struct calendar *calendar, int64_t at)
{
    return calendar_after(calendar, at - 1, 1);
}
