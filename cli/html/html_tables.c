/* The tables of records: what they share, and those of dials, connections and look-ups. */
#include "cli/html/html_page.h"

#include "dissect/quic/quic.h"

#include <inttypes.h>

/* Rows of one <tbody>: what a browser lays out only when it comes into sight. */
enum { ROWS_OF_BODY = 50 };

/* ---- what they share ---- */

static void begin_table(struct html_page *page, enum html_kind kind)
{
	struct html *html = &page->html;
	const char *anchor = html_kind_anchor(kind);

	HTML(html, "<section id=\"");
	html_words(html, "%s", anchor);
	HTML(html, "\" class=\"records\" aria-labelledby=\"");
	html_words(html, "%s-title", anchor);
	HTML(html, "\">\n<h2 id=\"");
	html_words(html, "%s-title", anchor);
	HTML(html, "\">");
	html_words(html, "%s", html_kind_title(kind));
	HTML(html, " <span>");
	html_words(html, "%zu", html_record_count(page, kind));
	HTML(html, "</span></h2>\n<table class=\"");
	html_words(html, "%s%s", anchor, html_record_count(page, kind) > HTML_FEW ? " many" : "");
	HTML(html, "\" aria-labelledby=\"");
	html_words(html, "%s-title", anchor);
	HTML(html, "\">\n<thead><tr>");
	html_column_heads(page, kind);
	HTML(html, "</thead>\n");
	page->rows = 0;
}

void html_begin_row(struct html_page *page, trace_id id, bool failed)
{
	struct html *html = &page->html;

	if (page->rows++ % ROWS_OF_BODY == 0)
		HTML(html, "<tbody>\n");
	HTML(html, "<tr id=\"");
	html_id(page, id);
	if (failed)
		HTML(html, "\" class=\"failed\"><td>");
	else
		HTML(html, "\"><td>");
	html_id(page, id);
}

static void end_table(struct html_page *page, enum html_kind kind)
{
	struct html *html = &page->html;
	size_t count = html_record_count(page, kind);

	HTML(html, "\n</table>\n");
	if (page->rows < count) {
		HTML(html, "<p class=\"left-out\">");
		html_words(html, "… and %zu more, which are not in this page: the JSON trace has them.", count - page->rows);
		HTML(html, "</p>\n");
	}
	HTML(html, "</section>\n");
}

static struct bytes outcome_of(const struct report_said *line)
{
	struct bytes text = { line->text.at + line->subject_size, line->text.size - line->subject_size };

	while (text.size && text.at[0] == ' ') {
		text.at++;
		text.size--;
	}
	return text;
}

void html_cell_told(struct html_page *page, bool further_only)
{
	struct html *html = &page->html;

	for (size_t i = further_only; i < page->told.count; i++) {
		const struct report_said *line = &page->told.lines[i];

		if (i > further_only)
			HTML(html, "<br>");
		if (line->kind == REPORT_SAYS_STEP) {
			html_report_text(html, outcome_of(line));
			continue;
		}
		if (*line->label)
			html_words(html, "%s: ", line->label);
		html_report_text(html, line->text);
	}
}

bool html_told_failed(const struct html_page *page)
{
	for (size_t i = 0; i < page->told.count; i++)
		if (page->told.lines[i].failed)
			return true;
	return false;
}

/* ---- dials ---- */

static void write_attempts(struct html_page *page, const struct trace_dial *dial)
{
	struct html *html = &page->html;

	for (size_t i = 0; i < dial->attempt_count; i++) {
		HTML(html, " ");
		html_link(page, dial->attempts[i]);
	}
	for (size_t i = 0; i < dial->resolver_dial_count; i++) {
		HTML(html, " ");
		html_link(page, dial->resolver_dials[i].established_conn);
	}
}

static void write_dial(struct html_page *page, size_t index)
{
	const struct trace_dial *dial = &page->list->dials[index];
	struct html *html = &page->html;
	struct links dns = links_children(&page->report.index.dns_of_dial, dial->id);

	html_begin_row(page, dial->id, dial->error.size > 0);
	HTML(html, "<td>");
	html_offset(page, dial->begin);
	HTML(html, "<td>");
	html_between(page, dial->begin, dial->end);
	HTML(html, "<td>");
	if (dial->source_ip_version)
		html_address(page, dial->source_ip_version, &dial->source);
	HTML(html, "<td>");
	html_host_port(page, dial->host, dial->port);
	HTML(html, "<td>");
	if (dial->error.size) {
		HTML(html, "<b class=\"bad\">");
		html_text(html, dial->error);
		HTML(html, "</b>");
	} else if (dial->established_conn) {
		HTML(html, "connected: ");
		html_link(page, dial->established_conn);
	}
	HTML(html, "<td>");
	html_words(html, "%s", trace_is_told(dial->seed) ? "Go trace" : trace_evidence_text(dial->host_by));
	HTML(html, "<td>");
	write_attempts(page, dial);
	for (size_t i = 0; i < dns.count && i < HTML_USES; i++) {
		HTML(html, " ");
		html_link(page, page->list->dns_queries[dns.at[i].index].id);
	}
	HTML(html, "<td>");
	html_packets(page, dial->first_packet, dial->last_packet);
	HTML(html, "\n");
}

