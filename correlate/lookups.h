/*
 * DNS lookups that were seen, found again by client and name, or by client and an address in the answers.
 */
#ifndef NETTRACE_CORRELATE_LOOKUPS_H
#define NETTRACE_CORRELATE_LOOKUPS_H

#include "correlate/dials.h"

enum { LOOKUP_MAX_FLOWS = 16 };

struct lookup_flow {
	struct resolver_flow flow;
	nt_time begin, end; /* first query, last reply (NT_TIME_NONE without one) */
};

/* All queries of one client for one name that belong together: A and AAAA, retries, other servers. */
struct lookup {
	unsigned references;
	uint8_t ip_version;
	struct ip_address client; /* who asked */
	struct bytes name;        /* without the final dot, as first asked for; owned */
	nt_time begin;
	struct packet_ref first_packet;
	struct lookup_flow flows[LOOKUP_MAX_FLOWS];
	size_t flow_count;
	bool answered; /* some reply gave an address */
	trace_id dial; /* that it was made for, 0 if none yet */
};

struct lookups; /* handle */

struct lookups *lookups_new(uint64_t seed, struct limit_hits *hits);
void lookups_free(struct lookups *lookups);

struct lookup *lookup_ref(struct lookup *lookup);

struct lookup *lookups_query(struct lookups *lookups, const struct resolver_flow *flow, const struct dns_message *message,
			     nt_time time, struct packet_ref packet);
void lookups_reply(struct lookups *lookups, struct lookup *lookup, const struct resolver_flow *flow,
		   const struct dns_message *message, nt_time time);

/* The latest lookup, not a new reference; NULL if none is remembered. */
struct lookup *lookups_by_address(struct lookups *lookups, uint8_t ip_version, const struct ip_address *client,
				  const struct ip_address *address);
struct lookup *lookups_by_name(struct lookups *lookups, uint8_t ip_version, const struct ip_address *client, struct bytes name);

#endif
