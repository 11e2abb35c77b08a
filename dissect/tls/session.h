/*
 * The state of a tls_session, and what its files call in each other: records (session.c), handshake messages (handshake.c), records whose
 * secrets are known (sealed.c), those of sessions that are resumed (resumption.c), finding records again after a hole (search.c).  Of use to
 * these only.
 */
#ifndef NETTRACE_DISSECT_TLS_SESSION_H
#define NETTRACE_DISSECT_TLS_SESSION_H

#include "dissect/tls/decrypt.h"
#include "dissect/tls/hello.h"
#include "dissect/tls/record.h"

/* Which secrets protect what a side sends (RFC 8446 7.1).  Until TLS 1.2 there is but one kind: TLS_EPOCH_APPLICATION. */
enum tls_epoch { TLS_EPOCH_CLEAR, TLS_EPOCH_EARLY, TLS_EPOCH_HANDSHAKE, TLS_EPOCH_APPLICATION };

/* What the handshake has come to. */
enum tls_stage {
	TLS_START,
	TLS_CLIENT_HELLO_SEEN,
	TLS_SERVER_HELLO_SEEN,
	TLS_DONE,  /* the client's Finished (or what must be it), or application data, was seen */
	TLS_CLOSED /* an alert or the end of a direction before that */
};

struct tls_direction {
	uint8_t header[TLS_RECORD_HEADER];
	size_t header_size;
	unsigned type;
	size_t size, left; /* payload of the record: all of it, and what is still to come */
	bool opaque;       /* nothing more is to be seen in this record */
	bool seen;         /* there was a record */
	bool seeking;      /* until bytes that begin with a record header */
	bool lost;         /* not looked at any more */
	bool gap;          /* bytes were missing */
	bool encrypted;    /* what it sends now is */
	bool certain;      /* the last handshake message was read, nothing is missing since */
	bool end_of_early; /* the record that may be EndOfEarlyData was sent */
	bool answered;     /* TLS 1.3: the server sent something after the client's Finished */
	bool alerted, reported;
	struct buffer message; /* a handshake message that did not come in one piece */
	size_t skip;           /* bytes of a handshake message that are not looked at */
	unsigned decompressed; /* Certificate messages */
	uint8_t alert[TLS_ALERT_SIZE];
	size_t alert_size;

	/* With secrets: */
	struct tls_decryptor *opener;
	enum tls_epoch epoch;
	bool sealed;          /* the payload of this record is gathered, to be opened when it is whole */
	bool opened;          /* what is looked at was in a sealed record */
	bool proven;          /* a record of this epoch verified */
	bool searching;       /* for a record that verifies, after a hole */
	bool gave_up;         /* the secrets are not known, or not the right ones */
	bool dark;            /* sends what cannot be opened */
	unsigned failures;    /* records in a row that did not verify */
	unsigned skip_max;    /* so many records may have been missed */
	unsigned tries;       /* left for records that do not verify, so that no input makes the search expensive */
	struct buffer record; /* a sealed record that did not come in one piece; while searching, header and all */
};

struct tls_session {
	const struct tls_events *events;
	void *context;
	struct limit_hits *hits;
	struct tls_direction side[2];
	enum tls_stage stage;
	uint16_t version, cipher; /* 0 until the server has chosen */
	bool no_fingerprints;
	bool client_hello;
	bool offers_13;
	bool early_data; /* announced by the last ClientHello */
	uint32_t external_psks;
	bool server_hello;   /* the one that chooses, not a retry */
	bool bare;           /* messages come without records: QUIC */
	bool full_handshake; /* something that is not sent in an abbreviated one */
	bool resumed;

	const struct tls_keylog *keylog; /* NULL if there are no secrets */
	uint8_t client_random[32], server_random[32];

	/* For sessions that resume others (resumption.c); names in `resumable`. */
	struct tls_keylog *resumable;
	uint8_t offered_id[32], offered_ticket[32], id[32];
	bool offers_id, offers_ticket, has_id;

