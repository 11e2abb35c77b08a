/* What two traces are compared by: requests, and what did not get as far as one. */
#include "cli/diff/diff_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static struct bytes lower(struct arena *memory, struct bytes text)
{
	struct bytes copy = arena_copy(memory, text);

	for (size_t i = 0; i < copy.size; i++)
		((uint8_t *)copy.at)[i] = (uint8_t)tolower(copy.at[i]);
	if (copy.size > 1 && copy.at[copy.size - 1] == '.')
		copy.size--;
	return copy;
}

static struct bytes address_of(struct arena *memory, const struct address_tuple *tuple)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	return arena_copy(memory, bytes_of(ip_address_text(tuple->ip_version, &tuple->destination, text)));
}

static size_t find(struct bytes text, const char *characters)
{
	const size_t count = strlen(characters);
	size_t at = 0;

	while (at < text.size && !memchr(characters, text.at[at], count))
		at++;
	return at;
}

static struct bytes after(struct bytes text, size_t size)
{
	return size < text.size ? (struct bytes){ text.at + size, text.size - size } : (struct bytes){ 0 };
}

/* "user:***@[2001:db8::1]:8443" */
static void split_authority(struct diff_subject *subject, struct bytes authority, struct arena *memory)
{
	const size_t at_sign = find(authority, "@");
	struct bytes host = at_sign < authority.size ? after(authority, at_sign + 1) : authority, port;
	const bool bracketed = host.size && host.at[0] == '[';
	size_t size;

	if (bracketed)
		host = after(host, 1);
	size = find(host, bracketed ? "]" : ":");
	port = after(host, size + (bracketed ? 2 : 1));
	if (port.size && port.size <= 5) {
		unsigned number = 0;

		for (size_t i = 0; i < port.size && isdigit(port.at[i]); i++)
			number = number * 10 + (unsigned)(port.at[i] - '0');
		subject->port = number <= UINT16_MAX ? (uint16_t)number : 0;
	}
	host.size = size;
	subject->host = lower(memory, host);
}

/* The path alone: what stands behind it may be another one in every run. */
static void split_url(struct diff_subject *subject, const struct trace_http_request *request, struct arena *memory)
{
	const struct bytes url = request->url;
	const size_t colon = find(url, ":/?#");
	const bool absolute = colon + 2 < url.size && memcmp(url.at + colon, "://", 3) == 0;
	struct bytes rest = absolute ? after(url, colon + 3) : url, authority = rest;

	authority.size = find(rest, "/?#");
	if (absolute || request->is_connect)
		split_authority(subject, authority, memory);
	else
		subject->host = lower(memory, request->host);
	if (absolute && !subject->port)
		subject->port = colon == 5 ? 443 : 80;
	if (absolute)
		rest = after(rest, authority.size);
	rest.size = find(rest, "?#");
	if (!request->is_connect)
		subject->path = rest;
}

/* ---- gathering ---- */

struct gathering {
	struct diff_source *source;
	struct arena *memory;
	struct diff_subject *at;
	size_t count, capacity;
	bool *told_tcp, *told_tunnels, *told_udp; /* what a subject has already */
};

static struct diff_subject *add(struct gathering *g, enum diff_kind kind, nt_time at)
{
	if (g->count == g->capacity) {
		g->capacity = g->capacity ? g->capacity * 2 : 16;
		g->at = nt_realloc_array(g->at, g->capacity, sizeof *g->at);
	}
	g->at[g->count] = (struct diff_subject){ .kind = kind, .at = at };
	return &g->at[g->count++];
}

static void take_connection(struct gathering *g, struct diff_subject *subject, trace_id tcp, trace_id udp)
{
	const struct trace_list *list = g->source->list;

	subject->tcp = tcp ? trace_find_tcp_conn(list, tcp) : NULL;
	subject->udp = udp ? trace_find_udp_conn(list, udp) : NULL;
	if (subject->tcp)
		g->told_tcp[subject->tcp - list->tcp_conns] = true;
	if (subject->udp)
		g->told_udp[subject->udp - list->udp_conns] = true;
	if (!subject->dial && (subject->tcp || subject->udp))
		subject->dial = trace_find_dial(list, subject->tcp ? subject->tcp->from_dial : subject->udp->from_dial);
}

static const struct address_tuple *tuple_of(const struct diff_subject *subject)
{
	return subject->tcp ? &subject->tcp->tuple : subject->udp ? &subject->udp->tuple : NULL;
}

