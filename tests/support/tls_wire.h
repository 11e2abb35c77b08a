/*
 * Builds TLS for tests: bytes are appended, lengths are filled in when what they count is complete.
 */
#ifndef NETTRACE_TESTS_SUPPORT_TLS_WIRE_H
#define NETTRACE_TESTS_SUPPORT_TLS_WIRE_H

#include "dissect/tls/tls.h"

struct wire {
	uint8_t at[40000];
	size_t size;
};

void wire_put8(struct wire *w, unsigned value);
void wire_put16(struct wire *w, unsigned value);
void wire_put(struct wire *w, const void *bytes, size_t size);
void wire_put_text(struct wire *w, const char *text);
void wire_fill(struct wire *w, unsigned value, size_t count);

/* Begins a vector with a length of so many bytes; wire_shut() gets the result, or that of the functions below. */
size_t wire_open(struct wire *w, unsigned bytes);
void wire_shut(struct wire *w, size_t begin, unsigned bytes);
size_t wire_open_record(struct wire *w, unsigned type);    /* 2 bytes */
size_t wire_open_message(struct wire *w, unsigned type);   /* 3 bytes */
size_t wire_open_extension(struct wire *w, unsigned type); /* 2 bytes */

void wire_put_record(struct wire *w, unsigned type, size_t size);
void wire_put_message(struct wire *w, unsigned type, size_t size);
void wire_put_alert(struct wire *w, unsigned level, unsigned description);
void wire_put_certificates(struct wire *w, unsigned count, size_t size);
/* The body of a Certificate message of TLS 1.3; the certificates are filled with 0x30, 0x31, …; an OCSP response is with the first. */
void wire_put_certificates_13(struct wire *w, unsigned count, size_t size);
/* The message of RFC 8879; `size` is what is said to be inside. */
void wire_put_compressed(struct wire *w, unsigned algorithm, size_t size, struct bytes compressed);

/* Extensions: one number; a list of numbers that ends with 0, after a length of so many bytes; names. */
void wire_put_extension16(struct wire *w, unsigned type, unsigned value);
void wire_put_list(struct wire *w, unsigned type, unsigned bytes, const uint16_t *numbers);
void wire_put_name(struct wire *w, const char *name);
void wire_put_alpn(struct wire *w, const char *first, const char *second);

/* Messages.  The ClientHello names example.org and offers h2; put_hello_start is its part before the extensions. */
extern const uint16_t wire_two_ciphers[];
void wire_put_hello_start(struct wire *w, unsigned version, const uint16_t *ciphers);

enum { OFFER_13 = 1, OFFER_EARLY = 2, OFFER_PSK = 4, OFFER_TICKET = 8 };
void wire_put_client_hello(struct wire *w, unsigned offers);

enum { CHOOSE_13 = 1, CHOOSE_PSK = 2, CHOOSE_RETRY = 4 };
void wire_put_server_hello(struct wire *w, unsigned choice);

/* One record of all that a server of TLS 1.2 sends in a full handshake before its ChangeCipherSpec; two certificates. */
void wire_put_server_flight(struct wire *w);

/* The hello of SSL 2.0 that offers TLS 1.0, with one cipher of each. */
void wire_put_ssl2_hello(struct wire *w);

#endif
