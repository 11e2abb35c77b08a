#include "correlate/udp.h"

#include "correlate/conntrack_table.h"
#include "correlate/dns_talk.h"
#include "correlate/quic.h"
#include "dissect/dns/dns.h"
#include "dissect/quic/quic.h"

#include <stdlib.h>
#include <string.h>

enum { MDNS_PORT = 5353, LLMNR_PORT = 5355 };

struct udp_conn {
	struct flow flow; /* first */
	struct trace_udp_conn record;
	int8_t client; /* side, -1 while undecided */
	int8_t first_sender;
	bool first_payload_seen;
	uint64_t bytes[2], packets[2];
	struct dns_talk *talk;
	enum trace_dns_kind talk_kind;
	bool talk_reported;  /* as far as it went then */
	bool talk_cut_short; /* by LIMIT_DNS_CONVERSATIONS */
	struct quic_flow *quic;
	uint8_t quic_tries; /* datagrams that looked like QUIC, and were not */
	struct appid_flow *appid;
	bool appid_done;
};

static struct udp_conn *conn_new(struct correlator *c, const struct flow_key *key, uint64_t hash, int sender,
				 const struct packet_context *packet)
{
	struct udp_conn *conn = nt_zalloc(sizeof *conn);

	conn->flow.key = *key;
	conn->client = -1;
	conn->first_sender = (int8_t)sender;
	conn->record.id = new_id(c);
	conn->record.create = conn->record.close = packet->time;
	conn->record.vlan = packet->net->vlan;
	conn->record.tunnels = packet->net->tunnels;
	conn->record.interface = packet->interface;
	conn->record.first_packet = packet->ref;
	flow_insert(&c->flows, &conn->flow, hash, FLOW_UDP, c->elapsed);
	return conn;
}

static void set_client(struct udp_conn *conn, int side, enum trace_evidence evidence)
{
	if (conn->client >= 0)
		return;
	conn->client = (int8_t)side;
	conn->record.client_by = evidence;
}

static const struct conntrack_entry *find_conntrack(const struct correlator *c, const struct trace_udp_conn *record)
{
	const struct conntrack_flow flow = {
		.protocol = IP_PROTOCOL_UDP, .tuple = record->tuple, .first = record->create, .last = record->close
	};

	return conntrack_table_find(c->conntrack, &flow);
}

static void complete_record(struct correlator *c, struct udp_conn *conn)
{
	struct trace_udp_conn *record = &conn->record;
	const struct flow_key *key = &conn->flow.key;
	int client;

	set_client(conn, conn->first_sender, TRACE_BY_FIRST_PACKET);
	client = conn->client;
	record->tuple = flow_tuple(key, client);
	record->sent_bytes = conn->bytes[client];
	record->recv_bytes = conn->bytes[!client];
	record->sent_packets = conn->packets[client];
	record->recv_packets = conn->packets[!client];
	if (conn->appid)
		record->app_protocol = bytes_of(appid_give_up(c->appid, conn->appid));
	conn->appid = NULL;
	record->conntrack = find_conntrack(c, record);
}

static void end_talk(struct udp_conn *conn)
{
	if (conn->talk && !conn->record.from_dial)
		conn->record.from_dial = dns_talk_dial(conn->talk);
	dns_talk_end(conn->talk);
	conn->talk = NULL;
}

void udp_rest(struct correlator *c, struct udp_conn *conn)
{
	end_talk(conn);
	conn->talk_reported = true;
	conn->talk_cut_short = c->flows.in_queue[FLOW_UDP_ANSWERED] > LIMIT_DNS_CONVERSATIONS;
	flow_move(&c->flows, &conn->flow, FLOW_UDP);
}

void udp_end(struct correlator *c, struct udp_conn *conn)
{
	complete_record(c, conn);
	end_talk(conn);
	if (conn->quic)
		quic_flow_finish(conn->quic, &conn->record, c->elapsed - conn->flow.last);
	if (c->sink->udp_conn && client_wanted(c, conn->record.tuple.ip_version, &conn->record.tuple.source))
		c->sink->udp_conn(c->context, &conn->record);
	flow_remove(&c->flows, &conn->flow);
	quic_flow_free(conn->quic);
	free(conn);
}

void udp_icmp_error(struct udp_conn *conn, int sender, uint8_t type, uint8_t code, const struct packet_context *packet)
{
	conn->record.icmp_type = type;
	conn->record.icmp_code = code;
	conn->record.icmp_packet = packet->ref;
	if (conn->talk && sender == conn->client) /* not the client's own word that it listens no more */
		dns_talk_unreachable(conn->talk, type, code, packet->ref);
	if (conn->quic && sender == conn->client)
		quic_flow_icmp_error(conn->quic, type, code, packet);
}

/* ---- DNS ---- */

static bool has_port(const struct udp_conn *conn, uint16_t port)
{
	return conn->flow.key.port[0] == port || conn->flow.key.port[1] == port;
}

static bool is_response(struct cursor message)
{
	cur_skip(&message, 2);
	return cur_u8(&message) & 0x80;
}

/* From another port or address than the query went to. */
static bool is_stray_reply(struct correlator *c, const struct udp_conn *conn, int sender, struct cursor message)
{
	const struct flow_key *key = &conn->flow.key;

	return !has_port(conn, DNS_PORT) && is_response(message) && dns_looks_like(message) &&
	       dials_asked_from(c, &key->address[!sender], key->port[!sender]);
}

