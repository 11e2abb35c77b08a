/*
 * Connections: attempts that failed, transport that died, what cost time.
 */
#include "correlate/diagnose.h"
#include "correlate/proxies.h"

#include <string.h>
#include <strings.h>

/* ---- endings ---- */

static void take_earlier(struct ending *ending, enum ending_kind kind, bool by_server, nt_time at, struct packet_ref packet)
{
	if (at == NT_TIME_NONE || (ending->kind != ENDING_OPEN && ending->at <= at))
		return;
	*ending = (struct ending){ .kind = kind, .by_server = by_server, .at = at, .packet = packet };
}

struct ending connection_ending(const struct correlator *c, const struct tcp_conn *conn)
{
	struct ending ending = { .kind = ENDING_OPEN, .at = conn->record.last + (c->elapsed - conn->flow.last) };

	for (int i = 0; i < 2; i++) {
		const struct tcp_side *side = &conn->side[i];

		take_earlier(&ending, ENDING_FIN, i != conn->client, side->counts.fin, side->fin_packet);
		take_earlier(&ending, ENDING_RST, i != conn->client, side->counts.rst, side->rst_packet);
	}
	return ending;
}

struct ending stream_ending(const struct correlator *c, const struct tcp_conn *conn, trace_id tls_tunnel)
{
	struct ending ending = connection_ending(c, conn);

	if (tls_tunnel && conn->close_notify.tunnel == tls_tunnel)
		take_earlier(&ending, ENDING_NOTIFIED, true, conn->close_notify.time, conn->close_notify.packet);
	return ending;
}

static const struct tcp_side *client_side(const struct tcp_conn *conn)
{
	return &conn->side[conn->client];
}

static const struct tcp_side *server_side(const struct tcp_conn *conn)
{
	return &conn->side[!conn->client];
}

bool capture_lacks_bytes(const struct tcp_conn *conn)
{
	for (int i = 0; i < 2; i++)
		if (conn->side[i].counts.lost_bytes || conn->side[i].counts.cut_bytes ||
		    (conn->side[i].byte_count == 0 && conn->side[i].acked > TCP_OFFSET_BASE))
			return true;
	return false;
}

bool capture_lost_much(const struct correlator *c)
{
	return c->bytes_lost > c->bytes_seen / 100;
}

static bool was_followed(const struct tcp_side *side, const struct tcp_side *peer)
{
	return peer->seen && (side->acked >= side->top || side->counts.retransmissions);
}

bool client_was_followed(const struct tcp_conn *conn)
{
	return was_followed(client_side(conn), server_side(conn));
}

bool server_was_followed(const struct tcp_conn *conn)
{
	return was_followed(server_side(conn), client_side(conn));
}

static void name_server(struct finding *f, const struct tcp_conn *conn)
{
	struct address_tuple tuple = tcp_tuple(conn);
	char text[ENDPOINT_TEXT_SIZE];

	finding_say(f, "%s", endpoint_text(tuple.ip_version, &tuple.destination, tuple.destination_port, text));
}

/* ---- attempts ---- */

enum finding_code icmp_finding_code(uint8_t ip_version, uint8_t type, uint8_t code)
{
	if (ip_version == 4 && type == 3) { /* RFC 792, RFC 1812 5.2.7.1 */
		if (code == 0 || code == 6 || code == 11)
			return FINDING_ICMP_NET_UNREACHABLE;
		if (code == 2 || code == 3)
			return FINDING_ICMP_PORT_UNREACHABLE;
		return code == 9 || code == 10 || code == 13 ? FINDING_ICMP_ADMIN_PROHIBITED : FINDING_ICMP_HOST_UNREACHABLE;
	}
	if (ip_version == 6 && type == 1) { /* RFC 4443 3.1 */
		if (code == 0)
			return FINDING_ICMP_NET_UNREACHABLE;
		if (code == 4)
			return FINDING_ICMP_PORT_UNREACHABLE;
		return code == 1 || code == 5 || code == 6 ? FINDING_ICMP_ADMIN_PROHIBITED : FINDING_ICMP_HOST_UNREACHABLE;
	}
	return FINDING_ICMP_HOST_UNREACHABLE;
}

