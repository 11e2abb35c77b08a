/*
 * The readable report, from the inside: what its parts (report_*.c, by topic) share.
 */
#ifndef NETTRACE_CLI_REPORT_H
#define NETTRACE_CLI_REPORT_H

#include "cli/dns_of_dial.h"
#include "cli/links.h"
#include "cli/output.h"
#include "cli/text.h"

/* What a report without --verbose shows at most. */
enum { REPORT_ENTRIES = 200, REPORT_CHILDREN = 50, REPORT_TEXT = 240, REPORT_URL = 80, REPORT_VALUES = 8 };

/* Columns: of a line without --verbose, of the text after a title in the head, of a bar, and of the text after it. */
enum { REPORT_WIDTH = 150, REPORT_HEAD = 9, REPORT_BAR = 24, REPORT_STEP = 8 + REPORT_BAR + 2 };

/* ---- which record belongs to which (report_index.c) ---- */

struct report_conversation {
	bool *owned; /* of each message: in dns_owned */
	struct dns_shape shape;
};

struct report_index {
	struct links tcp_of_dial, udp_of_dial;
	struct links dns_of_dial; /* a conversation may serve many dials */
	bool *dns_owned;          /* of each message of all conversations: it belongs to a dial; NULL without dials */
	struct report_conversation *conversations; /* by index of dns_queries; NULL without dials */
	struct links dns_of_conn, tls_of_conn, http_of_conn;
};

void report_index_build(struct report_index *index, const struct output *output);
void report_index_clear(struct report_index *index);

struct report_span {
	nt_time begin, end; /* either may be NT_TIME_NONE */
};

/* A line of the report in its parts, for who shows them otherwise than as a line. */
struct report_said {
	enum { REPORT_SAYS_LINE, REPORT_SAYS_HEAD, REPORT_SAYS_TITLE, REPORT_SAYS_STEP, REPORT_SAYS_MORE } kind;
	const char *label;       /* of a line of the head, a step or a further line; may be "" */
	trace_id id;             /* of the record: titles and steps */
	nt_time at;              /* titles: when it began */
	struct report_span span; /* steps: the bar */
	bool failed;             /* titles and steps */
	size_t subject_size;     /* bytes of the text that tell what it is about; what came of it stands behind */
	struct bytes text;       /* as the terminal would get it, colours too if they are wanted */
	struct packet_ref first, last;
};

typedef void report_listener(void *context, const struct report_said *said);

struct report {
	FILE *to;                  /* where lines go when they are complete */
	report_listener *listener; /* who gets them instead; NULL: none */
	void *context;             /* of the listener */
	struct report_said said;   /* by the line that is being written */
	FILE *out;                 /* the line that is being written */
	char *line;                /* its bytes so far, as open_memstream() gives them */
	size_t line_size;
	unsigned hang;             /* column where it goes on if it is too long for one line */
	struct report_span axis;   /* the time that a whole bar stands for */
	uint8_t client_ip_version; /* of the entry's title; 0: none named */
	struct ip_address client;
	const struct output *output;
	const struct trace_list *list;
	struct report_index index;
	bool verbose;
	bool many_inputs;                 /* packets are named with their input */
	size_t text_max;                  /* bytes of one text; 0: no maximum */
	size_t entries_max, children_max; /* what is shown of the trace, and of one entry */
};

/* ---- lines (report_line.c) ---- */

bool report_open_lines(struct report *report, FILE *to); /* false if there is no memory */
bool report_close_lines(struct report *report);          /* false if writing failed */

/* Of an entry: the record that it is about, and when that began. */
void report_begin_title(struct report *report, trace_id id, nt_time at);

/* Of the head: the text begins at REPORT_HEAD. */
void report_begin_head(struct report *report, const char *title);
void report_begin_line(struct report *report, const char *label); /* the text begins where that of steps does */
void report_begin_more(struct report *report);                    /* a further line about the same record */

/* A line with the bar that places `span` on the axis of the entry. */
void report_begin_step(struct report *report, const char *label, trace_id id, struct report_span span, bool failed);

void report_end_subject(struct report *report); /* what is written from here on tells what came of it */

/* Every line ends in one of these.  Without --verbose what is longer than REPORT_WIDTH goes on in a further line, at `hang`. */
void report_end_line(struct report *report);
void report_end_line_at(struct report *report, struct packet_ref first, struct packet_ref last);
void report_more_hidden(struct report *report, size_t count, const char *what); /* "… and 3 more requests" */

/* ---- when steps began and ended (report_span.c) ---- */

