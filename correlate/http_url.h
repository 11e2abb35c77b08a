/*
 * The target URI of a request (RFC 9112 3.3), as one absolute URL.
 */
#ifndef NETTRACE_CORRELATE_HTTP_URL_H
#define NETTRACE_CORRELATE_HTTP_URL_H

#include "correlate/app.h"

/*
 * http://host/path, with the scheme of the tunnel and the Host field, else the server's address; absolute-form as sent, without a password;
 * "host:port" for CONNECT.  Bytes that no URL may hold are percent-encoded.  Lives in `arena`.
 */
struct bytes http_url(struct arena *arena, const struct app *app, bool is_connect, struct bytes target, struct bytes host_field);

/* Appends `text` to `out`: what is no visible ASCII character percent-encoded (RFC 3986 2.1), the rest as it was sent. */
void http_url_escape(struct buffer *out, struct bytes text);

/* Bytes of the "scheme://" that a target in absolute-form begins with, 0 for other forms. */
size_t http_scheme_size(struct bytes target);

/* The authority behind "//" goes up to such a byte, or to the end (RFC 3986 3.2). */
static inline bool http_ends_authority(uint8_t c)
{
	return c == '/' || c == '?' || c == '#';
}

struct bytes http_host_name(struct bytes host_field); /* without port and brackets: a view */

/* "http://name:port" (address without a name) of the server of this connection; `scheme` is "http://" or the like.  The caller frees it. */
char *http_proxy_url(const struct app *app, const char *scheme);

#endif