static void say_host(struct finding *f, struct bytes host)
{
	if (host.size)
		finding_say(f, " (%.*s)", (int)(host.size < 200 ? host.size : 200), (const char *)host.at);
}

static void attempt_refused(struct finding *f, const struct tcp_conn *conn, struct bytes host)
{
	name_server(f, conn);
	say_host(f, host);
	finding_say(f, " refused the connection: it answered the SYN with a RST, so nothing listens on this port.");
	finding_packet(f, conn->syn_packet, "SYN");
	finding_packet(f, server_side(conn)->rst_packet, "RST in answer to the SYN");
}

/* What names proxies have; said as a reading of the name, as nothing else in the capture tells. */
static bool is_named_as_proxy(struct bytes host)
{
	return host.size >= 5 && strncasecmp((const char *)host.at, "proxy", 5) == 0;
}

static void attempt_refused_by_proxy(struct finding *f, const struct tcp_conn *conn, struct bytes host, bool known)
{
	finding_say(f, "The proxy ");
	attempt_refused(f, conn, host);
	finding_say(f, known ? " Other requests in this capture went through it." : " That it is a proxy is read from its name.");
}

const char *icmp_finding_words(enum finding_code code)
{
	return code == FINDING_ICMP_NET_UNREACHABLE    ? "the network is unreachable"
	       : code == FINDING_ICMP_PORT_UNREACHABLE ? "the port is unreachable"
	       : code == FINDING_ICMP_ADMIN_PROHIBITED ? "a firewall forbids it (administratively prohibited)"
						       : "the host is unreachable";
}

static void attempt_icmp(struct finding *f, const struct tcp_conn *conn, struct bytes host, enum finding_code code)
{
	finding_say(f, "Connecting to ");
	name_server(f, conn);
	say_host(f, host);
	finding_say(f, " failed: an ICMP error (type %u, code %u) says that %s.", conn->record.icmp_type, conn->record.icmp_code,
		    icmp_finding_words(code));
	finding_packet(f, conn->syn_packet, "SYN");
	finding_packet(f, conn->record.icmp_packet, "ICMP error that quotes the SYN");
}

static void attempt_timed_out(struct correlator *c, struct finding *f, const struct tcp_conn *conn, struct bytes host)
{
	char text[24];

	name_server(f, conn);
	say_host(f, host);
	if (conn->syn_ack != NT_TIME_NONE)
		finding_say(f, " answered the SYN, but the handshake was never completed.");
	else
		finding_say(f, " never answered: %u SYN%s, and no answer of any kind in %s.", conn->record.syn_count,
			    conn->record.syn_count == 1 ? "" : "s", duration_text(connection_ending(c, conn).at - conn->syn, text));
	finding_packet(f, conn->syn_packet, "first SYN");
	finding_packet(f, conn->last_syn_packet, "last SYN");
}

static bool is_ipv6(const struct tcp_conn *conn)
{
	return conn->flow.key.ip_version == 6;
}

struct finding *diagnose_attempt(struct correlator *c, const struct tcp_conn *conn, struct bytes host, const char *fallback)
{
	enum finding_code code = FINDING_TCP_TIMEOUT;
	enum trace_close why = conn->record.close_reason;
	const bool known_as_proxy = proxies_know(c, conn);
	struct finding *f;

	if (why == TRACE_CLOSE_REFUSED)
		code = !fallback && (known_as_proxy || is_named_as_proxy(host)) ? FINDING_PROXY_REFUSED : FINDING_TCP_REFUSED;
	else if (why == TRACE_CLOSE_ICMP)
		code = icmp_finding_code(conn->flow.key.ip_version, conn->record.icmp_type, conn->record.icmp_code);
	if (fallback)
		f = finding_begin(c,
				  is_ipv6(conn) && code != FINDING_TCP_REFUSED ? FINDING_IPV6_DEAD_FALLBACK
									       : FINDING_FIRST_ADDRESS_REFUSED,
				  conn->syn);
	else
		f = finding_begin(c, code, conn->syn);
	if (code == FINDING_PROXY_REFUSED)
		attempt_refused_by_proxy(f, conn, host, known_as_proxy);
	else if (code == FINDING_TCP_REFUSED)
		attempt_refused(f, conn, host);
	else if (code == FINDING_TCP_TIMEOUT)
		attempt_timed_out(c, f, conn, host);
	else
		attempt_icmp(f, conn, host, code);
	if (fallback)
		finding_say(f, "%s", fallback);
	finding_trace(f, conn->record.from_dial);
	finding_trace(f, conn->record.id);
	if (!fallback)
		finding_root(f, conn->record.from_dial, 0);
	return f;
}

