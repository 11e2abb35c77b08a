#include "cli/json/json_trace.h"
#include "dissect/quic/quic.h"

/* ---- dials ---- */

static void write_resolver_dial(struct json *json, const struct output *output, const struct trace_resolver_dial *dial, bool told)
{
	json_begin_object(json, NULL);
	json_put_timestamp(json, output, "dialBeginAt", dial->begin);
	json_put_timestamp(json, output, "dialEndAt", dial->end);
	json_optional_string(json, "dialErr", dial->error);
	json_put_address_port(json, "nameserver", dial->ip_version, &dial->nameserver, dial->nameserver_port);
	json_put_optional_id(json, "establishedConn", json_conn_shown(output, dial->established_conn));
	json_begin_optional_object(json, "wire");
	json_put_offset(json, output, "beginUs", told ? NT_TIME_NONE : dial->begin);
	json_put_offset(json, output, "endUs", told ? NT_TIME_NONE : dial->end);
	json_end(json);
	json_end(json);
}

static void write_dial_wire(struct json *json, const struct output *output, const struct trace_dial *dial)
{
	const bool told = trace_is_told(dial->seed);

	json_begin_object(json, "wire");
	json_put_first_last(json, output, dial->first_packet, dial->last_packet);
	json_put_offset(json, output, "beginUs", told ? NT_TIME_NONE : dial->begin);
	json_put_offset(json, output, "endUs", told ? NT_TIME_NONE : dial->end);
	json_put_evidence(json, "hostBy", dial->host_by);
	json_begin_optional_array(json, "attempts");
	for (size_t i = 0; i < dial->attempt_count; i++)
		json_put_optional_id(json, NULL, json_conn_shown(output, dial->attempts[i]));
	json_end(json);
	json_optional_bool(json, "inferred", !told);
	json_put_seed(json, output, dial->seed);
	json_end(json);
}

void json_write_dial(struct json *json, const struct output *output, const struct trace_dial *dial)
{
	json_begin_record(json, output, "dial");
	json_put_id(json, "traceID", dial->id);
	json_put_timestamp(json, output, "dialBeginAt", dial->begin);
	json_put_timestamp(json, output, "dialEndAt", dial->end);
	json_optional_string(json, "dialErr", dial->error);
	json_put_timestamp(json, output, "ctxCloseAt", dial->seed ? dial->seed->context_close : NT_TIME_NONE);
	json_put_host_port(json, "dstAddress", dial->host, dial->port);
	json_begin_optional_array(json, "resolverDials");
	for (size_t i = 0; i < dial->resolver_dial_count; i++)
		write_resolver_dial(json, output, &dial->resolver_dials[i], trace_is_told(dial->seed));
	json_end(json);
	json_begin_optional_array(json, "skippedNameservers");
	for (size_t i = 0; dial->seed && i < dial->seed->skipped_nameserver_count; i++)
		json_string(json, NULL, dial->seed->skipped_nameservers[i]);
	json_end(json);
	if (dial->source_ip_version != 0)
		json_put_address_port(json, "sourceIP", dial->source_ip_version, &dial->source, 0);
	json_put_optional_id(json, "establishedConn", json_conn_shown(output, dial->established_conn));
	write_dial_wire(json, output, dial);
	json_end(json);
}

/* ---- TCP ---- */

static void write_tcp_times(struct json *json, const struct output *output, const struct trace_tcp_conn *conn)
{
	json_put_offset(json, output, "handshakeBeginUs", conn->handshake_begin);
	json_put_offset(json, output, "handshakeEndUs", conn->handshake_end);
	json_put_offset(json, output, "closeUs", conn->close);
	json_put_offset(json, output, "finSentUs", conn->client.fin);
	json_put_offset(json, output, "finRecvUs", conn->server.fin);
	json_put_offset(json, output, "rstSentUs", conn->client.rst);
	json_put_offset(json, output, "rstRecvUs", conn->server.rst);
	json_put_offset(json, output, "lastUs", conn->last);
	json_put_duration(json, "rttUs", conn->rtt_us);
	json_put_duration(json, "handshakeUs", conn->handshake_us);
}

static void write_tcp_counts(struct json *json, const struct trace_tcp_side *sent, const struct trace_tcp_side *recv)
{
#define BOTH(name, member) \
	(json_optional_uint(json, name "Sent", sent->member), json_optional_uint(json, name "Recv", recv->member))
	BOTH("packets", packets);
	BOTH("payloadPackets", payload_packets);
	BOTH("wireBytes", wire_bytes);
	BOTH("retransmissions", retransmissions);
	BOTH("outOfOrder", out_of_order);
	BOTH("duplicateAcks", duplicate_acks);
	BOTH("zeroWindows", zero_windows);
	BOTH("keepAlives", keep_alives);
	BOTH("lostBytes", lost_bytes);
	BOTH("cutBytes", cut_bytes);
	BOTH("conflictingOverlaps", conflicting_overlaps);
	BOTH("mss", mss);
#undef BOTH
	if (sent->window_scale >= 0)
		json_int(json, "windowScaleSent", sent->window_scale);
	if (recv->window_scale >= 0)
		json_int(json, "windowScaleRecv", recv->window_scale);
}

/* Of a record that no packet shows. */
static void write_told_wire(struct json *json, const struct output *output, const struct trace_seed *seed)
{
	json_begin_object(json, "wire");
	json_put_seed(json, output, seed);
	json_end(json);
}

