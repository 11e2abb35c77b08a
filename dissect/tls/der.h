/*
 * ASN.1 in its distinguished encoding (X.690), as far as certificates need it; of use to x509.c only.
 *
 * Reading is done with cursors that have no cut: a certificate is whole or not read.
 */
#ifndef NETTRACE_DISSECT_TLS_DER_H
#define NETTRACE_DISSECT_TLS_DER_H

#include "dissect/cursor.h"

/* The first byte of an element: class, constructed or not, number. */
enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_NUMERIC_STRING = 0x12,
	DER_PRINTABLE_STRING = 0x13,
	DER_T61_STRING = 0x14,
	DER_VIDEOTEX_STRING = 0x15,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_VISIBLE_STRING = 0x1a,
	DER_GENERAL_STRING = 0x1b,
	DER_UNIVERSAL_STRING = 0x1c,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_VERSION = 0xa0,    /* [0] of TBSCertificate */
	DER_ISSUER_ID = 0x81,  /* [1] */
	DER_SUBJECT_ID = 0x82, /* [2] */
	DER_EXTENSIONS = 0xa3, /* [3] */
	DER_DNS_NAME = 0x82,   /* [2] of GeneralName */
	DER_IP_ADDRESS = 0x87  /* [7] */
};

struct der_item {
	uint8_t tag;
	struct bytes body, whole; /* whole: with tag and length */
};

/* The next element; when there is none, *c fails and the item is empty. */
struct der_item der_next(struct cursor *c);

/* The inside of the next element, which must have this tag: else both cursors fail. */
struct cursor der_enter(struct cursor *c, uint8_t tag);

/* The same for one that may be absent: then nothing is read and the result is empty. */
struct cursor der_enter_optional(struct cursor *c, uint8_t tag);

/* Adds the text of a character string as UTF-8.  False, and nothing added, for elements of other types. */
bool der_text(struct der_item item, struct buffer *out);

/* Adds text that should be ASCII or UTF-8; when it is neither, it is taken for Latin-1. */
void der_add_text(struct buffer *out, struct bytes text);

/* Adds the element that holds this UTF-8 text: PrintableString if it can, else UTF8String. */
void der_add_string(struct buffer *out, struct bytes text);

/* Adds "1.2.840": an OBJECT IDENTIFIER in dots.  An arc beyond 64 bits loses its upper bits. */
void der_add_oid(struct buffer *out, struct bytes oid);

/* UTCTime or GeneralizedTime (RFC 5280 4.1.2.5) in seconds since 1970. */
bool der_time(struct der_item item, int64_t *seconds);

#endif