/* ---- transport that died ---- */

enum { FULL_SEGMENT = 1000, STUCK_TIMES = 3 };

/* The most that the server puts into a segment: both ends' MSS, less the timestamps that nearly all send; 0 if not known. */
static uint32_t full_segment_of_server(const struct tcp_conn *conn)
{
	enum { TIMESTAMPS = 12 };
	const uint16_t a = client_side(conn)->counts.mss, b = server_side(conn)->counts.mss;
	const uint16_t mss = a < b ? a : b;

	return mss > TIMESTAMPS ? mss - TIMESTAMPS : 0;
}

/* Bytes of the server that never came, though there was time to send them again, while nothing as large as they must be got through. */
static bool large_segments_of_server_vanish(const struct tcp_conn *conn, const struct ending *ending)
{
	const struct tcp_side *server = server_side(conn);
	const uint32_t full = full_segment_of_server(conn);

	if (conn->hole.size < FULL_SEGMENT || server->largest_segment >= conn->hole.size)
		return false;
	return server->counts.payload_packets <= 4 ||
	       (full && conn->hole.size >= full && server->largest_segment < full && ending->at - conn->hole.since >= NT_SECOND);
}

/* A path MTU that nobody reports: what is small passes, what is large vanishes (RFC 4821 1). */
static bool is_mtu_blackhole(const struct tcp_conn *conn, const struct ending *ending)
{
	const struct tcp_side *client = client_side(conn);

	if (conn->record.reused)
		return false; /* which segments got through before is not known */
	if (large_segments_of_server_vanish(conn, ending))
		return true;
	return client->stuck_count >= STUCK_TIMES && client->stuck_size >= FULL_SEGMENT &&
	       client->largest_acked < client->stuck_size && client->largest_acked > 0 && client->largest_acked < FULL_SEGMENT;
}

static struct finding *mtu_blackhole(struct correlator *c, const struct tcp_conn *conn, const struct ending *ending)
{
	const struct tcp_side *client = client_side(conn);
	struct finding *f = finding_begin(c, FINDING_MTU_BLACKHOLE, ending->at);

	finding_say(f, "Large segments between the client and ");
	name_server(f, conn);
	if (conn->hole.size) {
		finding_say(f, " vanish: %llu bytes of the server never arrived while smaller ones after them did.",
			    (unsigned long long)conn->hole.size);
		finding_packet(f, conn->hole.before, "a segment beyond the missing bytes");
	} else {
		finding_say(f, " vanish: a segment of %u bytes was sent %u times in vain, while smaller ones were acknowledged.",
			    client->stuck_size, client->stuck_count + 1);
		finding_packet(f, client->stuck_packet, "the large segment, sent again");
	}
	finding_say(f, " That is how a path with a smaller MTU looks when its ICMP \"too big\" messages are lost.");
	return f;
}

static struct finding *stalled(struct correlator *c, const struct tcp_conn *conn, const struct tcp_side *side, bool by_server)
{
	struct finding *f = finding_begin(c, FINDING_TCP_STALLED, side->stuck_since);
	char text[24];

	finding_say(
		f, "The %s's data stopped getting through: the same bytes were sent %u more times in %s and never acknowledged by ",
		by_server ? "server" : "client", side->stuck_count,
		duration_text(connection_ending(c, conn).at - side->stuck_since, text));
	name_server(f, conn);
	finding_say(f, ".");
	finding_packet(f, side->stuck_packet, "the segment, sent again");
	finding_packet(f, side->last_data_packet, "last data");
	return f;
}

