/*
 * Why things failed, as the seed's trace tells it: its error texts are those of Go's standard library.  What it cannot know is left out: it
 * has no packets, so no finding here names one.
 */
#include "correlate/findings.h"
#include "correlate/seed_join.h"
#include "correlate/seed_values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MESSAGE = 600, LONGEST_QUOTE = 160, MOST_CAUSES = 256 };

/* A failure that was told, by which requests that failed because of it are known. */
struct cause {
	struct bytes error;
	size_t finding; /* index */
};

/* An error among the findings of the list, by the records that it is about. */
struct known {
	trace_id trace;
	size_t finding; /* index */
};

struct telling {
	struct trace_list *list;
	struct known *known; /* sorted */
	size_t known_count;
	size_t kept[FINDING_CODE_COUNT];
	uint64_t more[FINDING_CODE_COUNT];
	struct cause causes[MOST_CAUSES];
	size_t cause_count;
};

/* ---- texts ---- */

static bool has(struct bytes text, const char *words)
{
	return text.size && memmem(text.at, text.size, words, strlen(words));
}

struct reason {
	const char *words; /* of Go's text */
	enum finding_code code;
	const char *meaning; /* goes on after the name of the peer */
};

static const struct reason *find_reason(const struct reason *reasons, size_t count, struct bytes text)
{
	for (size_t i = 0; i < count; i++)
		if (has(text, reasons[i].words))
			return &reasons[i];
	return NULL;
}

#define FIND_REASON(reasons, text) find_reason(reasons, sizeof(reasons) / sizeof *(reasons), text)

/* ---- findings ---- */

static void add(struct telling *t, enum finding_code code, nt_time at, trace_id dial, trace_id request, const trace_id *traces,
		size_t trace_count, const char *format, ...) __attribute__((format(printf, 8, 9)));

static void add(struct telling *t, enum finding_code code, nt_time at, trace_id dial, trace_id request, const trace_id *traces,
		size_t trace_count, const char *format, ...)
{
	char message[MAX_MESSAGE];
	va_list args;

	if (t->kept[code] >= LIMIT_FINDINGS) {
		limit_hit(t->list->hits, LIMIT_FINDINGS_HIT);
		t->more[code]++;
		return;
	}
	t->kept[code]++;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	trace_list_sink.finding(t->list, &(struct trace_finding){ .code = code,
								  .severity = FINDING_ERROR,
								  .root_cause = dial || request,
								  .message = bytes_of(message),
								  .traces = traces,
								  .trace_count = trace_count,
								  .at = at,
								  .dial = dial,
								  .request = request });
}

static void note_cause(struct telling *t, struct bytes error, size_t findings_before)
{
	if (t->list->finding_count > findings_before && t->cause_count < MOST_CAUSES)
		t->causes[t->cause_count++] = (struct cause){ error, findings_before };
}

static int quoted_size(struct bytes text)
{
	return (int)(text.size < LONGEST_QUOTE ? text.size : LONGEST_QUOTE);
}

#define QUOTED(text) quoted_size(text), (const char *)(text).at

/* ---- what packets explained ---- */

static int compare_known(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->trace != y->trace)
		return x->trace < y->trace ? -1 : 1;
	return x->finding < y->finding ? -1 : x->finding > y->finding;
}

static void note_known(struct telling *t, trace_id trace, size_t finding, size_t *capacity)
{
	if (t->known_count == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 64;
		t->known = nt_realloc_array(t->known, *capacity, sizeof *t->known);
	}
	t->known[t->known_count++] = (struct known){ trace, finding };
}

static void collect_known(struct telling *t)
{
	size_t capacity = 0;

	for (size_t i = 0; i < t->list->finding_count; i++) {
		const struct trace_finding *finding = &t->list->findings[i];

		if (!finding->root_cause && finding->severity != FINDING_ERROR)
			continue;
		for (size_t k = 0; k < finding->trace_count; k++)
			note_known(t, finding->traces[k], i, &capacity);
		note_known(t, finding->dial, i, &capacity);
		note_known(t, finding->request, i, &capacity);
	}
	if (t->known_count)
		qsort(t->known, t->known_count, sizeof *t->known, compare_known);
}

