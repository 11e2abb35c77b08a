/*
 * Credentials in URLs and header fields, which no output shows unless it is asked to.
 */
#ifndef NETTRACE_CORRELATE_HTTP_SECRETS_H
#define NETTRACE_CORRELATE_HTTP_SECRETS_H

#include "store/base.h"

/*
 * A URL, or a part of one from its path on, with "***" for the values of parameters that let others act as the client (token=, password=,
 * signature=, …; in the query and in the fragment).  A view of `url` if there are none, else in `arena`.
 */
struct bytes http_without_secrets(struct arena *arena, struct bytes url);

/* Whether the whole value of a header field of this name is a credential (Authorization, Cookie, …). */
bool http_field_is_secret(struct bytes name);

/* The value of a header field, which may hold URLs: as http_without_secrets(), without passwords before an "@" as well. */
struct bytes http_field_without_secrets(struct arena *arena, struct bytes value);

/*
 * A line of a log or the like, which may quote requests: as http_field_without_secrets(), without what comes behind the name of a header
 * field that is a credential as well.
 */
struct bytes http_line_without_secrets(struct arena *arena, struct bytes line);

/* [user:password@]host[:port], as in the field Host, without a password. */
struct bytes http_authority_without_secrets(struct arena *arena, struct bytes authority);

#endif
