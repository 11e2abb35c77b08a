/*
 * What the files of correlate/ share.  Nothing outside this folder includes it.
 */
#ifndef NETTRACE_CORRELATE_INTERNAL_H
#define NETTRACE_CORRELATE_INTERNAL_H

#include "correlate/correlate.h"
#include "correlate/layers.h"
#include "dissect/appid/appid.h"

struct app;
struct certificates;
struct conntrack_table;
struct dial;
struct dials;
struct exchange;
struct findings;
struct http_history;
struct http_state;
struct fragments;
struct lookup;
struct proxies;
struct quic_handshake;

struct correlator {
	struct correlate_options options;
	const struct trace_sink *sink;
	void *context;
	struct limit_hits *hits;
	struct correlate_stats stats;
	nt_time now; /* the largest packet time so far */
	nt_time last_packet_time;
	nt_time elapsed; /* since the first packet, on a clock that never goes back and takes long silences for short ones */
	trace_id last_id;
	bool finishing; /* no more packets will come */
	struct flow_table flows;
	struct fragments *fragments;
	struct dials *dials;
	struct findings *findings;
	struct http_history *http_history;
	struct proxies *proxies;
	struct conntrack_table *conntrack; /* NULL while nothing was told */
	struct services *services;
	struct certificates *certificates;
	struct flow *spare_conns; /* of struct tcp_conn, by flow.older */
	size_t spare_conn_count;
	struct buffer url;                                /* that is being put together */
	struct appid *appid;                              /* NULL if switched off */
	struct quic_handshake *quic_oldest, *quic_newest; /* unfinished, in the order of their begin */
	size_t quic_handshakes;
	struct arena dns_scratch;         /* of the DNS message that is being read */
	struct exchange *spare_exchanges; /* for reuse, so that a request costs no allocation in steady state */
	struct http_state *spare_http;    /* nor a connection */
	size_t spare_http_count;
	struct tls_keylog *resumable;  /* secrets of sessions that may be resumed; NULL without a key log */
	uint64_t keys_missed;          /* tunnels whose content could not be read */
	uint64_t one_sided, two_sided; /* TCP connections with data of which one side, or both, were captured */
	struct packet_ref one_sided_packet;
	uint64_t dns_replies;
	nt_time lookup_failed;             /* when a reply last said so; NT_TIME_NONE: never */
	bool dns_replies_missed;           /* a name without any reply was used all the same */
	bool answers_missed, answers_seen; /* SYN-ACKs of handshakes that succeeded: not captured, captured */
	size_t held_bytes;                 /* of segments ahead of a hole, all connections */
	uint64_t bytes_seen, bytes_lost;   /* payload of all connections: captured, and acknowledged without being captured */
	struct packet_ref lost_packet;     /* the first that proves such a loss */
};

/* The packet that is being looked at, beside its layers. */
struct packet_context {
	nt_time time;
	struct packet_ref ref;
	uint32_t interface;
	uint16_t vantage; /* keeps flows apart that were captured at different places */
	const struct net_packet *net;
};

static inline trace_id new_id(struct correlator *c)
{
	return ++c->last_id;
}

bool client_is_listed(const struct correlator *c, uint8_t ip_version, const struct ip_address *address);

/* Whether --client lets this host be reported as a client.  Asked for each packet, and mostly without --client. */
static inline bool client_wanted(const struct correlator *c, uint8_t ip_version, const struct ip_address *address)
{
	return c->options.client_count == 0 || client_is_listed(c, ip_version, address);
}

#endif
