#include "correlate/conntrack_table.h"

#include "correlate/flow.h"
#include "store/hash.h"

#include <stdlib.h>
#include <string.h>

/* As many entries with the same addresses and ports are told apart; so long ago nobody asks any more. */
enum { GENERATIONS = 8, FIRST_CAPACITY = 256 };

/* Packets and events are stamped in different places, and listings tell whole seconds. */
static const nt_time inaccuracy = NT_SECOND;

enum { BY_ORIGINAL, BY_REPLY, WAYS };

/* An entry stands in two chains; if nothing is translated the second is not used, as it would be the first. */
struct node {
	struct conntrack_entry entry;
	nt_time begin; /* NEW, or what the kernel says; NT_TIME_NONE if not known */
	nt_time heard; /* the last time that it was told of */
	nt_time end;   /* NT_TIME_NONE if it was not destroyed */
	struct flow_key key[WAYS];
	uint64_t hash[WAYS];
	struct node *next[WAYS]; /* in its chain; the latest is first */
	bool translated;
	struct node *older, *newer; /* by `heard` */
};

struct chain {
	struct node *first[WAYS];
};

struct conntrack_table {
	struct chain *chains;
	size_t capacity, count; /* capacity is a power of two */
	uint64_t seed;
	struct limit_hits *hits;
	struct node *oldest, *newest;
};

struct conntrack_table *conntrack_table_new(uint64_t seed, struct limit_hits *hits)
{
	struct conntrack_table *table = nt_zalloc(sizeof *table);

	table->capacity = FIRST_CAPACITY;
	table->chains = nt_zalloc(FIRST_CAPACITY * sizeof *table->chains);
	table->seed = seed;
	table->hits = hits;
	return table;
}

void conntrack_table_free(struct conntrack_table *table)
{
	if (!table)
		return;
	for (struct node *node = table->oldest, *newer; node; node = newer) {
		newer = node->newer;
		free(node);
	}
	free(table->chains);
	free(table);
}

/* ---- chains ---- */

static void make_key(struct flow_key *key, uint8_t protocol, const struct address_tuple *tuple)
{
	flow_key_make(key, tuple->ip_version, protocol, 0, &tuple->source, tuple->source_port, &tuple->destination,
		      tuple->destination_port);
}

static struct node **chain_of(const struct conntrack_table *table, int way, uint64_t hash)
{
	return &table->chains[hash & (table->capacity - 1)].first[way];
}

static void link_node(struct conntrack_table *table, struct node *node)
{
	for (int way = 0; way < (node->translated ? WAYS : BY_REPLY); way++) {
		struct node **first = chain_of(table, way, node->hash[way]);

		node->next[way] = *first;
		*first = node;
	}
}

static void unlink_node(struct conntrack_table *table, struct node *node)
{
	for (int way = 0; way < (node->translated ? WAYS : BY_REPLY); way++) {
		struct node **at = chain_of(table, way, node->hash[way]);

		while (*at != node)
			at = &(*at)->next[way];
		*at = node->next[way];
	}
}

/* In the order in which they were heard of, so that the order within the chains stays. */
static void grow(struct conntrack_table *table)
{
	free(table->chains);
	table->capacity *= 2;
	table->chains = nt_zalloc(table->capacity * sizeof *table->chains);
	for (struct node *node = table->oldest; node; node = node->newer)
		link_node(table, node);
}

/* ---- age ---- */

static void enqueue(struct conntrack_table *table, struct node *node)
{
	node->newer = NULL;
	node->older = table->newest;
	if (node->older)
		node->older->newer = node;
	else
		table->oldest = node;
	table->newest = node;
}

static void dequeue(struct conntrack_table *table, struct node *node)
{
	if (node->older)
		node->older->newer = node->newer;
	else
		table->oldest = node->newer;
	if (node->newer)
		node->newer->older = node->older;
	else
		table->newest = node->older;
}

