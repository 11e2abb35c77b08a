#include "correlate/seed_trace.h"

#include "correlate/exchange.h"
#include "correlate/http_secrets.h"
#include "correlate/seed_ids.h"
#include "correlate/seed_values.h"

#include <stdlib.h>
#include <string.h>

/* What a record says of another one: sorted by `from`, what is found first is what was written first. */
struct link {
	trace_id from, to;
	size_t order;
};

struct links {
	struct link *at;
	size_t count, capacity;
};

struct reading {
	const struct correlate_options *options;
	struct limit_hits *hits;
	struct seed_trace *trace;
	struct seed_json_damage *damage;
	struct seed_ids *ids;
	struct arena arena; /* of one record */
	const json_t *root;
	struct links conns_of_dial, conns_of_tunnel;
};

/* ---- links ---- */

static void add_link(struct links *links, trace_id from, trace_id to)
{
	if (!from || !to)
		return;
	if (links->count == links->capacity) {
		links->capacity = links->capacity ? links->capacity * 2 : 64;
		links->at = nt_realloc_array(links->at, links->capacity, sizeof *links->at);
	}
	links->at[links->count] = (struct link){ from, to, links->count };
	links->count++;
}

static int compare_links(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static size_t first_link(const struct links *links, trace_id from)
{
	size_t low = 0, high = links->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links->at[middle].from < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- values ---- */

static struct bytes shortened(struct reading *r, struct bytes text)
{
	if (text.size <= LIMIT_SEED_TEXT)
		return text;
	limit_hit(r->hits, LIMIT_SEED_TEXT_HIT);
	return (struct bytes){ text.at, LIMIT_SEED_TEXT };
}

static struct bytes read_text(struct reading *r, const json_t *object, const char *name)
{
	return shortened(r, seed_json_text(object, name, r->damage));
}

static nt_time read_time(struct reading *r, const json_t *object, const char *name)
{
	nt_time time;

	if (!seed_time(read_text(r, object, name), r->trace->begin, &time))
		seed_json_note_odd(r->damage, name);
	if (time != NT_TIME_NONE && time > r->trace->end)
		r->trace->end = time;
	return time;
}

static uint64_t read_number(struct reading *r, const json_t *object, const char *name, uint64_t most)
{
	return seed_json_number(object, name, most, r->damage);
}

static bool read_bool(struct reading *r, const json_t *object, const char *name)
{
	return seed_json_bool(object, name, r->damage);
}

static trace_id read_reference(struct reading *r, const json_t *object, const char *name, unsigned kinds)
{
	return seed_ids_find(r->ids, read_text(r, object, name), kinds);
}

static struct bytes without_secrets(struct reading *r, struct bytes text)
{
	return r->options->secrets ? text : http_field_without_secrets(&r->arena, text);
}

/* Errors quote URLs. */
static struct bytes read_error(struct reading *r, const json_t *object, const char *name)
{
	return without_secrets(r, read_text(r, object, name));
}

/* "host:port"; whoever dials may have taken it from a URL. */
static struct bytes read_authority(struct reading *r, const json_t *object, const char *name)
{
	struct bytes text = read_text(r, object, name);

	return r->options->secrets ? text : http_authority_without_secrets(&r->arena, text);
}

/* Both are of one version, or the tuple is empty, as of a socket that was never connected. */
static void read_tuple(struct reading *r, const json_t *object, const char *name, struct address_tuple *tuple)
{
	const json_t *from = seed_json_object(object, name, r->damage);
	uint8_t source_version = 0, destination_version = 0;
	bool has_source;

	*tuple = (struct address_tuple){ .ip_version = 4 };
	if (!from)
		return;
	has_source = seed_address(read_text(r, from, "srcIP"), &source_version, &tuple->source);
	if (!seed_address(read_text(r, from, "dstIP"), &destination_version, &tuple->destination)) {
		seed_json_note_odd(r->damage, name);
		return;
	}
	if (has_source && source_version != destination_version)
		tuple->source = (struct ip_address){ { 0 } }; /* "0.0.0.0": connect() failed */
	tuple->ip_version = destination_version;
	tuple->source_port = (uint16_t)read_number(r, from, "srcPort", UINT16_MAX);
	tuple->destination_port = (uint16_t)read_number(r, from, "dstPort", UINT16_MAX);
}

static struct trace_seed seed_of(struct reading *r, const json_t *object)
{
	return (struct trace_seed){ .id = seed_id_number(read_text(r, object, "traceID")),
				    .alone = true,
				    .context_close = NT_TIME_NONE };
}

/* ---- dials ---- */

static const struct trace_resolver_dial *read_resolver_dials(struct reading *r, const json_t *object, size_t *count)
{
	struct seed_json_list list = seed_json_list(object, "resolverDials", r->damage);
	struct trace_resolver_dial *dials = arena_zalloc(&r->arena, (seed_json_list_size(&list) + 1) * sizeof *dials);
	const json_t *from;

	*count = 0;
	while ((from = seed_json_next(&list))) {
		struct trace_resolver_dial *dial = &dials[*count];
		struct bytes host;

		dial->begin = read_time(r, from, "dialBeginAt");
		dial->end = read_time(r, from, "dialEndAt");
		dial->error = read_error(r, from, "dialErr");
		dial->established_conn = read_reference(r, from, "establishedConn", SEED_IDS_CONN);
		if (!seed_host_port(read_text(r, from, "nameserver"), &host, &dial->nameserver_port) ||
		    !seed_address(host, &dial->ip_version, &dial->nameserver)) {
			seed_json_note_odd(r->damage, "nameserver");
			continue;
		}
		++*count;
	}
	return dials;
}

static const struct bytes *read_texts(struct reading *r, const json_t *object, const char *name, size_t *count)
{
	struct seed_json_list list = seed_json_list(object, name, r->damage);
	struct bytes *texts = arena_alloc(&r->arena, (seed_json_list_size(&list) + 1) * sizeof *texts), text;

	for (*count = 0; (text = seed_json_next_text(&list)).at; ++*count)
		texts[*count] = without_secrets(r, shortened(r, text));
	return texts;
}

static const trace_id *attempts_of(struct reading *r, trace_id dial, size_t *count)
{
	const struct links *links = &r->conns_of_dial;
	size_t first = first_link(links, dial), end = first;
	trace_id *ids;

	while (end < links->count && links->at[end].from == dial)
		end++;
	ids = arena_alloc(&r->arena, (end - first + 1) * sizeof *ids);
	for (*count = 0; first + *count < end; ++*count)
		ids[*count] = links->at[first + *count].to;
	return ids;
}

static void read_dial(struct reading *r, const json_t *from, trace_id id)
{
	struct trace_seed seed = seed_of(r, from);
	struct trace_dial dial = { .id = id, .seed = &seed };

	dial.begin = read_time(r, from, "dialBeginAt");
	dial.end = read_time(r, from, "dialEndAt");
	dial.error = read_error(r, from, "dialErr");
	seed_host_port(read_authority(r, from, "dstAddress"), &dial.host, &dial.port);
	dial.resolver_dials = read_resolver_dials(r, from, &dial.resolver_dial_count);
	dial.established_conn = read_reference(r, from, "establishedConn", SEED_IDS_CONN);
	if (!seed_address(read_text(r, from, "sourceIP"), &dial.source_ip_version, &dial.source))
		dial.source_ip_version = 0;
	dial.attempts = attempts_of(r, id, &dial.attempt_count);
	seed.context_close = read_time(r, from, "ctxCloseAt");
	seed.skipped_nameservers = read_texts(r, from, "skippedNameservers", &seed.skipped_nameserver_count);
	seed.error = dial.error;
	trace_list_sink.dial(&r->trace->list, &dial);
}

/* ---- connections ---- */

static const struct conntrack_entry *read_conntrack(struct reading *r, const json_t *object, uint8_t protocol)
{
	const json_t *from = seed_json_object(object, "conntrack", r->damage);
	struct conntrack_entry *entry;
	bool known;

	if (!from)
		return NULL;
	entry = arena_zalloc(&r->arena, sizeof *entry);
	*entry = (struct conntrack_entry){ .kind = CONNTRACK_DUMP,
					   .time = read_time(r, from, "capturedAt"),
					   .protocol = protocol,
					   .status = seed_conntrack_status(read_text(r, from, "status"), &known),
					   .mark = (uint32_t)read_number(r, from, "mark", UINT32_MAX),
					   .has_counters = true,
					   .start = NT_TIME_NONE,
					   .stop = NT_TIME_NONE };
	entry->has_tcp_state = seed_conntrack_tcp_state(read_text(r, from, "tcpState"), &entry->tcp_state);
	read_tuple(r, from, "addrOrig", &entry->original);
	read_tuple(r, from, "addrReply", &entry->reply);
	entry->packets[0] = read_number(r, from, "packetsSent", INT64_MAX);
	entry->packets[1] = read_number(r, from, "packetsRecv", INT64_MAX);
	entry->bytes[0] = read_number(r, from, "bytesSent", INT64_MAX);
	entry->bytes[1] = read_number(r, from, "bytesRecv", INT64_MAX);
	if (!known)
		seed_json_note_odd(r->damage, "status");
	return entry;
}

static bool socket_op_type(struct bytes text, enum trace_socket_op_type *type)
{
	for (int i = TRACE_SOCKET_READ; i <= TRACE_SOCKET_WRITE_TO; i++)
		if (bytes_equal(text, bytes_of(trace_socket_op_type_text((enum trace_socket_op_type)i)))) {
			*type = (enum trace_socket_op_type)i;
			return true;
		}
	return false;
}

static void read_socket_trace(struct reading *r, const json_t *object, struct trace_seed *seed)
{
	const json_t *holder = seed_json_object(object, "socketTrace", r->damage), *from;
	struct seed_json_list list = seed_json_list(holder, "socketOps", r->damage);
	struct trace_socket_op *ops = arena_alloc(&r->arena, (seed_json_list_size(&list) + 1) * sizeof *ops);

	while ((from = seed_json_next(&list))) {
		struct trace_socket_op *op = &ops[seed->socket_op_count];

		if (!socket_op_type(read_text(r, from, "type"), &op->type)) {
			seed_json_note_odd(r->damage, "type");
			continue;
		}
		op->call = read_time(r, from, "callAt");
		op->returned = read_time(r, from, "returnAt");
		op->error = read_error(r, from, "returnErr");
		op->remote_address = read_authority(r, from, "remoteAddr");
		op->size = read_number(r, from, "dataLen", INT64_MAX);
		seed->socket_op_count++;
	}
	seed->socket_ops = ops;
}

static nt_time later(nt_time a, nt_time b)
{
	return a > b ? a : b; /* NT_TIME_NONE is the smallest value */
}

static void read_tcp_conn(struct reading *r, const json_t *from, trace_id id)
{
	const struct trace_tcp_side nothing = { .window_scale = -1, .fin = NT_TIME_NONE, .rst = NT_TIME_NONE };
	struct trace_seed seed = seed_of(r, from);
	struct trace_tcp_conn conn = { .id = id,
				       .seed = &seed,
				       .client = nothing,
				       .server = nothing,
				       .rtt_us = -1,
				       .handshake_us = -1,
				       .interface = UINT32_MAX };

	conn.from_dial = read_reference(r, from, "fromDial", SEED_IDS_DIAL);
	conn.from_resolver = read_bool(r, from, "fromResolver");
	conn.handshake_begin = read_time(r, from, "handshakeBeginAt");
	conn.handshake_end = read_time(r, from, "handshakeEndAt");
	conn.connected = read_bool(r, from, "connected");
	conn.close = read_time(r, from, "connCloseAt");
	conn.reused = read_bool(r, from, "reused");
	conn.sent_bytes = read_number(r, from, "totalSentBytes", INT64_MAX);
	conn.recv_bytes = read_number(r, from, "totalRecvBytes", INT64_MAX);
	conn.conntrack = read_conntrack(r, from, IP_PROTOCOL_TCP);
	read_tuple(r, from, "addrTuple", &conn.tuple);
	read_socket_trace(r, from, &seed);
	conn.first = conn.handshake_begin;
	conn.last = later(conn.close, later(conn.handshake_end, conn.handshake_begin));
	trace_list_sink.tcp_conn(&r->trace->list, &conn);
}

static void read_udp_conn(struct reading *r, const json_t *from, trace_id id)
{
	struct trace_seed seed = seed_of(r, from);
	struct trace_udp_conn conn = { .id = id, .seed = &seed, .interface = UINT32_MAX };

	conn.from_dial = read_reference(r, from, "fromDial", SEED_IDS_DIAL);
	conn.from_resolver = read_bool(r, from, "fromResolver");
	conn.create = read_time(r, from, "socketCreateAt");
	conn.close = read_time(r, from, "connCloseAt");
	conn.sent_bytes = read_number(r, from, "totalSentBytes", INT64_MAX);
	conn.recv_bytes = read_number(r, from, "totalRecvBytes", INT64_MAX);
	conn.conntrack = read_conntrack(r, from, IP_PROTOCOL_UDP);
	read_tuple(r, from, "addrTuple", &conn.tuple);
	read_socket_trace(r, from, &seed);
	trace_list_sink.udp_conn(&r->trace->list, &conn);
}

/* ---- DNS ---- */

static uint16_t read_type(struct reading *r, const json_t *object)
{
	return seed_dns_type(read_text(r, object, "type"));
}

static const struct trace_dns_question *read_questions(struct reading *r, const json_t *object, size_t *count)
{
	struct seed_json_list list = seed_json_list(object, "questions", r->damage);
	struct trace_dns_question *questions = arena_alloc(&r->arena, (seed_json_list_size(&list) + 1) * sizeof *questions);
	const json_t *from;

	for (*count = 0; (from = seed_json_next(&list)); ++*count)
		questions[*count] = (struct trace_dns_question){ .name = read_text(r, from, "name"),
								 .type = read_type(r, from),
								 .class = (uint16_t)read_number(r, from, "class", UINT16_MAX) };
	return questions;
}

static const struct trace_dns_answer *read_answers(struct reading *r, const json_t *object, size_t *count)
{
	struct seed_json_list list = seed_json_list(object, "answers", r->damage);
	struct trace_dns_answer *answers = arena_alloc(&r->arena, (seed_json_list_size(&list) + 1) * sizeof *answers);
	const json_t *from;

	for (*count = 0; (from = seed_json_next(&list)); ++*count)
		answers[*count] = (struct trace_dns_answer){ .name = read_text(r, from, "name"),
							     .type = read_type(r, from),
							     .class = (uint16_t)read_number(r, from, "class", UINT16_MAX),
							     .ttl = (uint32_t)read_number(r, from, "ttl", UINT32_MAX),
							     .value = read_text(r, from, "resolvedVal") };
	return answers;
}

static struct trace_dns_message read_message(struct reading *r, const json_t *from, bool is_reply)
{
	struct trace_dns_message message = { .is_reply = is_reply, .told = true, .latency_us = -1 };

	message.time = read_time(r, from, is_reply ? "recvAt" : "sentAt");
	message.id = (uint16_t)read_number(r, from, "id", UINT16_MAX);
	message.truncated = read_bool(r, from, "truncated");
	message.size = (uint32_t)read_number(r, from, "size", UINT32_MAX);
	if (is_reply) {
		message.authoritative = read_bool(r, from, "authoritative");
		message.recursion_available = read_bool(r, from, "recursionAvailable");
		message.rcode = seed_dns_rcode(read_text(r, from, "rCode"));
		message.answers = read_answers(r, from, &message.answer_count);
	} else {
		message.recursion_desired = read_bool(r, from, "recursionDesired");
		message.edns_udp_size = (uint16_t)read_number(r, from, "optUDPPayloadSize", UINT16_MAX);
		message.questions = read_questions(r, from, &message.question_count);
	}
	return message;
}

static int by_time(const void *a, const void *b)
{
	const struct trace_dns_message *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->is_reply != y->is_reply ? (x->is_reply ? 1 : -1) : 0;
}

/*
 * Over TCP the library takes the two bytes of length before a query for its ID: all but the length is read from the wrong place.  The
 * reply, which it reads well, tells the ID.
 */
static void mend_query_over_tcp(struct trace_dns_message *query, struct trace_dns_message *messages, size_t count)
{
	struct trace_dns_message *reply = NULL;

	if (query->size < 2 || query->id != query->size - 2)
		return;
	for (size_t i = 0; i < count; i++)
		if (messages[i].is_reply)
			reply = &messages[i];
	query->size -= 2;
	query->id = reply ? reply->id : 0;
	query->truncated = query->recursion_desired = false;
	query->edns_udp_size = 0;
	query->question_count = 0;
	query->malformed = true;
	if (reply)
		reply->unmatched = false;
}

/* A reply is told without its question: it is that of the last query with its ID. */
static void find_questions(struct trace_dns_message *reply, const struct trace_dns_message *queries, size_t count)
{
	enum { MOST_TRIES = 64 };

	reply->unmatched = true;
	for (size_t i = 0; i < MOST_TRIES && i < count; i++) {
		const struct trace_dns_message *query = &queries[count - 1 - i];

		if (query->id != reply->id)
			continue;
		reply->questions = query->questions;
		reply->question_count = query->question_count;
		reply->unmatched = false;
		return;
	}
}

static void read_dns_query(struct reading *r, const json_t *from, trace_id id)
{
	struct seed_json_list queries = seed_json_list(from, "dnsQueryMsgs", r->damage);
	struct seed_json_list replies = seed_json_list(from, "dnsReplyMsgs", r->damage);
	size_t most = seed_json_list_size(&queries) + seed_json_list_size(&replies);
	struct trace_dns_message *messages = arena_alloc(&r->arena, (most + 1) * sizeof *messages);
	struct trace_seed seed = seed_of(r, from);
	struct trace_dns_query query = { .id = id, .seed = &seed, .messages = messages };
	const json_t *message;
	size_t query_count;

	query.from_dial = read_reference(r, from, "fromDial", SEED_IDS_DIAL);
	query.connection = read_reference(r, from, "connection", SEED_IDS_CONN);
	if (seed_ids_find(r->ids, read_text(r, from, "connection"), SEED_IDS_TCP))
		query.over = TRACE_OVER_TCP;
	while ((message = seed_json_next(&queries)))
		messages[query.message_count++] = read_message(r, message, false);
	query_count = query.message_count;
	while ((message = seed_json_next(&replies))) {
		messages[query.message_count] = read_message(r, message, true);
		find_questions(&messages[query.message_count++], messages, query_count);
	}
	for (size_t i = 0; query.over == TRACE_OVER_TCP && i < query_count; i++)
		mend_query_over_tcp(&messages[i], messages, query.message_count);
	qsort(messages, query.message_count, sizeof *messages, by_time);
	trace_list_sink.dns_query(&r->trace->list, &query);
}

/* ---- TLS ---- */

static const struct trace_certificate *read_certificates(struct reading *r, const json_t *object, size_t *count)
{
	struct seed_json_list list = seed_json_list(object, "peerCerts", r->damage);
	struct trace_certificate *certificates = arena_zalloc(&r->arena, (seed_json_list_size(&list) + 1) * sizeof *certificates);
	const json_t *from;

	for (*count = 0; (from = seed_json_next(&list)); ++*count) {
		struct trace_certificate *certificate = &certificates[*count];

		certificate->subject = read_text(r, from, "subject");
		certificate->issuer = read_text(r, from, "issuer");
		certificate->is_ca = read_bool(r, from, "isCA");
		if (!seed_date(read_text(r, from, "notBefore"), &certificate->not_before_s))
			seed_json_note_odd(r->damage, "notBefore");
		if (!seed_date(read_text(r, from, "notAfter"), &certificate->not_after_s))
			seed_json_note_odd(r->damage, "notAfter");
	}
	return certificates;
}

/* After a failure the library leaves out the connection; the request whose tunnel it is has it. */
static trace_id conn_of_tunnel(const struct reading *r, trace_id tunnel)
{
	const struct links *links = &r->conns_of_tunnel;
	size_t first = first_link(links, tunnel);

	return first < links->count && links->at[first].from == tunnel ? links->at[first].to : 0;
}

static void read_tls_tunnel(struct reading *r, const json_t *from, trace_id id)
{
	struct trace_seed seed = seed_of(r, from);
	struct trace_tls_tunnel tunnel = { .id = id, .seed = &seed, .handshake_us = -1, .client_hello = true };

	tunnel.tcp_conn = read_reference(r, from, "tcpConn", SEED_IDS_TCP);
	if (!tunnel.tcp_conn)
		tunnel.tcp_conn = conn_of_tunnel(r, id);
	tunnel.handshake_begin = read_time(r, from, "handshakeBeginAt");
	tunnel.handshake_end = read_time(r, from, "handshakeEndAt");
	tunnel.error = read_error(r, from, "handshakeErr");
	tunnel.did_resume = read_bool(r, from, "didResume");
	tunnel.certificates = read_certificates(r, from, &tunnel.certificate_count);
	tunnel.cipher_suite = (uint16_t)read_number(r, from, "cipherSuite", UINT16_MAX);
	tunnel.negotiated_protocol = read_text(r, from, "negotiatedProto");
	tunnel.server_name = read_text(r, from, "serverName");
	tunnel.done = !tunnel.error.size && tunnel.handshake_end != NT_TIME_NONE;
	tunnel.server_hello = tunnel.cipher_suite != 0;
	seed.error = tunnel.error;
	trace_list_sink.tls_tunnel(&r->trace->list, &tunnel);
}

/* ---- HTTP ---- */

/* What --headers lets be seen; of values that the library did not keep it has the length. */
static const struct trace_http_field *read_fields(struct reading *r, const json_t *object, const char *name, size_t *count)
{
	struct seed_json_list list = seed_json_list(object, name, r->damage);
	struct trace_http_field *fields = arena_alloc(&r->arena, (seed_json_list_size(&list) + 1) * sizeof *fields);
	const json_t *from;

	*count = 0;
	while ((from = seed_json_next(&list)) && *count < LIMIT_HTTP_FIELDS) {
		const struct http1_field field = { read_text(r, from, "fieldName"), read_text(r, from, "fieldVal") };
		uint64_t size = read_number(r, from, "fieldValLen", UINT32_MAX);
		size_t kept;
		const struct trace_http_field *shown = exchange_keep_fields(r->options, &r->arena, &field, 1, &kept);

		if (!kept)
			continue;
		fields[*count] = *shown;
		if (r->options->headers >= CORRELATE_HEADERS_LENGTHS && size)
			fields[*count].value_size = (uint32_t)size;
		++*count;
	}
	if (from)
		limit_hit(r->hits, LIMIT_HTTP_FIELDS_HIT);
	return fields;
}

/* "scheme://host:port" without "user:password@". */
static struct bytes read_proxy(struct reading *r, const json_t *object)
{
	struct bytes url = read_text(r, object, "networkProxy");
	const uint8_t *colon = url.size ? memmem(url.at, url.size, "://", 3) : NULL;
	const uint8_t *at = url.size ? memrchr(url.at, '@', url.size) : NULL;
	uint8_t *copy;
	size_t before, after;

	if (url.size && !colon) {
		seed_json_note_odd(r->damage, "networkProxy");
		return (struct bytes){ NULL, 0 };
	}
	if (!at || at < colon)
		return url;
	before = (size_t)(colon + 3 - url.at);
	after = url.size - (size_t)(at + 1 - url.at);
	copy = arena_alloc(&r->arena, before + after);
	memcpy(copy, url.at, before);
	memcpy(copy + before, at + 1, after);
	return (struct bytes){ copy, before + after };
}

/* The host of an absolute URL, without a port. */
static struct bytes host_of(struct bytes url)
{
	const uint8_t *colon = url.size ? memmem(url.at, url.size, "://", 3) : NULL, *end, *at;
	struct bytes host;
	uint16_t port;

	if (!colon)
		return (struct bytes){ NULL, 0 };
	url.size -= (size_t)(colon + 3 - url.at);
	url.at = colon + 3;
	for (end = url.at; end < url.at + url.size && !memchr("/?#", *end, 3); end++)
		;
	url.size = (size_t)(end - url.at);
	at = url.size ? memrchr(url.at, '@', url.size) : NULL;
	if (at)
		url = (struct bytes){ at + 1, (size_t)(end - at - 1) };
	seed_host_port(url, &host, &port);
	return host;
}

static void read_http_request(struct reading *r, const json_t *from, trace_id id)
{
	const struct trace_http_timing unknown = { -1, -1, -1, -1, -1, -1, -1, -1, -1 };
	struct trace_seed seed = seed_of(r, from);
	struct trace_http_request request = { .id = id,
					      .seed = &seed,
					      .timing = unknown,
					      .req_complete = true,
					      .req_end = NT_TIME_NONE,
					      .resp_begin = NT_TIME_NONE,
					      .resp_end = NT_TIME_NONE };

	request.tcp_conn = read_reference(r, from, "tcpConn", SEED_IDS_TCP);
	request.tls_tunnel = read_reference(r, from, "tlsTunnel", SEED_IDS_TLS);
	request.proxy_tls_tunnel = read_reference(r, from, "proxyTLSTunnel", SEED_IDS_TLS);
	request.proto_major = (uint8_t)read_number(r, from, "protoMajor", UINT8_MAX);
	request.proto_minor = (uint8_t)read_number(r, from, "protoMinor", UINT8_MAX);
	request.network_proxy = read_proxy(r, from);
	request.req_sent = read_time(r, from, "reqSentAt");
	request.method = read_text(r, from, "reqMethod");
	request.url = read_error(r, from, "reqURL");
	request.host = host_of(request.url);
	request.req_fields = read_fields(r, from, "reqHeader", &request.req_field_count);
	request.req_content_size = read_number(r, from, "reqContentLen", INT64_MAX);
	request.error = read_error(r, from, "reqError");
	request.resp_recv = read_time(r, from, "respRecvAt");
	request.status = (uint16_t)read_number(r, from, "respStatusCode", UINT16_MAX);
	request.resp_fields = read_fields(r, from, "respHeader", &request.resp_field_count);
	request.resp_content_size = read_number(r, from, "RespContentLen", INT64_MAX);
	request.resp_complete = request.status != 0;
	seed.error = request.error;
	trace_list_sink.http_request(&r->trace->list, &request);
}

/* ---- the whole ---- */

static const struct {
	const char *name;
	unsigned kind;
	void (*read)(struct reading *r, const json_t *from, trace_id id);
} lists[] = {
	{ "dials", SEED_IDS_DIAL, read_dial },           { "tcpConns", SEED_IDS_TCP, read_tcp_conn },
	{ "udpConns", SEED_IDS_UDP, read_udp_conn },     { "dnsQueries", SEED_IDS_DNS, read_dns_query },
	{ "tlsTunnels", SEED_IDS_TLS, read_tls_tunnel }, { "httpRequests", SEED_IDS_HTTP, read_http_request },
};

enum { LIST_COUNT = sizeof lists / sizeof *lists };

static bool is_trace(const json_t *root)
{
	if (json_object_get(root, "traceBeginAt"))
		return true;
	for (size_t i = 0; i < LIST_COUNT; i++)
		if (json_is_array(json_object_get(root, lists[i].name)))
			return true;
	return false;
}

static void collect_ids(struct reading *r)
{
	for (size_t i = 0; i < LIST_COUNT; i++) {
		struct seed_json_list list = seed_json_list(r->root, lists[i].name, r->damage);
		const json_t *from;

		while ((from = seed_json_next(&list)))
			seed_ids_add(r->ids, from, read_text(r, from, "traceID"), lists[i].kind);
	}
	r->trace->last_id = seed_ids_assign(r->ids);
}

static void collect_links(struct reading *r)
{
	struct seed_json_damage counted = { 0 };
	struct seed_json_list conns = seed_json_list(r->root, "tcpConns", &counted);
	struct seed_json_list requests = seed_json_list(r->root, "httpRequests", &counted);
	const json_t *from;

	while ((from = seed_json_next(&conns)))
		if (!json_is_true(json_object_get(from, "fromResolver")))
			add_link(&r->conns_of_dial, read_reference(r, from, "fromDial", SEED_IDS_DIAL), seed_ids_of(r->ids, from));
	while ((from = seed_json_next(&requests))) {
		const trace_id conn = read_reference(r, from, "tcpConn", SEED_IDS_TCP);

		add_link(&r->conns_of_tunnel, read_reference(r, from, "tlsTunnel", SEED_IDS_TLS), conn);
		add_link(&r->conns_of_tunnel, read_reference(r, from, "proxyTLSTunnel", SEED_IDS_TLS), conn);
	}
	if (r->conns_of_dial.count)
		qsort(r->conns_of_dial.at, r->conns_of_dial.count, sizeof(struct link), compare_links);
	if (r->conns_of_tunnel.count)
		qsort(r->conns_of_tunnel.at, r->conns_of_tunnel.count, sizeof(struct link), compare_links);
}

static void read_records(struct reading *r)
{
	for (size_t i = 0; i < LIST_COUNT; i++) {
		/* What is odd in a list was counted when the IDs were collected. */
		struct seed_json_damage counted = { 0 };
		struct seed_json_list list = seed_json_list(r->root, lists[i].name, &counted);
		const json_t *from;

		while ((from = seed_json_next(&list))) {
			lists[i].read(r, from, seed_ids_of(r->ids, from));
			arena_clear(&r->arena);
		}
	}
	trace_list_sort(&r->trace->list);
}

static void read_trace(struct seed_traces *traces, const json_t *root, const struct correlate_options *options,
		       struct limit_hits *hits)
{
	struct seed_trace *trace = &traces->at[traces->count++];
	struct reading r = {
		.options = options, .hits = hits, .trace = trace, .damage = &traces->damage, .ids = seed_ids_new(), .root = root
	};
	struct bytes begin = seed_json_text(root, "traceBeginAt", &traces->damage);

	*trace = (struct seed_trace){ .end = NT_TIME_NONE, .list.hits = hits };
	trace->has_clock = begin.size && seed_time(begin, NT_TIME_NONE, &trace->begin) && trace->begin > 0;
	if (!trace->has_clock)
		trace->begin = 0;
	read_time(&r, root, "traceEndAt");
	collect_ids(&r);
	collect_links(&r);
	read_records(&r);
	if (trace->end < trace->begin)
		trace->end = trace->begin;
	seed_ids_free(r.ids);
	free(r.conns_of_dial.at);
	free(r.conns_of_tunnel.at);
	arena_free(&r.arena);
}

static bool has_room(struct seed_traces *traces, struct limit_hits *hits)
{
	if (traces->count == LIMIT_SEED_TRACES) {
		limit_hit(hits, LIMIT_SEED_TRACES_HIT);
		return false;
	}
	traces->at = nt_realloc_array(traces->at, traces->count + 1, sizeof *traces->at);
	return true;
}

/* A trace, or an array of them. */
static void read_value(struct seed_traces *traces, const json_t *value, const struct correlate_options *options,
		       struct limit_hits *hits)
{
	if (is_trace(value) && has_room(traces, hits))
		read_trace(traces, value, options, hits);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (is_trace(json_array_get(value, i)) && has_room(traces, hits))
			read_trace(traces, json_array_get(value, i), options, hits);
}

static size_t skip_space(struct bytes text, size_t at)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf }; /* U+FEFF, which some editors write first */

	if (at == 0 && text.size > sizeof mark && memcmp(text.at, mark, sizeof mark) == 0)
		at = sizeof mark;
	while (at < text.size && memchr(" \t\r\n", text.at[at], 4))
		at++;
	return at;
}

