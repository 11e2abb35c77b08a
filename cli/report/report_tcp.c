/* TCP connections and UDP flows: whether they came about, what they carried, how they ended. */
#include "cli/report/report.h"

#include <inttypes.h>
#include <string.h>

/* ---- ICMP errors ---- */

enum { ICMP_ANY_CODE = 256 };

struct icmp_name {
	uint8_t ip_version, type;
	uint16_t code;
	const char *name;
};

/* IANA ICMP and ICMPv6 parameters: the errors. */
static const struct icmp_name icmp_names[] = {
	{ 4, 3, 0, "network unreachable" },
	{ 4, 3, 1, "host unreachable" },
	{ 4, 3, 2, "protocol unreachable" },
	{ 4, 3, 3, "port unreachable" },
	{ 4, 3, 4, "fragmentation needed" },
	{ 4, 3, 5, "source route failed" },
	{ 4, 3, 6, "network unknown" },
	{ 4, 3, 7, "host unknown" },
	{ 4, 3, 9, "network prohibited" },
	{ 4, 3, 10, "host prohibited" },
	{ 4, 3, 13, "administratively prohibited" },
	{ 4, 11, 0, "time to live exceeded" },
	{ 4, 11, 1, "reassembly time exceeded" },
	{ 4, 12, ICMP_ANY_CODE, "parameter problem" },
	{ 6, 1, 0, "no route" },
	{ 6, 1, 1, "administratively prohibited" },
	{ 6, 1, 2, "beyond the scope of the source" },
	{ 6, 1, 3, "address unreachable" },
	{ 6, 1, 4, "port unreachable" },
	{ 6, 1, 5, "source address failed policy" },
	{ 6, 1, 6, "route rejected" },
	{ 6, 2, ICMP_ANY_CODE, "packet too big" },
	{ 6, 3, 0, "hop limit exceeded" },
	{ 6, 3, 1, "reassembly time exceeded" },
	{ 6, 4, ICMP_ANY_CODE, "parameter problem" },
};

const char *report_icmp(uint8_t ip_version, uint8_t type, uint8_t code, char out[TEXT_SIZE])
{
	const char *protocol = ip_version == 6 ? "ICMPv6" : "ICMP";

	for (size_t i = 0; i < sizeof icmp_names / sizeof *icmp_names; i++) {
		const struct icmp_name *row = &icmp_names[i];

		if (row->ip_version != ip_version || row->type != type || (row->code != code && row->code != ICMP_ANY_CODE))
			continue;
		snprintf(out, TEXT_SIZE, "%s %s", protocol, row->name);
		return out;
	}
	snprintf(out, TEXT_SIZE, "%s type %u code %u", protocol, type, code);
	return out;
}

/* ---- what the capture lacks ---- */

bool report_capture_lacks_some(const struct trace_tcp_conn *conn)
{
	bool has_one_direction = !conn->client.packets != !conn->server.packets;

	return conn->close_reason == TRACE_CLOSE_NONE || has_one_direction || conn->client.lost_bytes || conn->client.cut_bytes ||
	       conn->server.lost_bytes || conn->server.cut_bytes;
}

/* ---- how a connection began ---- */

static void print_not_connected(struct report *report, const struct trace_tcp_conn *conn)
{
	char icmp[TEXT_SIZE], duration[TEXT_SIZE];

	text_between(conn->handshake_begin, conn->handshake_end, duration);
	if (conn->close_reason == TRACE_CLOSE_REFUSED)
		report_bad(report, "refused (RST in answer to the SYN) after %s", duration);
	else if (conn->close_reason == TRACE_CLOSE_ICMP)
		report_bad(report, "%s after %s", report_icmp(conn->tuple.ip_version, conn->icmp_type, conn->icmp_code, icmp),
			   duration);
	else if (conn->half_open && conn->syn_count == 1)
		report_bad(report, "no answer to the SYN");
	else if (conn->half_open)
		report_bad(report, "no answer to %u SYNs in %s", conn->syn_count, duration);
	else
		report_bad(report, "not connected");
}

static void print_begin(struct report *report, const struct trace_tcp_conn *conn)
{
	char duration[TEXT_SIZE];

	if (conn->reused)
		fprintf(report->out, "open before the %s began", trace_is_told(conn->seed) ? "Go trace" : "capture");
	else if (conn->handshake_us >= 0)
		fprintf(report->out, "connected in %s", text_duration(conn->handshake_us, duration));
	else
		fputs("connected", report->out);
	if (conn->rtt_us >= 0 && (report->verbose || conn->handshake_us < 0 || conn->handshake_us / 2 > conn->rtt_us))
		fprintf(report->out, " (RTT %s)", text_duration(conn->rtt_us, duration));
	if (conn->syn_count > 1)
		report_bad(report, ", %u SYNs", conn->syn_count);
}

