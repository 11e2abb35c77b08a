#include "correlate/views.h"

#include <stdlib.h>
#include <string.h>

/* One sight of a translated connection. */
struct sight {
	const struct conntrack_entry *entry;
	const struct address_tuple *tuple;
	nt_time first, last;
	trace_id id;
	size_t index; /* in its list */
	bool is_tcp, is_inside;
};

struct removed {
	trace_id id, instead; /* instead: of a connection, what was seen inside; 0 of other records */
};

struct sights {
	struct sight *at;
	size_t count, capacity;
	struct removed *removed; /* sorted by id */
	size_t removed_count, removed_capacity;
};

static bool same_tuple(const struct address_tuple *a, const struct address_tuple *b)
{
	return a->ip_version == b->ip_version && a->source_port == b->source_port && a->destination_port == b->destination_port &&
	       memcmp(&a->source, &b->source, sizeof a->source) == 0 &&
	       memcmp(&a->destination, &b->destination, sizeof a->destination) == 0;
}

static bool is_translated(const struct conntrack_entry *entry)
{
	return entry && (memcmp(&entry->original.source, &entry->reply.destination, sizeof entry->reply.destination) != 0 ||
			 memcmp(&entry->original.destination, &entry->reply.source, sizeof entry->reply.source) != 0 ||
			 entry->original.source_port != entry->reply.destination_port ||
			 entry->original.destination_port != entry->reply.source_port);
}

static void add_sight(struct sights *sights, struct sight sight)
{
	if (!is_translated(sight.entry))
		return;
	if (sights->count == sights->capacity) {
		sights->capacity = sights->capacity ? sights->capacity * 2 : 64;
		sights->at = nt_realloc_array(sights->at, sights->capacity, sizeof *sights->at);
	}
	sight.is_inside = same_tuple(sight.tuple, &sight.entry->original);
	sights->at[sights->count++] = sight;
}

static void collect(struct sights *sights, const struct trace_list *list)
{
	for (size_t i = 0; i < list->tcp_conn_count; i++) {
		const struct trace_tcp_conn *conn = &list->tcp_conns[i];
		nt_time first = conn->handshake_begin != NT_TIME_NONE ? conn->handshake_begin : conn->last;

		add_sight(sights, (struct sight){ .entry = conn->conntrack,
						  .tuple = &conn->tuple,
						  .first = first,
						  .last = conn->last,
						  .id = conn->id,
						  .index = i,
						  .is_tcp = true });
	}
	for (size_t i = 0; i < list->udp_conn_count; i++) {
		const struct trace_udp_conn *conn = &list->udp_conns[i];

		add_sight(sights, (struct sight){ .entry = conn->conntrack,
						  .tuple = &conn->tuple,
						  .first = conn->create,
						  .last = conn->close,
						  .id = conn->id,
						  .index = i });
	}
}

/* Sights of one entry stand together, the one from inside first. */
static int by_entry(const void *a, const void *b)
{
	const struct sight *x = a, *y = b;
	int order = memcmp(&x->entry->original, &y->entry->original, sizeof x->entry->original);

	if (x->is_tcp != y->is_tcp)
		return x->is_tcp ? -1 : 1;
	if (order == 0)
		order = memcmp(&x->entry->reply, &y->entry->reply, sizeof x->entry->reply);
	if (order == 0 && x->is_inside != y->is_inside)
		return x->is_inside ? -1 : 1;
	return order ? order : x->id < y->id ? -1 : 1;
}

static bool is_other_sight(const struct sight *inside, const struct sight *other)
{
	const nt_time slack = NT_SECOND; /* clocks of two captures, and packets in between */

	return inside->is_inside && !other->is_inside && inside->is_tcp == other->is_tcp &&
	       same_tuple(&inside->entry->original, &other->entry->original) &&
	       same_tuple(&inside->entry->reply, &other->entry->reply) && other->first <= inside->last + slack &&
	       inside->first <= other->last + slack;
}

/* ---- views ---- */

