/*
 * A tunnel record that grows with the messages of its handshake, whatever carries them: records on TCP (app_tls.c) or QUIC (quic.c).
 */
#ifndef NETTRACE_CORRELATE_TUNNEL_H
#define NETTRACE_CORRELATE_TUNNEL_H

#include "correlate/diagnose.h"
#include "dissect/tls/tls.h"
#include "store/trace.h"

struct tunnel {
	struct correlator *c;
	struct trace_tls_tunnel record;
	struct arena arena;         /* what the record points to */
	struct address_tuple tuple; /* of the connection, the client first */
	bool is_inner;              /* what was dialled is not known: it runs in another tunnel */
	nt_time time;               /* of the packet that is being fed */
	struct packet_ref packet;
	nt_time client_begin; /* first byte of the client, NT_TIME_NONE before */
	struct tls_circumstances circumstances;
	struct trace_tls_alert alerts[LIMIT_TLS_ALERTS];
};

/* `tunnel` is zeroed memory.  Its record gets its id, and that of its connection, from the caller. */
void tunnel_init(struct tunnel *tunnel, struct correlator *c, const struct address_tuple *tuple);
void tunnel_clear(struct tunnel *tunnel); /* frees what the record points to, not the tunnel itself */

/* Events of a tls_session; their context is the tunnel, or a struct whose first member it is. */
void tunnel_client_hello(void *context, const struct tls_client_hello *hello);
void tunnel_server_hello(void *context, const struct tls_server_hello *hello);
void tunnel_certificates(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated);
void tunnel_certificate_request(void *context);
void tunnel_certificate_status(void *context);
void tunnel_certificate_compression(void *context, enum tls_side from, uint16_t algorithm);
void tunnel_resumed(void *context);
void tunnel_handshake_done(void *context);
void tunnel_alert(void *context, const struct tls_alert *alert);
void tunnel_alpn(void *context, struct bytes protocol);

/* The alert that ended the handshake: a fatal one, or one that nobody can read where the Finished should have been; NULL if none. */
const struct trace_tls_alert *tunnel_deciding_alert(const struct tunnel *tunnel);

/* What a Go client would have said of it (nettrace-trace(5), "Errors"); lives as long as the record. */
struct bytes tunnel_alert_error(struct tunnel *tunnel, const struct trace_tls_alert *alert);

#endif