bool seed_trace_looks_like(struct bytes first)
{
	size_t at = skip_space(first, 0);

	if (at == first.size || (first.at[at] != '{' && first.at[at] != '['))
		return false;
	at = skip_space(first, at + 1);
	return at < first.size && memchr("\"{}]", first.at[at], 4);
}

enum nt_status seed_traces_read(struct seed_traces *out, struct bytes text, const struct correlate_options *options,
				struct limit_hits *hits, struct nt_error *error)
{
	size_t at = skip_space(text, 0);
	bool any = false;

	*out = (struct seed_traces){ 0 };
	while (at < text.size && !out->damage.damaged) {
		const struct bytes rest = { text.at + at, text.size - at };
		size_t end;
		json_t *value = seed_json_read(rest, &end, options->hash_seed, &out->damage, hits);

		if (value)
			read_value(out, value, options, hits);
		any |= value != NULL;
		json_decref(value);
		out->damage.byte_offset += out->damage.damaged ? at : 0;
		at = skip_space(text, at + end);
	}
	if (out->count)
		return NT_OK;
	if (any || !out->damage.damaged)
		return nt_fail(error, NT_EFORMAT, "it is JSON, but no trace of the Go library nettrace");
	return nt_fail(error, NT_EDAMAGED, "it is no JSON that can be read: %s (byte %llu)", out->damage.text,
		       (unsigned long long)out->damage.byte_offset);
}

void seed_traces_free(struct seed_traces *traces)
{
	for (size_t i = 0; i < traces->count; i++)
		trace_list_free(&traces->at[i].list);
	free(traces->at);
	*traces = (struct seed_traces){ 0 };
}