/* The index of the error that packets prove about one of these records; SIZE_MAX if there is none. */
static size_t find_known(const struct telling *t, trace_id trace)
{
	size_t low = 0, high = t->known_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->known[middle].trace < trace)
			low = middle + 1;
		else
			high = middle;
	}
	return trace && low < t->known_count && t->known[low].trace == trace ? t->known[low].finding : SIZE_MAX;
}

static void add_cause(struct telling *t, struct bytes error, size_t finding)
{
	if (t->cause_count < MOST_CAUSES)
		t->causes[t->cause_count++] = (struct cause){ error, finding };
}

/* ---- lookups ---- */

struct answers {
	bool nxdomain, servfail, refused, nodata, any;
};

static void note_reply(struct answers *answers, const struct trace_dns_message *reply)
{
	answers->any = true;
	answers->nxdomain |= reply->rcode == 3;
	answers->servfail |= reply->rcode == 2;
	answers->refused |= reply->rcode == 5;
	answers->nodata |= reply->rcode == 0 && reply->answer_count == 0;
}

static int by_dial(const void *a, const void *b)
{
	const struct trace_dns_query *const *x = a, *const *y = b;

	return (*x)->from_dial < (*y)->from_dial ? -1 : (*x)->from_dial > (*y)->from_dial;
}

static struct answers answers_to(const struct trace_dns_query *const *queries, size_t count, trace_id dial)
{
	struct answers answers = { 0 };
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (queries[middle]->from_dial < dial)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && queries[low]->from_dial == dial; low++)
		for (size_t i = 0; i < queries[low]->message_count; i++)
			if (queries[low]->messages[i].is_reply)
				note_reply(&answers, &queries[low]->messages[i]);
	return answers;
}

/* Of a dial whose error is one of the resolver; FINDING_CODE_COUNT if its text is none that is known. */
static enum finding_code lookup_code(struct bytes error, const struct answers *answers)
{
	if (has(error, "no such host"))
		return answers->nodata && !answers->nxdomain ? FINDING_DNS_NODATA : FINDING_DNS_NXDOMAIN;
	if (has(error, "server misbehaving"))
		return answers->refused && !answers->servfail ? FINDING_DNS_REFUSED : FINDING_DNS_SERVFAIL;
	if (has(error, "i/o timeout") || has(error, "deadline exceeded"))
		return FINDING_DNS_TIMEOUT;
	if (has(error, "connection refused") || has(error, "unreachable") || has(error, "no route"))
		return FINDING_DNS_SERVER_UNREACHABLE;
	if (has(error, "cannot unmarshal DNS message") || has(error, "invalid"))
		return FINDING_DNS_MALFORMED_REPLY;
	return FINDING_CODE_COUNT;
}

static const char *lookup_meaning(enum finding_code code)
{
	switch (code) {
	case FINDING_DNS_NXDOMAIN:
		return "the name does not exist";
	case FINDING_DNS_NODATA:
		return "the name exists, but has no address";
	case FINDING_DNS_SERVFAIL:
		return "the name server failed";
	case FINDING_DNS_REFUSED:
		return "the name server refused to answer";
	case FINDING_DNS_TIMEOUT:
		return "no fitting reply came in time";
	case FINDING_DNS_SERVER_UNREACHABLE:
		return "the name server cannot be reached";
	default:
		return "the reply cannot be read";
	}
}

/* ---- dials ---- */

static const struct reason dial_reasons[] = {
	{ "connection refused", FINDING_TCP_REFUSED, "was refused" },
	{ "no route to host", FINDING_ICMP_HOST_UNREACHABLE,
	  "failed: the host cannot be reached, as an ICMP error or the lack of an ARP reply told" },
	{ "network is unreachable", FINDING_ICMP_NET_UNREACHABLE,
	  "failed: the network cannot be reached, as a route that is missing or an ICMP error told" },
	{ "permission denied", FINDING_ICMP_ADMIN_PROHIBITED,
	  "is prohibited, by a filter of the device or by one that sent an ICMP error" },
	{ "i/o timeout", FINDING_TCP_TIMEOUT, "got no answer in time" },
	{ "connection timed out", FINDING_TCP_TIMEOUT, "got no answer in time" },
	{ "deadline exceeded", FINDING_TCP_TIMEOUT, "got no answer in time" },
};

/* "198.51.100.41:80" of "dial tcp 198.51.100.41:80: connect: …": the address that failed. */
static struct bytes dialled_address(struct bytes error)
{
	static const char *const before[] = { "dial tcp ", "dial udp " };