/* The side whose data is sent again in vain, NULL if none is. */
static const struct tcp_side *stuck_side(const struct tcp_conn *conn)
{
	return client_side(conn)->stuck_count ? client_side(conn) : server_side(conn)->stuck_count ? server_side(conn) : NULL;
}

/*
 * The router or firewall forgot the connection while both ends still held it: from then on it passes nothing.  What the server sent shows
 * nowhere then, so that a client in the middle of an exchange may just wait.
 */
static struct finding *nat_state_lost(struct correlator *c, const struct tcp_conn *conn, bool pending)
{
	const struct conntrack_entry *entry = c->conntrack ? tcp_conntrack(c, conn) : NULL;
	const struct tcp_side *stuck = stuck_side(conn);
	struct ending ending = connection_ending(c, conn);
	struct finding *f;
	char text[24];

	if (!entry || entry->kind != CONNTRACK_DESTROY || entry->time == NT_TIME_NONE || entry->time >= conn->record.last ||
	    (ending.kind != ENDING_OPEN && ending.at <= entry->time))
		return NULL;
	if (!stuck && (!pending || server_side(conn)->last_data > entry->time || ending.at - entry->time < TIMEOUT_PATIENCE))
		return NULL;
	f = finding_begin(c, FINDING_NAT_STATE_LOST, entry->time);
	finding_say(f, "The connection tracking entry of the connection to ");
	name_server(f, conn);
	finding_say(f, " was destroyed %s before the last packet, while the connection was open: %s.",
		    duration_text(conn->record.last - entry->time, text),
		    stuck ? "what was sent after that got no answer" : "after that nothing came from the server");
	if (stuck)
		finding_packet(f, stuck->stuck_packet, "data sent again after the entry was gone");
	finding_packet(f, (stuck ? stuck : server_side(conn))->last_data_packet, "last data");
	if (!stuck)
		finding_packet(f, ending.packet, "the client gives up");
	return f;
}

bool client_sent_in_vain(const struct tcp_conn *conn)
{
	return client_side(conn)->stuck_count >= STUCK_TIMES;
}

struct finding *diagnose_transport(struct correlator *c, struct tcp_conn *conn, trace_id request)
{
	struct ending ending = connection_ending(c, conn);
	struct finding *f;

	f = nat_state_lost(c, conn, request != 0);
	if (!f && is_mtu_blackhole(conn, &ending))
		f = mtu_blackhole(c, conn, &ending);
	else if (!f && client_side(conn)->stuck_count >= STUCK_TIMES)
		f = stalled(c, conn, client_side(conn), false);
	else if (!f && server_side(conn)->stuck_count >= STUCK_TIMES)
		f = stalled(c, conn, server_side(conn), true);
	if (!f)
		return NULL;
	finding_trace(f, request);
	finding_trace(f, conn->record.id);
	finding_root(f, request ? 0 : conn->record.from_dial, request);
	conn->explained = true;
	return f;
}

/* ---- what cost time ---- */

/* No client sends a SYN again so soon: the capture has one packet twice, from two places. */
static const nt_time same_syn_time = 100 * NT_MILLISECOND;

static void warn_of_syn(struct correlator *c, const struct tcp_conn *conn)
{
	struct finding *f;
	char text[24];

	if (!conn->record.connected || conn->record.syn_count < 2 || conn->last_syn - conn->syn < same_syn_time)
		return;
	f = finding_begin(c, FINDING_SYN_RETRANSMITTED, conn->last_syn);
	finding_say(f, "Connecting to ");
	name_server(f, conn);
	finding_say(f, " took %u SYNs and %s.", conn->record.syn_count,
		    duration_text(conn->record.handshake_end - conn->syn, text));
	finding_packet(f, conn->syn_packet, "first SYN");
	finding_packet(f, conn->last_syn_packet, "SYN sent again");
	finding_trace(f, conn->record.id);
}

/* RFC 1191, RFC 8201: the path takes no packets of this size; the sender is told, and sends smaller ones. */
static bool was_told_of_mtu(const struct tcp_conn *conn)
{
	const struct trace_tcp_conn *record = &conn->record;

	if (!record->icmp_packet.number)
		return false;
	return conn->flow.key.ip_version == 4 ? record->icmp_type == 3 && record->icmp_code == 4 : record->icmp_type == 2;
}

