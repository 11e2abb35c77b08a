/*
 * A host or network that is a client, as it is written: "192.0.2.1", "2001:db8::/32".
 */
#ifndef NETTRACE_CLI_CLIENT_PREFIX_H
#define NETTRACE_CLI_CLIENT_PREFIX_H

#include "correlate/correlate.h"

/* false: no IP address, or a length that its kind does not have. */
bool client_prefix_read(const char *text, struct correlate_prefix *out);

#endif
