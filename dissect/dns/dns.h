/*
 * DNS messages (RFC 1035; RFC 3596, 2782, 6891, 9460, 4034, 8659 and others for the data of records), also as mDNS (RFC 6762) and LLMNR
 * (RFC 4795) send them.
 *
 * dns_parse() is a pure function: a message in, values in the caller's arena out.  What is malformed is reported beside what could be
 * read before it.
 */
#ifndef NETTRACE_DISSECT_DNS_DNS_H
#define NETTRACE_DISSECT_DNS_DNS_H

#include "dissect/cursor.h"
#include "store/limits.h"

enum { DNS_PORT = 53 /* UDP and TCP */, DNS_HEADER_SIZE = 12 };

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_RRSIG = 46,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_ANY = 255
};

struct dns_question {
	const char *name; /* fully qualified presentation form with the final dot: "www.example.com."; "." is the root */
	uint16_t type, class;
};

struct dns_record {
	const char *name;
	uint16_t type, class;
	uint32_t ttl; /* seconds */
	const char *
		value; /* presentation form of the data (RFC 1035 5.1, RFC 3597 for types without one); "" if the data is empty; never
			    * NULL.  Malformed data is given in RFC 3597 form. */
	struct bytes data; /* the raw RDATA, a view into the message */
};

struct dns_message {
	uint16_t id;
	uint8_t opcode;
	uint16_t rcode; /* with the EDNS extension bits */
	bool is_response, authoritative, truncated, recursion_desired, recursion_available;
	uint16_t counts[4];             /* of the header: questions, answers, authorities, additionals */
	struct dns_question *questions; /* in the arena, as many as were read */
	size_t question_count;
	struct dns_record *answers; /* the answer section, as many as were read */
	size_t answer_count;
	bool has_edns;
	uint16_t edns_udp_size; /* requestor's UDP payload size, RFC 6891 6.2.3 */
	uint8_t edns_version;
	uint32_t soa_minimum; /* of an SOA in the authority section, for negative answers; UINT32_MAX if none */
	bool cut;             /* ended early because the snaplen cut it */
	bool malformed;       /* ended early, or holds data, that the sender made wrong */
	size_t size;          /* bytes on the wire */
};

/*
 * Whether bytes can be a DNS message: header flags that make sense, counts that the size can hold, a first name that parses.  For flows
 * on ports that are not DNS's.
 */
bool dns_looks_like(struct cursor message);

/* Whether it is a query of the usual kind: one question, nothing else but OPT.  On ports that are not DNS's, a flow that begins with one is
 * believed. */
bool dns_is_plain_query(struct cursor message);

/*
 * Parses one message (without the two length bytes of TCP).  Always fills *out with what could be read.  CUR_CUT or CUR_BAD without even
 * the 12 bytes of a header: *out is zeroed but for `size`.  Otherwise the return value says whether all sections were read; `cut` and
 * `malformed` say the same.  Lists and strings live in `arena`; `data` views live as long as the message.
 */
enum cur_state dns_parse(struct cursor message, struct arena *arena, struct limit_hits *hits, struct dns_message *out);

/* IANA mnemonic, "ALL" for 255, "TYPE1234" for what has none.  Static or in `out` (16 bytes). */
const char *dns_type_text(uint16_t type, char out[16]);

/* "no-error", …; "unrecognized-rcode" for codes above 5. */
const char *dns_rcode_text(uint16_t rcode);

#endif
