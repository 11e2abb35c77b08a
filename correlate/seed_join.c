#include "correlate/seed_join.h"

#include <stdlib.h>
#include <string.h>

/* The library's clock is that of the packets, but it looks at connections once a second, and keeps sockets open until then. */
static const nt_time slack = 3 * NT_SECOND;
/* A handshake begins, and a response comes, within so much of its packets. */
static const nt_time near = 200 * NT_MILLISECOND;

struct pair {
	trace_id seed, id; /* in the trace, in the list */
};

/* Records of the list by something that several of them may share. */
struct keyed {
	uint8_t key[40];
	size_t index;
	size_t joined; /* of the first with its key: so many from there on need not be looked at again */
};

/* Of those that share a key so many are compared with one record: they come in the same order on both sides. */
enum { MOST_ALIKE = 256 };

struct index {
	struct keyed *at;
	size_t count;
};

struct join {
	struct trace_list *list;
	const struct seed_trace *trace;
	uint32_t input;
	trace_id offset; /* added to the IDs of the trace */
	struct pair *pairs;
	size_t pair_count, sorted_pairs, pair_capacity;
	uint8_t ids[2][UINT16_MAX / 8 + 1]; /* of a DNS conversation: queries, replies; all 0 in between */
	bool *tcp_taken, *udp_taken;        /* connections of the list, by index: one of this trace is theirs */
	struct arena arena;
};

/* ---- pairs ---- */

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return x->seed < y->seed ? -1 : x->seed > y->seed;
}

static void add_pair(struct join *j, trace_id seed, trace_id id)
{
	if (j->pair_count == j->pair_capacity) {
		j->pair_capacity = j->pair_capacity ? j->pair_capacity * 2 : 64;
		j->pairs = nt_realloc_array(j->pairs, j->pair_capacity, sizeof *j->pairs);
	}
	j->pairs[j->pair_count++] = (struct pair){ seed, id };
}

/* Those added from here on are not found before the next call. */
static void sort_pairs(struct join *j)
{
	if (j->pair_count)
		qsort(j->pairs, j->pair_count, sizeof *j->pairs, compare_pairs);
	j->sorted_pairs = j->pair_count;
}

/* The record of the list; 0 if no packet shows it. */
static trace_id paired(const struct join *j, trace_id seed)
{
	const struct pair key = { .seed = seed };
	const struct pair *pair =
		seed && j->sorted_pairs ? bsearch(&key, j->pairs, j->sorted_pairs, sizeof key, compare_pairs) : NULL;

	return pair ? pair->id : 0;
}

/* What a reference of the trace is in the list. */
static trace_id mapped(const struct join *j, trace_id id)
{
	trace_id there = paired(j, id);

	return !id ? 0 : there ? there : id + j->offset;
}

/* ---- indexes ---- */

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int order = memcmp(x->key, y->key, sizeof x->key);

	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static void key_of_tuple(uint8_t key[40], const struct address_tuple *tuple)
{
	memset(key, 0, 40);
	key[0] = tuple->ip_version;
	memcpy(key + 1, tuple->source.bytes, 16);
	memcpy(key + 17, tuple->destination.bytes, 16);
	memcpy(key + 33, &tuple->source_port, 2);
	memcpy(key + 35, &tuple->destination_port, 2);
}

static void key_of_id(uint8_t key[40], trace_id id)
{
	memset(key, 0, 40);
	memcpy(key, &id, sizeof id);
}

static struct index new_index(size_t count)
{
	struct keyed *at = nt_realloc_array(NULL, count + 1, sizeof *at);

	memset(at, 0, (count + 1) * sizeof *at);
	return (struct index){ at, 0 };
}

static void sort_index(struct index *index)
{
	if (index->count)
		qsort(index->at, index->count, sizeof *index->at, compare_keyed);
}

/* The first with this key; index->count if there is none. */
static size_t find_first(const struct index *index, const uint8_t key[40])
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(index->at[middle].key, key, 40) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_key(const struct index *index, size_t at, const uint8_t key[40])
{
	return at < index->count && memcmp(index->at[at].key, key, 40) == 0;
}

/* Whether a record of the list, by index, is joined with one of this trace. */
typedef bool is_joined(const struct join *j, size_t index);