static void forget(struct conntrack_table *table, struct node *node)
{
	unlink_node(table, node);
	dequeue(table, node);
	table->count--;
	free(node);
}

/* ---- what is told of an entry ---- */

static bool same_tuple(const struct address_tuple *a, const struct address_tuple *b)
{
	return a->ip_version == b->ip_version && a->source_port == b->source_port && a->destination_port == b->destination_port &&
	       memcmp(&a->source, &b->source, sizeof a->source) == 0 &&
	       memcmp(&a->destination, &b->destination, sizeof a->destination) == 0;
}

/* Files hold any times: the difference of two may need 64 bits. */
static uint64_t gap(nt_time a, nt_time b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static bool far_apart(nt_time a, nt_time b)
{
	return a != NT_TIME_NONE && b != NT_TIME_NONE && gap(a, b) > (uint64_t)inaccuracy;
}

/* Whether `a`, if known, was before `b` even if the times are inaccurate. */
static bool surely_before(nt_time a, nt_time b)
{
	return a < b && far_apart(a, b);
}

/* Whether `entry` is told of what `node` is; ids come from addresses in memory, and so come again. */
static bool continues(const struct node *node, const struct conntrack_entry *entry)
{
	const struct conntrack_entry *known = &node->entry;

	if (entry->kind == CONNTRACK_NEW || known->protocol != entry->protocol || known->zone != entry->zone ||
	    !same_tuple(&known->original, &entry->original))
		return false;
	if ((known->id && entry->id && known->id != entry->id) || far_apart(node->begin, entry->start))
		return false;
	/* After its end only a listing may still tell of it, one that was made before and is read later. */
	return node->end == NT_TIME_NONE || (entry->kind == CONNTRACK_DUMP && !far_apart(node->end, entry->time)) ||
	       (known->id && known->id == entry->id);
}

static void merge(struct node *node, const struct conntrack_entry *entry)
{
	struct conntrack_entry *known = &node->entry, old = *known;

	*known = *entry;
	if (!entry->has_counters && old.has_counters) {
		known->has_counters = true;
		memcpy(known->packets, old.packets, sizeof known->packets);
		memcpy(known->bytes, old.bytes, sizeof known->bytes);
	}
	if (!entry->has_tcp_state && old.has_tcp_state) {
		known->has_tcp_state = true;
		known->tcp_state = old.tcp_state;
	}
	if (!entry->status)
		known->status = old.status;
	if (!entry->id)
		known->id = old.id;
	if (entry->start == NT_TIME_NONE)
		known->start = old.start;
	if (entry->time == NT_TIME_NONE)
		known->time = old.time;
}

static void note_times(struct node *node, const struct conntrack_entry *entry)
{
	if (node->begin == NT_TIME_NONE && entry->kind == CONNTRACK_NEW)
		node->begin = entry->time;
	if (node->begin == NT_TIME_NONE)
		node->begin = entry->start;
	if (entry->time > node->heard) /* NT_TIME_NONE is the smallest value */
		node->heard = entry->time;
	if (entry->kind == CONNTRACK_DESTROY)
		node->end = entry->time;
}

static bool has_key(const struct node *node, int way, const struct flow_key *key, uint64_t hash)
{
	return node->hash[way] == hash && memcmp(&node->key[way], key, sizeof *key) == 0;
}

/* NULL if it is a new one */
static struct node *find_same(const struct conntrack_table *table, const struct conntrack_entry *entry, const struct flow_key *key,
			      uint64_t hash)
{
	for (struct node *node = *chain_of(table, BY_ORIGINAL, hash); node; node = node->next[BY_ORIGINAL])
		if (has_key(node, BY_ORIGINAL, key, hash) && continues(node, entry))
			return node;
	return NULL;
}

/* Keeps chains short: of GENERATIONS entries with one key, the oldest goes. */
static void make_room(struct conntrack_table *table, int way, const struct flow_key *key, uint64_t hash)
{
	struct node *oldest = NULL;
	size_t generations = 0;

	for (struct node *node = *chain_of(table, way, hash); node; node = node->next[way])
		if (has_key(node, way, key, hash) && ++generations >= GENERATIONS)
			oldest = node;
	if (oldest)
		forget(table, oldest);
}

static struct node *add_node(struct conntrack_table *table, const struct conntrack_entry *entry, const struct flow_key *key,
			     uint64_t hash)
{
	struct node *node = nt_zalloc(sizeof *node);

	node->entry = *entry;
	node->begin = node->heard = node->end = NT_TIME_NONE;
	node->key[BY_ORIGINAL] = *key;
	node->hash[BY_ORIGINAL] = hash;
	make_key(&node->key[BY_REPLY], entry->protocol, &entry->reply);
	node->hash[BY_REPLY] = hash_bytes(table->seed, &node->key[BY_REPLY], sizeof node->key[BY_REPLY]);
	node->translated = memcmp(key, &node->key[BY_REPLY], sizeof *key) != 0;
	make_room(table, BY_ORIGINAL, key, hash);
	make_room(table, BY_REPLY, &node->key[BY_REPLY], node->hash[BY_REPLY]);
	if (++table->count > table->capacity)
		grow(table);
	link_node(table, node);
	enqueue(table, node);
	return node;
}

void conntrack_table_add(struct conntrack_table *table, const struct conntrack_entry *entry)
{
	struct node *node;
	struct flow_key key;
	uint64_t hash;

	make_key(&key, entry->protocol, &entry->original);
	hash = hash_bytes(table->seed, &key, sizeof key);
	node = find_same(table, entry, &key, hash);
	if (node) {
		merge(node, entry);
		dequeue(table, node);
		enqueue(table, node);
	} else {
		node = add_node(table, entry, &key, hash);
	}
	note_times(node, entry);
	if (table->count > LIMIT_CONNTRACK) {
		limit_hit(table->hits, LIMIT_CONNTRACK_HIT);
		forget(table, table->oldest);
	}
}

/* ---- whose entry is it ---- */

/* The lifetime of an entry holds that of its connection, but for what the capture has from before or after. */
static bool may_be_of(const struct node *node, const struct conntrack_flow *flow)
{
	if (surely_before(flow->last, node->begin) || surely_before(node->end, flow->first))
		return false;
	if (!flow->begins)
		return true;
	/* What was there before the SYN must have lived on, and have been told of since. */
	if (surely_before(node->heard, flow->first))
		return false;
	return !surely_before(node->begin, flow->first) || node->end == NT_TIME_NONE || surely_before(flow->first, node->end);
}

/* The smaller, the likelier: how far its begin, or what is known of it first, is from the first packet. */
static uint64_t distance(const struct node *node, const struct conntrack_flow *flow)
{
	nt_time begin = node->begin != NT_TIME_NONE ? node->begin : node->heard;

	return begin == NT_TIME_NONE ? UINT64_MAX : gap(begin, flow->first);
}

static const struct node *closest(const struct conntrack_table *table, int way, const struct flow_key *key, uint64_t hash,
				  const struct conntrack_flow *flow)
{
	const struct node *best = NULL;

	for (const struct node *node = *chain_of(table, way, hash); node; node = node->next[way]) {
		if (has_key(node, way, key, hash) && may_be_of(node, flow) &&
		    (!best || distance(node, flow) < distance(best, flow)))
			best = node;
	}
	return best;
}

const struct conntrack_entry *conntrack_table_find(const struct conntrack_table *table, const struct conntrack_flow *flow)
{
	const struct node *node;
	struct flow_key key;
	uint64_t hash;

	if (!table)
		return NULL;
	make_key(&key, flow->protocol, &flow->tuple);
	hash = hash_bytes(table->seed, &key, sizeof key);
	node = closest(table, BY_ORIGINAL, &key, hash, flow);
	if (!node)
		node = closest(table, BY_REPLY, &key, hash, flow);
	return node ? &node->entry : NULL;
}
