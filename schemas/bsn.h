/* Screening of free text for citizen service numbers (burgerservicenummer). */
#ifndef SL_BSN_H
#define SL_BSN_H

#include "schemas/bytes.h"

/*
 * Does the text hold what looks like a citizen service number (agreement, 7.8)? Digits form groups;
 * one space (also a no-break space), dot or dash may stand between two. What is tried with the
 * eleven-test is one group, or neighbouring groups, of 8 or 9 digits together. Calendar dates and
 * telephone numbers are left out; what follows a telephone number is looked at again. `position`
 * is set to the character (from 0) where it begins; without one it has no meaning.
 */
bool sl_bsn_find(struct sl_bytes text, size_t *position);

#endif