/* The first with this key that is not joined; whether there is one has_key() tells. */
static size_t first_open(struct index *index, const uint8_t key[40], const struct join *j, is_joined *joined)
{
	const size_t first = find_first(index, key);
	size_t at = first;

	if (!has_key(index, first, key))
		return first;
	for (at += index->at[first].joined; has_key(index, at, key) && joined(j, index->at[at].index); at++)
		index->at[first].joined++;
	return at;
}

static nt_time distance(nt_time a, nt_time b)
{
	int64_t between;

	if (a == NT_TIME_NONE || b == NT_TIME_NONE || __builtin_sub_overflow(a, b, &between) || between == INT64_MIN)
		return INT64_MAX;
	return between < 0 ? -between : between;
}

/* ---- what a record of both gets ---- */

/* Marks a record of the list.  What the seed's points to lives as long as the trace, which outlives the list's use. */
static struct trace_seed *mark(struct join *j, const struct trace_seed *of_trace)
{
	struct trace_seed *seed = arena_alloc(&j->list->strings, sizeof *seed);

	*seed = *of_trace;
	seed->input = j->input;
	seed->alone = false;
	if (seed->socket_op_count)
		seed->filled |= 1u << TRACE_SEED_SOCKET_TRACE;
	if (seed->context_close != NT_TIME_NONE)
		seed->filled |= 1u << TRACE_SEED_CONTEXT_CLOSE;
	if (seed->skipped_nameserver_count)
		seed->filled |= 1u << TRACE_SEED_SKIPPED_NAMESERVERS;
	return seed;
}

static void fill_text(struct trace_seed *seed, enum trace_seed_member member, struct bytes *text, struct bytes from)
{
	if (text->size || !from.size)
		return;
	*text = from;
	seed->filled |= 1u << member;
}

static void fill_conntrack(struct trace_seed *seed, const struct conntrack_entry **entry, const struct conntrack_entry *from)
{
	if (*entry || !from)
		return;
	*entry = from;
	seed->filled |= 1u << TRACE_SEED_CONNTRACK;
}

/* ---- connections ---- */

struct life {
	nt_time begin, end;
};

/* A connection as the trace knows it; where its ends are not told it may last as long as the trace. */
static struct life life_in(const struct join *j, nt_time begin, nt_time end)
{
	return (struct life){ begin == NT_TIME_NONE ? j->trace->begin : begin, end == NT_TIME_NONE ? j->trace->end : end };
}

/* Whether one time is later than another by more than the slack. */
static bool is_after(nt_time time, nt_time other)
{
	int64_t between;

	return time > other && (__builtin_sub_overflow(time, other, &between) || between > slack);
}

/* What has no times meets nothing. */
static bool meet(struct life a, struct life b)
{
	if (b.begin == NT_TIME_NONE || b.end == NT_TIME_NONE)
		return false;
	return !is_after(a.begin, b.end) && !is_after(b.begin, a.end);
}

/* Where the addresses are translated on the client itself packets have those behind the translation. */
static bool translated_tuple(const struct conntrack_entry *entry, struct address_tuple *tuple)
{
	if (!entry)
		return false;
	*tuple = (struct address_tuple){ .ip_version = entry->reply.ip_version,
					 .source = entry->reply.destination,
					 .destination = entry->reply.source,
					 .source_port = entry->reply.destination_port,
					 .destination_port = entry->reply.source_port };
	return true;
}

/* A connection of the list, of either transport. */
struct conn {
	trace_id id;
	struct life life;
	const struct trace_seed **seed;
	const struct conntrack_entry **conntrack;
};

static struct conn tcp_conn_at(const struct trace_list *list, size_t index)
{
	struct trace_tcp_conn *conn = &list->tcp_conns[index];

	return (struct conn){ conn->id, { conn->first, conn->last }, &conn->seed, &conn->conntrack };
}

static struct conn udp_conn_at(const struct trace_list *list, size_t index)
{
	struct trace_udp_conn *conn = &list->udp_conns[index];

	return (struct conn){ conn->id, { conn->create, conn->close }, &conn->seed, &conn->conntrack };
}

static bool tcp_is_joined(const struct join *j, size_t index)
{
	return j->tcp_taken[index];
}

static bool udp_is_joined(const struct join *j, size_t index)
{
	return j->udp_taken[index];
}

