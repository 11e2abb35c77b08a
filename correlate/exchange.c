#include "correlate/exchange.h"

#include "correlate/dials.h"
#include "correlate/doh.h"
#include "correlate/http_history.h"
#include "correlate/http_secrets.h"
#include "correlate/portal.h"
#include "dissect/http/traceparent.h"

#include <stdlib.h>
#include <string.h>

void exchange_adopt(struct exchange_list *list, struct exchange *exchange)
{
	exchange->next = NULL;
	exchange->before = list->last;
	list->served |= exchange->has_request;
	if (list->last)
		list->last->next = exchange;
	else
		list->first = exchange;
	list->last = exchange;
	list->count++;
}

struct exchange *exchange_new(struct exchange_list *list)
{
	struct correlator *c = list->app->c;
	struct exchange *exchange = c->spare_exchanges;
	struct trace_http_request *record;

	if (exchange) {
		struct arena arena = exchange->arena;

		c->spare_exchanges = exchange->next;
		memset(exchange, 0, sizeof *exchange);
		exchange->arena = arena;
	} else {
		exchange = nt_zalloc(sizeof *exchange);
	}
	record = &exchange->record;
	record->id = new_id(c);
	record->tcp_conn = list->app->conn->record.id;
	record->tls_tunnel = list->app->in.tls_tunnel;
	record->proxy_tls_tunnel = list->app->in.proxy_tls_tunnel;
	record->network_proxy = list->app->in.proxy;
	record->req_sent = record->req_end = record->resp_begin = record->resp_recv = record->resp_end = NT_TIME_NONE;
	exchange->circumstances.last_word = NT_TIME_NONE;
	record->proto_major = record->proto_minor = 1;
	exchange_adopt(list, exchange);
	return exchange;
}

void exchanges_free(struct exchange *exchange)
{
	while (exchange) {
		struct exchange *next = exchange->next;

		arena_free(&exchange->arena);
		free(exchange);
		exchange = next;
	}
}

/* ---- heads ---- */

static bool excluded(const struct correlate_options *options, struct bytes name)
{
	for (size_t i = 0; i < options->excluded_header_count; i++)
		if (bytes_equal_nocase(bytes_of(options->excluded_headers[i]), name))
			return true;
	return false;
}

static struct bytes shown_value(const struct correlate_options *options, struct arena *arena, const struct http1_field *field)
{
	if (options->headers != CORRELATE_HEADERS_VALUES || (!options->secrets && http_field_is_secret(field->name)))
		return (struct bytes){ NULL, 0 };
	if (options->secrets)
		return arena_copy(arena, field->value);
	if (bytes_equal_nocase(field->name, BYTES("Host")))
		return arena_copy(arena, http_authority_without_secrets(arena, field->value));
	return arena_copy(arena, http_field_without_secrets(arena, field->value));
}

const struct trace_http_field *exchange_keep_fields(const struct correlate_options *options, struct arena *arena,
						    const struct http1_field *source, size_t source_count, size_t *count)
{
	struct trace_http_field *fields;

	*count = 0;
	if (options->headers == CORRELATE_HEADERS_NONE || source_count == 0)
		return NULL;
	fields = arena_alloc(arena, source_count * sizeof *fields);
	for (size_t i = 0; i < source_count; i++) {
		const struct http1_field *field = &source[i];

		if (excluded(options, field->name))
			continue;
		fields[(*count)++] = (struct trace_http_field){ .name = arena_copy(arena, field->name),
								.value = shown_value(options, arena, field),
								.value_size = options->headers >= CORRELATE_HEADERS_LENGTHS
										      ? (uint32_t)field->value.size
										      : 0 };
	}
	return fields;
}

static const struct http1_field *find_field(const struct http1_field *fields, size_t count, const char *name)
{
	const struct bytes want = bytes_of(name);

	for (size_t i = 0; i < count; i++)
		if (bytes_equal_nocase(fields[i].name, want))
			return &fields[i];
	return NULL;
}

