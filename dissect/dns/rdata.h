/*
 * Inside the DNS dissector: names, and the presentation form of record data.  Others include dns.h.
 */
#ifndef NETTRACE_DISSECT_DNS_RDATA_H
#define NETTRACE_DISSECT_DNS_RDATA_H

#include "dissect/dns/dns.h"

enum {
	DNS_NAME_SIZE = 255,      /* bytes on the wire, with the root label: RFC 1035 3.1 */
	DNS_NAME_TEXT_SIZE = 1024 /* four characters for every byte of a label, a dot for every label, and the final 0 */
};

/* What the reading of one message needs everywhere. */
struct dns_reader {
	struct cursor message; /* the whole message from its first byte on, where compression pointers lead */
	struct buffer text;    /* scratch for the value that is being written; whoever made the reader frees it */
	struct arena *arena;
	struct limit_hits *hits;
};

/* A name without compression: labels, each behind its length, the last one empty. */
struct dns_name {
	uint8_t wire[DNS_NAME_SIZE];
	size_t size;
};

/*
 * Reads the name at *c, which must look at the reader's message, and follows its pointers.  On failure *c carries the state that is
 * returned, and `name` is not to be used.
 */
enum cur_state dns_name_read(const struct dns_reader *reader, struct cursor *c, struct dns_name *name);

/* Presentation form with the final dot, terminated.  Returns its length. */
size_t dns_name_text(const struct dns_name *name, char out[DNS_NAME_TEXT_SIZE]);

/*
 * One byte of a label or string in presentation form (RFC 1035 5.1): as it is, `\c` if c is one of `special`, or `\DDD` if it has
 * no graphic (a space has none where it is special).  Not terminated.  Returns the number of characters, at most 4.
 */
size_t dns_escape(uint8_t byte, const char *special, char out[4]);

/*
 * The presentation form of a record's data, in the reader's arena.  `rdata` is the complete RDATA, nothing of it cut.  CUR_BAD if
 * the data do not fit the type: *value is then in the form of RFC 3597, as for types that have no other.
 */
enum cur_state dns_rdata_text(struct dns_reader *reader, uint16_t type, uint16_t class, struct cursor rdata, const char **value);

/* Appends to the scratch of the reader. */
void dns_put(struct dns_reader *reader, const void *text, size_t size);

/*
 * Appends the value of a type that libldns knows.  CUR_BAD if the data do not fit.  *written is false if there is no such form; the
 * scratch then holds nothing of use, as on failure.
 */
enum cur_state dns_rare_text(struct dns_reader *reader, uint16_t type, struct cursor rdata, bool *written);

#endif