static struct trace_view view_of(const struct trace_list *list, const struct sight *sight)
{
	const struct trace_tcp_conn *tcp = &list->tcp_conns[sight->index];
	const struct trace_udp_conn *udp = &list->udp_conns[sight->index];

	return (struct trace_view){ .tuple = *sight->tuple,
				    .interface = sight->is_tcp ? tcp->interface : udp->interface,
				    .first_packet = sight->is_tcp ? tcp->first_packet : udp->first_packet,
				    .last_packet = sight->is_tcp ? tcp->last_packet : udp->last_packet };
}

static void attach(struct trace_list *list, const struct sight *inside, const struct sight *others, size_t count)
{
	struct trace_view *views = arena_alloc(&list->strings, count * sizeof *views);

	for (size_t i = 0; i < count; i++)
		views[i] = view_of(list, &others[i]);
	if (inside->is_tcp) {
		list->tcp_conns[inside->index].views = views;
		list->tcp_conns[inside->index].view_count = count;
	} else {
		list->udp_conns[inside->index].views = views;
		list->udp_conns[inside->index].view_count = count;
	}
}

static void remove_id(struct sights *sights, trace_id id, trace_id instead)
{
	if (sights->removed_count == sights->removed_capacity) {
		sights->removed_capacity = sights->removed_capacity ? sights->removed_capacity * 2 : 64;
		sights->removed = nt_realloc_array(sights->removed, sights->removed_capacity, sizeof *sights->removed);
	}
	sights->removed[sights->removed_count++] = (struct removed){ id, instead };
}

