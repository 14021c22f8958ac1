#include "adapters/marks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARK_ROLE = 0x07,
    MARK_LANE = 0x18,
    MARK_LANE_SHIFT = 3,
    MARK_WAITS = 0x20,
    MARK_RECEIPT = 0x40
};

void marks_clear(struct marks *marks)
{
    free(marks->list);
    *marks = (struct marks){0};
}

static uint8_t mark_of(enum sl_role role, enum sl_lane lane)
{
    return (uint8_t)((unsigned)role | (unsigned)lane << MARK_LANE_SHIFT | MARK_WAITS);
}

void marks_add(struct marks *marks, uint64_t record, enum sl_role role, enum sl_lane lane,
               bool receipt)
{
    size_t old = marks->count;
    size_t at = record - marks->base;
    assert(record >= marks->base && at >= old);
    marks->list = sl_grow(marks->list, &marks->capacity, at + 1, 1);
    memset(marks->list + old, 0, at - old);
    marks->list[at] = mark_of(role, lane) | (receipt ? MARK_RECEIPT : 0);
    marks->count = at + 1;
    marks->waiting[lane]++;
}

static uint8_t mark_at(const struct marks *marks, uint64_t record)
{
    return record >= marks->base && record - marks->base < marks->count
               ? marks->list[record - marks->base]
               : 0;
}

enum sl_role marks_role(const struct marks *marks, uint64_t record)
{
    return (enum sl_role)(mark_at(marks, record) & MARK_ROLE);
}

bool marks_waits(const struct marks *marks, uint64_t record)
{
    return (mark_at(marks, record) & MARK_WAITS) != 0;
}

bool marks_receipt(const struct marks *marks, uint64_t record)
{
    return marks_waits(marks, record) && (mark_at(marks, record) & MARK_RECEIPT) != 0;
}

/* Does it wait for the one whose mark this is? */
static bool is_marked(const struct marks *marks, uint64_t record, uint8_t wanted)
{
    return (mark_at(marks, record) & ~MARK_RECEIPT) == wanted;
}

void marks_take(struct marks *marks, uint64_t record)
{
    assert(marks_waits(marks, record));
    uint8_t *at = &marks->list[record - marks->base];
    *at &= (uint8_t)~MARK_WAITS;
    marks->waiting[(*at & MARK_LANE) >> MARK_LANE_SHIFT]--;
}

uint64_t marks_next(struct marks *marks, enum sl_role role, uint64_t end, uint64_t cursor[SL_LANES])
{
    if (end > marks->base + marks->count)
        end = marks->base + marks->count;
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        uint8_t wanted = mark_of(role, (enum sl_lane)lane);
        uint64_t *low = &marks->low[role][lane];
        while (*low < end && !is_marked(marks, *low, wanted))
            (*low)++;
        uint64_t at = cursor[lane] + 1 > *low ? cursor[lane] + 1 : *low;
        while (at < end && !is_marked(marks, at, wanted))
            at++;
        if (at < end) {
            cursor[lane] = at;
            return at;
        }
    }
    return 0;
}

bool marks_taken(const struct marks *marks, uint64_t end)
{
    for (uint64_t record = marks->base; record < end; record++) {
        if (marks_waits(marks, record))
            return false;
    }
    return true;
}

void marks_forget(struct marks *marks, uint64_t end)
{
    size_t gone = end - marks->base < marks->count ? end - marks->base : marks->count;
    assert(marks_taken(marks, end));
    marks->base = end;
    marks->count -= gone;
    if (marks->count > 0)
        memmove(marks->list, marks->list + gone, marks->count);
    for (int role = SL_NO_ROLE; role < SL_ROLES; role++) {
        for (int lane = SL_NO_LANE; lane < SL_LANES; lane++) {
            if (marks->low[role][lane] < end)
                marks->low[role][lane] = end;
        }
    }
}
