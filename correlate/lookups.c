#include "correlate/lookups.h"

#include "store/hash.h"
#include "dissect/dns/dns.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A resolver repeats its questions for at most so long (5 s a try, several tries and servers): later ones are a new lookup. */
static const nt_time lookup_time = 30 * NT_SECOND, parallel_time = 300 * NT_MILLISECOND;

enum { FIRST_CAPACITY = 256, CLIENT_BUCKETS = 4096 };

/* What a lookup is found by: client and answered address, or client and name. */
struct key {
	struct ip_address client, address;
	uint64_t name_hash; /* 0 for keys by address */
};

struct memory {
	struct memory *next;          /* in its bucket */
	struct memory *older, *newer; /* by time of the last use as an answer */
	struct key key;
	struct lookup *lookup;
};

struct lookups {
	struct lookup *oldest_unsettled, *newest_unsettled; /* by last event */
	struct lookup *of_client[CLIENT_BUCKETS];           /* the newest unsettled of all clients with that hash */
	size_t unsettled;
	struct memory **buckets, *oldest, *newest;
	size_t capacity, count;
	uint64_t seed;
	struct limit_hits *hits;
};

struct lookup *lookup_ref(struct lookup *lookup)
{
	lookup->references++;
	return lookup;
}

void lookup_unref(struct lookup *lookup)
{
	if (!lookup || --lookup->references)
		return;
	lookup_unref(lookup->expands);
	free((void *)lookup->name.at);
	free(lookup->flows);
	free(lookup);
}

trace_id lookup_dial(const struct lookup *lookup)
{
	return lookup->dial;
}

struct lookups *lookups_new(uint64_t seed, struct limit_hits *hits)
{
	struct lookups *lookups = nt_zalloc(sizeof *lookups);

	lookups->seed = seed;
	lookups->hits = hits;
	lookups->capacity = FIRST_CAPACITY;
	lookups->buckets = nt_zalloc(FIRST_CAPACITY * sizeof(struct memory *));
	return lookups;
}

static struct memory **slot(const struct lookups *lookups, const struct key *key)
{
	struct memory **at = &lookups->buckets[hash_bytes(lookups->seed, key, sizeof *key) & (lookups->capacity - 1)];

	while (*at && memcmp(&(*at)->key, key, sizeof *key) != 0)
		at = &(*at)->next;
	return at;
}

static void unlink_age(struct lookups *lookups, struct memory *memory)
{
	if (memory->older)
		memory->older->newer = memory->newer;
	else
		lookups->oldest = memory->newer;
	if (memory->newer)
		memory->newer->older = memory->older;
	else
		lookups->newest = memory->older;
}

static void link_newest(struct lookups *lookups, struct memory *memory)
{
	memory->newer = NULL;
	memory->older = lookups->newest;
	if (lookups->newest)
		lookups->newest->newer = memory;
	else
		lookups->oldest = memory;
	lookups->newest = memory;
}

static void forget_oldest(struct lookups *lookups)
{
	struct memory *memory = lookups->oldest, **at = slot(lookups, &memory->key);

	*at = memory->next;
	unlink_age(lookups, memory);
	lookup_unref(memory->lookup);
	free(memory);
	lookups->count--;
}

/* ---- lookups without an outcome yet ---- */

/* So much silence after the last query or reply, and a resolver has given up. */
static const nt_time settle_time = 20 * NT_SECOND;

static void add_newest(struct lookups *lookups, struct lookup *lookup)
{
	lookup->newer = NULL;
	lookup->older = lookups->newest_unsettled;
	if (lookup->older)
		lookup->older->newer = lookup;
	else
		lookups->oldest_unsettled = lookup;
	lookups->newest_unsettled = lookup;
}

static void take_out(struct lookups *lookups, struct lookup *lookup)
{
	if (lookup->older)
		lookup->older->newer = lookup->newer;
	else
		lookups->oldest_unsettled = lookup->newer;
	if (lookup->newer)
		lookup->newer->older = lookup->older;
	else
		lookups->newest_unsettled = lookup->older;
	lookup->older = lookup->newer = NULL;
}

