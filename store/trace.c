#include "store/trace.h"

#include "store/hash.h"
#include "store/pairs.h"

#include <stdlib.h>
#include <string.h>

const char *trace_evidence_text(enum trace_evidence evidence)
{
	static const char *const texts[] = {
		[TRACE_BY_NOTHING] = "nothing", [TRACE_BY_SYN] = "syn",
		[TRACE_BY_SYN_ACK] = "syn-ack", [TRACE_BY_TLS_HELLO] = "tls-hello",
		[TRACE_BY_HTTP] = "http",       [TRACE_BY_DNS] = "dns",
		[TRACE_BY_PORT] = "port",       [TRACE_BY_FIRST_PACKET] = "first-packet",
		[TRACE_BY_OPTION] = "option",   [TRACE_BY_ADDRESS] = "address",
	};

	return (size_t)evidence < sizeof texts / sizeof texts[0] ? texts[evidence] : "nothing";
}

const char *trace_close_text(enum trace_close close)
{
	static const char *const texts[] = {
		[TRACE_CLOSE_NONE] = "none",
		[TRACE_CLOSE_FIN] = "fin",
		[TRACE_CLOSE_HALF] = "half-closed",
		[TRACE_CLOSE_RST_CLIENT] = "rst-by-client",
		[TRACE_CLOSE_RST_SERVER] = "rst-by-server",
		[TRACE_CLOSE_REFUSED] = "refused",
		[TRACE_CLOSE_ICMP] = "icmp-error",
		[TRACE_CLOSE_EVICTED] = "evicted",
	};

	return (size_t)close < sizeof texts / sizeof texts[0] ? texts[close] : "none";
}

const char *trace_dns_kind_text(enum trace_dns_kind kind)
{
	static const char *const texts[] = { [TRACE_DNS] = "dns", [TRACE_MDNS] = "mdns", [TRACE_LLMNR] = "llmnr" };

	return (size_t)kind < sizeof texts / sizeof texts[0] ? texts[kind] : "dns";
}

const char *trace_dns_over_text(enum trace_dns_over over)
{
	static const char *const texts[] = {
		[TRACE_OVER_UDP] = "udp", [TRACE_OVER_TCP] = "tcp", [TRACE_OVER_TLS] = "tls", [TRACE_OVER_HTTPS] = "https"
	};

	return (size_t)over < sizeof texts / sizeof texts[0] ? texts[over] : "udp";
}

const char *trace_seed_member_text(enum trace_seed_member member)
{
	static const char *const texts[] = {
#define X(name, text) text,
		TRACE_SEED_MEMBER_LIST(X)
#undef X
	};

	return (size_t)member < sizeof texts / sizeof texts[0] ? texts[member] : "unknown";
}

const char *trace_socket_op_type_text(enum trace_socket_op_type type)
{
	static const char *const texts[] = { [TRACE_SOCKET_READ] = "read",
					     [TRACE_SOCKET_READ_FROM] = "read-from",
					     [TRACE_SOCKET_WRITE] = "write",
					     [TRACE_SOCKET_WRITE_TO] = "write-to" };

	return (size_t)type < sizeof texts / sizeof texts[0] ? texts[type] : "read";
}

/* ---- strings: packed without alignment, and one copy of what was seen a moment ago ---- */

enum { TEXT_BLOCK = 16 * 1024, TEXT_ALONE = TEXT_BLOCK / 8, TEXT_RECENT = 256, TEXT_RECENT_MAX = 256 };

struct trace_texts {
	uint8_t *free;
	size_t left;
	struct bytes recent[TEXT_RECENT]; /* by hash: names, issuers and header fields come again and again */
};

static struct bytes *recent_slot(struct trace_texts *texts, struct bytes text)
{
	/* A slot holds one string, so collisions cost nothing but memory, and there is no seed. */
	return &texts->recent[hash_bytes(0, text.at, text.size) % TEXT_RECENT];
}

static struct bytes pack(struct trace_list *list, struct bytes text)
{
	struct trace_texts *texts = list->texts;
	uint8_t *copy;

	if (text.size >= TEXT_ALONE) {
		copy = arena_alloc(&list->strings, text.size);
	} else {
		if (texts->left < text.size) {
			texts->free = arena_alloc(&list->strings, TEXT_BLOCK);
			texts->left = TEXT_BLOCK;
		}
		copy = texts->free;
		texts->free += text.size;
		texts->left -= text.size;
	}
	memcpy(copy, text.at, text.size);
	return (struct bytes){ copy, text.size };
}

