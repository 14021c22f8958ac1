/* Is an agreement that could be read also sound? Complete, without contradiction, nothing in vain.
 */
#ifndef AGREEMENT_CHECK_H
#define AGREEMENT_CHECK_H

#include "router/language/agreement.h"

/*
 * Appends what is wrong, a line each "FILE:LINE:COLUMN: sentence\n" in the file's order, at most
 * AGREEMENT_FINDINGS_MAX; gives their number. What is checked stands in the table in check.c.
 */
size_t agreement_check(const struct agreement *agreement, struct sl_buffer *findings);

#endif
