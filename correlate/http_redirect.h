/*
 * Where a redirect leads: Location resolved against the URL that was asked for (RFC 3986 5, RFC 9110 10.2.2), in a form in which two spellings of
 * one URL are equal (RFC 3986 6.2).
 */
#ifndef NETTRACE_CORRELATE_HTTP_REDIRECT_H
#define NETTRACE_CORRELATE_HTTP_REDIRECT_H

#include "store/base.h"

/*
 * Appends the normal form to `out`: scheme and host in lower case, no default port, "/" for an empty path, no "." and "..", no fragment, no
 * password, odd bytes percent-encoded.  `location` may be relative to `url`, which is absolute; empty: `url` itself.
 */
void http_redirect_target(struct buffer *out, struct bytes url, struct bytes location);

#endif