	uint16_t early_ciphers[8]; /* offered, those of TLS 1.3; ends with 0 */
	bool encrypt_then_mac, truncated_hmac;
	bool unsupported;   /* compression, or a draft that protects records otherwise */
	bool renegotiating; /* a ClientHello came inside */
	bool retried;       /* by a HelloRetryRequest */
	bool early_given;   /* early data was handed out */
	bool early_refused;
	bool any_opened;
	uint64_t unverified;
	uint8_t *scratch; /* the content of the record that was opened last */
};

/* Calls one of the caller's functions, if it is there. */
#define CALL(session, event, ...) \
	do { \
		if ((session)->events->event) \
			(session)->events->event(__VA_ARGS__); \
	} while (0)

static inline struct bytes tls_take(struct bytes *data, size_t n)
{
	struct bytes taken = { data->at, n };

	data->at += n;
	data->size -= n;
	return taken;
}

static inline size_t tls_smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- session.c ---- */

void tls_session_complain(struct tls_session *session, enum tls_side from, const char *what);
void tls_session_finish(struct tls_session *session); /* the handshake is done, if it was not */
void tls_session_note_resumed(struct tls_session *session);
void tls_session_deliver(struct tls_session *session, enum tls_side from, uint8_t type,
			 struct bytes content); /* of a sealed record */
void tls_session_undelivered(struct tls_session *session,
			     enum tls_side from); /* the sealed record cannot be opened: its looks count */

/* ---- handshake.c ---- */

void tls_handshake_feed(struct tls_session *session, enum tls_side from, struct bytes data);
void tls_handshake_hole(struct tls_session *session, enum tls_side from, size_t size);
/* The rest of the message that is being gathered will not come: reads what there is of it.  Returns how much is missing. */
size_t tls_handshake_cut(struct tls_session *session, enum tls_side from);
void tls_handshake_note_encrypted(struct tls_session *session, enum tls_side from);
void tls_handshake_read_ssl2(struct tls_session *session, struct cursor body);

/* ---- sealed.c ---- */

void tls_sealed_init(struct tls_direction *d);
void tls_sealed_clear(struct tls_direction *d);

void tls_sealed_client_hello(struct tls_session *session, const struct tls_client_hello *hello);
void tls_sealed_server_hello(struct tls_session *session, const struct tls_server_hello *hello);
void tls_sealed_retry(struct tls_session *session);
void tls_sealed_early_answer(struct tls_session *session, bool accepted);
void tls_sealed_change_cipher(struct tls_session *session, enum tls_side from);
void tls_sealed_message(struct tls_session *session, enum tls_side from, uint8_t type); /* a message that changes the keys */

bool tls_sealed_begin(struct tls_session *session, enum tls_side from); /* whether the record that begins is to be opened */
void tls_sealed_feed(struct tls_session *session, enum tls_side from, struct bytes data);
void tls_sealed_hole(struct tls_session *session, enum tls_side from);
/* Opens one record into session->scratch; false if it does not verify with any secret that may be in use. */
bool tls_sealed_open(struct tls_session *session, enum tls_side from, const uint8_t header[TLS_RECORD_HEADER], struct bytes body,
		     struct bytes *content, uint8_t *type);
void tls_sealed_give_up(struct tls_direction *d);
bool tls_sealed_master(const struct tls_session *session, struct tls_secret *out); /* of TLS 1.2 and below; false if not known */

/* ---- resumption.c ---- */

void tls_resumption_offered(struct tls_session *session, const struct tls_client_hello *hello);
void tls_resumption_chosen(struct tls_session *session, const struct tls_server_hello *hello);
void tls_resumption_keep_id(struct tls_session *session, const struct tls_secret *master);
void tls_resumption_keep_ticket(struct tls_session *session, struct cursor body); /* NewSessionTicket */
/* The master secret of the session that this one resumes. */
bool tls_resumption_find(const struct tls_session *session, struct tls_secret *out);

/* ---- search.c ---- */

void tls_search_missed(struct tls_direction *d, uint64_t records); /* so many may be missing more */
/* After a hole beyond the end of a record; false if there is nothing to search with. */
bool tls_search_begin(struct tls_session *session, enum tls_side from, uint64_t hole);
/* Takes from *data until a record verified (which is delivered) or the search is over. */
void tls_search_feed(struct tls_session *session, enum tls_side from, struct bytes *data);

#endif