/* ---- how it ended ---- */

static const char *half_close(const struct trace_tcp_conn *conn)
{
	return conn->server.fin != NT_TIME_NONE && conn->client.fin == NT_TIME_NONE ? "closed by the server only"
										    : "closed by the client only";
}

static const char *end_text(const struct trace_tcp_conn *conn)
{
	switch (conn->close_reason) {
	case TRACE_CLOSE_FIN:
		return "closed";
	case TRACE_CLOSE_HALF:
		return half_close(conn);
	case TRACE_CLOSE_RST_CLIENT:
		return "RST by the client";
	case TRACE_CLOSE_RST_SERVER:
		return "RST by the server";
	case TRACE_CLOSE_ICMP:
		return "ended by an ICMP error";
	case TRACE_CLOSE_EVICTED:
		return "no longer followed, as too many were open";
	case TRACE_CLOSE_REFUSED:
	case TRACE_CLOSE_NONE:
		break;
	}
	return "not closed";
}

static bool ended_badly(enum trace_close reason)
{
	return reason == TRACE_CLOSE_RST_CLIENT || reason == TRACE_CLOSE_RST_SERVER || reason == TRACE_CLOSE_ICMP;
}

static void print_end(struct report *report, const struct trace_tcp_conn *conn)
{
	nt_time end = conn->close != NT_TIME_NONE ? conn->close : conn->last;
	char duration[TEXT_SIZE];

	if (trace_is_told(conn->seed)) { /* who closed it, and how, is not told */
		if (conn->close != NT_TIME_NONE && conn->handshake_begin != NT_TIME_NONE)
			fprintf(report->out, ", closed after %s", text_between(conn->handshake_begin, conn->close, duration));
		return;
	}
	fputs(", ", report->out);
	if (ended_badly(conn->close_reason))
		report_bad(report, "%s", end_text(conn));
	else
		fputs(end_text(conn), report->out);
	if (conn->close_reason != TRACE_CLOSE_NONE && conn->handshake_begin != NT_TIME_NONE)
		fprintf(report->out, " after %s", text_between(conn->handshake_begin, end, duration));
}

/* ---- what went wrong in between ---- */

static void print_troubles(struct report *report, const struct trace_tcp_conn *conn)
{
	const struct trace_tcp_side *c = &conn->client, *s = &conn->server;
	char text[TEXT_SIZE];

	report_count(report, (uint64_t)c->retransmissions + s->retransmissions, "retransmission");
	report_count(report, (uint64_t)c->zero_windows + s->zero_windows, "zero window");
	if (c->lost_bytes + s->lost_bytes)
		fprintf(report->out, ", %s missing in the capture", text_bytes(c->lost_bytes + s->lost_bytes, text));
	if (c->cut_bytes + s->cut_bytes)
		fprintf(report->out, ", %s cut by the snaplen", text_bytes(c->cut_bytes + s->cut_bytes, text));
	if (c->conflicting_overlaps + s->conflicting_overlaps)
		report_bad(report, ", retransmitted with other content");
	if (conn->icmp_packet.number && conn->connected)
		report_bad(report, ", %s", report_icmp(conn->tuple.ip_version, conn->icmp_type, conn->icmp_code, text));
}

/* ---- the lines ---- */

static void print_protocol(struct report *report, struct bytes name, trace_id conn)
{
	if (!name.size || report_has_exchanges(report, conn))
		return;
	fputs(", ", report->out);
	report_text(report, name);
}

static void print_side(struct report *report, const char *who, const struct trace_tcp_side *side)
{
	report_begin_more(report);
	fprintf(report->out, "%s: %" PRIu64 " packets, %" PRIu64 " with data", who, side->packets, side->payload_packets);
	fprintf(report->out, ", %" PRIu64 " bytes on the wire", side->wire_bytes);
	if (side->mss)
		fprintf(report->out, ", MSS %u", side->mss);
	if (side->window_scale >= 0)
		fprintf(report->out, ", window scale %d", side->window_scale);
	report_count(report, side->retransmissions, "retransmission");
	report_count(report, side->out_of_order, "out-of-order packet");
	report_count(report, side->duplicate_acks, "duplicate ACK");
	report_count(report, side->zero_windows, "zero window");
	report_count(report, side->keep_alives, "keep-alive");
	report_count(report, side->lost_bytes, "lost byte");
	report_count(report, side->cut_bytes, "cut byte");
	report_count(report, side->conflicting_overlaps, "conflicting overlap");
	report_end_line(report);
}

