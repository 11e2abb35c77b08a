/*
 * The table of open flows: found by their two endpoints, ended by time or by the limit on their number.
 *
 * A flow is the first member of a struct tcp_conn, of what stands for one (flow_form), or of a struct udp_conn; the table owns none.  Time here is correlator.elapsed, which
 * clock steps in the capture do not disturb.
 */
#ifndef NETTRACE_CORRELATE_FLOW_H
#define NETTRACE_CORRELATE_FLOW_H

#include "store/address.h"
#include "store/limits.h"

/* The endpoint that sorts first is index 0; "side" is the index of the endpoint that sent a packet. */
struct flow_key {
	struct ip_address address[2];
	uint16_t port[2];
	uint8_t ip_version, protocol;
	uint16_t vantage; /* captures from different places are kept apart */
};

/* How long a flow may be silent depends on what it waits for. */
enum flow_queue {
	FLOW_TCP_HALF_OPEN,
	FLOW_TCP_OPEN,
	FLOW_TCP_CLOSED,
	FLOW_TCP_TIME_WAIT,
	FLOW_UDP,
	FLOW_UDP_ANSWERED,
	FLOW_QUEUE_COUNT
};

/* What a flow is the beginning of. */
enum flow_form {
	FLOW_WHOLE,     /* struct tcp_conn, struct udp_conn */
	FLOW_HALF_OPEN, /* struct tcp_half_open */
	FLOW_TIME_WAIT  /* struct tcp_time_wait */
};

struct flow {
	struct flow_key key;
	struct flow *older, *newer; /* in its queue */
	nt_time last;               /* of its last packet */
	nt_time queued;             /* `last` when it was put where it stands in the queue */
	uint8_t queue;              /* enum flow_queue */
	uint8_t form;               /* enum flow_form */
};

struct flow_table {
	struct flow_slot *slots;
	size_t capacity, count; /* capacity is a power of two */
	uint64_t seed;
	nt_time linger; /* how much longer closed and UDP flows are kept, until connection tracking has had its last word; 0 without */
	struct flow *oldest[FLOW_QUEUE_COUNT], *newest[FLOW_QUEUE_COUNT];
	size_t in_queue[FLOW_QUEUE_COUNT];
	nt_time due; /* before that none of them has been silent for too long */
};

void flow_table_init(struct flow_table *table, uint64_t seed);
void flow_table_clear(struct flow_table *table); /* the flows themselves are not freed */

/*
 * Makes the key of a packet and says which side sent it.  Between one endpoint and itself (same address, same port) the sender is side 0.
 */
int flow_key_make(struct flow_key *key, uint8_t ip_version, uint8_t protocol, uint16_t vantage, const struct ip_address *source,
		  uint16_t source_port, const struct ip_address *destination, uint16_t destination_port);

/* The key as seen by the client, which is side `client`. */
struct address_tuple flow_tuple(const struct flow_key *key, int client);

uint64_t flow_hash(uint64_t seed, const struct flow_key *key);                                     /* `seed` of the table */
struct flow *flow_find(const struct flow_table *table, const struct flow_key *key, uint64_t hash); /* NULL if there is none */
void flow_insert(struct flow_table *table, struct flow *flow, uint64_t hash, enum flow_queue queue, nt_time last); /* key is set */
void flow_replace(struct flow_table *table, struct flow *old, struct flow *copy); /* `copy` of it stands in its place from now on */
void flow_remove(struct flow_table *table, struct flow *flow);
void flow_move(struct flow_table *table, struct flow *flow, enum flow_queue queue);

/* A flow that has been silent longer than its queue allows, or that is too many in it, or NULL.  The caller ends it and asks again. */
struct flow *flow_expired(struct flow_table *table, nt_time now);

/* The flow that has been silent longest, NULL if there is none: for the limit and for the end of the capture. */
struct flow *flow_silent_longest(struct flow_table *table);

#endif