	for (int i = 0; i < 2; i++) {
		const uint8_t *at = error.size ? memmem(error.at, error.size, before[i], strlen(before[i])) : NULL;
		const uint8_t *end;

		if (!at)
			continue;
		at += strlen(before[i]);
		error.size -= (size_t)(at - error.at);
		error.at = at;
		end = memmem(error.at, error.size, ": ", 2);
		return (struct bytes){ at, end ? (size_t)(end - at) : 0 };
	}
	return (struct bytes){ NULL, 0 };
}

static void tell_lookup(struct telling *t, const struct trace_dial *dial, const struct answers *answers)
{
	enum finding_code code = lookup_code(dial->seed->error, answers);

	if (code == FINDING_CODE_COUNT)
		return;
	add(t, code, dial->end, dial->id, 0, &dial->id, 1, "The Go trace says that %.*s did not resolve: %s (%.*s).",
	    QUOTED(dial->host), lookup_meaning(code), QUOTED(dial->seed->error));
}

static void tell_attempt(struct telling *t, const struct trace_dial *dial)
{
	const struct reason *reason = FIND_REASON(dial_reasons, dial->seed->error);
	struct bytes address = dialled_address(dial->seed->error);
	trace_id traces[8];
	size_t count = 0;

	if (!reason)
		return;
	traces[count++] = dial->id;
	for (size_t i = 0; i < dial->attempt_count && count < sizeof traces / sizeof *traces; i++)
		traces[count++] = dial->attempts[i];
	add(t, reason->code, dial->end, dial->id, 0, traces, count, "The Go trace says that connecting to %.*s%s%.*s%s %s (%.*s).",
	    QUOTED(dial->host), address.size ? " (" : "", QUOTED(address), address.size ? ")" : "", reason->meaning,
	    QUOTED(dial->seed->error));
}

static void tell_dial(struct telling *t, const struct trace_dial *dial, const struct trace_dns_query *const *queries, size_t count)
{
	const struct answers answers = answers_to(queries, count, dial->id);
	const size_t before = t->list->finding_count;

	if (has(dial->seed->error, "lookup "))
		tell_lookup(t, dial, &answers);
	else
		tell_attempt(t, dial);
	note_cause(t, dial->seed->error, before);
}

/* ---- TLS ---- */

static const struct reason tls_reasons[] = {
	{ "is not yet valid: current time", FINDING_CODE_COUNT, "" }, /* expired or not: see tls_code() */
	{ "has expired or is not yet valid", FINDING_CODE_COUNT, "" },
	{ "signed by unknown authority", FINDING_TLS_CERT_UNKNOWN_ISSUER,
	  "the client does not trust the issuer of the certificate" },
	{ "certificate is valid for", FINDING_TLS_CERT_NAME_MISMATCH, "the certificate is for other names" },
	{ "not valid for any names", FINDING_TLS_CERT_NAME_MISMATCH, "the certificate is for other names" },
	{ "doesn't contain any IP SANs", FINDING_TLS_CERT_NAME_MISMATCH, "the certificate is for other names" },
	{ "relies on legacy Common Name", FINDING_TLS_CERT_NAME_MISMATCH, "the certificate names no host in a subjectAltName" },
	{ "remote error: tls: protocol version not supported", FINDING_TLS_VERSION_MISMATCH,
	  "the server does not speak the TLS versions that the client offers" },
	{ "unsupported protocol version", FINDING_TLS_VERSION_MISMATCH, "client and server have no TLS version in common" },
	{ "remote error: tls: handshake failure", FINDING_TLS_NO_SHARED_CIPHER,
	  "the server ended it with the alert \"handshake failure\", as servers do that share no cipher suite with the client" },
	{ "remote error: tls: unrecognized name", FINDING_TLS_UNRECOGNIZED_NAME, "the server serves no such name" },
	{ "remote error: tls: no application protocol", FINDING_TLS_ALPN_MISMATCH,
	  "the server speaks none of the application protocols that the client offers" },
	{ "remote error: tls: certificate required", FINDING_TLS_CLIENT_CERT_REQUIRED, "the server demands a client certificate" },
	{ "remote error: tls: bad certificate", FINDING_TLS_CLIENT_CERT_REJECTED,
	  "the server did not accept the client's certificate" },
	{ "remote error: tls: unknown certificate authority", FINDING_TLS_CLIENT_CERT_REJECTED,
	  "the server does not trust the issuer of the client's certificate" },
	{ "remote error: tls:", FINDING_TLS_SERVER_ALERT, "the server ended it with an alert" },
	{ "does not look like a TLS handshake", FINDING_TLS_TO_PLAINTEXT_PORT, "the server does not speak TLS on this port" },
	{ "HTTP response to HTTPS client", FINDING_TLS_TO_PLAINTEXT_PORT, "the server does not speak TLS on this port" },
	{ "TLS handshake timeout", FINDING_TLS_TIMEOUT, "it was not complete in time" },
	{ "i/o timeout", FINDING_TLS_TIMEOUT, "it was not complete in time" },
	{ "deadline exceeded", FINDING_TLS_TIMEOUT, "it was not complete in time" },
	{ "connection reset by peer", FINDING_TLS_RESET_DURING_HANDSHAKE, "the connection was reset" },
	{ "EOF", FINDING_TLS_CLOSED_DURING_HANDSHAKE, "the server closed the connection" },
	{ "x509:", FINDING_TLS_CERT_UNKNOWN_ISSUER, "the client did not accept the certificate" },
};