/* The connections of the list that have one transport. */
struct transport {
	struct index index;
	bool *taken;
	is_joined *joined;
	struct conn (*at)(const struct trace_list *list, size_t index);
};

#define NO_CONN SIZE_MAX

/* The connection of the list, by index, that is not taken yet and began nearest. */
static size_t nearest_conn(struct join *j, struct transport *transport, const struct address_tuple *tuple, struct life life)
{
	struct index *index = &transport->index;
	size_t nearest = NO_CONN;
	uint8_t key[40];

	key_of_tuple(key, tuple);
	for (size_t at = first_open(index, key, j, transport->joined), end = at + MOST_ALIKE; at < end && has_key(index, at, key);
	     at++) {
		const struct life other = transport->at(j->list, index->at[at].index).life;

		if (transport->taken[index->at[at].index] || !meet(life, other))
			continue;
		if (nearest == NO_CONN ||
		    distance(other.begin, life.begin) < distance(transport->at(j->list, nearest).life.begin, life.begin))
			nearest = index->at[at].index;
	}
	return nearest;
}

/* What the trace tells of a connection. */
struct told_conn {
	trace_id id;
	struct life life;
	const struct address_tuple *tuple;
	const struct conntrack_entry *conntrack;
	const struct trace_seed *seed;
};

static void join_conn(struct join *j, struct transport *transport, const struct told_conn *from)
{
	size_t index = nearest_conn(j, transport, from->tuple, from->life);
	struct address_tuple tuple;
	struct trace_seed *seed;
	struct conn conn;

	if (index == NO_CONN && translated_tuple(from->conntrack, &tuple))
		index = nearest_conn(j, transport, &tuple, from->life);
	if (index == NO_CONN)
		return;
	transport->taken[index] = true;
	conn = transport->at(j->list, index);
	add_pair(j, from->id, conn.id);
	if (*conn.seed) /* kept alive from one request to the next, each with a trace of its own */
		return;
	seed = mark(j, from->seed);
	*conn.seed = seed;
	fill_conntrack(seed, conn.conntrack, from->conntrack);
}

static void index_conn(struct transport *transport, const struct address_tuple *tuple)
{
	struct keyed *keyed = &transport->index.at[transport->index.count];

	key_of_tuple(keyed->key, tuple);
	keyed->index = transport->index.count++;
}

static void join_tcp(struct join *j)
{
	const struct trace_list *list = j->list, *from = &j->trace->list;
	struct transport tcp = { new_index(list->tcp_conn_count), j->tcp_taken, tcp_is_joined, tcp_conn_at };

	for (size_t i = 0; i < list->tcp_conn_count; i++)
		index_conn(&tcp, &list->tcp_conns[i].tuple);
	sort_index(&tcp.index);
	for (size_t i = 0; i < from->tcp_conn_count; i++) {
		const struct trace_tcp_conn *conn = &from->tcp_conns[i];

		join_conn(j, &tcp,
			  &(struct told_conn){ conn->id, life_in(j, conn->handshake_begin, conn->close), &conn->tuple,
					       conn->conntrack, conn->seed });
	}
	free(tcp.index.at);
}

static void join_udp(struct join *j)
{
	const struct trace_list *list = j->list, *from = &j->trace->list;
	struct transport udp = { new_index(list->udp_conn_count), j->udp_taken, udp_is_joined, udp_conn_at };

	for (size_t i = 0; i < list->udp_conn_count; i++)
		index_conn(&udp, &list->udp_conns[i].tuple);
	sort_index(&udp.index);
	for (size_t i = 0; i < from->udp_conn_count; i++) {
		const struct trace_udp_conn *conn = &from->udp_conns[i];

		join_conn(j, &udp,
			  &(struct told_conn){ conn->id, life_in(j, conn->create, conn->close), &conn->tuple, conn->conntrack,
					       conn->seed });
	}
	free(udp.index.at);
}

static void join_conns(struct join *j)
{
	j->tcp_taken = arena_zalloc(&j->arena, j->list->tcp_conn_count + 1);
	j->udp_taken = arena_zalloc(&j->arena, j->list->udp_conn_count + 1);
	join_tcp(j);
	join_udp(j);
	sort_pairs(j);
}

/* ---- DNS ---- */

