/*
 * The house that an event is about: its identification in the BAG, the Dutch register of addresses
 * and buildings, and the pseudonym under which the router knows it.
 */
#ifndef SL_SUBJECT_H
#define SL_SUBJECT_H

#include "schemas/catalogue.h"
#include "schemas/crypto.h"

enum { SL_BAG_SIZE = 16, SL_PSEUDONYM_SIZE = 32, SL_PSEUDONYM_SHOWN = 6 };

/*
 * Checks a BAG identification: 16 digits, of which 5 and 6 are the object's type. An address is a
 * nummeraanduiding (20), a building a pand (10). The first four digits say in which municipality
 * the object came into being, which is not where it stands now, and are not looked at. The sentence
 * says which identification is wanted, and does not repeat the one given.
 */
int sl_bag_check(struct sl_bytes id, bool building, struct sl_error *error);

/* HMAC-SHA-256 of the 16 digits under the key that only IMG and NCG hold. */
void sl_pseudonym(struct sl_mac *key, uint8_t out[SL_PSEUDONYM_SIZE], struct sl_bytes id);

#endif