static uint32_t needless(const struct tcp_side *side)
{
	return side->needless < side->counts.retransmissions ? side->needless : side->counts.retransmissions;
}

/* A few lost segments are everyday life; many, or one that stops a short exchange, are worth a warning. */
static bool is_serious(const struct tcp_conn *conn, uint64_t lost, uint64_t sent)
{
	return lost >= 3 && lost * 100 >= sent && !(was_told_of_mtu(conn) && !conn->record.server.retransmissions);
}

static void warn_of_loss(struct correlator *c, const struct tcp_conn *conn)
{
	const struct trace_tcp_side *a = &conn->record.client, *b = &conn->record.server;
	const uint32_t known = needless(client_side(conn)) + needless(server_side(conn));
	uint64_t again = a->retransmissions + b->retransmissions, sent = a->payload_packets + b->payload_packets;
	struct finding *f;

	if (again == 0)
		return;
	f = finding_begin(c, FINDING_TCP_RETRANSMISSIONS, conn->record.last);
	if (!is_serious(conn, again - known, sent))
		finding_severity(f, FINDING_INFO);
	finding_say(f, "%llu of %llu segments with data on the connection to ", (unsigned long long)again,
		    (unsigned long long)sent);
	name_server(f, conn);
	finding_say(f, " were sent again (%u by the client, %u by the server)", a->retransmissions, b->retransmissions);
	if (known)
		finding_say(f, "; the receiver says that it had %u of them already", known);
	finding_say(f, ".");
	finding_packet(f, client_side(conn)->retransmitted_packet, "a segment sent again by the client");
	finding_packet(f, server_side(conn)->retransmitted_packet, "a segment sent again by the server");
	finding_trace(f, conn->record.id);
}

/* RFC 9293 3.8.6.1: the receiver has no room; whoever reads there is slow. */
static void note_zero_window(struct correlator *c, const struct tcp_conn *conn)
{
	const struct trace_tcp_side *client = &conn->record.client, *server = &conn->record.server;
	struct finding *f;

	if (client->zero_windows + server->zero_windows == 0)
		return;
	f = finding_begin(c, FINDING_TCP_ZERO_WINDOW, conn->record.last);
	finding_severity(f, FINDING_INFO);
	finding_say(f, "On the connection to ");
	name_server(f, conn);
	finding_say(f, " a receiver had no room %u times (%u the client, %u the server): its program read too slowly.",
		    client->zero_windows + server->zero_windows, client->zero_windows, server->zero_windows);
	finding_packet(f, client_side(conn)->zero_window_packet, "zero window of the client");
	finding_packet(f, server_side(conn)->zero_window_packet, "zero window of the server");
	finding_trace(f, conn->record.id);
}

static void note_reordering(struct correlator *c, const struct tcp_conn *conn)
{
	const struct trace_tcp_side *client = &conn->record.client, *server = &conn->record.server;
	struct finding *f;

	if (client->out_of_order + server->out_of_order == 0)
		return;
	f = finding_begin(c, FINDING_TCP_OUT_OF_ORDER, conn->record.last);
	finding_say(f, "On the connection to ");
	name_server(f, conn);
	finding_say(f, " %u segments overtook others (%u of the client, %u of the server).",
		    client->out_of_order + server->out_of_order, client->out_of_order, server->out_of_order);
	finding_packet(f, client_side(conn)->overtaken_packet, "a segment of the client that came late");
	finding_packet(f, server_side(conn)->overtaken_packet, "a segment of the server that came late");
	finding_trace(f, conn->record.id);
}

