#include "schemas/checkpoint.h"

#include <openssl/evp.h>
#include <string.h>

enum { NOTE_ED25519 = 1, KEY_ID = 4, SIGNATURE = KEY_ID + SL_SIGNATURE_SIZE };

#define DASH "\xe2\x80\x94 " /* em dash, blank: begins a signature */

void sl_checkpoint_origin(struct sl_checkpoint *checkpoint, const uint8_t *identity)
{
    static const char name[] = "samenloop.example/journal/";
    memcpy(checkpoint->origin, name, sizeof name);
    sl_hex(checkpoint->origin + sizeof name - 1, identity, 16);
}

void sl_base64(struct sl_buffer *out, struct sl_bytes bytes)
{
    size_t size = 4 * ((bytes.size + 2) / 3);
    uint8_t *text = sl_buffer_extend(out, size + 1);
    (void)EVP_EncodeBlock(text, bytes.data, (int)bytes.size);
    out->size--; /* its NUL */
}

/* Exactly `size` bytes in base64, with its padding and nothing else; -1. */
static int take_base64(uint8_t *out, size_t size, struct sl_bytes text)
{
    uint8_t bytes[3 * (SIGNATURE / 3 + 1)];
    struct sl_buffer again = {0};
    if (text.size != 4 * ((size + 2) / 3) || text.size / 4 * 3 > sizeof bytes ||
        EVP_DecodeBlock(bytes, text.data, (int)text.size) < 0)
        return -1;
    sl_base64(&again, sl_bytes(bytes, size));
    bool same = sl_bytes_equal(sl_buffer_bytes(&again), text);
    sl_buffer_free(&again);
    memcpy(out, bytes, size);
    return same ? 0 : -1;
}

/* The first four bytes of SHA-256(name, line feed, 0x01, public key). */
static void key_id(struct sl_crypto *crypto, EVP_PKEY *key, const char *name, uint8_t out[KEY_ID])
{
    uint8_t public_key[SL_KEY_SIZE];
    uint8_t hash[SL_HASH_SIZE];
    const uint8_t kind = NOTE_ED25519;
    sl_key_raw(key, NULL, public_key);
    const struct sl_bytes pieces[] = {sl_text(name), sl_text("\n"), sl_bytes(&kind, 1),
                                      sl_bytes(public_key, sizeof public_key)};
    sl_sha256(crypto, hash, pieces, sizeof pieces / sizeof *pieces);
    memcpy(out, hash, KEY_ID);
}

void sl_checkpoint_write(struct sl_buffer *note, struct sl_crypto *crypto, EVP_PKEY *key,
                         const struct sl_checkpoint *checkpoint)
{
    uint8_t signature[SIGNATURE];
    size_t begin = note->size;
    sl_buffer_printf(note, "%s\n%llu\n", checkpoint->origin, (unsigned long long)checkpoint->size);
    sl_base64(note, sl_bytes(checkpoint->root, sizeof checkpoint->root));
    sl_buffer_printf(note, "\n");
    key_id(crypto, key, checkpoint->origin, signature);
    sl_sign(key, signature + KEY_ID, sl_bytes(note->data + begin, note->size - begin));
    sl_buffer_printf(note, "\n" DASH "%s ", checkpoint->origin);
    sl_base64(note, sl_bytes(signature, sizeof signature));
    sl_buffer_printf(note, "\n");
}

/* ---------------------------------------------------------------- reading */

/* Takes a line off the text, without its line feed; false: there is none. */
static bool take_line(struct sl_bytes *text, struct sl_bytes *line)
{
    const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    if (end == NULL)
        return false;
    *line = sl_bytes(text->data, (size_t)(end - text->data));
    *text = sl_bytes(end + 1, text->size - line->size - 1);
    return true;
}

static int take_origin(struct sl_checkpoint *out, struct sl_bytes line)
{
    if (line.size == 0 || line.size > SL_ORIGIN_MAX)
        return -1;
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] <= ' ' || line.data[i] >= 0x7f || line.data[i] == '+')
            return -1;
    }
    memcpy(out->origin, line.data, line.size);
    return 0;
}

static int take_size(struct sl_checkpoint *out, struct sl_bytes line)
{
    if (line.size == 0 || line.size > 19 || (line.data[0] == '0' && line.size > 1))
        return -1;
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return -1;
        out->size = 10 * out->size + (uint64_t)(line.data[i] - '0');
    }
    return 0;
}

/* The line "— ORIGIN BASE64", and nothing behind it. */
static int take_signature(const struct sl_checkpoint *checkpoint, struct sl_bytes line,
                          uint8_t out[SIGNATURE])
{
    size_t name = strlen(checkpoint->origin);
    size_t front = sizeof DASH - 1 + name + 1;
    if (line.size < front || memcmp(line.data, DASH, sizeof DASH - 1) != 0 ||
        memcmp(line.data + sizeof DASH - 1, checkpoint->origin, name) != 0 ||
        line.data[front - 1] != ' ')
        return -1;
    return take_base64(out, SIGNATURE, sl_bytes(line.data + front, line.size - front));
}

int sl_checkpoint_read(struct sl_checkpoint *out, struct sl_crypto *crypto, EVP_PKEY *key,
                       struct sl_bytes note, struct sl_error *error)
{
    struct sl_bytes rest = note;
    struct sl_bytes line[5];
    uint8_t signature[SIGNATURE];
    uint8_t wanted[KEY_ID];
    bool good = note.size <= SL_NOTE_MAX;
    *out = (struct sl_checkpoint){0};
    for (size_t i = 0; good && i < sizeof line / sizeof *line; i++)
        good = take_line(&rest, &line[i]);
    if (!good || rest.size != 0 || take_origin(out, line[0]) < 0 || take_size(out, line[1]) < 0 ||
        take_base64(out->root, sizeof out->root, line[2]) < 0 || line[3].size != 0 ||
        take_signature(out, line[4], signature) < 0)
        return sl_fail(error, SL_MALFORMED, "a checkpoint that is none");
    if (key == NULL)
        return 0;
    key_id(crypto, key, out->origin, wanted);
    size_t text = (size_t)(line[3].data - note.data);
    if (memcmp(signature, wanted, KEY_ID) != 0 ||
        !sl_verify(key, sl_bytes(signature + KEY_ID, SL_SIGNATURE_SIZE), sl_bytes(note.data, text)))
        return sl_fail(error, SL_BAD_SIGNATURE,
                       "the checkpoint is not signed with the router's key");
    return 0;
}