static struct bytes copy_text(struct trace_list *list, struct bytes text)
{
	struct bytes *recent;

	if (text.size == 0)
		return (struct bytes){ NULL, 0 };
	if (!list->texts)
		list->texts = arena_zalloc(&list->strings, sizeof *list->texts);
	if (text.size > TEXT_RECENT_MAX)
		return pack(list, text);
	recent = recent_slot(list->texts, text);
	if (!bytes_equal(*recent, text))
		*recent = pack(list, text);
	return *recent;
}

/* ---- arrays ---- */

static void *copy_array(struct trace_list *list, const void *source, size_t count, size_t size)
{
	if (count == 0)
		return NULL;
	return memcpy(arena_alloc(&list->strings, count * size), source, count * size);
}

static const struct bytes *copy_texts(struct trace_list *list, const struct bytes *source, size_t count)
{
	struct bytes *copy = copy_array(list, source, count, sizeof *copy);

	for (size_t i = 0; i < count; i++)
		copy[i] = copy_text(list, copy[i]);
	return copy;
}

static const struct trace_resolver_dial *copy_resolver_dials(struct trace_list *list, const struct trace_dial *dial)
{
	struct trace_resolver_dial *copy = copy_array(list, dial->resolver_dials, dial->resolver_dial_count, sizeof *copy);

	for (size_t i = 0; i < dial->resolver_dial_count; i++)
		copy[i].error = copy_text(list, copy[i].error);
	return copy;
}

static const struct trace_dns_question *copy_questions(struct trace_list *list, const struct trace_dns_question *source,
						       size_t count)
{
	struct trace_dns_question *copy = copy_array(list, source, count, sizeof *copy);

	for (size_t i = 0; i < count; i++)
		copy[i].name = copy_text(list, copy[i].name);
	return copy;
}

static const struct trace_dns_answer *copy_answers(struct trace_list *list, const struct trace_dns_answer *source, size_t count)
{
	struct trace_dns_answer *copy = copy_array(list, source, count, sizeof *copy);

	for (size_t i = 0; i < count; i++) {
		copy[i].name = copy_text(list, copy[i].name);
		copy[i].value = copy_text(list, copy[i].value);
	}
	return copy;
}

static const struct trace_dns_message *copy_messages(struct trace_list *list, const struct trace_dns_message *source, size_t count)
{
	struct trace_dns_message *copy = copy_array(list, source, count, sizeof *copy);

	for (size_t i = 0; i < count; i++) {
		copy[i].questions = copy_questions(list, copy[i].questions, copy[i].question_count);
		copy[i].answers = copy_answers(list, copy[i].answers, copy[i].answer_count);
	}
	return copy;
}

static const struct trace_certificate *copy_certificates(struct trace_list *list, const struct trace_certificate *source,
							 size_t count)
{
	struct trace_certificate *copy = copy_array(list, source, count, sizeof *copy);

	for (size_t i = 0; i < count; i++) {
		copy[i].subject = copy_text(list, copy[i].subject);
		copy[i].issuer = copy_text(list, copy[i].issuer);
		copy[i].serial = copy_text(list, copy[i].serial);
		copy[i].sha256 = copy_text(list, copy[i].sha256);
		copy[i].key_type = copy_text(list, copy[i].key_type);
		copy[i].names = copy_texts(list, copy[i].names, copy[i].name_count);
	}
	return copy;
}

static const struct trace_http_field *copy_fields(struct trace_list *list, const struct trace_http_field *source, size_t count)
{
	struct trace_http_field *copy = copy_array(list, source, count, sizeof *copy);

	for (size_t i = 0; i < count; i++) {
		copy[i].name = copy_text(list, copy[i].name);
		copy[i].value = copy_text(list, copy[i].value);
	}
	return copy;
}

static const struct trace_seed *copy_seed(struct trace_list *list, const struct trace_seed *source)
{
	struct trace_seed *seed = copy_array(list, source, source != NULL, sizeof *source);
	struct trace_socket_op *ops;

	if (!seed)
		return NULL;
	seed->error = copy_text(list, source->error);
	seed->skipped_nameservers = copy_texts(list, source->skipped_nameservers, source->skipped_nameserver_count);
	ops = copy_array(list, source->socket_ops, source->socket_op_count, sizeof *ops);
	for (size_t i = 0; i < source->socket_op_count; i++) {
		ops[i].error = copy_text(list, ops[i].error);
		ops[i].remote_address = copy_text(list, ops[i].remote_address);
	}
	seed->socket_ops = ops;
	return seed;
}