static struct lookup **of_client(struct lookups *lookups, const struct ip_address *client)
{
	return &lookups->of_client[hash_bytes(lookups->seed, client, sizeof *client) % CLIENT_BUCKETS];
}

static void wait_for_outcome(struct lookups *lookups, struct lookup *lookup)
{
	struct lookup **of = of_client(lookups, &lookup->client);

	lookup_ref(lookup);
	lookups->unsettled++;
	add_newest(lookups, lookup);
	lookup->older_of_client = *of;
	if (*of)
		(*of)->newer_of_client = lookup;
	*of = lookup;
}

static struct lookup *settle_oldest(struct lookups *lookups)
{
	struct lookup *lookup = lookups->oldest_unsettled;

	lookups->unsettled--;
	take_out(lookups, lookup);
	if (lookup->older_of_client)
		lookup->older_of_client->newer_of_client = lookup->newer_of_client;
	if (lookup->newer_of_client)
		lookup->newer_of_client->older_of_client = lookup->older_of_client;
	else
		*of_client(lookups, &lookup->client) = lookup->older_of_client;
	lookup->older_of_client = lookup->newer_of_client = NULL;
	lookup->settled = true;
	return lookup;
}

void lookups_heard(struct lookups *lookups, struct lookup *lookup, nt_time elapsed)
{
	lookup->story.last_event = elapsed;
	if (lookup->settled || lookup == lookups->newest_unsettled)
		return;
	take_out(lookups, lookup);
	add_newest(lookups, lookup);
}

struct lookup *lookups_due(struct lookups *lookups, nt_time elapsed, bool all)
{
	struct lookup *oldest = lookups->oldest_unsettled;

	if (!all && lookups->unsettled > LIMIT_LOOKUPS) {
		limit_hit(lookups->hits, LIMIT_LOOKUPS_HIT);
		return settle_oldest(lookups);
	}
	if (!oldest || (!all && oldest->story.last_event > elapsed - settle_time))
		return NULL;
	return settle_oldest(lookups);
}

struct lookup *lookups_unsettled(struct lookups *lookups, const struct ip_address *client, const struct lookup *after)
{
	struct lookup *lookup = after ? after->older_of_client : *of_client(lookups, client);

	while (lookup && memcmp(&lookup->client, client, sizeof *client) != 0)
		lookup = lookup->older_of_client;
	return lookup;
}

void lookups_free(struct lookups *lookups)
{
	if (!lookups)
		return;
	while (lookups->oldest_unsettled)
		lookup_unref(settle_oldest(lookups));
	while (lookups->oldest)
		forget_oldest(lookups);
	free(lookups->buckets);
	free(lookups);
}

static void grow(struct lookups *lookups)
{
	free(lookups->buckets);
	lookups->capacity *= 2;
	lookups->buckets = nt_zalloc(lookups->capacity * sizeof(struct memory *));
	for (struct memory *memory = lookups->oldest; memory; memory = memory->newer) {
		struct memory **at = slot(lookups, &memory->key);

		memory->next = NULL;
		*at = memory;
	}
}

static void remember(struct lookups *lookups, const struct key *key, struct lookup *lookup)
{
	struct memory **at = slot(lookups, key), *memory = *at;

	if (memory) {
		lookup_ref(lookup);
		lookup_unref(memory->lookup);
		memory->lookup = lookup;
		unlink_age(lookups, memory);
		link_newest(lookups, memory);
		return;
	}
	if (lookups->count >= LIMIT_NAMES) {
		limit_hit(lookups->hits, LIMIT_NAMES_HIT);
		forget_oldest(lookups);
	}
	memory = nt_zalloc(sizeof *memory);
	memory->key = *key;
	memory->lookup = lookup_ref(lookup);
	link_newest(lookups, memory);
	if (++lookups->count > lookups->capacity) {
		grow(lookups); /* places the new one too */
	} else {
		at = slot(lookups, key);
		*at = memory;
	}
}

