#include "correlate/flow.h"

#include "store/hash.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/*
 * Silence that ends a flow.  Half open: longer than the longest wait between two SYNs (64 s on Linux).  Open: longer than the default
 * keep-alive of TCP (2 h, RFC 9293 3.8.4).  Closed, whether the connection is still whole or not: long enough for stray retransmissions, so
 * that they do not look like a new flow.  UDP: as conntrack keeps a stream of datagrams, and a little more; where every DNS query has its
 * reply, the longest wait of a resolver for what it goes on with is enough for the conversation, though not for the flow.
 */
static const nt_time timeout[FLOW_QUEUE_COUNT] = {
	[FLOW_TCP_HALF_OPEN] = 150 * NT_SECOND, [FLOW_TCP_OPEN] = (2 * 3600 + 600) * NT_SECOND,
	[FLOW_TCP_CLOSED] = 60 * NT_SECOND,     [FLOW_TCP_TIME_WAIT] = 60 * NT_SECOND,
	[FLOW_UDP] = 180 * NT_SECOND,           [FLOW_UDP_ANSWERED] = 30 * NT_SECOND,
};

enum { FIRST_CAPACITY = 1024 };

struct flow_slot {
	struct flow *flow;
	uint64_t hash;
};

void flow_table_init(struct flow_table *table, uint64_t seed)
{
	memset(table, 0, sizeof *table);
	table->capacity = FIRST_CAPACITY;
	table->slots = nt_zalloc(FIRST_CAPACITY * sizeof *table->slots);
	table->seed = seed;
	table->due = INT64_MAX;
}

void flow_table_clear(struct flow_table *table)
{
	free(table->slots);
	memset(table, 0, sizeof *table);
}

/* As memcmp(), which it would cost a call for each packet. */
static int compare(const struct ip_address *a, const struct ip_address *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a->bytes, sizeof x);
	memcpy(y, b->bytes, sizeof y);
	if (x[0] != y[0])
		return be64toh(x[0]) < be64toh(y[0]) ? -1 : 1;
	return be64toh(x[1]) < be64toh(y[1]) ? -1 : x[1] != y[1];
}

int flow_key_make(struct flow_key *key, uint8_t ip_version, uint8_t protocol, uint16_t vantage, const struct ip_address *source,
		  uint16_t source_port, const struct ip_address *destination, uint16_t destination_port)
{
	const int order = compare(source, destination);
	const int side = order ? order > 0 : source_port > destination_port;

	_Static_assert(sizeof *key == 2 * sizeof *source + 2 * sizeof source_port + 2 + sizeof vantage,
		       "keys are compared as bytes");
	key->address[side] = *source;
	key->address[!side] = *destination;
	key->port[side] = source_port;
	key->port[!side] = destination_port;
	key->ip_version = ip_version;
	key->protocol = protocol;
	key->vantage = vantage;
	return side;
}

struct address_tuple flow_tuple(const struct flow_key *key, int client)
{
	return (struct address_tuple){ .ip_version = key->ip_version,
				       .source = key->address[client],
				       .destination = key->address[!client],
				       .source_port = key->port[client],
				       .destination_port = key->port[!client] };
}

uint64_t flow_hash(uint64_t seed, const struct flow_key *key)
{
	return hash_bytes(seed, key, sizeof *key);
}

struct flow *flow_find(const struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	size_t mask = table->capacity - 1;

	for (size_t i = hash & mask; table->slots[i].flow; i = (i + 1) & mask) {
		const struct flow_slot *slot = &table->slots[i];

		if (slot->hash == hash && memcmp(&slot->flow->key, key, sizeof *key) == 0)
			return slot->flow;
	}
	return NULL;
}

static void place(struct flow_table *table, struct flow *flow, uint64_t hash)
{
	size_t mask = table->capacity - 1, i = hash & mask;

	while (table->slots[i].flow)
		i = (i + 1) & mask;
	table->slots[i] = (struct flow_slot){ flow, hash };
}

static void grow(struct flow_table *table)
{
	struct flow_slot *old = table->slots;
	size_t old_capacity = table->capacity;

	table->capacity *= 2;
	table->slots = nt_zalloc(table->capacity * sizeof *table->slots);
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].flow)
			place(table, old[i].flow, old[i].hash);
	free(old);
}

static nt_time timeout_of(const struct flow_table *table, int queue)
{
	return timeout[queue] + (queue == FLOW_TCP_CLOSED || queue == FLOW_UDP ? table->linger : 0);
}

/* At the old end of a queue stands who may be the first to be due. */
static void note_due(struct flow_table *table, const struct flow *flow)
{
	const nt_time due = flow->queued + timeout_of(table, flow->queue);

	if (due < table->due)
		table->due = due;
}

