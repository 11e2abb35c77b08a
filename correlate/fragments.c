#include "correlate/fragments.h"

#include "store/hash.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024, MAX_DATAGRAM = 65535 + 1 };
static const nt_time timeout = 60 * NT_SECOND; /* RFC 8200 4.5 */

struct part {
	struct part *next;
	uint32_t offset, size; /* bytes of the datagram's payload, on the wire */
	uint32_t captured;
	uint8_t bytes[];
};

struct fragment_key {
	struct ip_address source, destination;
	uint32_t id;
	uint16_t vantage;
	uint8_t protocol, ip_version;
};

struct datagram {
	struct datagram *next;          /* in its bucket */
	struct datagram *older, *newer; /* by time of the first fragment seen */
	struct fragment_key key;
	nt_time begin;
	struct part *parts;      /* sorted by offset, without overlaps */
	struct part **tail;      /* where one behind all of them goes */
	uint32_t covered;        /* bytes of all parts */
	uint32_t total;          /* size of the datagram, 0 until the last fragment came */
	uint32_t reach;          /* end of the part that reaches farthest */
	uint32_t count;          /* fragments */
	struct net_packet first; /* of the fragment with offset 0, else of any */
};

struct fragments {
	struct datagram *bucket[BUCKETS], *oldest, *newest;
	size_t datagrams, bytes;
	uint64_t seed, unfinished, conflicting;
	struct limit_hits *hits;
	uint8_t *whole; /* MAX_DATAGRAM bytes, for the datagram handed out last */
};

struct fragments *fragments_new(uint64_t seed, struct limit_hits *hits)
{
	struct fragments *fragments = nt_zalloc(sizeof *fragments);

	fragments->seed = seed;
	fragments->hits = hits;
	return fragments;
}

static struct datagram **slot(struct fragments *fragments, const struct fragment_key *key)
{
	struct datagram **at = &fragments->bucket[hash_bytes(fragments->seed, key, sizeof *key) % BUCKETS];

	while (*at && memcmp(&(*at)->key, key, sizeof *key) != 0)
		at = &(*at)->next;
	return at;
}

static void drop(struct fragments *fragments, struct datagram *datagram, bool finished)
{
	struct datagram **at = slot(fragments, &datagram->key);

	*at = datagram->next;
	if (datagram->older)
		datagram->older->newer = datagram->newer;
	else
		fragments->oldest = datagram->newer;
	if (datagram->newer)
		datagram->newer->older = datagram->older;
	else
		fragments->newest = datagram->older;
	for (struct part *part = datagram->parts, *next; part; part = next) {
		next = part->next;
		fragments->bytes -= sizeof *part + part->captured;
		free(part);
	}
	if (!finished)
		fragments->unfinished += datagram->count;
	fragments->datagrams--;
	free(datagram);
}

void fragments_free(struct fragments *fragments)
{
	if (!fragments)
		return;
	while (fragments->oldest)
		drop(fragments, fragments->oldest, false);
	free(fragments->whole);
	free(fragments);
}

uint64_t fragments_unfinished(const struct fragments *fragments)
{
	uint64_t count = fragments->unfinished;

	for (const struct datagram *datagram = fragments->oldest; datagram; datagram = datagram->newer)
		count += datagram->count;
	return count;
}

uint64_t fragments_conflicting(const struct fragments *fragments)
{
	return fragments->conflicting;
}

static void make_room(struct fragments *fragments, nt_time now)
{
	while (fragments->oldest && fragments->oldest->begin < now - timeout)
		drop(fragments, fragments->oldest, false);
	while (fragments->datagrams >= LIMIT_FRAGMENT_DATAGRAMS) {
		limit_hit(fragments->hits, LIMIT_FRAGMENT_DATAGRAMS_HIT);
		drop(fragments, fragments->oldest, false);
	}
	while (fragments->bytes > LIMIT_FRAGMENT_BYTES) {
		limit_hit(fragments->hits, LIMIT_FRAGMENT_BYTES_HIT);
		drop(fragments, fragments->oldest, false);
	}
}

static struct datagram *find_or_add(struct fragments *fragments, const struct fragment_key *key, nt_time now)
{
	struct datagram **at = slot(fragments, key), *datagram = *at;

	if (datagram)
		return datagram;
	datagram = nt_zalloc(sizeof *datagram);
	datagram->key = *key;
	datagram->begin = now;
	datagram->tail = &datagram->parts;
	*at = datagram;
	datagram->older = fragments->newest;
	if (fragments->newest)
		fragments->newest->newer = datagram;
	else
		fragments->oldest = datagram;
	fragments->newest = datagram;
	fragments->datagrams++;
	return datagram;
}