static bool is_self_signed(const struct trace_tls_tunnel *tunnel)
{
	return tunnel->certificate_count && bytes_equal(tunnel->certificates[0].subject, tunnel->certificates[0].issuer);
}

/* The code and what it means; the latter NULL if the text is none that is known. */
static const char *tls_meaning(const struct trace_tls_tunnel *tunnel, enum finding_code *code)
{
	const struct reason *reason = FIND_REASON(tls_reasons, tunnel->seed->error);

	if (has(tunnel->seed->error, "has expired or is not yet valid")) {
		bool early = has(tunnel->seed->error, " is before ");

		*code = early ? FINDING_TLS_CERT_NOT_YET_VALID : FINDING_TLS_CERT_EXPIRED;
		return early ? "the certificate is not valid yet, by the clock of the device"
			     : "the certificate has expired, by the clock of the device";
	}
	if (!reason)
		return NULL;
	*code = reason->code;
	if (*code != FINDING_TLS_CERT_UNKNOWN_ISSUER || !is_self_signed(tunnel))
		return reason->meaning;
	*code = FINDING_TLS_CERT_SELF_SIGNED;
	return "the certificate is signed by itself";
}

static struct bytes tunnel_peer(const struct telling *t, const struct trace_tls_tunnel *tunnel, char *text)
{
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(t->list, tunnel->tcp_conn);

	if (tunnel->server_name.size)
		return tunnel->server_name;
	if (!conn)
		return BYTES("the server");
	return bytes_of(endpoint_text(conn->tuple.ip_version, &conn->tuple.destination, conn->tuple.destination_port, text));
}

static trace_id dial_of_conn(const struct telling *t, trace_id id)
{
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(t->list, id);

	return conn ? conn->from_dial : 0;
}

static void tell_tunnel(struct telling *t, const struct trace_tls_tunnel *tunnel)
{
	const trace_id traces[] = { tunnel->id, tunnel->tcp_conn };
	char text[ENDPOINT_TEXT_SIZE];
	struct bytes peer = tunnel_peer(t, tunnel, text);
	enum finding_code code;
	const char *meaning = tls_meaning(tunnel, &code);
	const size_t before = t->list->finding_count;

	if (!meaning)
		return;
	add(t, code, tunnel->handshake_end, dial_of_conn(t, tunnel->tcp_conn), 0, traces, tunnel->tcp_conn ? 2 : 1,
	    "The Go trace says that the TLS handshake with %.*s failed: %s (%.*s).", QUOTED(peer), meaning,
	    QUOTED(tunnel->seed->error));
	note_cause(t, tunnel->seed->error, before);
}

/* ---- HTTP ---- */

