/*
 * The handshake messages that are read (RFC 8446 4, RFC 5246 7.4, RFC 5246 E.2); of use to dissect/tls/ only.
 *
 * A reader gets the body of one message, without the four bytes of the handshake header, and fills *out with all that it can read, also
 * when the result is not CUR_OK: CUR_CUT, the end is not here; CUR_BAD, a length or a value in it lies.  Views point into the body.
 */
#ifndef NETTRACE_DISSECT_TLS_HELLO_H
#define NETTRACE_DISSECT_TLS_HELLO_H

#include "dissect/tls/tls.h"

enum tls_handshake_type {
	TLS_HELLO_REQUEST = 0,
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
	TLS_NEW_SESSION_TICKET = 4,
	TLS_END_OF_EARLY_DATA = 5,
	TLS_HELLO_RETRY_REQUEST = 6, /* a message of its own until draft 21 of TLS 1.3 */
	TLS_ENCRYPTED_EXTENSIONS = 8,
	TLS_CERTIFICATE = 11,
	TLS_SERVER_KEY_EXCHANGE = 12,
	TLS_CERTIFICATE_REQUEST = 13,
	TLS_SERVER_HELLO_DONE = 14,
	TLS_CERTIFICATE_VERIFY = 15,
	TLS_CLIENT_KEY_EXCHANGE = 16,
	TLS_FINISHED = 20,
	TLS_CERTIFICATE_URL = 21,
	TLS_CERTIFICATE_STATUS = 22,
	TLS_SUPPLEMENTAL_DATA = 23,
	TLS_KEY_UPDATE = 24,
	TLS_COMPRESSED_CERTIFICATE = 25
};

enum { TLS_HANDSHAKE_HEADER = 4 }; /* msg_type(8) length(24) */

bool tls_message_known(enum tls_side from, uint8_t type);            /* a type that this side may send in clear */
size_t tls_message_size(const uint8_t header[TLS_HANDSHAKE_HEADER]); /* with the header */

/* A draft of TLS 1.3 by the IETF (0x7fXX) or Facebook (0xfbXX). */
static inline bool tls_is_draft(uint16_t version)
{
	return version >> 8 == 0x7f || version >> 8 == 0xfb;
}

/* Values that mean nothing and keep servers tolerant, RFC 8701: 0x0a0a, 0x1a1a … 0xfafa. */
static inline bool tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* For the hellos: legacy_version is 0 when not even version and random are here, that is, when the message is not worth reporting.
 * ja3 and ja4 are empty unless they are wanted and the result is CUR_OK. */
enum cur_state tls_read_client_hello(struct cursor body, bool fingerprints, struct tls_client_hello *out);
enum cur_state tls_read_ssl2_hello(struct cursor body, struct tls_client_hello *out); /* from the message type on */
enum cur_state tls_read_server_hello(struct cursor body, struct tls_server_hello *out);
enum cur_state tls_read_draft_retry(struct cursor body, struct tls_server_hello *out); /* TLS_HELLO_RETRY_REQUEST */

struct tls_certificate_list {
	struct bytes der[64];
	size_t count;
	bool truncated;  /* there were more, which the limit, a hole or a wrong length left out */
	bool has_status; /* TLS 1.3: an OCSP response comes with one of them */
};

/* The Certificate message of TLS 1.2 and before, and that of TLS 1.3. */
enum cur_state tls_read_certificates(struct cursor body, struct tls_certificate_list *out, struct limit_hits *hits);
enum cur_state tls_read_certificates_13(struct cursor body, struct tls_certificate_list *out, struct limit_hits *hits);

/* RFC 8879 4 */
struct tls_compressed_certificate {
	uint16_t algorithm;      /* of the IANA registry, 0 if it is not here */
	size_t size;             /* of the Certificate message inside, as the sender says */
	struct bytes compressed; /* empty unless the result is CUR_OK */
};

enum cur_state tls_read_compressed_certificate(struct cursor body, struct tls_compressed_certificate *out);

struct tls_encrypted_extensions {
	struct bytes alpn; /* size 0 if none */
	bool early_data;   /* the server accepts it */
};

enum cur_state tls_read_encrypted_extensions(struct cursor body, struct tls_encrypted_extensions *out);

#endif