static void print_circumstances(struct report *report, enum trace_evidence client_by, uint16_t vlan, uint8_t tunnels,
				uint32_t interface, struct bytes protocol)
{
	report_begin_more(report);
	fprintf(report->out, "client known by %s, interface %u", trace_evidence_text(client_by), interface);
	if (vlan)
		fprintf(report->out, ", VLAN %u", vlan);
	report_count(report, tunnels, "tunnel");
	if (protocol.size) {
		fputs(", application ", report->out);
		report_text(report, protocol);
	}
	report_end_line(report);
}

/* "735 bytes sent, 12657 received" */
static void print_amounts(struct report *report, const struct trace_tcp_conn *conn)
{
	char sent[TEXT_SIZE], received[TEXT_SIZE], *unit;

	text_bytes(conn->sent_bytes, sent);
	text_bytes(conn->recv_bytes, received);
	unit = strstr(received, " byte");
	if (unit && strstr(sent, " byte"))
		*unit = 0;
	fprintf(report->out, ", %s sent, %s received", sent, received);
}

void report_tcp_alone(struct report *report, const struct trace_tcp_conn *conn)
{
	bool came_about = conn->connected || conn->reused;

	report_begin_step(report, "TCP", conn->id, report_span_tcp(report, conn), !came_about);
	report_tuple_of_entry(report, &conn->tuple);
	report_end_subject(report);
	fputs("   ", report->out);
	if (came_about) {
		print_begin(report, conn);
		print_amounts(report, conn);
		print_protocol(report, conn->app_protocol, conn->id);
		print_end(report, conn);
	} else {
		print_not_connected(report, conn);
	}
	print_troubles(report, conn);
	report_origin(report, conn->seed);
	report_end_line_at(report, conn->first_packet, conn->last_packet);
	report_conntrack(report, conn->conntrack);
	if (report->verbose && !trace_is_told(conn->seed)) {
		print_side(report, "client", &conn->client);
		print_side(report, "server", &conn->server);
		print_circumstances(report, conn->client_by, conn->vlan, conn->tunnels, conn->interface, conn->app_protocol);
	}
}

void report_tcp(struct report *report, const struct trace_tcp_conn *conn, struct bytes host)
{
	if (!report->output->omit.tcp)
		report_tcp_alone(report, conn);
	report_exchanges(report, conn->id, host);
}

void report_udp_alone(struct report *report, const struct trace_udp_conn *conn)
{
	char text[TEXT_SIZE];

	report_begin_step(report, "UDP", conn->id, report_span_udp(conn), conn->icmp_packet.number != 0);
	report_tuple(report, &conn->tuple);
	report_end_subject(report);
	if (trace_is_told(conn->seed)) {
		fprintf(report->out, "   %s sent", text_bytes(conn->sent_bytes, text));
		fprintf(report->out, ", %s received", text_bytes(conn->recv_bytes, text));
		report_origin(report, conn->seed);
		report_end_line(report);
		report_conntrack(report, conn->conntrack);
		return;
	}
	fprintf(report->out, "   %s in %" PRIu64 " datagram%s sent", text_bytes(conn->sent_bytes, text), conn->sent_packets,
		report_plural(conn->sent_packets));
	if (conn->recv_packets)
		fprintf(report->out, ", %s in %" PRIu64 " received", text_bytes(conn->recv_bytes, text), conn->recv_packets);
	else
		fputs(", none received", report->out);
	print_protocol(report, conn->app_protocol, conn->id);
	if (conn->icmp_packet.number)
		report_bad(report, ", %s", report_icmp(conn->tuple.ip_version, conn->icmp_type, conn->icmp_code, text));
	fprintf(report->out, ", over %s", text_between(conn->create, conn->close, text));
	report_end_line_at(report, conn->first_packet, conn->last_packet);
	report_conntrack(report, conn->conntrack);
	if (report->verbose)
		print_circumstances(report, conn->client_by, conn->vlan, conn->tunnels, conn->interface, conn->app_protocol);
}

void report_udp(struct report *report, const struct trace_udp_conn *conn, struct bytes host)
{
	if (!report->output->omit.udp)
		report_udp_alone(report, conn);
	report_exchanges(report, conn->id, host);
}
