/*
 * The endpoints that clients were seen to use as proxies: what is refused by one of them is refused by a proxy.
 */
#ifndef NETTRACE_CORRELATE_PROXIES_H
#define NETTRACE_CORRELATE_PROXIES_H

#include "correlate/tcp.h"

struct proxies; /* handle */

struct proxies *proxies_new(void);
void proxies_free(struct proxies *proxies); /* NULL is fine */

/* A request of this connection was for a proxy: a CONNECT, one with the whole URL (RFC 9112 3.2.2, 3.2.3), or SOCKS. */
void proxies_note(struct correlator *c, const struct tcp_conn *conn);

/* Whether the connection was, or was to be, to an endpoint noted before. */
bool proxies_know(const struct correlator *c, const struct tcp_conn *conn);

#endif
