/* What sealing and opening share: keys, nonces, padding; digests and the signed text. */
#include "schemas/sealing.h"

#include <assert.h>
#include <string.h>

#include "schemas/envelope.h"
#include "schemas/limits.h"
#include "schemas/uuid.h"

#define SEALING_INFO "samenloop.v1 sealing"
#define EVENT_LABEL "samenloop.v1 event"
#define BATCH_LABEL "samenloop.v1 batch"

enum { LENGTH_SIZE = 4 };
static_assert(SL_SEALING_INFO_SIZE == sizeof SEALING_INFO + SL_HASH_SIZE, "label, NUL, hash");

void sl_event_key(const struct sl_hpke *context, struct sl_mac *exporter, uint32_t index,
                  struct sl_bytes event_id, uint8_t key[SL_KEY_SIZE])
{
    uint8_t name[sizeof EVENT_LABEL + 4 + SL_UUID_SIZE];
    memcpy(name, EVENT_LABEL, sizeof EVENT_LABEL);
    sl_put32(name + sizeof EVENT_LABEL, index);
    memcpy(name + sizeof EVENT_LABEL + 4, event_id.data, SL_UUID_SIZE);
    sl_hpke_export(context, exporter, sl_bytes(name, sizeof name), key, SL_KEY_SIZE);
}

void sl_section_nonce(enum sl_section section, uint8_t nonce[SL_NONCE_SIZE])
{
    memset(nonce, 0, SL_NONCE_SIZE);
    nonce[SL_NONCE_SIZE - 1] = (uint8_t)section;
}

struct sl_bytes sl_sealing_info(const uint8_t card[SL_HASH_SIZE], uint8_t out[SL_SEALING_INFO_SIZE])
{
    memcpy(out, SEALING_INFO, sizeof SEALING_INFO);
    memcpy(out + sizeof SEALING_INFO, card, SL_HASH_SIZE);
    return sl_bytes(out, SL_SEALING_INFO_SIZE);
}

size_t sl_padded_size(size_t content)
{
    size_t size = content + LENGTH_SIZE;
    if (size <= 1024)
        return (size + 63) & ~(size_t)63;
    unsigned exponent = 63u - (unsigned)__builtin_clzll(size);
    unsigned digits = 32u - (unsigned)__builtin_clz(exponent); /* of the exponent */
    size_t step = (size_t)1 << (exponent - digits);
    return (size + step - 1) & ~(step - 1);
}

struct sl_bytes sl_padded(struct sl_arena *arena, struct sl_bytes content)
{
    size_t size = sl_padded_size(content.size);
    uint8_t *text = sl_arena_alloc(arena, size);
    sl_put32(text, (uint32_t)content.size);
    if (content.size > 0)
        memcpy(text + LENGTH_SIZE, content.data, content.size);
    memset(text + LENGTH_SIZE + content.size, 0, size - LENGTH_SIZE - content.size);
    return sl_bytes(text, size);
}

int sl_unpadded(struct sl_bytes text, struct sl_bytes *out)
{
    uint32_t size = text.size < LENGTH_SIZE ? UINT32_MAX : sl_get32(text.data);
    if (size > text.size - LENGTH_SIZE || sl_padded_size(size) != text.size)
        return -1;
    for (size_t i = LENGTH_SIZE + size; i < text.size; i++) {
        if (text.data[i] != 0)
            return -1;
    }
    *out = sl_bytes(text.data + LENGTH_SIZE, size);
    return 0;
}

void sl_section_digest(struct sl_crypto *crypto, const Samenloop__V1__SealedSection *section,
                       uint8_t out[SL_HASH_SIZE])
{
    enum { MOST = 2 + 2 * SL_MAX_RECIPIENTS };
    struct sl_bytes pieces[MOST];
    uint8_t heads[SL_MAX_RECIPIENTS][8];
    uint8_t number = (uint8_t)section->section;
    size_t count = 0;
    pieces[count++] = sl_from_pb(section->salt);
    pieces[count++] = sl_bytes(&number, 1);
    for (size_t i = 0; i < section->n_ciphertexts && i < SL_MAX_RECIPIENTS; i++) {
        const Samenloop__V1__Ciphertext *ciphertext = section->ciphertexts[i];
        sl_put32(heads[i], ciphertext->encapsulation);
        sl_put32(heads[i] + 4, (uint32_t)ciphertext->sealed.len);
        pieces[count++] = sl_bytes(heads[i], 8);
        pieces[count++] = sl_from_pb(ciphertext->sealed);
    }
    sl_sha256(crypto, out, pieces, count);
}

struct sl_bytes sl_signed_text(struct sl_crypto *crypto, const Samenloop__V1__BatchProof *proof,
                               const sl_hash root, struct sl_buffer *out)
{
    struct sl_bytes pieces[2 * SL_MAX_RECIPIENTS];
    size_t count = 0;
    for (size_t i = 0; i < proof->n_encapsulations; i++) {
        pieces[count++] = sl_from_pb(proof->encapsulations[i]->recipient);
        pieces[count++] = sl_from_pb(proof->encapsulations[i]->enc);
    }
    sl_buffer_clear(out);
    sl_buffer_add(out, BATCH_LABEL, sizeof BATCH_LABEL);
    sl_buffer_add_bytes(out, sl_from_pb(proof->card));
    sl_put32(sl_buffer_extend(out, 4), proof->size);
    sl_buffer_add(out, root, SL_HASH_SIZE);
    sl_sha256(crypto, sl_buffer_extend(out, SL_HASH_SIZE), pieces, count);
    return sl_buffer_bytes(out);
}