static void add_piece(struct fragments *fragments, struct datagram *datagram, struct part **at, uint32_t start, uint32_t end,
		      uint32_t offset, struct bytes captured)
{
	uint32_t skip = start - offset, size = end - start;
	uint32_t have = captured.size > skip ? (uint32_t)captured.size - skip : 0;
	struct part *part;

	if (have > size)
		have = size;
	part = nt_alloc(sizeof *part + have);
	*part = (struct part){ .next = *at, .offset = start, .size = size, .captured = have };
	if (have)
		memcpy(part->bytes, captured.at + skip, have);
	*at = part;
	if (!part->next)
		datagram->tail = &part->next;
	datagram->covered += size;
	fragments->bytes += sizeof *part + have;
}

/* Adds what is new of [offset, end): only the holes between the parts that are there. */
static void add_parts(struct fragments *fragments, struct datagram *datagram, uint32_t offset, uint32_t end, struct bytes captured)
{
	struct part **at = offset >= datagram->reach ? datagram->tail : &datagram->parts;
	uint32_t start = offset;

	while (start < end) {
		struct part *part = *at;

		if (part && part->offset + part->size <= start) {
			at = &part->next;
			continue;
		}
		if (part && part->offset <= start) {
			start = part->offset + part->size;
			continue;
		}
		uint32_t stop = part && part->offset < end ? part->offset : end;

		add_piece(fragments, datagram, at, start, stop, offset, captured);
		start = stop;
	}
}

/* How a fragment and the parts that are there lie to each other. */
struct overlap {
	uint32_t bytes; /* that come again */
	bool conflicts;
};

static struct overlap overlap_of(const struct datagram *datagram, uint32_t offset, uint32_t end, struct bytes captured)
{
	struct overlap overlap = { 0 };

	if (offset >= datagram->reach)
		return overlap;
	for (const struct part *part = datagram->parts; part && part->offset < end; part = part->next) {
		uint32_t from = part->offset > offset ? part->offset : offset;
		uint32_t to = part->offset + part->size < end ? part->offset + part->size : end;
		uint32_t have = offset + (uint32_t)captured.size;

		if (from >= to)
			continue;
		overlap.bytes += to - from;
		if (have > part->offset + part->captured)
			have = part->offset + part->captured;
		if (have > to)
			have = to;
		if (from < have && memcmp(part->bytes + (from - part->offset), captured.at + (from - offset), have - from) != 0)
			overlap.conflicts = true;
	}
	return overlap;
}

static void assemble(struct fragments *fragments, const struct datagram *datagram, struct net_packet *whole)
{
	uint32_t have = 0;

	if (!fragments->whole)
		fragments->whole = nt_alloc(MAX_DATAGRAM);
	for (const struct part *part = datagram->parts; part && part->offset == have; part = part->next) {
		memcpy(fragments->whole + have, part->bytes, part->captured);
		have += part->captured;
		if (part->captured < part->size)
			break;
	}
	*whole = datagram->first;
	whole->ip = NULL;
	whole->payload = cur_of(fragments->whole, have, datagram->total - have);
}

bool fragments_add(struct fragments *fragments, const struct net_packet *fragment, uint16_t vantage, nt_time time,
		   struct net_packet *whole)
{
	struct fragment_key key;
	struct datagram *datagram;
	struct overlap overlap;
	uint64_t end = (uint64_t)fragment->fragment.offset + cur_left_on_wire(&fragment->payload);

	if (end >= MAX_DATAGRAM || end == fragment->fragment.offset) { /* "ping of death", or nothing in it */
		fragments->unfinished++;
		return false;
	}
	memset(&key, 0, sizeof key);
	key.source = fragment->source;
	key.destination = fragment->destination;
	key.id = fragment->fragment.id;
	key.vantage = vantage;
	key.protocol = fragment->ip_version == 4 ? fragment->protocol : 0; /* RFC 8200: only the first fragment's counts */
	key.ip_version = fragment->ip_version;
	make_room(fragments, time);
	datagram = find_or_add(fragments, &key, time);
	if ((datagram->total && end > datagram->total) || (!fragment->fragment.more && end < datagram->reach)) {
		fragments->unfinished++; /* it lies beyond the last fragment: one of the two is forged or of another datagram */
		return false;
	}
	overlap = overlap_of(datagram, fragment->fragment.offset, (uint32_t)end, cur_rest(&fragment->payload));
	fragments->conflicting += overlap.conflicts;
	if (fragment->ip_version == 6 &&
	    (overlap.conflicts || (overlap.bytes && overlap.bytes < end - fragment->fragment.offset))) {
		fragments->unfinished++;
		drop(fragments, datagram, false);
		return false;
	}
	if (datagram->count++ == 0 || fragment->fragment.offset == 0)
		datagram->first = *fragment;
	if (!fragment->fragment.more && !datagram->total)
		datagram->total = (uint32_t)end;
	add_parts(fragments, datagram, fragment->fragment.offset, (uint32_t)end, cur_rest(&fragment->payload));
	if (end > datagram->reach)
		datagram->reach = (uint32_t)end;
	if (!datagram->total || datagram->covered < datagram->total || datagram->parts->offset != 0)
		return false;
	assemble(fragments, datagram, whole);
	drop(fragments, datagram, true);
	return true;
}