/* Without a name, and without a port of its own, what the connection says. */
static void name_by_connection(struct gathering *g, struct diff_subject *subject)
{
	const struct address_tuple *tuple = tuple_of(subject);

	if (!subject->host.size && subject->dial)
		subject->host = lower(g->memory, subject->dial->host);
	if (!subject->host.size && tuple)
		subject->host = address_of(g->memory, tuple);
	if (!subject->port && tuple)
		subject->port = tuple->destination_port;
}

static void tell_tunnel(struct gathering *g, trace_id id)
{
	const struct trace_tls_tunnel *tunnel = id ? trace_find_tls_tunnel(g->source->list, id) : NULL;

	if (tunnel)
		g->told_tunnels[tunnel - g->source->list->tls_tunnels] = true;
}

static void gather_requests(struct gathering *g)
{
	const struct trace_list *list = g->source->list;

	for (size_t i = 0; i < list->http_request_count; i++) {
		const struct trace_http_request *request = &list->http_requests[i];
		struct diff_subject *subject;

		if (request->resp_without_request)
			continue;
		subject = add(g, DIFF_OF_REQUEST, request->req_sent);
		subject->request = request;
		subject->method = request->method;
		split_url(subject, request, g->memory);
		subject->tunnel = request->tls_tunnel ? trace_find_tls_tunnel(list, request->tls_tunnel) : NULL;
		take_connection(g, subject, request->tcp_conn, 0);
		name_by_connection(g, subject);
		tell_tunnel(g, request->tls_tunnel);
		tell_tunnel(g, request->proxy_tls_tunnel);
	}
}

/* Those to name servers belong to what was looked up. */
static bool is_of_resolver(const struct diff_subject *subject)
{
	return (subject->tcp && subject->tcp->from_resolver) || (subject->udp && subject->udp->from_resolver);
}

static void gather_tunnels(struct gathering *g)
{
	const struct trace_list *list = g->source->list;

	for (size_t i = 0; i < list->tls_tunnel_count; i++) {
		const struct trace_tls_tunnel *tunnel = &list->tls_tunnels[i];
		struct diff_subject *subject;

		if (g->told_tunnels[i])
			continue;
		subject = add(g, DIFF_OF_TLS, tunnel->handshake_begin);
		subject->tunnel = tunnel;
		subject->host = lower(g->memory, tunnel->server_name);
		take_connection(g, subject, tunnel->tcp_conn, tunnel->udp_conn);
		name_by_connection(g, subject);
		if (is_of_resolver(subject))
			g->count--;
	}
}

/* The connection that was made, else the last that was tried. */
static trace_id connection_of(const struct trace_dial *dial)
{
	if (dial->established_conn || !dial->attempt_count)
		return dial->established_conn;
	return dial->attempts[dial->attempt_count - 1];
}

static bool is_told(const struct gathering *g, trace_id connection)
{
	const struct trace_list *list = g->source->list;
	const struct trace_tcp_conn *tcp = connection ? trace_find_tcp_conn(list, connection) : NULL;
	const struct trace_udp_conn *udp = connection && !tcp ? trace_find_udp_conn(list, connection) : NULL;

	return (tcp && g->told_tcp[tcp - list->tcp_conns]) || (udp && g->told_udp[udp - list->udp_conns]);
}

static void gather_dials(struct gathering *g)
{
	const struct trace_list *list = g->source->list;

	for (size_t i = 0; i < list->dial_count; i++) {
		const struct trace_dial *dial = &list->dials[i];
		struct diff_subject *subject;

		if (is_told(g, connection_of(dial)))
			continue;
		subject = add(g, DIFF_OF_DIAL, dial->begin);
		subject->dial = dial;
		subject->host = lower(g->memory, dial->host);
		subject->port = dial->port;
		take_connection(g, subject, connection_of(dial), connection_of(dial));
		name_by_connection(g, subject);
	}
}

static void gather_connections(struct gathering *g)
{
	const struct trace_list *list = g->source->list;

	for (size_t i = 0; i < list->tcp_conn_count; i++) {
		const struct trace_tcp_conn *conn = &list->tcp_conns[i];
		struct diff_subject *subject;

		if (conn->from_dial || conn->from_resolver || g->told_tcp[i])
			continue;
		subject = add(g, DIFF_OF_CONNECTION, conn->first);
		take_connection(g, subject, conn->id, 0);
		name_by_connection(g, subject);
	}
}

/* ---- look-ups of no dial ---- */