/* Whether an ID came before of the messages that are looked at; it has then. */
static bool came_before(struct join *j, const struct trace_dns_message *message)
{
	uint8_t *byte = &j->ids[message->is_reply][message->id / 8];
	const uint8_t bit = (uint8_t)(1u << message->id % 8);
	const bool before = *byte & bit;

	*byte |= bit;
	return before;
}

static void note_ids(struct join *j, const struct trace_dns_query *query)
{
	for (size_t i = 0; i < query->message_count; i++)
		came_before(j, &query->messages[i]);
}

static void forget_ids(struct join *j, const struct trace_dns_query *query)
{
	for (size_t i = 0; i < query->message_count; i++)
		j->ids[query->messages[i].is_reply][query->messages[i].id / 8] = 0;
}

static int by_time(const void *a, const void *b)
{
	const struct trace_dns_message *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->is_reply != y->is_reply ? (x->is_reply ? 1 : -1) : 0;
}

/* Messages that the capture lacks.  Queries over TCP are not well told. */
static void fill_messages(struct join *j, struct trace_dns_query *query, const struct trace_dns_query *from,
			  struct trace_seed *seed)
{
	struct trace_dns_message *messages =
		arena_alloc(&j->list->strings, (query->message_count + from->message_count) * sizeof *messages + 1);
	size_t count = query->message_count;

	note_ids(j, query);
	if (count)
		memcpy(messages, query->messages, count * sizeof *messages);
	for (size_t i = 0; i < from->message_count; i++) {
		const struct trace_dns_message *message = &from->messages[i];

		if ((!message->is_reply && query->over != TRACE_OVER_UDP) || came_before(j, message))
			continue;
		messages[count++] = *message;
		seed->filled |= 1u << (message->is_reply ? TRACE_SEED_DNS_REPLIES : TRACE_SEED_DNS_QUERIES);
	}
	forget_ids(j, query);
	forget_ids(j, from);
	if (count == query->message_count)
		return;
	qsort(messages, count, sizeof *messages, by_time);
	query->messages = messages;
	query->message_count = count;
}

static bool dns_is_joined(const struct join *j, size_t index)
{
	return j->list->dns_queries[index].seed;
}

static void join_dns(struct join *j)
{
	const struct trace_list *list = j->list, *from = &j->trace->list;
	struct index index = new_index(list->dns_query_count);
	uint8_t key[40];

	for (size_t i = 0; i < list->dns_query_count; i++) {
		key_of_id(index.at[index.count].key, list->dns_queries[i].connection);
		index.at[index.count++].index = i;
	}
	sort_index(&index);
	for (size_t i = 0; i < from->dns_query_count; i++) {
		const trace_id connection = paired(j, from->dns_queries[i].connection);
		size_t at;

		key_of_id(key, connection);
		at = first_open(&index, key, j, dns_is_joined);
		if (connection && has_key(&index, at, key)) {
			struct trace_dns_query *query = &j->list->dns_queries[index.at[at].index];
			struct trace_seed *seed = mark(j, from->dns_queries[i].seed);

			query->seed = seed;
			fill_messages(j, query, &from->dns_queries[i], seed);
			add_pair(j, from->dns_queries[i].id, query->id);
		}
	}
	free(index.at);
}

/* ---- TLS ---- */

static void fill_tunnel(struct trace_tls_tunnel *tunnel, const struct trace_tls_tunnel *from, struct trace_seed *seed)
{
	if (tunnel->error.size && memmem(tunnel->error.at, tunnel->error.size, "encrypted alert", 15) && from->error.size)
		tunnel->error.size = 0;
	fill_text(seed, TRACE_SEED_HANDSHAKE_ERROR, &tunnel->error, from->error);
	fill_text(seed, TRACE_SEED_NEGOTIATED_PROTOCOL, &tunnel->negotiated_protocol, from->negotiated_protocol);
	fill_text(seed, TRACE_SEED_SERVER_NAME, &tunnel->server_name, from->server_name);
	/* Of a resumed session the library repeats what was sent long ago. */
	if (tunnel->certificate_count || from->did_resume || tunnel->did_resume || !from->certificate_count)
		return;
	tunnel->certificates = from->certificates;
	tunnel->certificate_count = from->certificate_count;
	seed->filled |= 1u << TRACE_SEED_PEER_CERTS;
}

