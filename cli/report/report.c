/* The readable report: a head, then what happened in the order of time, by dial or connection. */
#include "cli/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum entry_kind { ENTRY_DIAL, ENTRY_TCP, ENTRY_UDP, ENTRY_DNS };

/* Something with a title of its own. */
struct entry {
	nt_time at;
	enum entry_kind kind;
	size_t index; /* in the list of its kind */
};

struct timeline {
	struct entry *entries;
	size_t count, capacity;
	size_t *bare; /* UDP flows that are only counted */
	size_t bare_count;
};

/* ---- what gets a title ---- */

static void add_entry(struct timeline *timeline, nt_time at, enum entry_kind kind, size_t index)
{
	if (timeline->count == timeline->capacity) {
		timeline->capacity = timeline->capacity ? timeline->capacity * 2 : 64;
		timeline->entries = nt_realloc_array(timeline->entries, timeline->capacity, sizeof *timeline->entries);
	}
	timeline->entries[timeline->count++] = (struct entry){ at, kind, index };
}

static bool in_a_dial(const struct report *report, trace_id from_dial)
{
	return !report->output->omit.dials && trace_find_dial(report->list, from_dial);
}

static bool has_children(const struct links *links, trace_id parent)
{
	return links_children(links, parent).count > 0;
}

/* When a connection that was open before the capture is first heard of. */
static nt_time first_exchange(const struct report *report, const struct trace_tcp_conn *conn)
{
	struct links tls = links_children(&report->index.tls_of_conn, conn->id);
	struct links http = links_children(&report->index.http_of_conn, conn->id);
	const struct trace_http_request *request = http.count ? &report->list->http_requests[http.at[0].index] : NULL;

	if (tls.count && report->list->tls_tunnels[tls.at[0].index].handshake_begin != NT_TIME_NONE)
		return report->list->tls_tunnels[tls.at[0].index].handshake_begin;
	if (request && request->req_sent != NT_TIME_NONE)
		return request->req_sent;
	if (request && request->resp_recv != NT_TIME_NONE)
		return request->resp_recv;
	return conn->first;
}

static void add_dials(const struct report *report, struct timeline *timeline)
{
	for (size_t i = 0; !report->output->omit.dials && i < report->list->dial_count; i++)
		add_entry(timeline, report->list->dials[i].begin, ENTRY_DIAL, i);
}

static bool is_carrier(const struct report *report, trace_id conn)
{
	return has_children(&report->index.tls_of_conn, conn) || has_children(&report->index.http_of_conn, conn);
}

static void add_tcp(const struct report *report, struct timeline *timeline)
{
	for (size_t i = 0; i < report->list->tcp_conn_count; i++) {
		const struct trace_tcp_conn *conn = &report->list->tcp_conns[i];

		if (in_a_dial(report, conn->from_dial) || (report->output->omit.tcp && !is_carrier(report, conn->id)))
			continue;
		/* The look-up on it has the title. */
		if (!report->verbose && has_children(&report->index.dns_of_conn, conn->id))
			continue;
		add_entry(timeline, conn->handshake_begin != NT_TIME_NONE ? conn->handshake_begin : first_exchange(report, conn),
			  ENTRY_TCP, i);
	}
}

static void add_dns(const struct report *report, struct timeline *timeline)
{
	for (size_t i = 0; !report->output->omit.dns && i < report->list->dns_query_count; i++) {
		const struct trace_dns_query *query = &report->list->dns_queries[i];

		if (report_dns_has_rest(report, query))
			add_entry(timeline, query->messages[0].time, ENTRY_DNS, i);
	}
}