static const struct reason request_reasons[] = {
	{ "Proxy Authentication Required", FINDING_PROXY_AUTH_REQUIRED, "the proxy wants the client to log in" },
	{ "Bad Gateway", FINDING_PROXY_BAD_GATEWAY, "the proxy could not reach the target" },
	{ "Gateway Timeout", FINDING_PROXY_BAD_GATEWAY, "the proxy could not reach the target" },
	{ "Service Unavailable", FINDING_PROXY_BAD_GATEWAY, "the proxy could not reach the target" },
	{ "Forbidden", FINDING_PROXY_FORBIDDEN, "the proxy does not allow this target" },
	{ "HTTP response to HTTPS client", FINDING_TLS_TO_PLAINTEXT_PORT, "the server does not speak TLS on this port" },
	{ "malformed", FINDING_HTTP_MALFORMED_RESPONSE, "the response is malformed" },
	{ "timeout awaiting response headers", FINDING_HTTP_TIMEOUT, "no answer came in time" },
	{ "Client.Timeout", FINDING_HTTP_TIMEOUT, "no answer came in time" },
	{ "deadline exceeded", FINDING_HTTP_TIMEOUT, "no answer came in time" },
	{ "i/o timeout", FINDING_HTTP_TIMEOUT, "no answer came in time" },
	{ "request canceled", FINDING_CLIENT_ABORTED, "the client gave it up before there was an answer" },
	{ "context canceled", FINDING_CLIENT_ABORTED, "the client gave it up before there was an answer" },
	{ "GOAWAY", FINDING_H2_GOAWAY, "the server closed the HTTP/2 connection" },
	{ "stream error", FINDING_H2_STREAM_RESET, "the HTTP/2 stream was reset" },
	{ "connection reset by peer", FINDING_TCP_RESET_BEFORE_RESPONSE, "the connection was reset before there was an answer" },
	{ "broken pipe", FINDING_TCP_RESET_BEFORE_RESPONSE, "the connection was reset before there was an answer" },
	{ "EOF", FINDING_HTTP_EMPTY_REPLY, "the server closed the connection without an answer" },
	{ "server closed idle connection", FINDING_HTTP_EMPTY_REPLY, "the server closed the connection without an answer" },
};

static void tell_request_error(struct telling *t, const struct trace_http_request *request)
{
	const trace_id traces[] = { request->id, request->tcp_conn };
	const struct reason *reason = FIND_REASON(request_reasons, request->seed->error);

	if (!reason)
		return;
	add(t, reason->code, request->req_sent, 0, request->id, traces, request->tcp_conn ? 2 : 1,
	    "The Go trace says that %.*s %.*s failed: %s (%.*s).", QUOTED(request->method), QUOTED(request->url), reason->meaning,
	    QUOTED(request->seed->error));
}

static void tell_status(struct telling *t, const struct trace_http_request *request)
{
	const trace_id traces[] = { request->id, request->tcp_conn };
	enum finding_code code = request->status >= 500 ? FINDING_HTTP_5XX : FINDING_HTTP_4XX;

	if (request->status == 407)
		code = FINDING_PROXY_AUTH_REQUIRED;
	else if (request->status == 505)
		code = FINDING_HTTP_VERSION_MISMATCH;
	else if (request->status == 511)
		code = FINDING_CAPTIVE_PORTAL;
	add(t, code, request->resp_recv, 0, request->id, traces, request->tcp_conn ? 2 : 1,
	    "The Go trace says that %.*s %.*s was answered %u.", QUOTED(request->method), QUOTED(request->url), request->status);
}

static bool contains(struct bytes text, struct bytes part)
{
	return text.size && part.size && memmem(text.at, text.size, part.at, part.size);
}

/* A request that failed because of its dial or handshake has their error, mostly with some words before it. */
static bool is_explained(struct telling *t, const struct trace_http_request *request)
{
	for (size_t i = 0; i < t->cause_count; i++) {
		struct trace_finding *finding = &t->list->findings[t->causes[i].finding];

		if (!contains(request->seed->error, t->causes[i].error) && !contains(t->causes[i].error, request->seed->error))
			continue;
		if (!finding->root_cause) {
			finding->root_cause = true;
			finding->request = request->id;
		}
		return true;
	}
	return false;
}

/* ---- the whole ---- */

/* What packets prove is told already. */
static void judge_dial(struct telling *t, const struct trace_dial *dial, const struct trace_dns_query *const *queries, size_t count)
{
	size_t known = find_known(t, dial->id);

	for (size_t i = 0; known == SIZE_MAX && i < dial->attempt_count; i++)
		known = find_known(t, dial->attempts[i]);
	if (known == SIZE_MAX)
		tell_dial(t, dial, queries, count);
	else
		add_cause(t, dial->seed->error, known);
}

