/*
 * The trace as one web page that needs nothing but itself: html_write(), and what its parts (html_*.c, by topic) share.
 *
 * Text and figures stand in the page as they are, readable without its script, which adds zoom, filters and order.  Style and script are
 * page.css and page.js, built into the program; a Content-Security-Policy lets nothing else run or load, by their SHA-256.
 *
 * What is said of a record is what the readable report says of it: the parts have it told to a listener (struct report_said).
 */
#ifndef NETTRACE_CLI_HTML_PAGE_H
#define NETTRACE_CLI_HTML_PAGE_H

#include "cli/html/html.h"
#include "cli/output.h"
#include "cli/report/report.h"

/* false if writing failed. */
bool html_write(FILE *out, const struct output *output);

/* ---- what follows is for the parts only ---- */

/*
 * What a page shows at most, for a browser to stay quick: rows of a table (further ones only if a finding names them), entries of the
 * waterfall, steps with a row of their own (but for entries that failed), records of a trace whose entries stand open, bars in one lane and in all,
 * findings that stand open, names of one DNS conversation, chains and uses of one.  What is left out is counted in the page; the JSON trace has
 * it.
 */
enum {
	HTML_RECORDS = 20000,
	HTML_ENTRIES = 20000,
	HTML_STEPS = 3000,
	HTML_FEW = 100,
	HTML_BARS = 2000,
	HTML_ALL_BARS = 100000,
	HTML_FINDINGS = 10,
	HTML_LOOKUPS = 24,
	HTML_CHAINS = 2000,
	HTML_USES = 20
};

/* In the order of the page: first what was wanted, then what carried it. */
enum html_kind { HTML_DIALS, HTML_HTTP, HTML_TLS, HTML_DNS, HTML_TCP, HTML_UDP, HTML_KINDS };

/* Lines that the report told, until html_forget(). */
struct html_told {
	struct report_said *lines;
	size_t count, capacity;
	struct arena texts;
};

/* Of each handshake with certificates: the first that showed the same ones. */
struct html_chain {
	const struct trace_tls_tunnel *tunnel;
	trace_id first;
};

struct html_chains {
	struct html_chain *at;
	size_t count;
};

struct html_page {
	struct html html;
	struct output output; /* as was given, but that the report colours what is bad */
	const struct trace_list *list;
	struct report report;
	struct html_told told;
	struct report_span axis;   /* of the waterfall */
	size_t bars, joined_lanes; /* of it */
	size_t rows;               /* of the table that is being written */
	struct html_chains chains;
	trace_id *named; /* by findings: sorted */
	size_t named_count;
};

void html_listen(void *page, const struct report_said *said); /* keeps a line: the report's listener */
void html_forget(struct html_page *page);

/* ---- which records are in the page (html_records.c) ---- */

void html_records_open(struct html_page *page);
void html_records_close(struct html_page *page);
size_t html_record_count(const struct html_page *page, enum html_kind kind); /* 0 where the kind is left out (--no-tcp, …) */
bool html_record_is_shown(const struct html_page *page, enum html_kind kind, size_t index);
bool html_is_shown(const struct html_page *page, trace_id id);
const char *html_kind_word(const struct html_page *page, trace_id id); /* "dial", "TCP", …: what the record is */
const char *html_kind_anchor(enum html_kind kind);                     /* "dials", …: the name in the trace */
const char *html_kind_title(enum html_kind kind);                      /* "Dials", … */

/* ---- fields (html_fields.c) ---- */

void html_id(struct html_page *page, trace_id id);   /* tid-5 */
void html_link(struct html_page *page, trace_id id); /* the same, leading to its row if it is in the page; nothing for 0 */
void html_packets(struct html_page *page, struct packet_ref first, struct packet_ref last); /* #5–#6 */
void html_packet(struct html_page *page, struct packet_ref packet);
void html_offset(struct html_page *page, nt_time time);           /* seconds since the begin of the trace: +0.003904 */
void html_duration(struct html_page *page, int64_t microseconds); /* nothing if negative */
void html_between(struct html_page *page, nt_time from, nt_time to);
void html_endpoint(struct html_page *page, uint8_t ip_version, const struct ip_address *address, uint16_t port);
void html_address(struct html_page *page, uint8_t ip_version, const struct ip_address *address);
void html_host_port(struct html_page *page, struct bytes host, uint16_t port); /* as in dstAddress */
void html_count(struct html_page *page, uint64_t count, const char *what);     /* "3 requests" */

/* ---- parts, in the order of the page ---- */

void html_head(struct html_page *page);      /* html_head.c: up to <body> */
void html_findings(struct html_page *page);  /* html_findings.c */
void html_waterfall(struct html_page *page); /* html_waterfall.c */
void html_timing(struct html_page *page);    /* html_timing.c */
void html_tables(struct html_page *page);    /* html_tables.c: dials, tcpConns, udpConns, dnsQueries */
void html_chains(struct html_page *page);    /* html_chains.c */
void html_capture(struct html_page *page);   /* html_capture.c */

/* Rows of a table (html_tables.c). */
void html_begin_row(struct html_page *page, trace_id id, bool failed);
bool html_told_failed(const struct html_page *page);
/* What the report told, in a cell: the outcome of its step, unless only the lines after it are wanted, and these. */
void html_cell_told(struct html_page *page, bool further_only);
void html_row_tls(struct html_page *page, size_t index);  /* html_table_tls.c; of a record of the list */
void html_row_http(struct html_page *page, size_t index); /* html_table_http.c */

/* Their columns (html_columns.c), and what is to be added to page.css for them. */
void html_column_heads(struct html_page *page, enum html_kind kind);
void html_columns_style(FILE *out);

/* The chains are found before the tables that link to them (html_chains.c). */
void html_chains_open(struct html_page *page);
void html_chains_close(struct html_page *page);
void html_chain_link(struct html_page *page, const struct trace_tls_tunnel *tunnel); /* nothing if it showed none */

/* page.css and page.js (html_assets.c). */
struct bytes html_css(void);
struct bytes html_script(void);

#endif