static int by_name(const void *a, const void *b)
{
	const struct diff_message *x = a, *y = b;
	const int order = dns_compare_names(dns_name_of(x->message), dns_name_of(y->message));

	if (order)
		return order;
	if (x->message->time != y->message->time)
		return x->message->time < y->message->time ? -1 : 1;
	return x->query->id != y->query->id ? (x->query->id < y->query->id ? -1 : 1) : (x->message < y->message ? -1 : 1);
}

/* What hosts call out to their neighbours (mDNS, LLMNR) is no look-up that somebody waits for; what has no name cannot be compared. */
static size_t collect_messages(struct gathering *g, struct diff_message *out)
{
	const struct trace_list *list = g->source->list;
	size_t count = 0;

	for (size_t i = 0; i < list->dns_query_count; i++) {
		const struct trace_dns_query *query = &list->dns_queries[i];
		const struct report_conversation *conversations = g->source->index.conversations;

		for (size_t k = 0; query->kind == TRACE_DNS && k < query->message_count; k++) {
			if ((conversations && conversations[i].owned[k]) || !dns_name_of(&query->messages[k]).size)
				continue;
			if (out)
				out[count] = (struct diff_message){ query, &query->messages[k] };
			count++;
		}
	}
	return count;
}

static void gather_lookups(struct gathering *g)
{
	const size_t count = collect_messages(g, NULL);
	struct diff_message *messages = arena_alloc(g->memory, (count + 1) * sizeof *messages);

	g->source->side->messages = messages;
	collect_messages(g, messages);
	if (count)
		qsort(messages, count, sizeof *messages, by_name);
	for (size_t from = 0, to; from < count; from = to) {
		struct diff_subject *subject = add(g, DIFF_OF_LOOKUP, messages[from].message->time);
		const struct bytes name = dns_name_of(messages[from].message);

		for (to = from + 1; to < count && dns_compare_names(name, dns_name_of(messages[to].message)) == 0;)
			to++;
		subject->host = lower(g->memory, name);
		subject->first_message = from;
		subject->message_count = to - from;
	}
}

/* ---- all of them ---- */

static trace_id first_id(const struct diff_subject *subject)
{
	return subject->request  ? subject->request->id
	       : subject->tunnel ? subject->tunnel->id
	       : subject->dial   ? subject->dial->id
	       : subject->tcp    ? subject->tcp->id
				 : 0;
}

static int by_time(const void *a, const void *b)
{
	const struct diff_subject *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (first_id(x) != first_id(y))
		return first_id(x) < first_id(y) ? -1 : 1;
	return x->first_message < y->first_message ? -1 : 1;
}

static void link_records(struct diff_source *source)
{
	const struct diff_side *side = source->side;
	size_t count = 0;

	for (size_t i = 0; i < side->subject_count; i++)
		count += 5 + (side->subjects[i].dial ? side->subjects[i].dial->attempt_count : 0);
	links_reserve(&source->subject_of, count);
	for (size_t i = 0; i < side->subject_count; i++) {
		const struct diff_subject *subject = &side->subjects[i];

		links_add(&source->subject_of, subject->request ? subject->request->id : 0, i);
		links_add(&source->subject_of, subject->tunnel ? subject->tunnel->id : 0, i);
		links_add(&source->subject_of, subject->tcp ? subject->tcp->id : 0, i);
		links_add(&source->subject_of, subject->udp ? subject->udp->id : 0, i);
		links_add(&source->subject_of, subject->dial ? subject->dial->id : 0, i);
		for (size_t k = 0; subject->dial && k < subject->dial->attempt_count; k++)
			links_add(&source->subject_of, subject->dial->attempts[k], i);
	}
	links_sort(&source->subject_of);
}

void diff_find_subjects(struct diff_source *source, struct arena *memory)
{
	const struct trace_list *list = source->list;
	struct gathering g = { .source = source, .memory = memory };

	g.told_tcp = nt_zalloc(list->tcp_conn_count + 1);
	g.told_udp = nt_zalloc(list->udp_conn_count + 1);
	g.told_tunnels = nt_zalloc(list->tls_tunnel_count + 1);
	gather_requests(&g);
	gather_tunnels(&g);
	gather_dials(&g);
	gather_connections(&g);
	gather_lookups(&g);
	if (g.count)
		qsort(g.at, g.count, sizeof *g.at, by_time);
	source->side->subjects = g.at;
	source->side->subject_count = g.count;
	free(g.told_tcp);
	free(g.told_udp);
	free(g.told_tunnels);
	link_records(source);
}