/* That the client broke a handshake off packets can see; why, only the client knows. */
static void tell_why(struct telling *t, const struct trace_tls_tunnel *tunnel, struct trace_finding *finding)
{
	enum finding_code code;
	const char *meaning = tls_meaning(tunnel, &code);
	char message[MAX_MESSAGE * 2];

	if (finding->code != FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT || !meaning)
		return;
	snprintf(message, sizeof message, "%.*s The Go trace says why: %s (%.*s).", (int)finding->message.size,
		 (const char *)finding->message.at, meaning, QUOTED(tunnel->seed->error));
	finding->code = code;
	finding->message = arena_copy(&t->list->strings, bytes_of(message));
}

static void judge_tunnel(struct telling *t, const struct trace_tls_tunnel *tunnel)
{
	size_t known = find_known(t, tunnel->id);

	if (known == SIZE_MAX)
		known = find_known(t, tunnel->tcp_conn);
	if (known == SIZE_MAX) {
		tell_tunnel(t, tunnel);
		return;
	}
	tell_why(t, tunnel, &t->list->findings[known]);
	add_cause(t, tunnel->seed->error, known);
}

static void judge_request(struct telling *t, const struct trace_http_request *request)
{
	if (find_known(t, request->id) != SIZE_MAX)
		return;
	if (request->seed->alone && request->status >= 400)
		tell_status(t, request);
	else if (request->seed->error.size && find_known(t, request->tcp_conn) == SIZE_MAX && !is_explained(t, request))
		tell_request_error(t, request);
}

static void tell_dials(struct telling *t)
{
	const struct trace_list *list = t->list;
	const struct trace_dns_query **queries = nt_realloc_array(NULL, list->dns_query_count + 1, sizeof *queries);

	for (size_t i = 0; i < list->dns_query_count; i++)
		queries[i] = &list->dns_queries[i];
	if (list->dns_query_count)
		qsort(queries, list->dns_query_count, sizeof *queries, by_dial);
	for (size_t i = 0; i < list->dial_count; i++)
		if (list->dials[i].seed && list->dials[i].seed->error.size)
			judge_dial(t, &list->dials[i], queries, list->dns_query_count);
	free(queries);
}

static void tell_tunnels(struct telling *t)
{
	for (size_t i = 0; i < t->list->tls_tunnel_count; i++)
		if (t->list->tls_tunnels[i].seed && t->list->tls_tunnels[i].seed->error.size)
			judge_tunnel(t, &t->list->tls_tunnels[i]);
}

static void tell_requests(struct telling *t)
{
	for (size_t i = 0; i < t->list->http_request_count; i++)
		if (t->list->http_requests[i].seed)
			judge_request(t, &t->list->http_requests[i]);
}

/* What was only counted is told by the last of its code. */
static void tell_more(struct telling *t)
{
	for (size_t i = t->list->finding_count; i-- > 0;) {
		struct trace_finding *finding = &t->list->findings[i];

		finding->more += t->more[finding->code];
		t->more[finding->code] = 0;
	}
}

struct ordered {
	struct trace_finding finding;
	size_t order;
};

static int by_importance(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->finding.root_cause != y->finding.root_cause)
		return x->finding.root_cause ? -1 : 1;
	if (x->finding.severity != y->finding.severity)
		return x->finding.severity < y->finding.severity ? -1 : 1;
	if (x->finding.at != y->finding.at)
		return x->finding.at < y->finding.at ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void put_in_order(struct trace_list *list)
{
	struct ordered *ordered = nt_realloc_array(NULL, list->finding_count + 1, sizeof *ordered);

	for (size_t i = 0; i < list->finding_count; i++)
		ordered[i] = (struct ordered){ list->findings[i], i };
	qsort(ordered, list->finding_count, sizeof *ordered, by_importance);
	for (size_t i = 0; i < list->finding_count; i++)
		list->findings[i] = ordered[i].finding;
	free(ordered);
}

void seed_findings(struct trace_list *list)
{
	struct telling *t = nt_zalloc(sizeof *t);

	t->list = list;
	collect_known(t);
	tell_dials(t);
	tell_tunnels(t);
	tell_requests(t);
	tell_more(t);
	put_in_order(list);
	free(t->known);
	free(t);
}
