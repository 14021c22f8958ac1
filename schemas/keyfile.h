/*
 * Keys in files, and where they stand in a folder that `samenloop keys new` makes.
 *
 *     ca.pem  ca.key               an authority for trying out: certificate (whom to trust), key
 *     cards/<participant>.card     signed key cards: sl_directory_load's folder, for everybody
 *     router/curve.key  .pub       the router's CURVE key; adapters know the public one
 *     router/signing.key  .pub     signs the journal's heads; auditors know the public one
 *     <participant>/certificate.pem  .key   the organisation's, with its OIN; signs its key cards
 *     <participant>/signing.key    Ed25519, signs bundles
 *     <participant>/sealing.key    X25519, opens sections
 *     <participant>/curve.key      CurveZMQ
 *     <participant>/content.key    HMAC key of content_mac: tells an event again from another
 *     <participant>/pseudonym.key  HMAC key of pseudonyms: img and ncg only, the same in both
 *
 * Certificates and their keys are PEM, a card is a SignedKeyCard; every other key is 32 bytes, in
 * its file as 64 lower-case hexadecimal digits and a line feed. Files with a private or shared key
 * have mode 0600, folders 0700. Public keys of participants are on their cards.
 */
#ifndef SL_KEYFILE_H
#define SL_KEYFILE_H

#include "schemas/crypto.h"
#include "schemas/error.h"

#define SL_CA_FILE "ca.pem"
#define SL_CARDS_FOLDER "cards"
#define SL_CARD_SUFFIX ".card"

/* Reads a public key. -1 (`configuration`) when the file cannot be read or holds none. */
int sl_keyfile_read(uint8_t key[SL_KEY_SIZE], const char *path, struct sl_error *error);

/* Reads a private or shared key; refuses a file that anybody but its owner may read or write. */
int sl_keyfile_read_secret(uint8_t key[SL_KEY_SIZE], const char *path, struct sl_error *error);

/* Writes a key, whole or not at all. */
int sl_keyfile_write(const char *path, const uint8_t key[SL_KEY_SIZE], struct sl_error *error);
int sl_keyfile_write_secret(const char *path, const uint8_t key[SL_KEY_SIZE],
                            struct sl_error *error);

#endif
