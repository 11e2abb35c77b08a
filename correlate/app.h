/*
 * What runs over a stream: the protocol is found by content, then its dissector gets the bytes.  Nests: what runs in a CONNECT tunnel or
 * after an upgrade is an app again.
 */
#ifndef NETTRACE_CORRELATE_APP_H
#define NETTRACE_CORRELATE_APP_H

#include "correlate/tcp.h"

enum app_kind {
	APP_UNDECIDED,
	APP_OPAQUE, /* nothing that nettrace reads, so far: STARTTLS and the like are still looked for */
	APP_TLS,
	APP_HTTP1,
	APP_HTTP2,
	APP_DNS
};

/* What surrounds the streams that an app sees. */
struct exchange;
struct app_surroundings {
	uint8_t depth;       /* 0: directly on TCP */
	bool mid_stream;     /* other bytes went before, in this connection */
	bool after_preamble; /* and all of them were captured: STARTTLS, SOCKS */
	struct bytes proxy;  /* networkProxy of requests inside; empty if none.  Lives as long as the connection */
	trace_id tls_tunnel; /* the tunnel that all this runs in, 0 if none */
	trace_id proxy_tls_tunnel;
	bool upgraded;          /* HTTP/1.1 Upgrade made this stream */
	struct exchange *asked; /* of an upgrade to HTTP/2: the request, to be answered there; taken over by who opens it */
	struct piece greeting;  /* what the server said before a ClientHello that is the client's first word; no data, only where */
	bool refused;           /* early data that the server did not take: nothing of it is reported */
	nt_time tls_begin, tls_end; /* handshake of tls_tunnel; valid if that is not 0 */
};

/* What a protocol has to offer; one const struct per protocol, in app_tls.c, app_http.c, app_dns.c. */
struct app_protocol {
	enum app_kind kind;
	const char *name; /* as appProtocol when nDPI is not asked */
	void *(*open)(struct app *app, int client_side);
	void (*data)(void *state, int side, const struct piece *piece);
	void (*gap)(void *state, int side, uint64_t size, const struct piece *at); /* `at` says when and where, its data is empty */
	void (*finish)(void *state, int side, bool orderly);
	void (*close)(void *state); /* reports what is unfinished, frees the state */
};
extern const struct app_protocol app_tls, app_http1, app_http2, app_dns;

struct app {
	struct correlator *c;
	struct tcp_conn *conn;
	struct app_surroundings in;
	enum app_kind kind;
	const struct app_protocol *protocol;
	void *state;
	uint64_t seen[2];   /* bytes that came while undecided or opaque */
	struct piece first; /* of them, without its data; packet number 0 before */
	int8_t first_side;
	struct buffer start[2]; /* kept until decided */
	struct piece start_piece[2];
	bool finished[2];
	uint8_t socks; /* the version that one side spoke first, 0 if none */
	int8_t socks_client;
	char *socks_proxy; /* "socks5://host:port" once the other side answered so; owned */
};

/* Opens a protocol that is known without looking at the first bytes. */
void app_open(struct app *app, const struct app_protocol *protocol, int client_side);

struct app *app_new(struct correlator *c, struct tcp_conn *conn, const struct app_surroundings *in);
void app_data(struct app *app, int side, const struct piece *piece);
void app_gap(struct app *app, int side, uint64_t size, const struct piece *at);
void app_finish(struct app *app, int side, bool orderly);
/* What is kept for reuse, of exchange.c and app_http.c. */
void exchanges_free(struct exchange *exchanges);
void http_free_spare(struct correlator *c);

void app_free(struct app *app); /* reports what is unfinished; NULL is fine */

#endif