/* A tunnel through a proxy's tunnel is another one. */
static bool may_be_the_same(const struct trace_tls_tunnel *a, const struct trace_tls_tunnel *b)
{
	return !a->server_name.size || !b->server_name.size || bytes_equal_nocase(a->server_name, b->server_name);
}

static bool tunnel_is_joined(const struct join *j, size_t index)
{
	return j->list->tls_tunnels[index].seed;
}

static struct trace_tls_tunnel *nearest_tunnel(struct join *j, struct index *index, trace_id conn,
					       const struct trace_tls_tunnel *from)
{
	struct trace_tls_tunnel *nearest = NULL;
	uint8_t key[40];

	key_of_id(key, conn);
	for (size_t at = first_open(index, key, j, tunnel_is_joined), end = at + MOST_ALIKE; at < end && has_key(index, at, key);
	     at++) {
		struct trace_tls_tunnel *tunnel = &j->list->tls_tunnels[index->at[at].index];
		const nt_time away = distance(tunnel->handshake_begin, from->handshake_begin);

		if (tunnel->seed || away > near || !may_be_the_same(tunnel, from))
			continue;
		if (!nearest || away < distance(nearest->handshake_begin, from->handshake_begin))
			nearest = tunnel;
	}
	return nearest;
}

static void join_tls(struct join *j)
{
	const struct trace_list *list = j->list, *from = &j->trace->list;
	struct index index = new_index(list->tls_tunnel_count);

	for (size_t i = 0; i < list->tls_tunnel_count; i++) {
		if (!list->tls_tunnels[i].tcp_conn)
			continue;
		key_of_id(index.at[index.count].key, list->tls_tunnels[i].tcp_conn);
		index.at[index.count++].index = i;
	}
	sort_index(&index);
	for (size_t i = 0; i < from->tls_tunnel_count; i++) {
		struct trace_tls_tunnel *tunnel =
			nearest_tunnel(j, &index, paired(j, from->tls_tunnels[i].tcp_conn), &from->tls_tunnels[i]);
		struct trace_seed *seed;

		if (!tunnel)
			continue;
		seed = mark(j, from->tls_tunnels[i].seed);
		tunnel->seed = seed;
		fill_tunnel(tunnel, &from->tls_tunnels[i], seed);
		add_pair(j, from->tls_tunnels[i].id, tunnel->id);
	}
	free(index.at);
	sort_pairs(j);
}

/* ---- HTTP ---- */

static void fill_request(struct trace_http_request *request, const struct trace_http_request *from, struct trace_seed *seed)
{
	fill_text(seed, TRACE_SEED_REQUEST_ERROR, &request->error, from->error);
	if (!request->req_field_count && from->req_field_count) {
		request->req_fields = from->req_fields;
		request->req_field_count = from->req_field_count;
		seed->filled |= 1u << TRACE_SEED_REQUEST_FIELDS;
	}
	if (!request->resp_field_count && from->resp_field_count) {
		request->resp_fields = from->resp_fields;
		request->resp_field_count = from->resp_field_count;
		seed->filled |= 1u << TRACE_SEED_RESPONSE_FIELDS;
	}
}

/* The same URL, or an answer at the same time where the URL is written otherwise. */
static bool is_same_request(const struct trace_http_request *a, const struct trace_http_request *b)
{
	if (!bytes_equal(a->method, b->method))
		return false;
	return bytes_equal(a->url, b->url) || (a->status == b->status && distance(a->resp_recv, b->resp_recv) < near / 4);
}

/* The library does not tell of CONNECT. */
static bool request_is_joined(const struct join *j, size_t index)
{
	return j->list->http_requests[index].seed || j->list->http_requests[index].is_connect;
}

/* The same request may be made again and again: they come in the order of both. */
static struct trace_http_request *next_request(struct join *j, struct index *index, trace_id conn,
					       const struct trace_http_request *from)
{
	uint8_t key[40];

	if (!conn)
		return NULL;
	key_of_id(key, conn);
	for (size_t at = first_open(index, key, j, request_is_joined), end = at + MOST_ALIKE; at < end && has_key(index, at, key);
	     at++) {
		const size_t i = index->at[at].index;

		if (!request_is_joined(j, i) && is_same_request(&j->list->http_requests[i], from))
			return &j->list->http_requests[i];
	}
	return NULL;
}

