/*
 * Whether bytes are JSON: for tests of what writes it.
 */
#ifndef NETTRACE_TESTS_SUPPORT_JSON_CHECK_H
#define NETTRACE_TESTS_SUPPORT_JSON_CHECK_H

#include "store/base.h"

/* One JSON value (RFC 8259) with white space around it, in valid UTF-8, at most 64 levels deep, no number with an exponent. */
bool json_check(struct bytes text);

#endif
