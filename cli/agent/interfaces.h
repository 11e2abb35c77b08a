/*
 * nettrace-capture -D: what there is to capture on.
 */
#ifndef NETTRACE_CLI_INTERFACES_H
#define NETTRACE_CLI_INTERFACES_H

#include "store/base.h"

#include <stdio.h>

/* One line each: name, state, addresses. */
enum nt_status interfaces_print(FILE *out, struct nt_error *error);

#endif