struct report_span report_span_dns(const struct trace_dns_message *first, const struct trace_dns_message *last);
struct report_span report_span_tcp(const struct report *report, const struct trace_tcp_conn *conn);
struct report_span report_span_udp(const struct trace_udp_conn *conn);
struct report_span report_span_tls(const struct trace_tls_tunnel *tunnel);
struct report_span report_span_http(const struct report *report, const struct trace_http_request *request);

/* From the first step of an entry to the last. */
struct report_span report_axis_dial(const struct report *report, const struct trace_dial *dial);
struct report_span report_axis_tcp(const struct report *report, const struct trace_tcp_conn *conn);
struct report_span report_axis_udp(const struct report *report, const struct trace_udp_conn *conn);
struct report_span report_axis_dns(const struct trace_dns_query *query);
struct report_span report_axis_all(const struct report *report);                                                /* of all entries */
struct report_span report_dns_axis_of_dial(const struct trace_dns_query *query, const struct trace_dial *dial); /* report_dns.c */

/* Whether what is missing of a connection may have been on the wire: the capture ended first, has one direction, lost packets, or cut them. */
bool report_capture_lacks_some(const struct trace_tcp_conn *conn);

/* TLS, HTTP or DNS that was understood. */
bool report_has_exchanges(const struct report *report, trace_id conn);

/* ---- parts of lines (report_write.c) ---- */

void report_text(struct report *report, struct bytes text);
void report_name(struct report *report, struct bytes name); /* without the final dot */
void report_bad(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));                  /* in red; for our own words only */
void report_bad_text(struct report *report, struct bytes text); /* in red */
void report_red(struct report *report, bool on);
void report_strong(struct report *report, bool on);

/* " 3 retransmissions" after a comma, nothing if 0; `what` in the singular, plural by s. */
void report_count(struct report *report, uint64_t count, const char *what);
const char *report_plural(uint64_t count); /* "" or "s" */

/* That only a trace of the Go library tells of a record; nothing where all is from such traces. */
void report_origin(struct report *report, const struct trace_seed *seed);

enum { REPORT_ENDPOINT_SIZE = 60 };
const char *report_endpoint(uint8_t ip_version, const struct ip_address *address, uint16_t port, char out[REPORT_ENDPOINT_SIZE]);
void report_tuple(struct report *report, const struct address_tuple *tuple);
void report_tuple_of_entry(struct report *report, const struct address_tuple *tuple); /* the client is not named twice */

/* ---- topics ---- */

void report_timeline(struct report *report);   /* report.c */
void report_verdict(struct report *report);    /* report_verdict.c */
void report_head(struct report *report);       /* report_head.c */
void report_recording(struct report *report);  /* nothing if no recording was read */
void report_context(struct report *report);    /* nothing if no archive was read */
void report_statistics(struct report *report); /* report_stats.c */

/* The look-ups of a conversation that a dial was made of; NULL: those of no dial, below a title that names the server. */
void report_dns(struct report *report, const struct trace_dns_query *query, const struct trace_dial *dial);
void report_dns_mark_owned(struct report_index *index, const struct trace_list *list);      /* when dns_of_dial is complete */
bool report_dns_has_rest(const struct report *report, const struct trace_dns_query *query); /* whether there are any of no dial */
/* The connection, and what ran on it.  `host` is the name in the entry's title, not said again. */
void report_tcp(struct report *report, const struct trace_tcp_conn *conn, struct bytes host);
void report_udp(struct report *report, const struct trace_udp_conn *conn, struct bytes host);
/* The connection alone. */
void report_tcp_alone(struct report *report, const struct trace_tcp_conn *conn);
void report_udp_alone(struct report *report, const struct trace_udp_conn *conn);
void report_tls(struct report *report, const struct trace_tls_tunnel *tunnel, struct bytes host);
void report_http(struct report *report, const struct trace_http_request *request);
/* Whether the line of a request is followed by one that says where its time went, and that line (report_timing.c). */
bool report_has_timing(const struct report *report, const struct trace_http_request *request);
void report_timing(struct report *report, const struct trace_http_request *request);
/* Nothing for NULL, nor without -v if no address is translated. */
void report_conntrack(struct report *report, const struct conntrack_entry *entry);
/* TLS tunnels and HTTP requests on a connection, in the order of time. */
void report_exchanges(struct report *report, trace_id conn, struct bytes host);

/* "ICMP host unreachable", "ICMPv6 type 1 code 9" */
const char *report_icmp(uint8_t ip_version, uint8_t type, uint8_t code, char out[TEXT_SIZE]);

#endif