/* ---- records ---- */

/* `records` with room for one more. */
static void *grow(void *records, size_t *capacity, size_t count, size_t size)
{
	if (count < *capacity)
		return records;
	*capacity += *capacity / 2 + 16;
	return nt_realloc_array(records, *capacity, size);
}

/* Whether one more is kept of a kind of which there are `count`. */
static bool keeps_more(const struct trace_list *list, size_t count)
{
	if (count < LIMIT_RECORDS)
		return true;
	limit_hit(list->hits, LIMIT_RECORDS_HIT);
	return false;
}

static void add_dial(void *context, const struct trace_dial *source)
{
	struct trace_list *list = context;
	struct trace_dial *dial;

	if (!keeps_more(list, list->dial_count))
		return;
	list->dials = grow(list->dials, &list->dial_capacity, list->dial_count, sizeof *list->dials);
	dial = &list->dials[list->dial_count++];
	*dial = *source;
	dial->seed = copy_seed(list, source->seed);
	dial->error = copy_text(list, source->error);
	dial->host = copy_text(list, source->host);
	dial->resolver_dials = copy_resolver_dials(list, source);
	dial->attempts = copy_array(list, source->attempts, source->attempt_count, sizeof *source->attempts);
}

static void add_tcp_conn(void *context, const struct trace_tcp_conn *source)
{
	struct trace_list *list = context;
	struct trace_tcp_conn *conn;

	if (!keeps_more(list, list->tcp_conn_count))
		return;
	list->tcp_conns = grow(list->tcp_conns, &list->tcp_conn_capacity, list->tcp_conn_count, sizeof *list->tcp_conns);
	conn = &list->tcp_conns[list->tcp_conn_count++];
	*conn = *source;
	conn->seed = copy_seed(list, source->seed);
	conn->app_protocol = copy_text(list, source->app_protocol);
	conn->conntrack = copy_array(list, source->conntrack, source->conntrack != NULL, sizeof *source->conntrack);
}

static const struct trace_quic *copy_quic(struct trace_list *list, const struct trace_quic *source)
{
	struct trace_quic *quic = copy_array(list, source, source != NULL, sizeof *source);

	if (!quic)
		return NULL;
	quic->server_versions =
		copy_array(list, source->server_versions, source->server_version_count, sizeof *source->server_versions);
	for (size_t i = 0; i < source->close_count; i++)
		quic->closes[i].reason = copy_text(list, source->closes[i].reason);
	return quic;
}

static void add_udp_conn(void *context, const struct trace_udp_conn *source)
{
	struct trace_list *list = context;
	struct trace_udp_conn *conn;

	if (!keeps_more(list, list->udp_conn_count))
		return;
	list->udp_conns = grow(list->udp_conns, &list->udp_conn_capacity, list->udp_conn_count, sizeof *list->udp_conns);
	conn = &list->udp_conns[list->udp_conn_count++];
	*conn = *source;
	conn->seed = copy_seed(list, source->seed);
	conn->app_protocol = copy_text(list, source->app_protocol);
	conn->conntrack = copy_array(list, source->conntrack, source->conntrack != NULL, sizeof *source->conntrack);
	conn->quic = copy_quic(list, source->quic);
}

static void add_dns_query(void *context, const struct trace_dns_query *source)
{
	struct trace_list *list = context;
	struct trace_dns_query *query;

	if (!keeps_more(list, list->dns_query_count))
		return;
	list->dns_queries = grow(list->dns_queries, &list->dns_query_capacity, list->dns_query_count, sizeof *list->dns_queries);
	query = &list->dns_queries[list->dns_query_count++];
	*query = *source;
	query->seed = copy_seed(list, source->seed);
	query->messages = copy_messages(list, source->messages, source->message_count);
}

