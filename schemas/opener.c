/* Opening of sections. */
#include <string.h>

#include "schemas/envelope.h"
#include "schemas/sealing.h"
#include "schemas/uuid.h"

void sl_opener_init(struct sl_opener *opener, EVP_PKEY *key)
{
    *opener = (struct sl_opener){.key = key};
    sl_key_raw(key, NULL, opener->public_key);
}

void sl_opener_free(struct sl_opener *opener)
{
    sl_mac_free(opener->exporter);
    sl_forget(opener, sizeof *opener);
}

/* Makes the opener ready for an encapsulation of a signer's. */
static int remember(struct sl_opener *opener, const Samenloop__V1__Encapsulation *encapsulation,
                    const uint8_t card[SL_HASH_SIZE])
{
    if (opener->exporter != NULL &&
        memcmp(opener->enc, encapsulation->enc.data, SL_HPKE_ENC_SIZE) == 0 &&
        memcmp(opener->card, card, SL_HASH_SIZE) == 0)
        return 0;
    uint8_t info[SL_SEALING_INFO_SIZE];
    sl_mac_free(opener->exporter);
    opener->exporter = NULL;
    opener->has_event = false;
    if (sl_hpke_receiver(&opener->context, SL_AES_256_GCM, opener->key, sl_sealing_info(card, info),
                         encapsulation->enc.data) < 0)
        return -1;
    memcpy(opener->enc, encapsulation->enc.data, SL_HPKE_ENC_SIZE);
    memcpy(opener->card, card, SL_HASH_SIZE);
    opener->exporter = sl_mac_new(opener->context.exporter_secret);
    return 0;
}

/* Makes the key of an event ready, under what was agreed. */
static void remember_event(struct sl_opener *opener, uint32_t index, struct sl_bytes id)
{
    if (opener->has_event && opener->event.index == index &&
        sl_bytes_equal(id, sl_bytes(opener->event.id, SL_UUID_SIZE)))
        return;
    sl_event_key(&opener->context, opener->exporter, index, id, opener->event_key);
    opener->event.index = index;
    memcpy(opener->event.id, id.data, SL_UUID_SIZE);
    opener->has_event = true;
}

/* The ciphertext of the section for this opener, and its encapsulation; NULL: there is none. */
static const Samenloop__V1__Ciphertext *
own_ciphertext(const struct sl_opener *opener, const Samenloop__V1__BatchProof *proof,
               const Samenloop__V1__SealedSection *section,
               const Samenloop__V1__Encapsulation **encapsulation)
{
    for (size_t i = 0; i < section->n_ciphertexts; i++) {
        uint32_t number = section->ciphertexts[i]->encapsulation;
        if (number >= proof->n_encapsulations)
            continue;
        *encapsulation = proof->encapsulations[number];
        if ((*encapsulation)->enc.len == SL_HPKE_ENC_SIZE &&
            sl_bytes_equal(sl_from_pb((*encapsulation)->recipient),
                           sl_bytes(opener->public_key, SL_KEY_SIZE)))
            return section->ciphertexts[i];
    }
    return NULL;
}

int sl_section_open(struct sl_opener *opener, struct sl_crypto *crypto, struct sl_arena *arena,
                    const Samenloop__V1__BatchProof *proof, const Samenloop__V1__Envelope *envelope,
                    struct sl_bytes event_id, const Samenloop__V1__SealedSection *section,
                    struct sl_bytes *out, struct sl_error *error)
{
    const char *name = sl_section_name((enum sl_section)section->section);
    const Samenloop__V1__Encapsulation *encapsulation = NULL;
    if (proof->card.len != SL_HASH_SIZE || event_id.size != SL_UUID_SIZE ||
        (int)section->section <= SL_NO_SECTION || (int)section->section >= SL_SECTIONS)
        return sl_fail(error, SL_MALFORMED, "a section, event id or key card of the wrong form");
    const Samenloop__V1__Ciphertext *ciphertext = own_ciphertext(opener, proof, section,
                                                                 &encapsulation);
    if (ciphertext == NULL)
        return sl_fail(error, SL_SEALED_WRONGLY,
                       "section %s is not sealed to this organisation's key", name);
    struct sl_bytes sealed = sl_from_pb(ciphertext->sealed);
    if (sealed.size < SL_TAG_SIZE)
        return sl_fail(error, SL_SEALED_WRONGLY, "section %s is shorter than its tag", name);
    uint8_t *text = sl_arena_alloc(arena, sealed.size);
    if (text == NULL)
        return sl_fail(error, SL_TOO_LARGE, "section %s: the arena has no room", name);
    if (remember(opener, encapsulation, proof->card.data) < 0)
        return sl_fail(error, SL_SEALED_WRONGLY, "section %s: a wrong encapsulation", name);
    uint8_t nonce[SL_NONCE_SIZE];
    remember_event(opener, envelope->index, event_id);
    sl_section_nonce((enum sl_section)section->section, nonce);
    int result = sl_open(crypto, SL_AES_256_GCM, opener->event_key, nonce, sl_bytes(NULL, 0),
                         sealed, text);
    if (result < 0 || sl_unpadded(sl_bytes(text, sealed.size - SL_TAG_SIZE), out) < 0)
        return sl_fail(error, SL_SEALED_WRONGLY,
                       "section %s does not open with this organisation's key", name);
    return 0;
}