/* ---- connections ---- */

static void write_ends(struct html_page *page, const struct address_tuple *tuple)
{
	struct html *html = &page->html;

	HTML(html, "<td>");
	html_endpoint(page, tuple->ip_version, &tuple->source, tuple->source_port);
	HTML(html, "<td>");
	html_endpoint(page, tuple->ip_version, &tuple->destination, tuple->destination_port);
}

static void write_amounts(struct html_page *page, uint64_t sent, uint64_t received)
{
	struct html *html = &page->html;

	HTML(html, "<td>");
	html_words(html, "%" PRIu64, sent);
	HTML(html, "<td>");
	html_words(html, "%" PRIu64, received);
}

static void write_protocol(struct html_page *page, struct bytes name)
{
	struct html *html = &page->html;

	if (!name.size)
		return;
	HTML(html, "<i>");
	html_text(html, name);
	HTML(html, "</i> ");
}

static void write_origin(struct html_page *page, trace_id dial, struct packet_ref first, struct packet_ref last)
{
	struct html *html = &page->html;

	HTML(html, "<td>");
	html_link(page, dial);
	HTML(html, "<td>");
	html_packets(page, first, last);
	HTML(html, "\n");
}

static void write_views(struct html_page *page, const struct trace_view *views, size_t count)
{
	struct html *html = &page->html;

	for (size_t i = 0; i < count; i++) {
		HTML(html, "<br>also captured as ");
		html_endpoint(page, views[i].tuple.ip_version, &views[i].tuple.source, views[i].tuple.source_port);
		HTML(html, " → ");
		html_endpoint(page, views[i].tuple.ip_version, &views[i].tuple.destination, views[i].tuple.destination_port);
		HTML(html, " ");
		html_packets(page, views[i].first_packet, views[i].last_packet);
	}
}

static void write_tcp(struct html_page *page, size_t index)
{
	const struct trace_tcp_conn *conn = &page->list->tcp_conns[index];
	struct html *html = &page->html;

	html_forget(page);
	report_tcp_alone(&page->report, conn);
	html_begin_row(page, conn->id, html_told_failed(page));
	HTML(html, "<td>");
	html_offset(page, conn->handshake_begin != NT_TIME_NONE ? conn->handshake_begin : conn->first);
	HTML(html, "<td>");
	html_between(page, conn->first, conn->last);
	write_ends(page, &conn->tuple);
	HTML(html, "<td>");
	write_protocol(page, conn->app_protocol);
	html_cell_told(page, false);
	write_views(page, conn->views, conn->view_count);
	HTML(html, "<td>");
	html_duration(page, conn->rtt_us);
	write_amounts(page, conn->sent_bytes, conn->recv_bytes);
	write_origin(page, conn->from_dial, conn->first_packet, conn->last_packet);
}

static void write_quic(struct html_page *page, const struct trace_quic *quic)
{
	struct html *html = &page->html;
	char version[16];

	if (!quic)
		return;
	HTML(html, "<br>QUIC ");
	html_words(html, "version %s%s%s", quic_version_text(quic->version, version), quic->retry ? ", Retry" : "",
		   quic->answered ? "" : ", not answered");
	for (size_t i = 0; i < quic->close_count; i++) {
		const struct trace_quic_close *close = &quic->closes[i];

		html_words(html, "; CONNECTION_CLOSE by the %s, %s 0x%" PRIx64 " ", close->by_server ? "server" : "client",
			   close->by_application ? "application error" : "error", close->code);
		html_text(html, close->reason);
		HTML(html, " ");
		html_packet(page, close->packet);
	}
}

static void write_udp(struct html_page *page, size_t index)
{
	const struct trace_udp_conn *conn = &page->list->udp_conns[index];
	struct html *html = &page->html;

	html_forget(page);
	report_udp_alone(&page->report, conn);
	html_begin_row(page, conn->id, html_told_failed(page));
	HTML(html, "<td>");
	html_offset(page, conn->create);
	HTML(html, "<td>");
	html_between(page, conn->create, conn->close);
	write_ends(page, &conn->tuple);
	HTML(html, "<td>");
	write_protocol(page, conn->app_protocol);
	html_cell_told(page, false);
	write_quic(page, conn->quic);
	write_views(page, conn->views, conn->view_count);
	write_amounts(page, conn->sent_bytes, conn->recv_bytes);
	write_origin(page, conn->from_dial, conn->first_packet, conn->last_packet);
}

