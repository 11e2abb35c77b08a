/*
 * DNS messages for tests: built field by field in `dt`, then parsed from a heap block of exactly their size.
 */
#ifndef NETTRACE_TESTS_SUPPORT_DNS_MESSAGE_H
#define NETTRACE_TESTS_SUPPORT_DNS_MESSAGE_H

#include "dissect/dns/dns.h"

enum { D_QR = 0x8000, D_AA = 0x0400, D_TC = 0x0200, D_RD = 0x0100, D_RA = 0x0080, D_IN = 1 };
enum { D_QUESTION_AT = 12, D_BUILDERS = 5 };

struct dns_test {
	uint8_t at[128 * 1024]; /* the message that is being built */
	size_t size;
	size_t rdlength_at; /* of the record begun last */
	uint8_t *block;     /* what was parsed last */
	struct arena arena;
	struct limit_hits hits;
	struct dns_message got;
};

extern struct dns_test dt;

/* Before and after each test. */
void d_setup(void);
void d_teardown(void);

void d_u8(unsigned value);
void d_u16(unsigned value);
void d_u32(uint32_t value);
void d_raw(const char *bytes, size_t size);
void d_label(const char *text);
void d_pointer(size_t to);
void d_name(const char *text); /* "www.example.com", "" for the root */

/* Forgets what was built before. */
void d_header(unsigned flags, unsigned questions, unsigned answers, unsigned authorities, unsigned additionals);
void d_question(const char *qname, unsigned type);

/* What follows the owner's name; the data come next, then d_end_record(). */
void d_begin_record(unsigned type, unsigned class, uint32_t ttl);
void d_end_record(void);

/* A whole record of the question's name. */
void d_record(unsigned type, uint32_t ttl, const char *data, size_t size);
#define D_RECORD(type, ttl, data) d_record(type, ttl, data, sizeof(data) - 1)

/* Whole messages of several kinds, and all of them. */
void d_query(void);
void d_response(void);
void d_negative(void);
void d_dnssec(void);
void d_mdns(void);
extern void (*const d_builders[D_BUILDERS])(void);

/* The result is in dt.got.  Of a part: the first `size` bytes of the message, of which `cut` more were on the wire. */
enum cur_state d_parse(void);
enum cur_state d_parse_part(size_t size, size_t cut);
bool d_looks_like(void);
bool d_looks_like_part(size_t size, size_t cut);

#endif
