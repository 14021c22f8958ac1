#include "schemas/expiry.h"

#include "schemas/timestamp.h"

static const struct {
    Samenloop__V1__KeyUse use;
    const char *name;
} uses[] = {
    {SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, "signing"},
    {SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, "sealing"},
    {SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE, "curve"},
};

/* Until when there is a key for a use without a gap from now on; `now` itself: there is none. */
static int64_t end_of_use(const struct sl_card *card, Samenloop__V1__KeyUse use, int64_t now)
{
    int64_t end = now;
    for (bool further = true; further;) {
        further = false;
        for (size_t i = 0; i < card->key_count; i++) {
            const struct sl_key *key = &card->keys[i];
            if (key->use == use && key->not_before <= end && key->not_after > end) {
                end = key->not_after;
                further = true;
            }
        }
    }
    return end;
}

static size_t tell(struct sl_buffer *out, const char *participant, const char *what, int64_t end,
                   int64_t now)
{
    char moment[SL_TIMESTAMP_SIZE];
    if (end - now >= SL_EXPIRY_DAYS * SL_DAY)
        return 0;
    sl_timestamp_format(moment, end);
    if (end <= now)
        sl_buffer_printf(out, "%s: the %s is not valid now\n", participant, what);
    else
        sl_buffer_printf(out, "%s: the %s ends at %s, in %lld days\n", participant, what, moment,
                         (long long)((end - now) / SL_DAY));
    return 1;
}

size_t sl_expiry_tell(const struct sl_directory *directory, int64_t now, struct sl_buffer *out)
{
    size_t lines = 0;
    for (size_t i = 0; i < directory->count; i++) {
        const struct sl_participant *participant = &directory->participants[i];
        if (participant->card_count == 0)
            continue;
        const struct sl_card *card = &participant->cards[0];
        lines += tell(out, participant->name, "certificate", card->certificate_end, now);
        for (size_t k = 0; k < sizeof uses / sizeof *uses; k++) {
            char what[32];
            (void)snprintf(what, sizeof what, "%s key", uses[k].name);
            lines += tell(out, participant->name, what, end_of_use(card, uses[k].use, now), now);
        }
    }
    return lines;
}

bool sl_expiry_is_due(int64_t *last, int64_t now)
{
    if (*last != 0 && now - *last < SL_DAY)
        return false;
    *last = now;
    return true;
}
