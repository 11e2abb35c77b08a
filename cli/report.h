/*
 * The readable report, from the inside: what its parts (report_*.c, by topic) share.
 */
#ifndef NETTRACE_CLI_REPORT_H
#define NETTRACE_CLI_REPORT_H

#include "cli/output.h"
#include "cli/text.h"

/* What a report without --verbose shows at most. */
enum { REPORT_ENTRIES = 200, REPORT_CHILDREN = 50, REPORT_TEXT = 240, REPORT_VALUES = 8 };

/* ---- which record belongs to which (report_index.c) ---- */

struct report_link {
	trace_id parent;
	size_t index; /* of the child in its list */
};

/* Sorted by parent, then index. */
struct report_links {
	struct report_link *at;
	size_t count;
};

struct report_index {
	struct report_links tcp_of_dial, udp_of_dial, dns_of_dial;
	struct report_links dns_of_conn, tls_of_conn, http_of_conn;
};

void report_index_build(struct report_index *index, const struct output *output);
void report_index_clear(struct report_index *index);
struct report_links report_children(const struct report_links *links, trace_id parent); /* a view into `links` */

/* NULL if there is none. */
const struct trace_dial *report_find_dial(const struct trace_list *list, trace_id id);
const struct trace_tcp_conn *report_find_tcp(const struct trace_list *list, trace_id id);
const struct trace_udp_conn *report_find_udp(const struct trace_list *list, trace_id id);

/* ---- writing (report_write.c) ---- */

struct report {
	FILE *out;
	const struct output *output;
	const struct trace_list *list;
	struct report_index index;
	bool verbose;
	bool many_inputs; /* packets are named with their input */
	size_t text_max;  /* bytes of one text; 0: no maximum */
};

void report_begin_line(struct report *report, const char *label);
void report_begin_more(struct report *report); /* a further line about the same record */
void report_end_line(struct report *report);
void report_end_line_at(struct report *report, struct packet_ref first, struct packet_ref last);
void report_more_hidden(struct report *report, size_t count, const char *what); /* "… and 3 more requests" */

void report_text(struct report *report, struct bytes text);
void report_name(struct report *report, struct bytes name); /* without the final dot */
void report_bad(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));                  /* in red; for our own words only */
void report_bad_text(struct report *report, struct bytes text); /* in red */
void report_strong(struct report *report, bool on);

/* " 3 retransmissions" after a comma, nothing if 0; `what` in the singular, plural by s. */
void report_count(struct report *report, uint64_t count, const char *what);
const char *report_plural(uint64_t count); /* "" or "s" */

enum { REPORT_ENDPOINT_SIZE = 60 };
const char *report_endpoint(uint8_t ip_version, const struct ip_address *address, uint16_t port, char out[REPORT_ENDPOINT_SIZE]);
void report_tuple(struct report *report, const struct address_tuple *tuple);

/* ---- topics ---- */

void report_head(struct report *report);       /* report_head.c */
void report_statistics(struct report *report); /* report_stats.c */

/* Every look-up of a conversation.  `is_titled`: the entry's title names the server already. */
void report_dns(struct report *report, const struct trace_dns_query *query, bool is_titled);
/* The connection, and what ran on it.  `host` is the name in the entry's title, not said again. */
void report_tcp(struct report *report, const struct trace_tcp_conn *conn, struct bytes host);
void report_udp(struct report *report, const struct trace_udp_conn *conn, struct bytes host);
void report_tls(struct report *report, const struct trace_tls_tunnel *tunnel, struct bytes host);
void report_http(struct report *report, const struct trace_http_request *request);
/* TLS tunnels and HTTP requests on a connection, in the order of time. */
void report_exchanges(struct report *report, trace_id conn, struct bytes host);

/* "ICMP host unreachable", "ICMPv6 type 1 code 9" */
const char *report_icmp(uint8_t ip_version, uint8_t type, uint8_t code, char out[TEXT_SIZE]);

#endif
