#include "schemas/uuid.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

/* The namespace: version 5 of the DNS name "samenloop.example" in the namespace of DNS names. */
static const uint8_t namespace[SL_UUID_SIZE] = {0x29, 0x91, 0x9c, 0xc2, 0x92, 0x8f, 0x52, 0xf2,
                                                0xb2, 0x04, 0xd0, 0xf0, 0xac, 0xc8, 0x72, 0xc6};

int sl_uuid_parse(uint8_t out[SL_UUID_SIZE], struct sl_bytes text)
{
    if (text.size != SL_UUID_TEXT - 1)
        return -1;
    uint8_t digits[2 * SL_UUID_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text.data[i] == '-'))
            return -1;
        if (!dash) {
            uint8_t c = text.data[i];
            digits[count++] = c >= 'A' && c <= 'F' ? (uint8_t)(c + 32) : c;
        }
    }
    return sl_unhex(out, SL_UUID_SIZE, sl_bytes(digits, count));
}

void sl_uuid_format(char out[SL_UUID_TEXT], const uint8_t uuid[SL_UUID_SIZE])
{
    static const uint8_t lengths[] = {4, 2, 2, 2, 6};
    for (size_t part = 0; part < 5; part++) {
        sl_hex(out, uuid, lengths[part]);
        out += 2 * lengths[part];
        uuid += lengths[part];
        *out++ = part < 4 ? '-' : '\0';
    }
}

void sl_uuid_from_name(uint8_t out[SL_UUID_SIZE], const struct sl_bytes *pieces, size_t count)
{
    struct sl_buffer name = {0};
    sl_buffer_add(&name, namespace, sizeof namespace);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            sl_buffer_add(&name, "", 1);
        sl_buffer_add_bytes(&name, pieces[i]);
    }
    uint8_t hash[20];
    int good = EVP_Digest(name.data, name.size, hash, NULL, EVP_sha1(), NULL);
    assert(good == 1);
    (void)good;
    sl_buffer_free(&name);
    memcpy(out, hash, SL_UUID_SIZE);
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x50);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}