/* RFC 9293 3.4: a byte that is sent again is the same byte. */
static void warn_of_conflicts(struct correlator *c, const struct tcp_conn *conn)
{
	const struct tcp_side *client = client_side(conn), *server = server_side(conn);
	const uint32_t of_client = client->counts.conflicting_overlaps, of_server = server->counts.conflicting_overlaps;
	struct finding *f;

	if (of_client + of_server == 0)
		return;
	f = finding_begin(c, FINDING_TCP_CONFLICTING_OVERLAPS, conn->record.last);
	finding_say(f, "On the connection to ");
	name_server(f, conn);
	finding_say(
		f,
		" %u segments (%u of the client, %u of the server) brought other bytes than came before for the same place in the "
		"stream. The first copy is what is shown here; the receiver may have taken the other. Somebody forges or changes "
		"packets on the way, or one was damaged.",
		of_client + of_server, of_client, of_server);
	finding_packet(f, client->first_copy, "the first copy");
	finding_packet(f, client->other_copy, "the same bytes with other content");
	finding_packet(f, server->first_copy, "the first copy");
	finding_packet(f, server->other_copy, "the same bytes with other content");
	finding_trace(f, conn->record.id);
}

static void note_frag_needed(struct correlator *c, const struct tcp_conn *conn)
{
	const struct trace_tcp_conn *record = &conn->record;
	struct finding *f;

	if (!was_told_of_mtu(conn))
		return;
	f = finding_begin(c, FINDING_ICMP_FRAG_NEEDED, record->last);
	finding_say(f, "A router on the way to ");
	name_server(f, conn);
	finding_say(f, " said that packets are too big for the path.");
	finding_packet(f, record->icmp_packet, "ICMP error");
	finding_trace(f, record->id);
}

static void note_mid_connection(struct correlator *c, const struct tcp_conn *conn)
{
	struct finding *f;

	if (!conn->record.reused || conn->record.client.payload_packets + conn->record.server.payload_packets == 0)
		return;
	f = finding_begin(c, FINDING_CAPTURE_STARTED_MID_CONNECTION, c->stats.first_packet_time);
	finding_say(f, "The connection to ");
	name_server(f, conn);
	finding_say(f, " was open before the capture began: what happened on it earlier is not known.");
	finding_packet(f, conn->record.first_packet, "first packet of the connection that was captured");
	finding_trace(f, conn->record.id);
}

/* A server that resets a connection so soon does not want it. */
static const nt_time at_once = 500 * NT_MILLISECOND;

/* On a connection whose content is not understood, a reset is the only word about its end. */
static void diagnose_opaque(struct correlator *c, struct tcp_conn *conn)
{
	struct ending ending = connection_ending(c, conn);
	struct finding *f;

	if (conn->explained || conn->understood || !conn->record.connected || conn->record.reused)
		return;
	if (server_side(conn)->byte_count != 0 || server_side(conn)->acked > TCP_OFFSET_BASE)
		return; /* an answer came, perhaps not into the capture */
	if (client_side(conn)->byte_count == 0 &&
	    (conn->record.handshake_end == NT_TIME_NONE || ending.at - conn->record.handshake_end > at_once))
		return; /* a connection that was kept for later, for all that is known */
	if (diagnose_transport(c, conn, 0) || ending.kind != ENDING_RST || !ending.by_server)
		return;
	f = finding_begin(c, FINDING_TCP_RESET_BEFORE_RESPONSE, ending.at);
	name_server(f, conn);
	if (client_side(conn)->byte_count)
		finding_say(f, " reset the connection after the client had sent %llu bytes, before any answer.",
			    (unsigned long long)client_side(conn)->byte_count);
	else
		finding_say(f, " accepted the connection and reset it at once, before anything was sent.");
	finding_packet(f, client_side(conn)->last_data_packet, "data of the client");
	finding_packet(f, ending.packet, "RST by the server");
	finding_trace(f, conn->record.id);
	finding_root(f, conn->record.from_dial, 0);
}

void diagnose_tcp(struct correlator *c, struct tcp_conn *conn)
{
	if (!client_wanted(c, conn->record.tuple.ip_version, &conn->record.tuple.source))
		return;
	diagnose_opaque(c, conn);
	warn_of_syn(c, conn);
	warn_of_loss(c, conn);
	note_zero_window(c, conn);
	note_reordering(c, conn);
	warn_of_conflicts(c, conn);
	note_frag_needed(c, conn);
	note_mid_connection(c, conn);
}