static void join_http(struct join *j)
{
	const struct trace_list *list = j->list, *from = &j->trace->list;
	struct index index = new_index(list->http_request_count);

	for (size_t i = 0; i < list->http_request_count; i++) {
		key_of_id(index.at[index.count].key, list->http_requests[i].tcp_conn);
		index.at[index.count++].index = i;
	}
	sort_index(&index);
	for (size_t i = 0; i < from->http_request_count; i++) {
		struct trace_http_request *request =
			next_request(j, &index, paired(j, from->http_requests[i].tcp_conn), &from->http_requests[i]);
		struct trace_seed *seed;

		if (!request)
			continue;
		seed = mark(j, from->http_requests[i].seed);
		request->seed = seed;
		fill_request(request, &from->http_requests[i], seed);
		add_pair(j, from->http_requests[i].id, request->id);
	}
	free(index.at);
}

/* ---- dials ---- */

static trace_id dial_of_conn(const struct join *j, trace_id seed_conn)
{
	const trace_id id = paired(j, seed_conn);
	const struct trace_tcp_conn *tcp = id ? trace_find_tcp_conn(j->list, id) : NULL;
	const struct trace_udp_conn *udp = id && !tcp ? trace_find_udp_conn(j->list, id) : NULL;

	return tcp ? tcp->from_dial : udp ? udp->from_dial : 0;
}

/* The dial that what it led to, what it tried, or what it asked belongs to. */
static trace_id dial_in_list(const struct join *j, const struct trace_dial *from)
{
	trace_id id = dial_of_conn(j, from->established_conn);

	for (size_t i = 0; !id && i < from->attempt_count; i++)
		id = dial_of_conn(j, from->attempts[i]);
	for (size_t i = 0; !id && i < from->resolver_dial_count && !from->attempt_count; i++)
		id = dial_of_conn(j, from->resolver_dials[i].established_conn);
	return id;
}

static void fill_dial(struct trace_dial *dial, const struct trace_dial *from, struct trace_seed *seed)
{
	fill_text(seed, TRACE_SEED_DIAL_ERROR, &dial->error, from->error);
	if (dial->port || !from->port)
		return;
	dial->port = from->port;
	seed->filled |= 1u << TRACE_SEED_DST_ADDRESS;
}

static void join_dials(struct join *j)
{
	const struct trace_list *from = &j->trace->list;

	for (size_t i = 0; i < from->dial_count; i++) {
		const trace_id id = dial_in_list(j, &from->dials[i]);
		struct trace_dial *dial = (struct trace_dial *)trace_find_dial(j->list, id);

		if (!dial)
			continue;
		add_pair(j, from->dials[i].id, id);
		if (!dial->seed) {
			struct trace_seed *seed = mark(j, from->dials[i].seed);

			dial->seed = seed;
			fill_dial(dial, &from->dials[i], seed);
		}
	}
	sort_pairs(j);
}

/* ---- what no packet shows ---- */

static const struct trace_seed *seed_for(struct join *j, const struct trace_seed *of_trace)
{
	struct trace_seed *seed = arena_alloc(&j->arena, sizeof *seed);

	*seed = *of_trace;
	seed->input = j->input;
	return seed;
}

/* What every record gets; false if the list has the record already. */
static bool begin_record(struct join *j, trace_id *id, const struct trace_seed **seed)
{
	if (paired(j, *id))
		return false;
	*id = mapped(j, *id);
	*seed = seed_for(j, *seed);
	return true;
}

static void add_dial(struct join *j, struct trace_dial dial)
{
	struct trace_resolver_dial *resolver_dials =
		arena_alloc(&j->arena, (dial.resolver_dial_count + 1) * sizeof *resolver_dials);
	trace_id *attempts = arena_alloc(&j->arena, (dial.attempt_count + 1) * sizeof *attempts);

	if (!begin_record(j, &dial.id, &dial.seed))
		return;
	for (size_t i = 0; i < dial.resolver_dial_count; i++) {
		resolver_dials[i] = dial.resolver_dials[i];
		resolver_dials[i].established_conn = mapped(j, resolver_dials[i].established_conn);
	}
	for (size_t i = 0; i < dial.attempt_count; i++)
		attempts[i] = mapped(j, dial.attempts[i]);
	dial.established_conn = mapped(j, dial.established_conn);
	dial.resolver_dials = resolver_dials;
	dial.attempts = attempts;
	trace_list_sink.dial(j->list, &dial);
}

