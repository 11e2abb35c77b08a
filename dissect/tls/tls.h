/*
 * TLS 1.0 to 1.3 and SSL 3.0 on the wire (RFC 8446, RFC 5246, RFC 6066, RFC 7301), and the hello of SSL 2.0 that starts a later version
 * (RFC 5246 E.2): records and handshake messages spread over any number of segments.
 *
 * A tls_session is fed the bytes of both directions of one connection in order and calls back with what it understood.  It knows no
 * time and no packets: the caller knows which packet it is feeding while it is called back.
 */
#ifndef NETTRACE_DISSECT_TLS_TLS_H
#define NETTRACE_DISSECT_TLS_TLS_H

#include "dissect/cursor.h"
#include "dissect/tls/x509.h"
#include "store/limits.h"

enum tls_side { TLS_CLIENT, TLS_SERVER };

enum tls_version { TLS_SSL2 = 0x0002, TLS_SSL3 = 0x0300, TLS_1_0 = 0x0301, TLS_1_1 = 0x0302, TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

enum { TLS_MAX_LIST = 128 }; /* entries kept of each list of a hello; further ones only count */

struct tls_client_hello {
	uint16_t legacy_version,
		highest_version; /* highest: of supported_versions (GREASE left out, drafts are TLS_1_3), else legacy */
	uint8_t random[32];
	struct bytes session_id;
	struct bytes server_name; /* of the SNI extension, size 0 if none */
	uint16_t ciphers[TLS_MAX_LIST], extensions[TLS_MAX_LIST], groups[TLS_MAX_LIST], signatures[TLS_MAX_LIST], versions[16],
		key_shares[16];
	uint8_t point_formats[16];
	size_t cipher_count, extension_count, group_count, signature_count, version_count, key_share_count, point_format_count;
	struct bytes alpn[16];
	size_t alpn_count;
	bool has_session_ticket;     /* a session_ticket extension with a ticket in it (RFC 5077) */
	struct bytes session_ticket; /* size 0 unless it is all here */
	bool has_psk;                /* pre_shared_key (RFC 8446 4.2.11) */
	uint32_t external_psks;      /* bit N: identity N is of no ticket, as its age is 0 */
	bool has_early_data;
	bool has_ech; /* encrypted_client_hello, so that the server name may be a cover */
	bool is_ssl2; /* came as an SSL 2.0 CLIENT-HELLO */
	char ja3[33]; /* MD5 of the JA3 string in hexadecimal; "" if the hello is cut, wrong or of SSL 2.0 */
	char ja4[40]; /* JA4: t13d1516h2_8daaf6152771_e5627efa2ab1, of QUIC q13d…; "" likewise */
};

struct tls_server_hello {
	uint16_t legacy_version, version; /* version: of supported_versions, else legacy; drafts (0x7fXX, 0xfbXX) are TLS_1_3 */
	uint16_t draft;                   /* the draft's value, 0 if none */
	uint8_t random[32];
	struct bytes session_id;
	uint16_t cipher;
	uint16_t group;                  /* of key_share, 0 if none */
	struct bytes alpn;               /* size 0 if none (in 1.3 it is encrypted) */
	bool is_hello_retry;             /* HelloRetryRequest, RFC 8446 4.1.4 */
	bool has_psk;                    /* pre_shared_key: resumed (or external) PSK */
	uint16_t psk;                    /* which of the client's identities */
	bool has_session_ticket;         /* a NewSessionTicket will follow */
	bool downgrade_12, downgrade_11; /* the random ends in a downgrade sentinel, RFC 8446 4.1.3 */
	bool has_encrypt_then_mac;       /* RFC 7366 */
	bool has_truncated_hmac;         /* RFC 6066 7 */
	uint8_t compression;             /* method, 0 is none */
};

struct tls_alert {
	enum tls_side from;
	uint8_t level;       /* 1 warning, 2 fatal */
	uint8_t description; /* IANA TLS Alert number */
	bool encrypted; /* its content cannot be seen: level and description are 0.  TLS 1.3 hides even that it is one: it is told
			      * by its size, in place of either Finished or of what the server sends first after the client's */
};

/*
 * Called while tls_session_feed() runs.  Views are valid during the call.  Any member may be NULL.
 */
struct tls_events {
	void (*client_hello)(void *context, const struct tls_client_hello *hello); /* each, also the second after a retry */
	void (*server_hello)(void *context, const struct tls_server_hello *hello);
	/* One Certificate message.  `der` in the order sent, none when a client has none; `truncated` if a limit, a hole, a wrong
	 * length or a compression that cannot be undone left some out. */
	void (*certificates)(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated);
	void (*certificate_request)(void *context); /* the server asks for a client certificate */
	void (*certificate_status)(void *context);  /* a stapled OCSP response */
	void (*resumed)(void *context);             /* the handshake turned out to be an abbreviated one */
	void (*handshake_done)(void *context);      /* once: the client's Finished, or the first application data */
	void (*alert)(void *context, const struct tls_alert *alert);
	void (*application_data)(void *context, enum tls_side from,
				 size_t size); /* bytes of encrypted record payload, as they come */
	/* At most once per direction.  After a handshake message that lies (its hello is still called back with what could be read) the
	 * records go on; bytes that are no record end the direction, they are no longer looked at. */
	void (*malformed)(void *context, enum tls_side from, const char *what);