static bool speaks_dns(struct correlator *c, struct udp_conn *conn, int sender, struct cursor message)
{
	if (has_port(conn, DNS_PORT) || is_stray_reply(c, conn, sender, message))
		conn->talk_kind = TRACE_DNS;
	else if (has_port(conn, MDNS_PORT))
		conn->talk_kind = TRACE_MDNS;
	else if (has_port(conn, LLMNR_PORT))
		conn->talk_kind = TRACE_LLMNR;
	else
		return dns_is_plain_query(message);
	return dns_looks_like(message) || conn->talk_kind == TRACE_DNS;
}

static void handle_dns(struct correlator *c, struct udp_conn *conn, int sender, struct cursor message,
		       const struct packet_context *packet)
{
	const struct flow_key *key = &conn->flow.key;

	if (!conn->talk) {
		struct resolver_flow flow;
		int client = is_response(message) ? !sender : sender;

		/* Multicast has no client and server; whoever speaks first is named first. */
		set_client(conn, conn->talk_kind == TRACE_DNS ? client : sender,
			   conn->talk_kind == TRACE_DNS ? TRACE_BY_DNS : TRACE_BY_FIRST_PACKET);
		client = conn->client;
		flow = (struct resolver_flow){ .connection = conn->record.id,
					       .ip_version = key->ip_version,
					       .client = key->address[client],
					       .nameserver = key->address[!client],
					       .nameserver_port = key->port[!client],
					       .client_port = key->port[client] };
		conn->talk = dns_talk_new(c, &flow, conn->talk_kind, conn->talk_reported);
		if (conn->talk_cut_short)
			limit_hit(c->hits, LIMIT_DNS_CONVERSATIONS_HIT);
		conn->record.from_resolver = conn->talk_kind == TRACE_DNS;
		if (!c->appid)
			conn->record.app_protocol = BYTES("DNS");
	}
	dns_talk_message(conn->talk, message, packet->time, packet->ref);
	flow_move(&c->flows, &conn->flow, dns_talk_is_answered(conn->talk) ? FLOW_UDP_ANSWERED : FLOW_UDP);
}

/* ---- QUIC ---- */

static void handle_quic(struct correlator *c, struct udp_conn *conn, int sender, struct cursor payload,
			const struct packet_context *packet)
{
	struct address_tuple tuple;

	if (conn->quic) {
		quic_flow_datagram(conn->quic, sender == conn->client, payload, packet);
		return;
	}
	if (conn->quic_tries == LIMIT_QUIC_TRIES || !quic_looks_like_initial(payload))
		return;
	tuple = flow_tuple(&conn->flow.key, sender);
	conn->quic = quic_flow_new(c, conn->record.id, &tuple, payload, packet);
	if (!conn->quic && ++conn->quic_tries == LIMIT_QUIC_TRIES)
		limit_hit(c->hits, LIMIT_QUIC_TRIES_HIT);
	if (!conn->quic)
		return;
	set_client(conn, sender, TRACE_BY_TLS_HELLO);
	if (!c->appid)
		conn->record.app_protocol = BYTES("QUIC");
}

/* ---- one datagram ---- */

static void ask_appid(struct correlator *c, struct udp_conn *conn, const struct udp_datagram *datagram,
		      const struct packet_context *packet)
{
	const uint8_t *ip = packet->net->ip;
	const char *name;

	if (!ip)
		return;
	if (appid_packet(c->appid, &conn->appid, (struct bytes){ ip, (size_t)(datagram->payload.end - ip) }, packet->time, &name) ==
	    APPID_DECIDED) {
		conn->record.app_protocol = bytes_of(name);
		conn->appid_done = true;
	}
}

static void handle_payload(struct correlator *c, struct udp_conn *conn, int sender, const struct udp_datagram *datagram,
			   const struct packet_context *packet)
{
	if (cur_left(&datagram->payload) == 0)
		return;
	if (conn->talk || conn->talk_reported ||
	    ((!conn->first_payload_seen || has_port(conn, DNS_PORT)) && speaks_dns(c, conn, sender, datagram->payload)))
		handle_dns(c, conn, sender, datagram->payload, packet);
	else
		handle_quic(c, conn, sender, datagram->payload, packet);
	conn->first_payload_seen = true;
	if (c->appid && !conn->appid_done)
		ask_appid(c, conn, datagram, packet);
}

bool udp_is_reported(const struct correlator *c, const struct udp_conn *conn)
{
	const struct flow_key *key = &conn->flow.key;

	return conn->client < 0 || client_wanted(c, key->ip_version, &key->address[conn->client]);
}

bool udp_packet(struct correlator *c, const struct packet_layers *layers, const struct packet_context *packet)
{
	const struct udp_datagram *datagram = &layers->udp;
	const struct flow_key *key = &layers->key;
	const int sender = layers->sender;
	struct udp_conn *conn = (struct udp_conn *)flow_find(&c->flows, key, layers->hash);

	c->stats.udp_packets++;
	if (!conn) {
		if (!client_wanted(c, key->ip_version, &key->address[0]) && !client_wanted(c, key->ip_version, &key->address[1]))
			return false;
		conn = conn_new(c, key, layers->hash, sender, packet);
	}
	conn->flow.last = c->elapsed;
	if (packet->time > conn->record.close)
		conn->record.close = packet->time;
	conn->record.last_packet = packet->ref;
	conn->packets[sender]++;
	conn->bytes[sender] += cur_left_on_wire(&datagram->payload);
	handle_payload(c, conn, sender, datagram, packet);
	return udp_is_reported(c, conn);
}
