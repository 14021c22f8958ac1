/* Screening of free text for citizen service numbers (burgerservicenummer). */
#ifndef SL_BSN_H
#define SL_BSN_H

#include "schemas/bytes.h"

/*
 * Does the text hold what looks like a citizen service number: a run of 8 or 9 digits by itself,
 * with single spaces, dots or dashes inside allowed, that passes the eleven-test? Digits after +31
 * or 0031 are a telephone number. `position` is set to the character (from 0) where it begins.
 */
bool sl_bsn_find(struct sl_bytes text, size_t *position);

#endif