/* A request with several of them has none. */
static struct trace_parent parent_of(const struct exchange_list *list, const struct http1_field *fields, size_t count)
{
	const struct http1_field *field = find_field(fields, count, "traceparent");
	struct trace_parent parent = { 0 };
	struct traceparent read;

	if (!field || find_field(field + 1, count - (size_t)(field + 1 - fields), "traceparent") ||
	    excluded(&list->app->c->options, field->name) || !traceparent_read(field->value, &read))
		return parent;
	parent = (struct trace_parent){ .known = true, .flags = read.flags };
	memcpy(parent.trace_id, read.trace_id, sizeof parent.trace_id);
	memcpy(parent.span_id, read.parent_id, sizeof parent.span_id);
	return parent;
}

/* Blanked as the URL of the request that follows it will be. */
static const char *location_of(const struct exchange_list *list, struct arena *arena, const struct http1_field *fields,
			       size_t count)
{
	const struct http1_field *field = find_field(fields, count, "Location");

	if (!field)
		return NULL;
	return arena_string(arena, list->app->c->options.secrets ? field->value : http_without_secrets(arena, field->value));
}

void exchange_request(struct exchange_list *list, struct exchange *exchange, struct bytes target, const struct http1_field *fields,
		      size_t count)
{
	struct trace_http_request *record = &exchange->record;

	exchange->has_request = true;
	exchange->is_first = !list->served;
	list->served = true;
	exchange->check = portal_check(record);
	exchange->stalled = list->app->conn->stalled;
	http_history_request(list->app->c, list->app->conn, record);
	record->req_fields =
		exchange_keep_fields(&list->app->c->options, &exchange->arena, fields, count, &record->req_field_count);
	record->parent = parent_of(list, fields, count);
	doh_request(list, exchange, target, fields, count);
}

/* Where a proxy says that the answer is its own, and why: NULL if it does not. */
static const struct http1_field *proxy_error(const struct http1_field *fields, size_t count)
{
	const struct http1_field *squid = find_field(fields, count, "X-Squid-Error");
	const struct http1_field *status = find_field(fields, count, "Proxy-Status"); /* RFC 9209 2.1.1 */

	if (!squid && status && status->value.size && memmem(status->value.at, status->value.size, "error=", 6))
		return status;
	return squid;
}

void exchange_response(struct exchange_list *list, struct exchange *exchange, const struct http1_field *fields, size_t count)
{
	struct trace_http_request *record = &exchange->record;
	const struct http1_field *error = proxy_error(fields, count);

	exchange->response_begun = true;
	exchange->body_encoded = find_field(fields, count, "Content-Encoding");
	exchange->location = location_of(list, &exchange->arena, fields, count);
	if (!list->app->c->options.secrets)
		record->reason = http_field_without_secrets(&exchange->arena, record->reason);
	exchange->circumstances.proxy_error = error ? arena_string(&exchange->arena, error->value) : NULL;
	record->resp_fields =
		exchange_keep_fields(&list->app->c->options, &exchange->arena, fields, count, &record->resp_field_count);
	doh_response(exchange, fields, count);
}

void exchange_content(struct exchange *exchange, bool by_server, struct bytes piece)
{
	const struct trace_http_request *record = &exchange->record;
	struct buffer *start = &exchange->body_start;

	doh_content(exchange, by_server, piece);
	if (!by_server || exchange->body_encoded ||
	    !(record->status == 400 || exchange->check || (record->is_connect && record->status > 400)))
		return;
	start->max = 1024;
	buffer_add(start, piece.at, piece.size < start->max - start->size ? piece.size : start->max - start->size);
}

void exchange_end(struct exchange_list *list, struct exchange *exchange)
{
	doh_end(list, exchange);
}

/* ---- the end ---- */

/* Servers that expect TLS say so in the body of their 400: nginx and Apache use these words. */
static bool says_https_expected(const struct buffer *body)
{
	return body->size && (memmem(body->at, body->size, "HTTPS port", 10) || memmem(body->at, body->size, "SSL-enabled", 11) ||
			      memmem(body->at, body->size, "HTTP request to an HTTPS server", 31));
}

