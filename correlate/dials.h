/*
 * Dials: what a client did to reach a name.  DNS lookups are remembered, so that the SYNs to what they answered can be told from others.
 *
 * A dial is inferred: it begins with the first query for the name, holds every attempt to an address that the answers gave, and ends with
 * the handshake that succeeded or with the last failure.  Attempts that run at the same time towards the same address are dials of their
 * own (a browser's parallel connections).
 */
#ifndef NETTRACE_CORRELATE_DIALS_H
#define NETTRACE_CORRELATE_DIALS_H

#include "correlate/internal.h"

struct dns_message;
struct tcp_conn;

struct dials *dials_new(struct correlator *c);
void dials_free(struct dials *dials);

/* ---- lookups: counted references ---- */

/* The flow that a query or reply went over, as the client's resolver sees it. */
struct resolver_flow {
	trace_id connection;
	uint8_t ip_version;
	struct ip_address client, nameserver;
	uint16_t nameserver_port, client_port;
	enum trace_dns_over over;
	trace_id tls_tunnel;
};

/* A query of a name: the lookup that it belongs to, with a new reference for the caller; NULL if it has no question. */
struct lookup *dials_query(struct correlator *c, const struct resolver_flow *flow, const struct dns_message *message, nt_time time,
			   struct packet_ref packet);

/* What a reply has to do with the queries before it. */
enum dials_reply_kind { DIALS_REPLY, DIALS_REPLY_DUPLICATE, DIALS_REPLY_UNMATCHED };

/* A reply: remembers the addresses in it. */
void dials_reply(struct correlator *c, struct lookup *lookup, const struct resolver_flow *flow, const struct dns_message *message,
		 nt_time time, struct packet_ref packet, nt_time latency);

/* The latest lookup of the name in a reply, not a new reference; NULL if none is remembered. */
struct lookup *dials_lookup_of(struct correlator *c, const struct resolver_flow *flow, const struct dns_message *message);

/* A second reply to one query, or one that answers no query of its flow (`lookup` NULL: found by its question). */
void dials_odd_reply(struct correlator *c, struct lookup *lookup, enum dials_reply_kind kind, const struct resolver_flow *flow,
		     const struct dns_message *message, struct packet_ref packet);

/* An ICMP error about the query of a lookup. */
void dials_query_unreachable(struct correlator *c, struct lookup *lookup, uint8_t type, uint8_t code, struct packet_ref packet);

/* Gives lookups their outcome: those that were silent long enough, or all of them at the end. */
void dials_settle(struct correlator *c, bool all);

trace_id lookup_dial(const struct lookup *lookup); /* the dial that used it, 0 if none */
void lookup_unref(struct lookup *lookup);          /* NULL is fine */

struct lookups *dials_lookups(struct correlator *c);

/* Whether a client asked a name server from this port just now: what looks like a reply is one then, whoever sent it from wherever. */
bool dials_asked_from(struct correlator *c, const struct ip_address *client, uint16_t port);

/* A resolver turns to TCP: the lookup whose reply was truncated goes on there. */
void dials_resolver_syn(struct correlator *c, const struct tcp_conn *conn);

/* The connection to a name server was refused, or the server ended it. */
void dials_resolver_ended(struct correlator *c, const struct tcp_conn *conn);

/* ---- connections ---- */

void dials_syn(struct correlator *c, struct tcp_conn *conn, nt_time time); /* a connection begins: finds or makes its dial */

/* Whether a name is known for what a connection leads to, or it leads to a name server. */
bool dials_expects(struct correlator *c, const struct address_tuple *tuple, nt_time time);
void dials_syn_unexpected(struct correlator *c, struct tcp_conn *conn,
			  trace_id id); /* dials_syn() later, for one that was not expected; `id` is the dial's */
void dials_connected(struct correlator *c, struct tcp_conn *conn);
void dials_failed(struct correlator *c,
		  struct tcp_conn *conn); /* refused, or an ICMP error: handshake_end and close_reason are set */
void dials_conn_ended(struct correlator *c, struct tcp_conn *conn); /* the connection goes; reports the dial after its last one */

/* The name that the dial of a connection was for, as far as it is known by now; empty if it is not.  A view into the dial. */
struct bytes dials_host(const struct tcp_conn *conn);

/* When the dial of a connection began: its first query, else its first SYN; NT_TIME_NONE without a dial. */
nt_time dials_begin(const struct tcp_conn *conn);
nt_time dials_first_syn(const struct tcp_conn *conn); /* to any address; NT_TIME_NONE without a dial */

/* ---- QUIC: an attempt like any other, whose outcome its handshake is ---- */

struct quic_attempt {
	trace_id conn;
	struct address_tuple tuple; /* the client first */
	nt_time begin;              /* first Initial packet */
	struct packet_ref first_packet;
	/* dials.c: */
	struct dial *dial;
	bool pending;
};

trace_id dials_quic_begin(struct correlator *c, struct quic_attempt *attempt); /* finds or makes its dial, whose id it returns */
void dials_quic_name(struct correlator *c, const struct quic_attempt *attempt, struct bytes name); /* of the ClientHello */
void dials_quic_connected(struct correlator *c, struct quic_attempt *attempt, nt_time time);
void dials_quic_failed(struct quic_attempt *attempt, struct bytes error, nt_time time); /* `error` is copied */

/* "dial udp 192.0.2.1:443: connect: connection refused", as of an ICMP error; lives as long as `arena`. */
struct bytes dials_quic_icmp_error(const struct quic_attempt *attempt, uint8_t type, uint8_t code, struct arena *arena);

/*
 * After an attempt failed.  QUIC_HARMLESS: the client reached the server otherwise.  QUIC_EXPLAINED: another finding says why the dial
 * failed, or other attempts go on.  QUIC_CAUSE: nothing else explains it, and nothing else is to be reported as the cause from now on.
 */
enum quic_failure { QUIC_HARMLESS, QUIC_EXPLAINED, QUIC_CAUSE };
enum quic_failure dials_quic_judge(struct correlator *c, const struct quic_attempt *attempt);

void dials_quic_ended(struct correlator *c, struct quic_attempt *attempt, struct packet_ref last_packet); /* the flow goes */

/* ---- names ---- */

/* The stream says which name was meant.  The first word of the best kind of evidence holds. */
void dials_name(struct correlator *c, struct tcp_conn *conn, struct bytes name, enum trace_evidence evidence);

#endif
