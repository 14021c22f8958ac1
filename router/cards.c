#include "router/cards.h"

#include <stdlib.h>
#include <string.h>

#include "router/state.h"

void cards_free(struct cards *cards)
{
    free(cards->hashes);
    *cards = (struct cards){0};
}

static bool has(const struct cards *cards, const uint8_t hash[SL_HASH_SIZE])
{
    for (size_t i = 0; i < cards->count; i++) {
        if (memcmp(cards->hashes[i], hash, SL_HASH_SIZE) == 0)
            return true;
    }
    return false;
}

static void note(struct cards *cards, const uint8_t hash[SL_HASH_SIZE])
{
    cards->hashes = sl_grow(cards->hashes, &cards->capacity, cards->count + 1,
                            sizeof *cards->hashes);
    memcpy(cards->hashes[cards->count++], hash, SL_HASH_SIZE);
}

static int bring_in(struct router *router, const char *participant, const struct sl_card *card,
                    struct sl_error *error)
{
    Samenloop__V1__JournalCard record = SAMENLOOP__V1__JOURNAL_CARD__INIT;
    if (card->bytes.size == 0 || has(&router->cards, card->hash))
        return 0;
    if (router->full)
        return sl_fail(error, SL_OVERLOAD, "the router's disk is full");
    record.at = router->moment.now; /* what falls due until then is decided later */
    record.participant = sl_to_pb(sl_text(participant));
    record.card = sl_to_pb(sl_buffer_bytes(&card->bytes));
    if (router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CARD, &record.base,
                      sl_bytes(NULL, 0), error) < 0)
        return -1;
    note(&router->cards, card->hash);
    return 0;
}

int cards_bring_in(struct router *router, const struct sl_directory *directory,
                   struct sl_error *error)
{
    for (size_t i = 0; i < directory->count; i++) {
        const struct sl_participant *participant = &directory->participants[i];
        for (size_t k = participant->card_count; k-- > 0;) { /* as they were issued */
            if (bring_in(router, participant->name, &participant->cards[k], error) < 0)
                return -1;
        }
    }
    return 0;
}

int cards_fold(struct router *router, const Samenloop__V1__JournalCard *card)
{
    uint8_t hash[SL_HASH_SIZE];
    const Samenloop__V1__SignedKeyCard *outer = (const void *)sl_arena_unpack(
        &router->arena, &samenloop__v1__signed_key_card__descriptor, sl_from_pb(card->card));
    if (outer == NULL)
        return -1;
    struct sl_bytes body = sl_from_pb(outer->card);
    sl_sha256(router->crypto, hash, &body, 1);
    note(&router->cards, hash);
    return 0;
}