	void (*session_ticket)(void *context); /* a NewSessionTicket */

	/* Only where the secrets are known; all that is handed out was authenticated. */
	void (*alpn)(void *context, struct bytes protocol); /* of EncryptedExtensions (TLS 1.3), after server_hello */
	/* The Certificate message that is handed out next came compressed, by this algorithm (RFC 8879). */
	void (*certificate_compression)(void *context, enum tls_side from, uint16_t algorithm);
	/* Content of application data, record by record, after application_data told of its bytes.  It is called with early data too. */
	void (*plaintext)(void *context, enum tls_side from, struct bytes data);
	/* The server took none of the early data: what `plaintext` gave of the client until now never reached the application. */
	void (*early_data_rejected)(void *context);
};

struct tls_session; /* handle */

struct tls_session *tls_session_new(const struct tls_events *events, void *context, struct limit_hits *hits);
void tls_session_free(struct tls_session *session); /* NULL is fine */

/* ja3 and ja4 of ClientHellos stay empty, which saves a good part of the time that they cost. */
void tls_session_omit_fingerprints(struct tls_session *session);

/*
 * Lets the session look inside with the secrets of this log, which must be complete before the first byte is fed and outlive the session.
 * Then handshake_done is the client's Finished itself, alerts are told with their content, certificates of TLS 1.3 are handed out, and so
 * are those of a renegotiation, of which the hellos are not called back.
 */
struct tls_keylog;
void tls_session_set_keylog(struct tls_session *session, const struct tls_keylog *keylog);

/*
 * Lets the session keep the secrets of TLS 1.2 and below that it finds, for others that resume it, and find theirs: not every client logs
 * them again.  `resumable` is a log for nothing else, shared by the sessions of a run; only with tls_session_set_keylog().
 */
void tls_session_remember(struct tls_session *session, struct tls_keylog *resumable);

/* Whether what is sent encrypted is being handed out: some records verified, and neither direction was given up. */
bool tls_session_decrypted(const struct tls_session *session);
uint64_t tls_session_unverified(const struct tls_session *session); /* records that did not verify although secrets were known */

/* The next bytes of one direction.  Bytes are not kept longer than the message that they are part of. */
void tls_session_feed(struct tls_session *session, enum tls_side from, struct bytes data);

/*
 * The next bytes of handshake messages that come without records, as QUIC carries them (RFC 9001 4).  `sealed`: they were protected by the
 * handshake keys, and verified.  One session is fed in one way only; without records it needs no secrets, and sees no application data.
 */
void tls_session_feed_messages(struct tls_session *session, enum tls_side from, bool sealed, struct bytes data);
void tls_session_cut_messages(struct tls_session *session, enum tls_side from); /* no more will come: what there is has to do */

/*
 * `size` bytes of the direction are missing (lost by the capture or cut by the snaplen).  A hole inside a record of application data is
 * counted as such; elsewhere the direction resynchronises at the next bytes fed that begin with a plausible record header, or, where the
 * secrets are known, at the next record that verifies.
 */
void tls_session_gap(struct tls_session *session, enum tls_side from, uint64_t size);

bool tls_session_cipher_changed(const struct tls_session *session, enum tls_side from); /* sends encrypted records now */

/*
 * Whether a stream begins with TLS: a plausible record header, and as much of a ClientHello or ServerHello (or an SSL 2.0 CLIENT-HELLO)
 * as is there.  CUR_OK: yes, and *side says who sends it.  CUR_CUT: not decided yet (fewer than 6 bytes; 7 of an
 * alert, 11 of SSL 2.0; all plausible).  CUR_BAD: no.
 */
enum cur_state tls_looks_like(struct bytes start, enum tls_side *side);

/* "TLS 1.3", "0x7f1c" …; "TLS_AES_128_GCM_SHA256" or NULL; "x25519" or NULL; "handshake failure" in the words of Go's crypto/tls. */
const char *tls_version_text(uint16_t version, char out[16]);
const char *tls_cipher_text(uint16_t cipher);
const char *tls_group_text(uint16_t group);
const char *tls_alert_text(uint8_t description);                    /* NULL for numbers without a name */
const char *tls_compression_text(uint16_t algorithm, char out[16]); /* of certificates: "zlib"; "0x4001" where it has no name */

#endif
