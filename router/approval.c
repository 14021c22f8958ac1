#include "router/approval.h"

#include <string.h>

static const char label[] = "samenloop.v1 agreement"; /* and its NUL */

const char *const approval_participants[APPROVALS] = {"img", "ncg"};

void approval_path(struct sl_buffer *out, const char *agreement, const char *participant)
{
    sl_buffer_printf(out, "%s.%s.approval", agreement, participant);
    sl_buffer_add(out, "", 1);
}

static void write_text(uint8_t out[sizeof label + SL_HASH_SIZE],
                       const uint8_t agreement[SL_HASH_SIZE])
{
    memcpy(out, label, sizeof label);
    memcpy(out + sizeof label, agreement, SL_HASH_SIZE);
}

void approval_make(struct sl_buffer *out, const char *participant, const uint8_t card[SL_HASH_SIZE],
                   EVP_PKEY *key, const uint8_t agreement[SL_HASH_SIZE])
{
    Samenloop__V1__Approval approval = SAMENLOOP__V1__APPROVAL__INIT;
    uint8_t signature[SL_SIGNATURE_SIZE];
    uint8_t text[sizeof label + SL_HASH_SIZE];
    write_text(text, agreement);
    sl_sign(key, signature, sl_bytes(text, sizeof text));
    approval.participant = sl_to_pb(sl_text(participant));
    approval.card = sl_to_pb(sl_bytes(card, SL_HASH_SIZE));
    approval.signature = (ProtobufCBinaryData){sizeof signature, signature};
    sl_buffer_pack(out, &approval.base);
}

static bool is_signed(const struct sl_participant *participant, struct sl_bytes signature,
                      struct sl_bytes text, int64_t now)
{
    const struct sl_card *card = participant->card_count > 0 ? &participant->cards[0] : NULL;
    for (size_t i = 0; card != NULL && i < card->key_count; i++) {
        const struct sl_key *key = &card->keys[i];
        if (key->use == SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING && key->verifier != NULL &&
            key->not_before <= now && now < key->not_after &&
            sl_verify(key->verifier, signature, text))
            return true;
    }
    return false;
}

/* Always NULL. */
static Samenloop__V1__Approval *refuse(struct sl_error *error, const char *participant,
                                       const char *sentence)
{
    (void)sl_fail(error, SL_CONFIGURATION, "%s %s", participant, sentence);
    return NULL;
}

Samenloop__V1__Approval *approval_read(struct sl_arena *arena, struct sl_bytes bytes,
                                       const struct sl_directory *directory,
                                       const char *participant,
                                       const uint8_t agreement[SL_HASH_SIZE], int64_t now,
                                       struct sl_error *error)
{
    int owner = -1;
    int place = sl_directory_find(directory, participant);
    uint8_t text[sizeof label + SL_HASH_SIZE];
    if (bytes.size == 0)
        return refuse(error, participant, "has not approved the agreement");
    if (place < 0)
        return refuse(error, participant, "approves the agreement, and takes no part");
    Samenloop__V1__Approval *approval = (Samenloop__V1__Approval *)sl_arena_unpack(
        arena, &samenloop__v1__approval__descriptor, bytes);
    if (approval == NULL)
        return refuse(error, participant, "has given something that is no approval");
    if (!sl_bytes_is(sl_from_pb(approval->participant), participant))
        return refuse(error, participant, "has given the approval of another");
    if (sl_directory_card(directory, sl_from_pb(approval->card), &owner) == NULL || owner != place)
        return refuse(error, participant, "approves with a key card that is not known as theirs");
    write_text(text, agreement);
    if (!is_signed(&directory->participants[place], sl_from_pb(approval->signature),
                   sl_bytes(text, sizeof text), now))
        return refuse(error, participant,
                      "has approved another text, or with a key that does not hold now");
    return approval;
}