static void add_tcp_conn(struct join *j, struct trace_tcp_conn conn)
{
	if (!begin_record(j, &conn.id, &conn.seed))
		return;
	conn.from_dial = mapped(j, conn.from_dial);
	trace_list_sink.tcp_conn(j->list, &conn);
}

static void add_udp_conn(struct join *j, struct trace_udp_conn conn)
{
	if (!begin_record(j, &conn.id, &conn.seed))
		return;
	conn.from_dial = mapped(j, conn.from_dial);
	trace_list_sink.udp_conn(j->list, &conn);
}

static void add_dns_query(struct join *j, struct trace_dns_query query)
{
	if (!begin_record(j, &query.id, &query.seed))
		return;
	query.from_dial = mapped(j, query.from_dial);
	query.connection = mapped(j, query.connection);
	trace_list_sink.dns_query(j->list, &query);
}

static void add_tls_tunnel(struct join *j, struct trace_tls_tunnel tunnel)
{
	if (!begin_record(j, &tunnel.id, &tunnel.seed))
		return;
	tunnel.tcp_conn = mapped(j, tunnel.tcp_conn);
	trace_list_sink.tls_tunnel(j->list, &tunnel);
}

static void add_http_request(struct join *j, struct trace_http_request request)
{
	if (!begin_record(j, &request.id, &request.seed))
		return;
	request.tcp_conn = mapped(j, request.tcp_conn);
	request.tls_tunnel = mapped(j, request.tls_tunnel);
	request.proxy_tls_tunnel = mapped(j, request.proxy_tls_tunnel);
	trace_list_sink.http_request(j->list, &request);
}

static void add_records(struct join *j)
{
	const struct trace_list *from = &j->trace->list;

	for (size_t i = 0; i < from->dial_count; i++)
		add_dial(j, from->dials[i]);
	for (size_t i = 0; i < from->tcp_conn_count; i++)
		add_tcp_conn(j, from->tcp_conns[i]);
	for (size_t i = 0; i < from->udp_conn_count; i++)
		add_udp_conn(j, from->udp_conns[i]);
	for (size_t i = 0; i < from->dns_query_count; i++)
		add_dns_query(j, from->dns_queries[i]);
	for (size_t i = 0; i < from->tls_tunnel_count; i++)
		add_tls_tunnel(j, from->tls_tunnels[i]);
	for (size_t i = 0; i < from->http_request_count; i++)
		add_http_request(j, from->http_requests[i]);
}

/* ---- the whole ---- */

static trace_id largest(const void *records, size_t count, size_t size, trace_id so_far)
{
	trace_id last = count ? *(const trace_id *)((const char *)records + (count - 1) * size) : 0;

	return last > so_far ? last : so_far;
}

static trace_id largest_id(const struct trace_list *list)
{
	trace_id id = largest(list->dials, list->dial_count, sizeof *list->dials, 0);

	id = largest(list->tcp_conns, list->tcp_conn_count, sizeof *list->tcp_conns, id);
	id = largest(list->udp_conns, list->udp_conn_count, sizeof *list->udp_conns, id);
	id = largest(list->dns_queries, list->dns_query_count, sizeof *list->dns_queries, id);
	id = largest(list->tls_tunnels, list->tls_tunnel_count, sizeof *list->tls_tunnels, id);
	return largest(list->http_requests, list->http_request_count, sizeof *list->http_requests, id);
}

void seed_join(struct trace_list *list, const struct seed_trace *trace, uint32_t input)
{
	const trace_id offset = largest_id(list);
	struct join *j;

	if (trace->last_id > UINT32_MAX - offset) {
		limit_hit(list->hits, LIMIT_SEED_TRACES_HIT);
		return;
	}
	j = nt_zalloc(sizeof *j);
	j->list = list;
	j->trace = trace;
	j->input = input;
	j->offset = offset;
	join_conns(j);
	join_dns(j);
	join_tls(j);
	join_http(j);
	join_dials(j);
	add_records(j);
	free(j->pairs);
	arena_free(&j->arena);
	free(j);
}