static void add_tls_tunnel(void *context, const struct trace_tls_tunnel *source)
{
	struct trace_list *list = context;
	struct trace_tls_tunnel *tunnel;

	if (!keeps_more(list, list->tls_tunnel_count))
		return;
	list->tls_tunnels = grow(list->tls_tunnels, &list->tls_tunnel_capacity, list->tls_tunnel_count, sizeof *list->tls_tunnels);
	tunnel = &list->tls_tunnels[list->tls_tunnel_count++];
	*tunnel = *source;
	tunnel->seed = copy_seed(list, source->seed);
	tunnel->error = copy_text(list, source->error);
	tunnel->certificates = copy_certificates(list, source->certificates, source->certificate_count);
	tunnel->negotiated_protocol = copy_text(list, source->negotiated_protocol);
	tunnel->server_name = copy_text(list, source->server_name);
	tunnel->offered_protocols = copy_texts(list, source->offered_protocols, source->offered_protocol_count);
	tunnel->client_certificates = copy_certificates(list, source->client_certificates, source->client_certificate_count);
	tunnel->alerts = copy_array(list, source->alerts, source->alert_count, sizeof *source->alerts);
	tunnel->ja3 = copy_text(list, source->ja3);
	tunnel->ja4 = copy_text(list, source->ja4);
	tunnel->verification = copy_text(list, source->verification);
	tunnel->verification_detail = copy_text(list, source->verification_detail);
}

static void add_http_request(void *context, const struct trace_http_request *source)
{
	struct trace_list *list = context;
	struct trace_http_request *request;

	if (!keeps_more(list, list->http_request_count))
		return;
	list->http_requests =
		grow(list->http_requests, &list->http_request_capacity, list->http_request_count, sizeof *list->http_requests);
	request = &list->http_requests[list->http_request_count++];
	*request = *source;
	request->seed = copy_seed(list, source->seed);
	request->network_proxy = copy_text(list, source->network_proxy);
	request->method = copy_text(list, source->method);
	request->url = copy_text(list, source->url);
	request->req_fields = copy_fields(list, source->req_fields, source->req_field_count);
	request->error = copy_text(list, source->error);
	request->reason = copy_text(list, source->reason);
	request->resp_fields = copy_fields(list, source->resp_fields, source->resp_field_count);
	request->host = copy_text(list, source->host);
}

static void add_finding(void *context, const struct trace_finding *source)
{
	struct trace_list *list = context;
	struct trace_finding *finding;
	struct finding_packet *packets;

	list->findings = grow(list->findings, &list->finding_capacity, list->finding_count, sizeof *list->findings);
	finding = &list->findings[list->finding_count++];
	*finding = *source;
	finding->message = copy_text(list, source->message);
	finding->traces = copy_array(list, source->traces, source->trace_count, sizeof *source->traces);
	packets = copy_array(list, source->packets, source->packet_count, sizeof *source->packets);
	for (size_t i = 0; i < source->packet_count; i++)
		packets[i].shows = copy_text(list, source->packets[i].shows);
	finding->packets = packets;
}

const struct trace_sink trace_list_sink = {
	.dial = add_dial,
	.tcp_conn = add_tcp_conn,
	.udp_conn = add_udp_conn,
	.dns_query = add_dns_query,
	.tls_tunnel = add_tls_tunnel,
	.http_request = add_http_request,
	.finding = add_finding,
};

/* ---- the list ---- */