/* ---- look-ups ---- */

/* All messages of the conversation, whichever dial they served. */
static void tell_whole_conversation(struct html_page *page, const struct trace_dns_query *query)
{
	struct report_conversation *conversations = page->report.index.conversations;

	html_forget(page);
	page->report.index.conversations = NULL;
	report_dns(&page->report, query, NULL);
	page->report.index.conversations = conversations;
}

static void write_lookup(struct html_page *page, const struct report_said *line)
{
	struct html *html = &page->html;

	HTML(html, "<li>");
	html_report_text(html, (struct bytes){ line->text.at, line->subject_size });
	HTML(html, " <i>");
	html_report_text(html, outcome_of(line));
	HTML(html, "</i>");
}

static void write_lookups(struct html_page *page)
{
	struct html *html = &page->html;
	size_t shown = page->told.count < HTML_LOOKUPS ? page->told.count : HTML_LOOKUPS;

	HTML(html, "<ul>");
	for (size_t i = 0; i < shown; i++)
		write_lookup(page, &page->told.lines[i]);
	if (shown < page->told.count) {
		HTML(html, "<li>");
		html_words(html, "… and %zu more names", page->told.count - shown);
	}
	HTML(html, "</ul>");
}

static int64_t longest_wait(const struct trace_dns_query *query)
{
	int64_t longest = -1;

	for (size_t i = 0; i < query->message_count; i++)
		if (query->messages[i].latency_us > longest)
			longest = query->messages[i].latency_us;
	return longest;
}

static void write_server(struct html_page *page, const struct trace_dns_query *query)
{
	const struct trace_udp_conn *udp = trace_find_udp_conn(page->list, query->connection);
	const struct trace_tcp_conn *tcp = trace_find_tcp_conn(page->list, query->connection);
	const struct address_tuple *tuple = udp ? &udp->tuple : tcp ? &tcp->tuple : NULL;

	if (tuple)
		html_endpoint(page, tuple->ip_version, &tuple->destination, tuple->destination_port);
}

static void write_dns(struct html_page *page, size_t index)
{
	const struct trace_dns_query *query = &page->list->dns_queries[index];
	static const char *const over[] = {
		[TRACE_OVER_UDP] = "UDP", [TRACE_OVER_TCP] = "TCP", [TRACE_OVER_TLS] = "TLS", [TRACE_OVER_HTTPS] = "HTTPS"
	};
	struct html *html = &page->html;
	size_t last = query->message_count ? query->message_count - 1 : 0;

	tell_whole_conversation(page, query);
	html_begin_row(page, query->id, html_told_failed(page));
	HTML(html, "<td>");
	if (query->message_count)
		html_offset(page, query->messages[0].time);
	HTML(html, "<td>");
	html_duration(page, longest_wait(query));
	HTML(html, "<td>");
	write_lookups(page);
	HTML(html, "<td>");
	write_server(page, query);
	HTML(html, "<td>");
	html_words(html, "%s", over[query->over]);
	HTML(html, "<td>");
	html_words(html, "%zu", query->message_count);
	HTML(html, "<td>");
	html_link(page, query->connection);
	HTML(html, " ");
	html_link(page, query->tls_tunnel);
	HTML(html, "<td>");
	html_link(page, query->from_dial);
	HTML(html, "<td>");
	if (query->message_count)
		html_packets(page, query->messages[0].packet, query->messages[last].packet);
	HTML(html, "\n");
}

/* ---- all of them ---- */

static const struct {
	enum html_kind kind;
	void (*write_row)(struct html_page *page, size_t index); /* of a record of the list */
} tables[] = {
	{ HTML_DIALS, write_dial }, { HTML_HTTP, html_row_http }, { HTML_TLS, html_row_tls },
	{ HTML_DNS, write_dns },    { HTML_TCP, write_tcp },      { HTML_UDP, write_udp },
};

void html_tables(struct html_page *page)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		const enum html_kind kind = tables[i].kind;
		const size_t count = html_record_count(page, kind);

		if (!count)
			continue;
		begin_table(page, kind);
		for (size_t k = 0; k < count; k++)
			if (html_record_is_shown(page, kind, k))
				tables[i].write_row(page, k);
		end_table(page, kind);
	}
}
