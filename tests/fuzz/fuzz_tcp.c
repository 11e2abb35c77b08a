/*
 * The input is a program of two bytes per step: who sends what on three connections, what is lost, late, cut or repeated.  What the
 * correlator makes of it must be consistent.
 */
#include "tests/fuzz/fuzz.h"

#include "dissect/cursor.h"
#include "dissect/dns/dns.h"
#include "tests/support/scene.h"
#include "tests/support/tls_wire.h"

#include <stdlib.h>

enum { CONNECTIONS = 3, STEPS = 250, PIECES = 24, MAX_IDS = 4096 };

static struct bytes pieces[PIECES];

static void add_tls_pieces(void)
{
	static struct wire hellos[2];
	size_t record = wire_open_record(&hellos[0], 22);

	wire_put_client_hello(&hellos[0], OFFER_13);
	wire_shut(&hellos[0], record, 2);
	record = wire_open_record(&hellos[1], 22);
	wire_put_server_hello(&hellos[1], 0);
	wire_put_certificates(&hellos[1], 1, 50);
	wire_shut(&hellos[1], record, 2);
	for (size_t i = 0; i < 2; i++)
		pieces[PIECES - 1 - i] = (struct bytes){ hellos[i].at, hellos[i].size };
}

static void make_pieces(void)
{
	static const char *const texts[] = { "GET / HTTP/1.1\r\n",
					     "Host: example.org\r\n",
					     "\r\n",
					     "HTTP/1.1 200 OK\r\n",
					     "Content-Length: 12\r\n",
					     "Transfer-Encoding: chunked\r\n",
					     "5\r\nhello\r\n",
					     "0\r\n\r\n",
					     "hello, world",
					     "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n",
					     "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
					     "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
					     "HTTP/1.1 204 No Content\r\n\r\n",
					     "POST http://u:p@a/ HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
					     "220 mail ESMTP\r\n",
					     "x" };
	static const struct bytes records[] = { BYTES("\x14\3\3\0\1\1"), BYTES("\x16\3\3\0\x04\x0e\0\0\0"),
						BYTES("\x15\3\3\0\2\2\x28"), BYTES("\x17\3\3\0\x10################"),
						BYTES("\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\1a\0\0\1\0\1\0\0\0\0\0\0\0\0\0") };
	size_t n = 0;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		pieces[n++] = bytes_of(texts[i]);
	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		pieces[n++] = records[i];
	add_tls_pieces();
}

/* ---- the program ---- */

static void segment_by_hand(struct scene_tcp *t, enum scene_side side, uint8_t flags, uint8_t how)
{
	static const int8_t deltas[] = { -20, -5, -1, 0, 1, 5, 20, 100 };
	struct bytes data = how & 8 ? pieces[how % PIECES] : (struct bytes){ NULL, 0 };

	scene_segment(t, &(struct scene_segment){ .side = side,
						  .flags = flags,
						  .at = (int32_t)(t->next[side] - t->isn[side] - 1) + deltas[how % 8],
						  .ack = (int32_t)(t->received[side] - t->isn[!side] - 1) + deltas[how / 16 % 8],
						  .window_zero = how & 128,
						  .data = data });
}

static void change_scene(struct scene *s, uint8_t how)
{
	if (how % 4 == 0)
		s->lose = true;
	else if (how % 4 == 1)
		s->put_aside = true;
	else if (how % 4 == 2)
		scene_wait(s, (nt_time)(how / 4) * (how & 128 ? 10 * NT_SECOND : 10 * NT_MILLISECOND));
	else
		s->snaplen = how & 128 ? 0 : 40u + how;
}

static void step(struct scene *s, struct scene_tcp *connections, uint8_t what, uint8_t how)
{
	struct scene_tcp *t = &connections[(what & 3) % CONNECTIONS];
	enum scene_side side = what & 4 ? SERVER : CLIENT;

	switch (what >> 3 & 15) {
	case 0:
		how & 1 ? scene_syn_ack(t) : scene_syn(t);
		break;
	case 1:
		scene_open(t);
		break;
	case 2:
		scene_ack(t, side);
		break;
	case 3:
		how & 1 ? scene_rst(t, side) : scene_fin(t, side);
		break;
	case 4:
		segment_by_hand(t, side, how & 1 ? TCP_SYN : TCP_ACK | TCP_FIN, how);
		break;
	case 5:
	case 6:
		segment_by_hand(t, side, TCP_ACK, how);
		break;
	case 7:
		scene_set_isn(t, how * 0x01010101u, ~(how * 0x01010101u));
		break;
	case 8:
		scene_icmp_error(t, side, t == &connections[2] ? "2001:db8::fe" : "10.0.0.254", how & 1 ? 3 : 1, how >> 4);
		break;
	case 9:
		scene_lookup(s, 50000u + how % 4, how & 16 ? "a" : "example.org", how & 32 ? "10.0.0.2" : "10.0.0.3");
		break;
	case 10:
		if (s->late.at)
			scene_late_frame(s);
		break;
	case 11:
	case 12:
		change_scene(s, how);
		break;
	default:
		scene_send_bytes(t, side, pieces[how % PIECES].at, pieces[how % PIECES].size);
	}
}