/* Every record begins with its id. */
static int compare_ids(const void *a, const void *b)
{
	const trace_id *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* Nearly all records come in the order of their ids: those at the front that do are left where they are. */
static size_t sorted_count(const uint8_t *records, size_t count, size_t size)
{
	size_t sorted = 1;

	while (sorted < count && compare_ids(records + (sorted - 1) * size, records + sorted * size) <= 0)
		sorted++;
	return sorted < count ? sorted : count;
}

/* Puts the record that stands at places[i].index at i, for all of them: along each ring of records that take each other's places. */
static void move_records(uint8_t *records, size_t size, struct pair *places, size_t count)
{
	uint8_t *held = nt_alloc(size);

	for (size_t i = 0; i < count; i++) {
		size_t to = i, from;

		if (places[i].index == i)
			continue;
		memcpy(held, records + i * size, size);
		while ((from = places[to].index) != i) {
			memcpy(records + to * size, records + from * size, size);
			places[to].index = (uint32_t)to;
			to = from;
		}
		memcpy(records + to * size, held, size);
		places[to].index = (uint32_t)to;
	}
	free(held);
}

static void sort(void *records, size_t count, size_t size)
{
	struct pair *places; /* of the ids: records are large, and far from each other */
	uint8_t *at = records;

	if (sorted_count(at, count, size) == count)
		return;
	places = nt_realloc_array(NULL, count, sizeof *places);
	for (size_t i = 0; i < count; i++) {
		memcpy(&places[i].key, at + i * size, sizeof places[i].key);
		places[i].index = (uint32_t)i;
	}
	pairs_sort(places, count);
	move_records(at, size, places, count);
	free(places);
}

void trace_list_sort(struct trace_list *list)
{
	sort(list->dials, list->dial_count, sizeof *list->dials);
	sort(list->tcp_conns, list->tcp_conn_count, sizeof *list->tcp_conns);
	sort(list->udp_conns, list->udp_conn_count, sizeof *list->udp_conns);
	sort(list->dns_queries, list->dns_query_count, sizeof *list->dns_queries);
	sort(list->tls_tunnels, list->tls_tunnel_count, sizeof *list->tls_tunnels);
	sort(list->http_requests, list->http_request_count, sizeof *list->http_requests);
}

static const void *find(const void *records, size_t count, size_t size, trace_id id)
{
	return count ? bsearch(&id, records, count, size, compare_ids) : NULL;
}

const struct trace_dial *trace_find_dial(const struct trace_list *list, trace_id id)
{
	return find(list->dials, list->dial_count, sizeof *list->dials, id);
}

const struct trace_tcp_conn *trace_find_tcp_conn(const struct trace_list *list, trace_id id)
{
	return find(list->tcp_conns, list->tcp_conn_count, sizeof *list->tcp_conns, id);
}

const struct trace_udp_conn *trace_find_udp_conn(const struct trace_list *list, trace_id id)
{
	return find(list->udp_conns, list->udp_conn_count, sizeof *list->udp_conns, id);
}

const struct trace_dns_query *trace_find_dns_query(const struct trace_list *list, trace_id id)
{
	return find(list->dns_queries, list->dns_query_count, sizeof *list->dns_queries, id);
}

const struct trace_tls_tunnel *trace_find_tls_tunnel(const struct trace_list *list, trace_id id)
{
	return find(list->tls_tunnels, list->tls_tunnel_count, sizeof *list->tls_tunnels, id);
}

const struct trace_http_request *trace_find_http_request(const struct trace_list *list, trace_id id)
{
	return find(list->http_requests, list->http_request_count, sizeof *list->http_requests, id);
}

#define GIVE(kind, records, count) \
	for (size_t i = 0; sink->kind && i < list->count; i++) \
	sink->kind(context, &list->records[i])

void trace_list_give(const struct trace_list *list, const struct trace_sink *sink, void *context)
{
	GIVE(dial, dials, dial_count);
	GIVE(tcp_conn, tcp_conns, tcp_conn_count);
	GIVE(udp_conn, udp_conns, udp_conn_count);
	GIVE(dns_query, dns_queries, dns_query_count);
	GIVE(tls_tunnel, tls_tunnels, tls_tunnel_count);
	GIVE(http_request, http_requests, http_request_count);
	GIVE(finding, findings, finding_count);
}

void trace_list_free(struct trace_list *list)
{
	free(list->dials);
	free(list->tcp_conns);
	free(list->udp_conns);
	free(list->dns_queries);
	free(list->tls_tunnels);
	free(list->http_requests);
	free(list->findings);
	arena_free(&list->strings);
	*list = (struct trace_list){ 0 };
}

/* ---- two sinks ---- */

#define TEE(kind, type) \
	static void tee_##kind(void *context, const struct type *record) \
	{ \
		const struct trace_tee *tee = context; \
\
		for (int i = 0; i < 2; i++) \
			if (tee->sinks[i]->kind) \
				tee->sinks[i]->kind(tee->contexts[i], record); \
	}

TEE(dial, trace_dial)
TEE(tcp_conn, trace_tcp_conn)
TEE(udp_conn, trace_udp_conn)
TEE(dns_query, trace_dns_query)
TEE(tls_tunnel, trace_tls_tunnel)
TEE(http_request, trace_http_request)
TEE(finding, trace_finding)

const struct trace_sink trace_tee_sink = { .dial = tee_dial,
					   .tcp_conn = tee_tcp_conn,
					   .udp_conn = tee_udp_conn,
					   .dns_query = tee_dns_query,
					   .tls_tunnel = tee_tls_tunnel,
					   .http_request = tee_http_request,
					   .finding = tee_finding };