static int by_id(const void *a, const void *b)
{
	const struct removed *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static const struct removed *find_removed(const struct sights *sights, trace_id id)
{
	const struct removed key = { .id = id };

	if (!id || !sights->removed_count)
		return NULL;
	return bsearch(&key, sights->removed, sights->removed_count, sizeof key, by_id);
}

static bool is_removed(const struct sights *sights, trace_id id)
{
	return find_removed(sights, id);
}

/* What a reference is to be when all that goes is gone. */
static trace_id followed(const struct sights *sights, trace_id id)
{
	const struct removed *removed = find_removed(sights, id);

	return removed ? removed->instead : id;
}

/* ---- what goes ---- */

/* Keeps those elements of an array that `goes` does not want gone; returns how many. */
static size_t keep(void *records, size_t count, size_t size, struct sights *sights,
		   bool (*goes)(const struct sights *, const void *), bool note)
{
	char *from = records, *to = records;
	size_t before = sights->removed_count;

	for (size_t i = 0; i < count; i++, from += size) {
		if (goes(sights, from)) {
			if (note)
				remove_id(sights, *(const trace_id *)from, 0);
			continue;
		}
		if (to != from)
			memcpy(to, from, size);
		to += size;
	}
	if (sights->removed_count != before)
		qsort(sights->removed, sights->removed_count, sizeof *sights->removed, by_id);
	return (size_t)(to - (char *)records) / size;
}

static bool conn_goes(const struct sights *sights, const void *record)
{
	return is_removed(sights, *(const trace_id *)record);
}

static bool dial_goes(const struct sights *sights, const void *record)
{
	const struct trace_dial *dial = record;

	for (size_t i = 0; i < dial->attempt_count; i++)
		if (!is_removed(sights, dial->attempts[i]))
			return false;
	return dial->attempt_count != 0;
}

static bool query_goes(const struct sights *sights, const void *record)
{
	return is_removed(sights, ((const struct trace_dns_query *)record)->connection);
}

static bool tunnel_goes(const struct sights *sights, const void *record)
{
	const struct trace_tls_tunnel *tunnel = record;

	return is_removed(sights, tunnel->tcp_conn) || is_removed(sights, tunnel->udp_conn);
}

static bool request_goes(const struct sights *sights, const void *record)
{
	return is_removed(sights, ((const struct trace_http_request *)record)->tcp_conn);
}

static bool finding_goes(const struct sights *sights, const void *record)
{
	const struct trace_finding *finding = record;

	for (size_t i = 0; i < finding->trace_count; i++)
		if (is_removed(sights, finding->traces[i]))
			return true;
	return false;
}

static void follow_attempts(struct trace_list *list, struct trace_dial *dial, const struct sights *sights)
{
	trace_id *kept = arena_alloc(&list->strings, dial->attempt_count * sizeof *kept);
	size_t count = 0;

	for (size_t i = 0; i < dial->attempt_count; i++) {
		trace_id id = followed(sights, dial->attempts[i]);
		size_t at = 0;

		while (at < count && kept[at] != id)
			at++;
		kept[at] = id;
		count += at == count;
	}
	dial->attempts = kept;
	dial->attempt_count = count;
}

static void follow_dial(struct trace_list *list, struct trace_dial *dial, const struct sights *sights)
{
	struct trace_resolver_dial *resolver = arena_alloc(&list->strings, dial->resolver_dial_count * sizeof *resolver);

	for (size_t i = 0; i < dial->resolver_dial_count; i++) {
		resolver[i] = dial->resolver_dials[i];
		resolver[i].established_conn = followed(sights, resolver[i].established_conn);
	}
	dial->resolver_dials = resolver;
	dial->established_conn = followed(sights, dial->established_conn);
	follow_attempts(list, dial, sights);
}

static void follow_references(struct trace_list *list, const struct sights *sights)
{
	for (size_t i = 0; i < list->dial_count; i++)
		follow_dial(list, &list->dials[i], sights);
	for (size_t i = 0; i < list->tcp_conn_count; i++)
		list->tcp_conns[i].from_dial = followed(sights, list->tcp_conns[i].from_dial);
	for (size_t i = 0; i < list->udp_conn_count; i++)
		list->udp_conns[i].from_dial = followed(sights, list->udp_conns[i].from_dial);
	for (size_t i = 0; i < list->dns_query_count; i++)
		list->dns_queries[i].from_dial = followed(sights, list->dns_queries[i].from_dial);
	for (size_t i = 0; i < list->http_request_count; i++) {
		struct trace_http_request *request = &list->http_requests[i];

		request->redirected_from = followed(sights, request->redirected_from);
		request->retry_of = followed(sights, request->retry_of);
	}
}

static void remove_records(struct trace_list *list, struct sights *sights)
{
	qsort(sights->removed, sights->removed_count, sizeof *sights->removed, by_id);
	list->tcp_conn_count = keep(list->tcp_conns, list->tcp_conn_count, sizeof *list->tcp_conns, sights, conn_goes, false);
	list->udp_conn_count = keep(list->udp_conns, list->udp_conn_count, sizeof *list->udp_conns, sights, conn_goes, false);
	list->dial_count = keep(list->dials, list->dial_count, sizeof *list->dials, sights, dial_goes, true);
	list->dns_query_count = keep(list->dns_queries, list->dns_query_count, sizeof *list->dns_queries, sights, query_goes, true);
	list->tls_tunnel_count =
		keep(list->tls_tunnels, list->tls_tunnel_count, sizeof *list->tls_tunnels, sights, tunnel_goes, true);
	list->http_request_count =
		keep(list->http_requests, list->http_request_count, sizeof *list->http_requests, sights, request_goes, true);
	list->finding_count = keep(list->findings, list->finding_count, sizeof *list->findings, sights, finding_goes, false);
	follow_references(list, sights);
}

void views_join(struct trace_list *list)
{
	struct sights sights = { 0 };

	collect(&sights, list);
	if (sights.count)
		qsort(sights.at, sights.count, sizeof *sights.at, by_entry);
	for (size_t i = 0; i < sights.count;) {
		size_t others = 0;

		while (i + 1 + others < sights.count && is_other_sight(&sights.at[i], &sights.at[i + 1 + others]))
			remove_id(&sights, sights.at[i + 1 + others++].id, sights.at[i].id);
		if (others)
			attach(list, &sights.at[i], &sights.at[i + 1], others);
		i += 1 + others;
	}
	if (sights.removed_count)
		remove_records(list, &sights);
	free(sights.at);
	free(sights.removed);
}
