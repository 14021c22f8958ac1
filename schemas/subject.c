#include "schemas/subject.h"

#include <string.h>

static const struct {
    const char *type;
    const char *hint;
} others[] = {
    {"01", "this is a verblijfsobject; the nummeraanduiding of its main address is wanted"},
    {"02", "this is a ligplaats; the nummeraanduiding of its main address is wanted"},
    {"03", "this is a standplaats; the nummeraanduiding of its main address is wanted"},
    {"10", "this is a pand; it takes subject_kind building, and only without an address"},
    {"20", "this is a nummeraanduiding; with subject_kind building a pand is wanted"},
    {"30", "this is an openbare ruimte; the nummeraanduiding of a main address is wanted"},
};

int sl_bag_check(struct sl_bytes id, bool building, struct sl_error *error)
{
    for (size_t i = 0; i < id.size; i++) {
        if (id.data[i] < '0' || id.data[i] > '9')
            return sl_fail(error, SL_SUBJECT_INVALID, "subject: wants 16 digits and nothing else");
    }
    if (id.size != SL_BAG_SIZE)
        return sl_fail(error, SL_SUBJECT_INVALID, "subject: wants 16 digits, has %zu%s", id.size,
                       id.size == 14 || id.size == 15 ? " (leading zeros lost?)" : "");
    if (memcmp(id.data + 6, "0000000000", 10) == 0)
        return sl_fail(error, SL_SUBJECT_INVALID, "subject: its serial number is zero");
    if (memcmp(id.data + 4, building ? "10" : "20", 2) == 0)
        return 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (memcmp(id.data + 4, others[i].type, 2) == 0)
            return sl_fail(error, SL_SUBJECT_INVALID, "subject: %s", others[i].hint);
    }
    return sl_fail(error, SL_SUBJECT_INVALID,
                   "subject: digits 5 and 6 are no object type of the BAG");
}

void sl_pseudonym(struct sl_mac *key, uint8_t out[SL_PSEUDONYM_SIZE], struct sl_bytes id)
{
    sl_mac(key, out, &id, 1);
}
