/*
 * Header blocks of HTTP/2, one direction of a connection (HPACK, RFC 7541, through libnghttp2's inflater).
 *
 * When blocks were missed, the entries that are in the table from before are not known.  Entries added later are, and their numbers
 * count from the newest: so fields that refer to them or to the static table still come out right, and only the others are left out.
 */
#ifndef NETTRACE_DISSECT_HTTP_HTTP2_HEADERS_H
#define NETTRACE_DISSECT_HTTP_HTTP2_HEADERS_H

#include "dissect/http/http2.h"

/* What a block begins with. */
enum http2_lead { HTTP2_LEAD_NONE, HTTP2_LEAD_PSEUDO, HTTP2_LEAD_REGULAR, HTTP2_LEAD_LOST };

struct http2_headers; /* handle */

struct http2_headers *http2_headers_new(struct limit_hits *hits);
void http2_headers_free(struct http2_headers *headers); /* NULL is fine */

/* Blocks may have been missed: what the table holds is not known any more. */
void http2_headers_lose(struct http2_headers *headers);

/*
 * Reads a block and sets the fields of the head from `method` on, `partial` if a field is missing.  With `cut` the block goes on with
 * bytes that are not here, and the state is lost afterwards.  Views in the head are valid until the next call.
 */
enum http2_lead http2_headers_read(struct http2_headers *headers, struct bytes block, bool cut, struct http2_head *head);

#endif