static void write_tcp_wire(struct json *json, const struct output *output, const struct trace_tcp_conn *conn)
{
	json_begin_optional_object(json, "wire");
	json_put_first_last(json, output, conn->first_packet, conn->last_packet);
	write_tcp_times(json, output, conn);
	write_tcp_counts(json, &conn->client, &conn->server);
	if (conn->close_reason != TRACE_CLOSE_NONE)
		json_text(json, "closeReason", trace_close_text(conn->close_reason));
	json_optional_bool(json, "halfOpen", conn->half_open);
	json_optional_uint(json, "synCount", conn->syn_count);
	json_put_evidence(json, "clientBy", conn->client_by);
	json_optional_string(json, "appProtocol", conn->app_protocol);
	json_put_interface(json, output, conn->interface);
	json_put_views(json, output, conn->views, conn->view_count);
	json_optional_uint(json, "vlan", conn->vlan);
	json_optional_uint(json, "tunnels", conn->tunnels);
	json_put_icmp(json, output, conn->icmp_type, conn->icmp_code, conn->icmp_packet);
	json_put_conntrack_doubts(json, conn->conntrack);
	json_put_seed(json, output, conn->seed);
	json_end(json);
}

void json_write_tcp_conn(struct json *json, const struct output *output, const struct trace_tcp_conn *conn)
{
	json_begin_record(json, output, "tcpConn");
	json_put_id(json, "traceID", conn->id);
	json_put_id(json, "fromDial", json_dial_shown(output, conn->from_dial));
	json_optional_bool(json, "fromResolver", conn->from_resolver);
	json_put_timestamp(json, output, "handshakeBeginAt", conn->handshake_begin);
	json_put_timestamp(json, output, "handshakeEndAt", conn->handshake_end);
	json_bool(json, "connected", conn->connected);
	json_put_timestamp(json, output, "connCloseAt", conn->close);
	json_put_tuple(json, "addrTuple", &conn->tuple);
	json_bool(json, "reused", conn->reused);
	json_uint(json, "totalSentBytes", conn->sent_bytes);
	json_uint(json, "totalRecvBytes", conn->recv_bytes);
	json_write_conntrack(json, output, conn->conntrack);
	json_write_socket_trace(json, output, conn->seed);
	if (trace_is_told(conn->seed))
		write_told_wire(json, output, conn->seed);
	else
		write_tcp_wire(json, output, conn);
	json_end(json);
}

/* ---- UDP ---- */

static void write_quic_close(struct json *json, const struct output *output, const struct trace_quic_close *close)
{
	json_begin_object(json, NULL);
	json_text(json, "from", close->by_server ? "server" : "client");
	json_optional_bool(json, "byApplication", close->by_application);
	json_uint(json, "code", close->code);
	if (!close->by_application)
		json_optional_text(json, "error", quic_error_text(close->code));
	json_optional_string(json, "reason", close->reason);
	json_put_timestamp(json, output, "at", close->time);
	json_put_offset(json, output, "atUs", close->time);
	json_put_packet(json, output, close->packet);
	json_end(json);
}

static void write_quic(struct json *json, const struct output *output, const struct trace_quic *quic)
{
	char text[16];

	if (!quic)
		return;
	json_begin_object(json, "quic");
	json_text(json, "version", quic_version_text(quic->version, text));
	if (quic->offered_version != quic->version)
		json_text(json, "offeredVersion", quic_version_text(quic->offered_version, text));
	if (!quic->answered)
		json_bool(json, "answered", false);
	json_optional_bool(json, "retry", quic->retry);
	json_begin_optional_array(json, "serverVersions");
	for (size_t i = 0; i < quic->server_version_count; i++)
		json_text(json, NULL, quic_version_text(quic->server_versions[i], text));
	json_end(json);
	json_begin_optional_array(json, "closes");
	for (size_t i = 0; i < quic->close_count; i++)
		write_quic_close(json, output, &quic->closes[i]);
	json_end(json);
	json_end(json);
}

static void write_udp_wire(struct json *json, const struct output *output, const struct trace_udp_conn *conn)
{
	json_begin_optional_object(json, "wire");
	json_put_first_last(json, output, conn->first_packet, conn->last_packet);
	json_put_offset(json, output, "createUs", conn->create);
	json_put_offset(json, output, "closeUs", conn->close);
	json_optional_uint(json, "packetsSent", conn->sent_packets);
	json_optional_uint(json, "packetsRecv", conn->recv_packets);
	json_put_evidence(json, "clientBy", conn->client_by);
	json_optional_string(json, "appProtocol", conn->app_protocol);
	write_quic(json, output, conn->quic);
	json_put_interface(json, output, conn->interface);
	json_put_views(json, output, conn->views, conn->view_count);
	json_optional_uint(json, "vlan", conn->vlan);
	json_optional_uint(json, "tunnels", conn->tunnels);
	json_put_icmp(json, output, conn->icmp_type, conn->icmp_code, conn->icmp_packet);
	json_put_conntrack_doubts(json, conn->conntrack);
	json_put_seed(json, output, conn->seed);
	json_end(json);
}

void json_write_udp_conn(struct json *json, const struct output *output, const struct trace_udp_conn *conn)
{
	json_begin_record(json, output, "udpConn");
	json_put_id(json, "traceID", conn->id);
	json_put_id(json, "fromDial", json_dial_shown(output, conn->from_dial));
	json_optional_bool(json, "fromResolver", conn->from_resolver);
	json_put_timestamp(json, output, "socketCreateAt", conn->create);
	json_put_timestamp(json, output, "connCloseAt", conn->close);
	json_put_tuple(json, "addrTuple", &conn->tuple);
	json_uint(json, "totalSentBytes", conn->sent_bytes);
	json_uint(json, "totalRecvBytes", conn->recv_bytes);
	json_write_conntrack(json, output, conn->conntrack);
	json_write_socket_trace(json, output, conn->seed);
	if (trace_is_told(conn->seed))
		write_told_wire(json, output, conn->seed);
	else
		write_udp_wire(json, output, conn);
	json_end(json);
}
