#include "cli/library/records.h"

#include "dissect/quic/quic.h"

/* ---- what TCP and UDP have ---- */

static const struct nettrace_view *make_view(struct nettrace *trace, const struct trace_view *source)
{
	const struct address_tuple *tuple = &source->tuple;
	struct nettrace_view *view = record_room(trace, sizeof *view);

	*view = (struct nettrace_view){
		.client = record_endpoint(trace, tuple->ip_version, &tuple->source, tuple->source_port),
		.server = record_endpoint(trace, tuple->ip_version, &tuple->destination, tuple->destination_port),
		.interface = source->interface,
		.first_packet = record_packet(source->first_packet),
		.last_packet = record_packet(source->last_packet),
	};
	return view;
}

static const struct nettrace_conntrack *make_conntrack(struct nettrace *trace, const struct conntrack_entry *source)
{
	struct nettrace_conntrack *entry;
	char status[CONNTRACK_STATUS_TEXT_SIZE];

	if (!source)
		return NULL;
	entry = record_room(trace, sizeof *entry);
	*entry = (struct nettrace_conntrack){
		.time_ns = source->time,
		.source =
			record_endpoint(trace, source->original.ip_version, &source->original.source, source->original.source_port),
		.destination = record_endpoint(trace, source->original.ip_version, &source->original.destination,
					       source->original.destination_port),
		.reply_source = record_endpoint(trace, source->reply.ip_version, &source->reply.source, source->reply.source_port),
		.reply_destination = record_endpoint(trace, source->reply.ip_version, &source->reply.destination,
						     source->reply.destination_port),
		.status = source->status,
		.status_text = record_string(trace, conntrack_status_text(source->status, status)),
		.tcp_state = source->has_tcp_state ? conntrack_tcp_state_text(source->tcp_state) : "",
		.mark = source->mark,
		.has_counters = source->has_counters,
		.sent_packets = source->packets[0],
		.received_packets = source->packets[1],
		.sent_bytes = source->bytes[0],
		.received_bytes = source->bytes[1],
	};
	return entry;
}

static const struct nettrace_socket_call *make_socket_call(struct nettrace *trace, const struct trace_socket_op *source)
{
	struct nettrace_socket_call *call = record_room(trace, sizeof *call);

	*call = (struct nettrace_socket_call){
		.type = trace_socket_op_type_text(source->type),
		.call_ns = source->call,
		.return_ns = source->returned,
		.error = record_text(trace, source->error),
		.remote_address = record_text(trace, source->remote_address),
		.bytes = source->size,
	};
	return call;
}

/* ---- TCP ---- */

static const struct nettrace_tcp_side *make_tcp_side(struct nettrace *trace, const struct trace_tcp_side *source)
{
	struct nettrace_tcp_side *side = record_room(trace, sizeof *side);

	*side = (struct nettrace_tcp_side){
		.packets = source->packets,
		.payload_packets = source->payload_packets,
		.wire_bytes = source->wire_bytes,
		.retransmissions = source->retransmissions,
		.out_of_order = source->out_of_order,
		.zero_windows = source->zero_windows,
		.keep_alives = source->keep_alives,
		.duplicate_acks = source->duplicate_acks,
		.conflicting_overlaps = source->conflicting_overlaps,
		.lost_bytes = source->lost_bytes,
		.cut_bytes = source->cut_bytes,
		.mss = source->mss,
		.window_scale = source->window_scale,
		.fin_ns = source->fin,
		.rst_ns = source->rst,
	};
	return side;
}