/* In the words of resolvers, and of what is written on them: RFC 9209 2.3, Squid, glibc, BSD, Go. */
static bool speaks_of_resolving(struct bytes text)
{
	static const char *const words[] = {
		"dns_error",
		"dns_timeout",
		"ERR_DNS",
		"Name or service not known",
		"No address associated with hostname",
		"nodename nor servname",
		"getaddrinfo",
		"no such host",
		"NXDOMAIN",
		"not resolve",
		"be resolved",
		"not be found in DNS",
		"DNS lookup",
		"DNS error",
		"DNS failure",
		"DNS resolution",
		"determine IP address from host name",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (text.size && memmem(text.at, text.size, words[i], strlen(words[i])))
			return true;
	return false;
}

static void diagnose(struct exchange_list *list, struct exchange *exchange)
{
	struct http_circumstances *circumstances = &exchange->circumstances;
	const struct bytes body = { exchange->body_start.at, exchange->body_start.size };
	struct finding *refusal;

	circumstances->has_request = exchange->has_request;
	circumstances->response_begun = exchange->response_begun;
	circumstances->via_proxy = exchange->record.is_connect || exchange->absolute_form;
	circumstances->says_https_expected = says_https_expected(&exchange->body_start);
	circumstances->server_is_tls = list->server_is_tls;
	circumstances->proxy_lacks_name = speaks_of_resolving(bytes_of(circumstances->proxy_error)) ||
					  (exchange->record.is_connect && speaks_of_resolving(body));
	if (exchange->check)
		circumstances->portal = portal_evidence(exchange->check, &exchange->record, exchange->location, body);
	refusal = diagnose_http(list->app->c, list->app->conn, &exchange->record, circumstances);
	if (!refusal)
		refusal = exchange->told;
	if (exchange->has_request)
		http_history_outcome(list->app->c, list->app->conn, &exchange->record, bytes_of(exchange->location), refusal);
}

/* What a Go client would have said of a request without an answer. */
static void name_error(struct exchange_list *list, struct exchange *exchange)
{
	const struct tcp_conn *conn = list->app->conn;
	struct address_tuple tuple = tcp_tuple(conn);
	char from[ENDPOINT_TEXT_SIZE], to[ENDPOINT_TEXT_SIZE];
	struct ending ending;

	if (exchange->response_begun || !exchange->has_request || conn->client < 0 || !conn->side[!conn->client].seen ||
	    conn->side[!conn->client].counts.lost_bytes)
		return;
	ending = stream_ending(list->app->c, conn, exchange->record.tls_tunnel);
	if ((ending.kind == ENDING_FIN || ending.kind == ENDING_NOTIFIED) && ending.by_server)
		exchange->record.error = BYTES("EOF");
	else if (ending.kind == ENDING_RST && ending.by_server)
		exchange->record.error =
			bytes_of(arena_printf(&exchange->arena, "read tcp %s->%s: read: connection reset by peer",
					      endpoint_text(tuple.ip_version, &tuple.source, tuple.source_port, from),
					      endpoint_text(tuple.ip_version, &tuple.destination, tuple.destination_port, to)));
	else if (ending.kind != ENDING_OPEN && ending.at - exchange->record.req_sent >= TIMEOUT_PATIENCE)
		exchange->record.error = BYTES("net/http: timeout awaiting response headers");
}

static int64_t microseconds(nt_time from, nt_time to)
{
	return from == NT_TIME_NONE || to == NT_TIME_NONE || to < from ? 0 : (to - from) / NT_MICROSECOND;
}

/* Takes the time of stalls out of where they were spent, the transfer first. */
static void take_out_stalls(struct trace_http_timing *timing, int64_t stalled)
{
	int64_t most = timing->server + timing->transfer;
	int64_t in_transfer;

	timing->stalled = stalled < most ? stalled : most;
	in_transfer = timing->stalled < timing->transfer ? timing->stalled : timing->transfer;
	timing->transfer -= in_transfer;
	timing->server -= timing->stalled - in_transfer;
}

/* Directly in a TLS tunnel on TCP: its handshake was made for the first request. */
static bool in_outer_tunnel(const struct app *app)
{
	return app->in.depth == 1 && app->in.tls_tunnel && !app->in.proxy.size;
}

/* The set-up of the connection is put down to the first request on it. */
static void measure_set_up(const struct app *app, struct exchange *exchange)
{
	struct trace_http_timing *timing = &exchange->record.timing;
	const struct tcp_conn *conn = app->conn;
	nt_time begin, dialled;

	if (!(app->in.depth == 0 || in_outer_tunnel(app) || exchange->upgraded) || conn->syn == NT_TIME_NONE ||
	    !conn->record.connected || !exchange->is_first)
		return;
	begin = dials_begin(conn);
	dialled = dials_first_syn(conn) != NT_TIME_NONE ? dials_first_syn(conn) : conn->syn;
	timing->dns = begin == NT_TIME_NONE ? 0 : microseconds(begin, dialled);
	timing->connect = microseconds(dialled, conn->record.handshake_end);
	timing->idle = microseconds(conn->record.handshake_end, exchange->record.req_sent);
	if (in_outer_tunnel(app)) {
		timing->tls = microseconds(app->in.tls_begin, app->in.tls_end);
		timing->idle -= timing->tls < timing->idle ? timing->tls : timing->idle;
	}
}

/* Where the time went: all of it for a request whose response is whole. */
static void measure(struct exchange_list *list, struct exchange *exchange)
{
	struct trace_http_request *record = &exchange->record;
	struct trace_http_timing *timing = &record->timing;
	nt_time asked = record->req_end;

	*timing = (struct trace_http_timing){ .total = -1 };
	if (!exchange->has_request)
		return;
	measure_set_up(list->app, exchange);
	if (!record->resp_complete || record->resp_end == NT_TIME_NONE)
		return;
	if (asked == NT_TIME_NONE || asked > record->resp_begin) /* answered before it was all sent */
		asked = record->resp_begin;
	timing->request = microseconds(record->req_sent, asked);
	timing->server = microseconds(asked, record->resp_begin);
	timing->transfer = microseconds(record->resp_begin, record->resp_end);
	take_out_stalls(timing, (int64_t)(list->app->conn->stalled - exchange->stalled) / NT_MICROSECOND);
	timing->total = timing->dns + timing->connect + timing->tls + timing->idle + timing->request + timing->server +
			timing->transfer + timing->stalled;
}

struct exchange *exchange_take(struct exchange_list *list, struct exchange *exchange)
{
	*(exchange->before ? &exchange->before->next : &list->first) = exchange->next;
	*(exchange->next ? &exchange->next->before : &list->last) = exchange->before;
	list->count--;
	return exchange;
}

void exchange_put_first(struct exchange_list *list, struct exchange *exchange)
{
	if (!exchange->before)
		return;
	exchange_take(list, exchange);
	exchange->before = NULL;
	exchange->next = list->first;
	*(list->first ? &list->first->before : &list->last) = exchange;
	list->first = exchange;
	list->count++;
}

static void hand_on(struct exchange_list *list, struct exchange *exchange)
{
	struct correlator *c = list->app->c;

	exchange->record.req_complete = exchange->request_ended;
	list->app->conn->understood = true;
	measure(list, exchange);
	name_error(list, exchange);
	diagnose(list, exchange);
	if (c->sink->http_request && (exchange->record.method.size || exchange->record.status) &&
	    tcp_is_reported(c, list->app->conn))
		c->sink->http_request(c->context, &exchange->record);
}

void exchange_report(struct exchange_list *list, struct exchange *exchange)
{
	struct correlator *c = list->app->c;

	exchange_take(list, exchange);
	if (list->app->in.refused)
		http_history_forget(c, list->app->conn, exchange->record.id);
	else
		hand_on(list, exchange);
	buffer_free(&exchange->body_start);
	buffer_free(&exchange->dns[0]);
	buffer_free(&exchange->dns[1]);
	arena_clear(&exchange->arena);
	exchange->next = c->spare_exchanges;
	c->spare_exchanges = exchange;
}
