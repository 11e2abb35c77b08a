/*
 * DNS lookups that were seen, found again by client and name, or by client and an address in the answers.
 */
#ifndef NETTRACE_CORRELATE_LOOKUPS_H
#define NETTRACE_CORRELATE_LOOKUPS_H

#include "correlate/dials.h"

struct lookup_flow {
	struct resolver_flow flow;
	nt_time begin, end; /* first query, last reply (NT_TIME_NONE without one) */
};

enum lookup_asked { LOOKUP_ASKED_A = 1, LOOKUP_ASKED_AAAA = 2, LOOKUP_ASKED_OTHER = 4 };

/* What came of the queries: for telling why a lookup failed, or what it cost. */
struct lookup_story {
	uint32_t address_queries;  /* for A, AAAA and HTTPS */
	uint32_t repeated_queries; /* the same type asked again */
	uint8_t asked;             /* of enum lookup_asked */
	uint32_t addresses;        /* replies that gave one */
	uint32_t nodata, nxdomain, servfail, refused, malformed, mismatched, duplicate;
	uint16_t error_rcode;                    /* the last one that counts as servfail */
	bool truncated;                          /* a reply over UDP was cut by the server (TC) */
	bool truncated_answered;                 /* and another one over TCP came */
	trace_id tcp_conn;                       /* the connection that was tried after it */
	nt_time tcp_begun;                       /* when, on the correlator's elapsed clock */
	bool tcp_ended;                          /* it was refused, or the server ended it */
	nt_time asked_at[3], replied_at[3];      /* when a type was last asked for, and answered: A, AAAA, others; 0 never */
	uint32_t cut;                            /* replies of which the snaplen took the answer */
	nt_time last_query, last_reply, slowest; /* slowest: the longest wait for a reply */
	nt_time last_event;                      /* on the correlator's elapsed clock; lookups_heard() sets it */
	uint8_t icmp_type, icmp_code;
	struct packet_ref last_query_packet, repeated_packet, reply_packet, truncated_packet, mismatched_packet, duplicate_packet,
		icmp_packet, tcp_packet;
};

/* All queries of one client for one name that belong together: A and AAAA, retries, other servers. */
struct lookup {
	unsigned references;
	uint8_t ip_version;
	struct ip_address client; /* who asked */
	struct bytes name;        /* without the final dot, as first asked for; owned */
	nt_time begin;
	struct packet_ref first_packet;
	struct lookup_flow *flows; /* at most LIMIT_LOOKUP_FLOWS; owned */
	size_t flow_count;
	bool answered; /* some reply gave an address */
	trace_id dial; /* that it was made for, 0 if none yet */
	struct lookup_story story;
	struct lookup *expands; /* the lookup of the search list before this one, a reference; NULL if it is the first */
	unsigned expansions;    /* how many lookups of the search list went before */
	bool continued;         /* another one of the search list followed */
	/* While it is not settled, with one reference: by the time of the last event, and of those with its client by age. */
	struct lookup *older, *newer, *older_of_client, *newer_of_client;
	bool settled;
};

struct lookups; /* handle */

struct lookups *lookups_new(uint64_t seed, struct limit_hits *hits);
void lookups_free(struct lookups *lookups);

size_t lookup_type_index(uint16_t type); /* into asked_at: A, AAAA, others */

struct lookup *lookup_ref(struct lookup *lookup);

struct lookup *lookups_query(struct lookups *lookups, const struct resolver_flow *flow, const struct dns_message *message,
			     nt_time time, struct packet_ref packet);
void lookups_reply(struct lookups *lookups, struct lookup *lookup, const struct resolver_flow *flow,
		   const struct dns_message *message, nt_time time);

/* One entry per resolver flow, those of the search list before it first; the list lives in `arena`. */
void lookups_resolver_dials(const struct lookup *lookup, struct arena *arena, const struct trace_resolver_dial **out,
			    size_t *count);

/* Something came of a lookup, or for it. */
void lookups_heard(struct lookups *lookups, struct lookup *lookup, nt_time elapsed);

/* Hands out the lookups that were silent so long that nothing more will come, or that are too many. */
struct lookup *lookups_due(struct lookups *lookups, nt_time elapsed, bool all); /* the caller unrefs it; NULL if none is due */

/* Lookups of a client that are not settled, newest first; `after` NULL for the first.  There may be many. */
struct lookup *lookups_unsettled(struct lookups *lookups, const struct ip_address *client, const struct lookup *after);

/* The latest lookup, not a new reference; NULL if none is remembered. */
struct lookup *lookups_by_address(struct lookups *lookups, uint8_t ip_version, const struct ip_address *client,
				  const struct ip_address *address);
struct lookup *lookups_by_name(struct lookups *lookups, uint8_t ip_version, const struct ip_address *client, struct bytes name);

#endif