static struct key name_key(const struct lookups *lookups, const struct ip_address *client, struct bytes name)
{
	uint8_t lower[256];
	struct key key;

	memset(&key, 0, sizeof key);
	if (name.size > sizeof lower)
		name.size = sizeof lower;
	for (size_t i = 0; i < name.size; i++)
		lower[i] = (uint8_t)tolower(name.at[i]);
	key.client = *client;
	key.name_hash = hash_bytes(~lookups->seed, lower, name.size) | 1;
	return key;
}

static struct key address_key(const struct ip_address *client, const struct ip_address *address)
{
	struct key key;

	memset(&key, 0, sizeof key);
	key.client = *client;
	key.address = *address;
	return key;
}

static const struct ip_address any_client; /* all zero: whoever asked */

static bool is_loopback(uint8_t ip_version, const struct ip_address *address)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	return ip_version == 4 ? address->bytes[0] == 127 : memcmp(address->bytes, loopback6, 16) == 0;
}

/*
 * A host asks from one address and connects from another when they are of different families, or when its resolver runs on itself.  In
 * one family, another client's lookup is another client's.
 */
static bool may_be_of_other_address(const struct lookup *lookup, uint8_t ip_version)
{
	return lookup->ip_version != ip_version || is_loopback(lookup->ip_version, &lookup->client);
}

static struct lookup *of_same_host(struct lookup *lookup, uint8_t ip_version)
{
	return lookup && may_be_of_other_address(lookup, ip_version) ? lookup : NULL;
}

static struct lookup *find(const struct lookups *lookups, const struct key *key)
{
	const struct memory *memory = *slot(lookups, key);

	return memory ? memory->lookup : NULL;
}

struct lookup *lookups_by_address(struct lookups *lookups, uint8_t ip_version, const struct ip_address *client,
				  const struct ip_address *address)
{
	struct key key = address_key(client, address), any = address_key(&any_client, address);
	struct lookup *lookup = find(lookups, &key);

	return lookup ? lookup : of_same_host(find(lookups, &any), ip_version);
}

struct lookup *lookups_by_name(struct lookups *lookups, uint8_t ip_version, const struct ip_address *client, struct bytes name)
{
	struct key key = name_key(lookups, client, name), any = name_key(lookups, &any_client, name);
	struct lookup *lookup = find(lookups, &key);

	if (!lookup)
		lookup = of_same_host(find(lookups, &any), ip_version);
	return lookup && bytes_equal_nocase(lookup->name, name) ? lookup : NULL;
}

static struct bytes without_final_dot(const char *name)
{
	struct bytes bytes = bytes_of(name);

	if (bytes.size > 1 && bytes.at[bytes.size - 1] == '.')
		bytes.size--;
	return bytes;
}

static struct lookup *lookup_new(const struct resolver_flow *flow, struct bytes name, nt_time time)
{
	struct lookup *lookup = nt_zalloc(sizeof *lookup);
	uint8_t *copy = nt_alloc(name.size);

	memcpy(copy, name.at, name.size);
	lookup->name = (struct bytes){ copy, name.size };
	lookup->begin = time;
	lookup->ip_version = flow->ip_version;
	lookup->client = flow->client;
	return lookup; /* without a reference: remember() takes the first */
}

static struct lookup_flow *flow_of(struct lookups *lookups, struct lookup *lookup, const struct resolver_flow *flow, nt_time time)
{
	for (size_t i = 0; i < lookup->flow_count; i++)
		if (lookup->flows[i].flow.connection == flow->connection)
			return &lookup->flows[i];
	if (lookup->flow_count == LIMIT_LOOKUP_FLOWS) {
		limit_hit(lookups->hits, LIMIT_LOOKUP_FLOWS_HIT);
		return NULL;
	}
	lookup->flows = nt_realloc_array(lookup->flows, lookup->flow_count + 1, sizeof *lookup->flows); /* mostly one, for good */
	lookup->flows[lookup->flow_count] = (struct lookup_flow){ .flow = *flow, .begin = time, .end = NT_TIME_NONE };
	return &lookup->flows[lookup->flow_count++];
}