static void add_udp(const struct report *report, struct timeline *timeline)
{
	timeline->bare = nt_realloc_array(NULL, report->list->udp_conn_count, sizeof *timeline->bare);
	for (size_t i = 0; i < report->list->udp_conn_count; i++) {
		const struct trace_udp_conn *conn = &report->list->udp_conns[i];
		bool is_carrier = has_children(&report->index.tls_of_conn, conn->id);

		if (has_children(&report->index.dns_of_conn, conn->id) || in_a_dial(report, conn->from_dial))
			continue;
		if (is_carrier || (report->verbose && !report->output->omit.udp))
			add_entry(timeline, conn->create, ENTRY_UDP, i);
		else
			timeline->bare[timeline->bare_count++] = i;
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* ---- titles ---- */

static void begin_title(struct report *report, trace_id id, nt_time at)
{
	report_strong(report, true);
	report_begin_title(report, id, at);
}

/* How long a whole bar is. */
static void print_axis(struct report *report)
{
	nt_time begin = report->axis.begin, end = report->axis.end;
	int64_t length;
	char text[TEXT_SIZE];

	if (begin != NT_TIME_NONE && !__builtin_sub_overflow(end, begin, &length) && length >= 10 * NT_MICROSECOND)
		fprintf(report->out, "   %s", text_between(begin, end, text));
}

static void end_title(struct report *report)
{
	report_strong(report, false);
	report_end_subject(report);
	print_axis(report);
	report_end_line(report);
}

static void set_client(struct report *report, uint8_t ip_version, const struct ip_address *address)
{
	report->client_ip_version = ip_version;
	report->client = *address;
}

static void print_address(struct report *report, uint8_t ip_version, const struct ip_address *address)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	fputs(ip_address_text(ip_version, address, text), report->out);
}

static void print_connection_title(struct report *report, const struct entry *entry, trace_id id, const struct address_tuple *tuple)
{
	char to[REPORT_ENDPOINT_SIZE];

	begin_title(report, id, entry->at);
	set_client(report, tuple->ip_version, &tuple->source);
	print_address(report, tuple->ip_version, &tuple->source);
	fprintf(report->out, " -> %s", report_endpoint(tuple->ip_version, &tuple->destination, tuple->destination_port, to));
	end_title(report);
}

static void print_host(struct report *report, const struct trace_dial *dial)
{
	bool is_ip6 = memchr(dial->host.at ? dial->host.at : (const uint8_t *)"", ':', dial->host.size) != NULL;

	fputs(is_ip6 && dial->port ? "[" : "", report->out);
	report_name(report, dial->host);
	fputs(is_ip6 && dial->port ? "]" : "", report->out);
	if (dial->port)
		fprintf(report->out, ":%u", dial->port);
}

static void print_dial_title(struct report *report, const struct trace_dial *dial)
{
	char duration[TEXT_SIZE];

	begin_title(report, dial->id, dial->begin);
	set_client(report, dial->source_ip_version, &dial->source);
	if (dial->source_ip_version) {
		print_address(report, dial->source_ip_version, &dial->source);
		fputs(" -> ", report->out);
	}
	print_host(report, dial);
	report_strong(report, false);
	report->said.failed = dial->error.size > 0;
	report_end_subject(report);
	if (dial->error.size) {
		fputs("   ", report->out);
		if (dial->end != dial->begin) /* else it was given up at a time that is not on the wire */
			report_bad(report, "failed after %s: ", text_between(dial->begin, dial->end, duration));
		else
			report_bad(report, "failed: ");
		report_bad_text(report, dial->error);
	} else {
		print_axis(report);
	}
	report_end_line(report);
}

/* ---- entries ---- */

static void print_dial_dns(struct report *report, const struct trace_dial *dial)
{
	struct links dns = links_children(&report->index.dns_of_dial, dial->id);
	struct links udp = links_children(&report->index.udp_of_dial, dial->id);

	for (size_t i = 0; i < dns.count; i++)
		report_dns(report, &report->list->dns_queries[dns.at[i].index], dial);
	for (size_t i = 0; i < udp.count; i++) {
		const struct trace_udp_conn *conn = &report->list->udp_conns[udp.at[i].index];

		if (report->verbose || !conn->from_resolver)
			report_udp(report, conn, dial->host);
	}
}

static void print_dial_details(struct report *report, const struct trace_dial *dial)
{
	report_begin_more(report);
	fprintf(report->out, "name known by %s", trace_evidence_text(dial->host_by));
	report_count(report, dial->resolver_dial_count, "resolver flow");
	report_count(report, dial->attempt_count, "connection attempt");
	report_end_line(report);
}

static void print_dial(struct report *report, const struct trace_dial *dial)
{
	struct links tcp = links_children(&report->index.tcp_of_dial, dial->id);
	size_t shown = tcp.count > report->children_max ? report->children_max : tcp.count;

	report->axis = report_axis_dial(report, dial);
	print_dial_title(report, dial);
	if (report->verbose)
		print_dial_details(report, dial);
	print_dial_dns(report, dial);
	for (size_t i = 0; i < shown; i++) {
		const struct trace_tcp_conn *conn = &report->list->tcp_conns[tcp.at[i].index];
		bool is_plain_resolver = conn->from_resolver && conn->connected && conn->id != dial->established_conn;

		if (report->verbose || !is_plain_resolver)
			report_tcp(report, conn, dial->host);
	}
	if (shown < tcp.count)
		report_more_hidden(report, tcp.count - shown, "connection");
}

static void print_dns_entry(struct report *report, const struct entry *entry)
{
	const struct trace_dns_query *query = &report->list->dns_queries[entry->index];
	const struct trace_udp_conn *udp = trace_find_udp_conn(report->list, query->connection);
	const struct trace_tcp_conn *tcp = trace_find_tcp_conn(report->list, query->connection);

	report->axis = report_axis_dns(query);
	if (udp) {
		print_connection_title(report, entry, query->id, &udp->tuple);
	} else if (tcp) {
		print_connection_title(report, entry, query->id, &tcp->tuple);
	} else {
		begin_title(report, query->id, entry->at);
		end_title(report);
	}
	report_dns(report, query, NULL);
	if (udp && report->verbose)
		report_udp(report, udp, (struct bytes){ 0 });
}

static void print_entry(struct report *report, const struct entry *entry)
{
	const struct trace_list *list = report->list;

	switch (entry->kind) {
	case ENTRY_DIAL:
		print_dial(report, &list->dials[entry->index]);
		break;
	case ENTRY_TCP:
		report->axis = report_axis_tcp(report, &list->tcp_conns[entry->index]);
		print_connection_title(report, entry, list->tcp_conns[entry->index].id, &list->tcp_conns[entry->index].tuple);
		report_tcp(report, &list->tcp_conns[entry->index], (struct bytes){ 0 });
		break;
	case ENTRY_UDP:
		report->axis = report_axis_udp(report, &list->udp_conns[entry->index]);
		print_connection_title(report, entry, list->udp_conns[entry->index].id, &list->udp_conns[entry->index].tuple);
		report_udp(report, &list->udp_conns[entry->index], (struct bytes){ 0 });
		break;
	case ENTRY_DNS:
		print_dns_entry(report, entry);
		break;
	}
}

/* ---- UDP flows that are only counted ---- */

static int compare_protocols(const void *a, const void *b, void *context)
{
	const struct trace_list *list = context;
	struct bytes x = list->udp_conns[*(const size_t *)a].app_protocol;
	struct bytes y = list->udp_conns[*(const size_t *)b].app_protocol;
	int order =
		memcmp(x.size ? x.at : (const uint8_t *)"", y.size ? y.at : (const uint8_t *)"", x.size < y.size ? x.size : y.size);

	if (order != 0)
		return order;
	return x.size < y.size ? -1 : x.size > y.size;
}

static void print_bare_udp(struct report *report, struct timeline *timeline)
{
	const struct trace_list *list = report->list;
	size_t count = timeline->bare_count, end;

	if (!count || report->output->omit.udp)
		return;
	qsort_r(timeline->bare, count, sizeof *timeline->bare, compare_protocols, (void *)list);
	fprintf(report->out, "and %zu UDP flow%s:", count, report_plural(count));
	for (size_t begin = 0; begin < count; begin = end) {
		struct bytes name = list->udp_conns[timeline->bare[begin]].app_protocol;

		for (end = begin; end < count && bytes_equal(name, list->udp_conns[timeline->bare[end]].app_protocol); end++)
			;
		fprintf(report->out, "%s%zu ", begin ? ", " : " ", end - begin);
		report_text(report, name.size ? name : BYTES("unknown"));
	}
	fputs(" (-v shows them)", report->out);
	report_end_line(report);
}

/* ---- all of it ---- */

void report_timeline(struct report *report)
{
	struct timeline timeline = { 0 };
	size_t shown;

	add_dials(report, &timeline);
	add_tcp(report, &timeline);
	add_udp(report, &timeline);
	add_dns(report, &timeline);
	if (timeline.count)
		qsort(timeline.entries, timeline.count, sizeof *timeline.entries, compare_entries);
	shown = timeline.count > report->entries_max ? report->entries_max : timeline.count;
	for (size_t i = 0; i < shown && !(report->to && ferror(report->to)); i++)
		print_entry(report, &timeline.entries[i]);
	if (shown < timeline.count) {
		fprintf(report->out, "… and %zu more (-v shows all)", timeline.count - shown);
		report_end_line(report);
	}
	print_bare_udp(report, &timeline);
	if (!timeline.count && !timeline.bare_count) {
		fputs("no connections and no look-ups", report->out);
		report_end_line(report);
	}
	free(timeline.entries);
	free(timeline.bare);
}

bool output_report(FILE *out, const struct output *output)
{
	struct report report = {
		.output = output,
		.list = output->list,
		.verbose = output->verbose,
		.many_inputs = output_input_has_packets(output, 1),
		.text_max = output->verbose ? 0 : REPORT_TEXT,
		.entries_max = output->verbose ? SIZE_MAX : REPORT_ENTRIES,
		.children_max = output->verbose ? SIZE_MAX : REPORT_CHILDREN,
	};

	if (!report_open_lines(&report, out))
		return false;
	report_index_build(&report.index, output);
	report_verdict(&report);
	report_head(&report);
	report_end_line(&report);
	report_timeline(&report);
	if (report.verbose)
		report_statistics(&report);
	report_index_clear(&report.index);
	return report_close_lines(&report);
}