/* ---- what must hold ---- */

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct ids {
	trace_id at[MAX_IDS];
	size_t count;
};

static void note_id(struct ids *ids, trace_id id)
{
	must(id != 0 && ids->count < MAX_IDS);
	ids->at[ids->count++] = id;
}

static int compare(const void *a, const void *b)
{
	const trace_id *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static bool has_tcp_conn(const struct trace_list *list, trace_id id)
{
	for (size_t i = 0; i < list->tcp_conn_count; i++)
		if (list->tcp_conns[i].id == id)
			return true;
	return false;
}

static bool in_order(nt_time first, nt_time second)
{
	return first == NT_TIME_NONE || second == NT_TIME_NONE || first <= second;
}

static void check_tcp_conn(const struct trace_tcp_conn *conn)
{
	must(in_order(conn->handshake_begin, conn->handshake_end));
	must(conn->sent_bytes <= conn->client.wire_bytes && conn->recv_bytes <= conn->server.wire_bytes);
	must(conn->client.cut_bytes <= conn->sent_bytes && conn->server.cut_bytes <= conn->recv_bytes);
	must(conn->client.payload_packets <= conn->client.packets && conn->server.payload_packets <= conn->server.packets);
	must(conn->first_packet.number && conn->first_packet.number <= conn->last_packet.number);
	must(!conn->half_open || conn->server.packets == 0);
}

static void check_list(const struct trace_list *list)
{
	static struct ids ids;

	ids.count = 0;
	for (size_t i = 0; i < list->dial_count; i++) {
		const struct trace_dial *dial = &list->dials[i];

		note_id(&ids, dial->id);
		must(in_order(dial->begin, dial->end) && dial->host.size);
		must(!dial->established_conn || !dial->error.size);
		for (size_t k = 0; k < dial->attempt_count; k++)
			must(has_tcp_conn(list, dial->attempts[k]));
	}
	for (size_t i = 0; i < list->tcp_conn_count; i++) {
		note_id(&ids, list->tcp_conns[i].id);
		check_tcp_conn(&list->tcp_conns[i]);
	}
	for (size_t i = 0; i < list->udp_conn_count; i++) {
		note_id(&ids, list->udp_conns[i].id);
		must(in_order(list->udp_conns[i].create, list->udp_conns[i].close));
	}
	for (size_t i = 0; i < list->dns_query_count; i++) {
		note_id(&ids, list->dns_queries[i].id);
		must(list->dns_queries[i].message_count && list->dns_queries[i].connection);
	}
	for (size_t i = 0; i < list->tls_tunnel_count; i++) {
		note_id(&ids, list->tls_tunnels[i].id);
		must(has_tcp_conn(list, list->tls_tunnels[i].tcp_conn));
		must(list->tls_tunnels[i].client_hello || list->tls_tunnels[i].server_hello);
	}
	for (size_t i = 0; i < list->http_request_count; i++) {
		const struct trace_http_request *request = &list->http_requests[i];

		note_id(&ids, request->id);
		must(has_tcp_conn(list, request->tcp_conn));
		must(request->method.size ? !request->resp_without_request : request->status != 0);
		must(!request->method.size || request->url.size || request->is_connect);
		must(request->gap_bytes <= request->req_content_size + request->resp_content_size);
	}
	qsort(ids.at, ids.count, sizeof *ids.at, compare);
	for (size_t i = 1; i < ids.count; i++)
		must(ids.at[i] != ids.at[i - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor input = cur_of(data, size, 0);
	struct scene_tcp connections[CONNECTIONS];
	static struct scene s;

	if (!pieces[0].at)
		make_pieces();
	scene_begin(&s);
	connections[0] = scene_tcp(&s, 40000, 80);
	connections[1] = scene_tcp_between(&s, "10.0.0.1", 40001, "10.0.0.3", 443);
	connections[2] = scene_tcp_between(&s, "2001:db8::1", 40002, "2001:db8::53", 53);
	for (int i = 0; i < STEPS && cur_left(&input) >= 2; i++) {
		uint8_t what = cur_u8(&input), how = cur_u8(&input);

		step(&s, connections, what, how);
	}
	scene_end(&s);
	must(s.stats.packets == s.frames);
	check_list(&s.got);
	scene_free(&s);
	return 0;
}