const struct nettrace_tcp_connection *record_tcp_connection(struct nettrace *trace, const struct trace_tcp_conn *source)
{
	const struct address_tuple *tuple = &source->tuple;
	struct nettrace_tcp_connection *connection = record_room(trace, sizeof *connection);

	*connection = (struct nettrace_tcp_connection){
		.id = source->id,
		.dial = source->from_dial,
		.is_resolver = source->from_resolver,
		.client = record_endpoint(trace, tuple->ip_version, &tuple->source, tuple->source_port),
		.server = record_endpoint(trace, tuple->ip_version, &tuple->destination, tuple->destination_port),
		.client_by = trace_evidence_text(source->client_by),
		.handshake_begin_ns = source->handshake_begin,
		.handshake_end_ns = source->handshake_end,
		.close_ns = source->close,
		.first_packet_ns = source->first,
		.last_packet_ns = source->last,
		.connected = source->connected,
		.reused = source->reused,
		.sent_bytes = source->sent_bytes,
		.received_bytes = source->recv_bytes,
		.close_reason = trace_close_text(source->close_reason),
		.unanswered = source->half_open,
		.rtt_us = source->rtt_us,
		.handshake_us = source->handshake_us,
		.syn_count = source->syn_count,
		.client_side = make_tcp_side(trace, &source->client),
		.server_side = make_tcp_side(trace, &source->server),
		.icmp_type = source->icmp_type,
		.icmp_code = source->icmp_code,
		.icmp_packet = record_packet(source->icmp_packet),
		.app_protocol = record_text(trace, source->app_protocol),
		.interface = source->interface,
		.vlan = source->vlan,
		.tunnels = source->tunnels,
		.view_count = source->view_count,
		.conntrack = make_conntrack(trace, source->conntrack),
		.socket_call_count = source->seed ? source->seed->socket_op_count : 0,
		.first_packet = record_packet(source->first_packet),
		.last_packet = record_packet(source->last_packet),
		.go_trace = record_go_trace(trace, source->seed),
	};
	RECORD_LIST(connection->views, view, source->views, source->view_count);
	if (source->seed)
		RECORD_LIST(connection->socket_calls, socket_call, source->seed->socket_ops, source->seed->socket_op_count);
	return connection;
}

/* ---- UDP ---- */

static const struct nettrace_quic_close *make_quic_close(struct nettrace *trace, const struct trace_quic_close *source)
{
	struct nettrace_quic_close *close = record_room(trace, sizeof *close);
	const char *name = source->by_application ? NULL : quic_error_text(source->code);

	*close = (struct nettrace_quic_close){
		.by_server = source->by_server,
		.by_application = source->by_application,
		.code = source->code,
		.code_name = name ? name : "",
		.reason = record_text(trace, source->reason),
		.time_ns = source->time,
		.packet = record_packet(source->packet),
	};
	return close;
}

static const struct nettrace_quic *make_quic(struct nettrace *trace, const struct trace_quic *source)
{
	struct nettrace_quic *quic;
	char version[16];

	if (!source)
		return NULL;
	quic = record_room(trace, sizeof *quic);
	*quic = (struct nettrace_quic){
		.version = source->version,
		.offered_version = source->offered_version,
		.version_name = record_string(trace, quic_version_text(source->version, version)),
		.answered = source->answered,
		.retry = source->retry,
		.server_versions = source->server_versions,
		.server_version_count = source->server_version_count,
		.close_count = source->close_count,
	};
	RECORD_LIST(quic->closes, quic_close, source->closes, source->close_count);
	return quic;
}

const struct nettrace_udp_connection *record_udp_connection(struct nettrace *trace, const struct trace_udp_conn *source)
{
	const struct address_tuple *tuple = &source->tuple;
	struct nettrace_udp_connection *connection = record_room(trace, sizeof *connection);

	*connection = (struct nettrace_udp_connection){
		.id = source->id,
		.dial = source->from_dial,
		.is_resolver = source->from_resolver,
		.client = record_endpoint(trace, tuple->ip_version, &tuple->source, tuple->source_port),
		.server = record_endpoint(trace, tuple->ip_version, &tuple->destination, tuple->destination_port),
		.client_by = trace_evidence_text(source->client_by),
		.first_packet_ns = source->create,
		.last_packet_ns = source->close,
		.sent_bytes = source->sent_bytes,
		.received_bytes = source->recv_bytes,
		.sent_packets = source->sent_packets,
		.received_packets = source->recv_packets,
		.quic = make_quic(trace, source->quic),
		.icmp_type = source->icmp_type,
		.icmp_code = source->icmp_code,
		.icmp_packet = record_packet(source->icmp_packet),
		.app_protocol = record_text(trace, source->app_protocol),
		.interface = source->interface,
		.vlan = source->vlan,
		.tunnels = source->tunnels,
		.view_count = source->view_count,
		.conntrack = make_conntrack(trace, source->conntrack),
		.socket_call_count = source->seed ? source->seed->socket_op_count : 0,
		.first_packet = record_packet(source->first_packet),
		.last_packet = record_packet(source->last_packet),
		.go_trace = record_go_trace(trace, source->seed),
	};
	RECORD_LIST(connection->views, view, source->views, source->view_count);
	if (source->seed)
		RECORD_LIST(connection->socket_calls, socket_call, source->seed->socket_ops, source->seed->socket_op_count);
	return connection;
}