size_t lookup_type_index(uint16_t type)
{
	return type == DNS_TYPE_A ? 0 : type == DNS_TYPE_AAAA ? 1 : 2;
}

/* The same question on another socket at almost the same time: another thread of the program, not a resolver that tries again. */
static bool runs_beside(const struct lookup *lookup, const struct resolver_flow *flow, const struct dns_message *message,
			nt_time time)
{
	size_t type = lookup_type_index(message->questions[0].type);
	nt_time asked = lookup->story.asked_at[type];

	if (asked == 0 || lookup->story.replied_at[type] >= asked || time - asked > parallel_time || flow->over != TRACE_OVER_UDP)
		return false;
	for (size_t i = 0; i < lookup->flow_count; i++)
		if (lookup->flows[i].flow.connection == flow->connection)
			return false;
	return true;
}

struct lookup *lookups_query(struct lookups *lookups, const struct resolver_flow *flow, const struct dns_message *message,
			     nt_time time, struct packet_ref packet)
{
	struct lookup *lookup;
	struct bytes name;
	struct key key;

	if (!message->question_count)
		return NULL;
	name = without_final_dot(message->questions[0].name);
	lookup = lookups_by_name(lookups, flow->ip_version, &flow->client, name);
	if (!lookup || lookup->dial || time - lookup->begin > lookup_time || runs_beside(lookup, flow, message, time)) {
		lookup = lookup_new(flow, name, time);
		lookup->first_packet = packet;
		wait_for_outcome(lookups, lookup);
		key = name_key(lookups, &flow->client, name);
		remember(lookups, &key, lookup);
		key = name_key(lookups, &any_client, name);
		remember(lookups, &key, lookup);
	}
	flow_of(lookups, lookup, flow, time);
	return lookup_ref(lookup);
}

void lookups_reply(struct lookups *lookups, struct lookup *lookup, const struct resolver_flow *flow,
		   const struct dns_message *message, nt_time time)
{
	struct lookup_flow *via = flow_of(lookups, lookup, flow, time);

	if (via)
		via->end = time;
	for (size_t i = 0; i < message->answer_count; i++) {
		const struct dns_record *answer = &message->answers[i];
		struct ip_address address = { { 0 } };
		struct key key;

		if (!(answer->type == DNS_TYPE_A && answer->data.size == 4) &&
		    !(answer->type == DNS_TYPE_AAAA && answer->data.size == 16))
			continue;
		memcpy(address.bytes, answer->data.at, answer->data.size);
		key = address_key(&flow->client, &address);
		remember(lookups, &key, lookup);
		if (may_be_of_other_address(lookup, answer->type == DNS_TYPE_A ? 4 : 6)) {
			key = address_key(&any_client, &address);
			remember(lookups, &key, lookup);
		}
		lookup->answered = true;
	}
}

void lookups_resolver_dials(const struct lookup *lookup, struct arena *arena, const struct trace_resolver_dial **out, size_t *count)
{
	struct trace_resolver_dial *list;
	size_t total = 0, at;

	for (const struct lookup *each = lookup; each; each = each->expands)
		total += each->flow_count;
	list = arena_zalloc(arena, total * sizeof *list);
	at = total;
	for (const struct lookup *each = lookup; each; each = each->expands) {
		at -= each->flow_count;
		for (size_t i = 0; i < each->flow_count; i++) {
			const struct lookup_flow *flow = &each->flows[i];

			list[at + i] = (struct trace_resolver_dial){ .begin = flow->begin,
								     .end = flow->begin, /* a datagram socket connects at once */
								     .ip_version = flow->flow.ip_version,
								     .nameserver = flow->flow.nameserver,
								     .nameserver_port = flow->flow.nameserver_port,
								     .established_conn = flow->flow.connection };
		}
	}
	*out = list;
	*count = total;
}
