/*
 * QUIC handshakes (RFC 9000, RFC 9001; version 2: RFC 9369; the drafts from 23 on): what anybody can read, as the keys of Initial packets
 * follow from the connection ID that the client puts into its first one, and, with logged secrets, what Handshake packets carry.
 *
 * A quic_session is fed the datagrams of one flow and calls back with what verified: bytes of CRYPTO frames in order, CONNECTION_CLOSE, Retry.
 * What the bytes mean is TLS (dissect/tls).  It knows no time and no packets of the capture.
 *
 * Memory: some 2 kB, and at most LIMIT_QUIC_CRYPTO bytes in each direction that came ahead of a hole.
 */
#ifndef NETTRACE_DISSECT_QUIC_QUIC_H
#define NETTRACE_DISSECT_QUIC_QUIC_H

#include "dissect/cursor.h"
#include "store/limits.h"

enum quic_side { QUIC_CLIENT, QUIC_SERVER };

enum { QUIC_MAX_VERSIONS = 16 }; /* kept of a Version Negotiation packet; further ones are left out */

/* CONNECTION_CLOSE, RFC 9000 19.19 */
struct quic_close {
	enum quic_side from;
	bool by_application; /* type 0x1d: `code` means what the application protocol says */
	uint64_t code;       /* transport error, RFC 9000 20.1; 0x100 + alert: CRYPTO_ERROR */
	struct bytes reason; /* UTF-8, as it should be */
};

/* Called while quic_session_feed() runs.  Views are valid during the call.  Any member may be NULL. */
struct quic_events {
	/* Each byte once.  `sealed`: of Handshake packets, else of Initial ones. */
	void (*crypto)(void *context, enum quic_side from, bool sealed, struct bytes data);
	/* The client's hello begins anew: after Retry, after Version Negotiation, or as the client gave up before. */
	void (*restarted)(void *context);
	void (*close)(void *context, const struct quic_close *close); /* each; it may be sent again and again */
	/* Version Negotiation: the server does not speak the client's version, but these. */
	void (*versions)(void *context, const uint32_t *versions, size_t count);
	void (*malformed)(void *context, enum quic_side from); /* frames that verified and make no sense */
};

/* What a session has come to. */
struct quic_progress {
	bool proven;              /* an Initial of the client verified: it is QUIC, and who is the client is certain */
	uint32_t offered_version; /* of the client's first Initial */
	uint32_t version;         /* in use: the server's choice (RFC 9368), once it answered */
	bool retried;             /* the server sent a Retry whose integrity tag is right */
	bool answered;            /* the server sent an Initial that verified, Retry or Version Negotiation */
	bool heard;       /* the client shows that it got an answer: acknowledges one, or uses what only the server can have told */
	bool established; /* the client sent a 1-RTT packet: its part of the handshake is complete */
	bool opened;      /* a Handshake packet verified with the secrets */
	uint32_t client_hellos;  /* Initial packets of the client that brought something of its hello */
	uint32_t client_repeats; /* those that brought it once more: the client misses an answer */
};

struct quic_session; /* handle */

struct quic_session *quic_session_new(const struct quic_events *events, void *context, struct limit_hits *hits);
void quic_session_free(struct quic_session *session); /* wipes the keys; NULL is fine */

/* Whether a datagram begins with an Initial packet of a version that can be read, all of it here: worth a session, and feeding it. */
bool quic_looks_like_initial(struct cursor datagram);

/* The payload of one UDP datagram: one or several packets. */
void quic_session_feed(struct quic_session *session, enum quic_side from, struct cursor datagram);

/*
 * What protects Handshake packets: the TLS cipher suite, and the handshake traffic secrets of both sides (either may be empty).  May be called
 * from `crypto`, before the packets that follow in the same datagram are looked at.  False if the suite is not supported: all but
 * AES-GCM and ChaCha20-Poly1305.
 */
bool quic_session_set_secrets(struct quic_session *session, uint16_t cipher_suite, struct bytes client, struct bytes server);

const struct quic_progress *quic_session_progress(const struct quic_session *session);

/* "1", "2", "draft-29", "Q050" (Google's before the standard), else "0x1a2a3a4a".  Returns out. */
const char *quic_version_text(uint32_t version, char out[16]);

/* RFC 9000 20.1: "CONNECTION_REFUSED", "CRYPTO_ERROR" for all 0x100 to 0x1ff; NULL for numbers without a name. */
const char *quic_error_text(uint64_t code);

/* 0x100 to 0x1ff: the number of a TLS alert in the last byte, RFC 9001 4.8. */
static inline bool quic_error_is_alert(uint64_t code)
{
	return code >> 8 == 1;
}

#endif