static void enqueue(struct flow_table *table, struct flow *flow, enum flow_queue queue)
{
	flow->queue = (uint8_t)queue;
	table->in_queue[queue]++;
	flow->queued = flow->last;
	flow->newer = NULL;
	flow->older = table->newest[queue];
	if (flow->older)
		flow->older->newer = flow;
	else
		table->oldest[queue] = flow;
	table->newest[queue] = flow;
	note_due(table, flow);
}

static void dequeue(struct flow_table *table, struct flow *flow)
{
	table->in_queue[flow->queue]--;
	if (flow->older)
		flow->older->newer = flow->newer;
	else
		table->oldest[flow->queue] = flow->newer;
	if (flow->newer)
		flow->newer->older = flow->older;
	else
		table->newest[flow->queue] = flow->older;
}

void flow_insert(struct flow_table *table, struct flow *flow, uint64_t hash, enum flow_queue queue, nt_time last)
{
	if ((table->count + 1) * 2 > table->capacity)
		grow(table);
	place(table, flow, hash);
	table->count++;
	flow->last = last;
	enqueue(table, flow, queue);
}

/* Linear probing without tombstones: what follows the hole and may stand in it moves up. */
static void close_hole(struct flow_table *table, size_t hole)
{
	size_t mask = table->capacity - 1;

	for (size_t i = (hole + 1) & mask; table->slots[i].flow; i = (i + 1) & mask) {
		size_t home = table->slots[i].hash & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			table->slots[hole] = table->slots[i];
			hole = i;
		}
	}
	table->slots[hole].flow = NULL;
}

static size_t slot_of(const struct flow_table *table, const struct flow *flow)
{
	size_t mask = table->capacity - 1, i = flow_hash(table->seed, &flow->key) & mask;

	while (table->slots[i].flow != flow)
		i = (i + 1) & mask;
	return i;
}

void flow_replace(struct flow_table *table, struct flow *old, struct flow *copy)
{
	table->slots[slot_of(table, old)].flow = copy;
	*(copy->older ? &copy->older->newer : &table->oldest[copy->queue]) = copy;
	*(copy->newer ? &copy->newer->older : &table->newest[copy->queue]) = copy;
}

void flow_remove(struct flow_table *table, struct flow *flow)
{
	close_hole(table, slot_of(table, flow));
	table->count--;
	dequeue(table, flow);
}

void flow_move(struct flow_table *table, struct flow *flow, enum flow_queue queue)
{
	if (flow->queue == queue)
		return;
	dequeue(table, flow);
	enqueue(table, flow, queue);
}

/* Packets do not move their flow, which would touch its neighbours: it moves when it is found at the old end of its queue. */
static struct flow *oldest(struct flow_table *table, int queue)
{
	struct flow *flow;

	while ((flow = table->oldest[queue]) && flow->queued != flow->last) {
		dequeue(table, flow);
		enqueue(table, flow, (enum flow_queue)queue);
	}
	return flow;
}

/* Of what is over, as far as one can tell, only the last ones are kept whole. */
static bool is_full(const struct flow_table *table, int queue)
{
	return (queue == FLOW_TCP_CLOSED && table->in_queue[queue] > LIMIT_CLOSED_CONNECTIONS) ||
	       (queue == FLOW_UDP_ANSWERED && table->in_queue[queue] > LIMIT_DNS_CONVERSATIONS);
}

static struct flow *first_expired(struct flow_table *table, nt_time now)
{
	for (int queue = 0; queue < FLOW_QUEUE_COUNT; queue++) {
		struct flow *flow;

		while ((flow = table->oldest[queue]) && flow->queued < now - timeout_of(table, queue)) {
			if (flow->last < now - timeout_of(table, queue))
				return flow;
			dequeue(table, flow);
			enqueue(table, flow, (enum flow_queue)queue);
		}
	}
	return NULL;
}

/* This is asked for each packet, and the answer is mostly no. */
struct flow *flow_expired(struct flow_table *table, nt_time now)
{
	struct flow *flow;

	if (is_full(table, FLOW_TCP_CLOSED)) /* whichever closed first */
		return table->oldest[FLOW_TCP_CLOSED];
	if (is_full(table, FLOW_UDP_ANSWERED))
		return table->oldest[FLOW_UDP_ANSWERED];
	if (now <= table->due)
		return NULL;
	flow = first_expired(table, now);
	if (flow)
		return flow;
	table->due = INT64_MAX;
	for (int queue = 0; queue < FLOW_QUEUE_COUNT; queue++)
		if (table->oldest[queue])
			note_due(table, table->oldest[queue]);
	return NULL;
}

struct flow *flow_silent_longest(struct flow_table *table)
{
	struct flow *longest = NULL;

	for (int queue = 0; queue < FLOW_QUEUE_COUNT; queue++) {
		struct flow *flow = oldest(table, queue);

		if (flow && (!longest || flow->last < longest->last))
			longest = flow;
	}
	return longest;
}
