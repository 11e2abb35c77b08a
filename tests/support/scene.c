#include "tests/support/scene.h"
#include "tests/support/dns_message.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { LINKTYPE_ETHERNET = 1, CLIENT_ISN = 1000, SERVER_ISN = 5000, ICMP_QUOTE = 8 };

void scene_begin(struct scene *s)
{
	memset(s, 0, sizeof *s);
	s->options.no_app_protocol = true;
	s->options.hash_seed = 1;
	s->interface.link_type = LINKTYPE_ETHERNET;
	s->clock = SCENE_START;
	s->step = SCENE_STEP;
}

static struct correlator *correlator(struct scene *s)
{
	if (!s->correlator)
		s->correlator = correlator_new(&s->options, &trace_list_sink, &s->got, &s->hits);
	return s->correlator;
}

void scene_end(struct scene *s)
{
	correlator_finish(correlator(s));
	s->stats = *correlator_stats(s->correlator);
	correlator_free(s->correlator);
	s->correlator = NULL;
	trace_list_sort(&s->got);
}

void scene_free(struct scene *s)
{
	correlator_free(s->correlator);
	trace_list_free(&s->got);
	free(s->late.at);
	for (uint64_t i = 1; i <= s->frames; i++)
		free(s->kept[i].at);
	free(s->kept);
}

/* For tests that look at a frame again. */
static void keep(struct scene *s, const void *frame, size_t captured, size_t size)
{
	if ((s->frames & (s->frames - 1)) == 0) /* a power of two: it is full */
		s->kept = nt_realloc_array(s->kept, s->frames * 2, sizeof *s->kept);
	s->kept[s->frames] = (struct scene_kept){
		.at = memcpy(nt_alloc(captured), frame, captured), .captured = captured, .size = size, .time = s->clock
	};
}

static void capture(struct scene *s, const void *frame, size_t size)
{
	size_t captured = s->snaplen && s->snaplen < size ? s->snaplen : size;
	uint8_t *copy = nt_alloc(captured);
	struct packet packet = { .time = s->clock,
				 .number = ++s->frames,
				 .captured = (uint32_t)captured,
				 .size = (uint32_t)size,
				 .data = copy,
				 .interface = &s->interface };

	memcpy(copy, frame, captured);
	keep(s, frame, captured, size);
	correlator_packet(correlator(s), &packet);
	free(copy);
}

void scene_frame(struct scene *s, const void *frame, size_t size)
{
	if (s->put_aside) {
		free(s->late.at);
		s->late.at = memcpy(nt_alloc(size), frame, size);
		s->late.size = size;
	} else if (!s->lose) {
		capture(s, frame, size);
	}
	s->lose = s->put_aside = false;
	s->clock += s->step;
}

void scene_late_frame(struct scene *s)
{
	capture(s, s->late.at, s->late.size);
	s->clock += s->step;
}

void scene_wait(struct scene *s, nt_time time)
{
	s->clock += time;
}

nt_time scene_at(uint64_t frame)
{
	return SCENE_START + (nt_time)(frame - 1) * SCENE_STEP;
}

/* ---- TCP ---- */

struct scene_tcp scene_tcp_between(struct scene *s, const char *client, uint16_t client_port, const char *server,
				   uint16_t server_port)
{
	struct scene_tcp t = { .scene = s, .address = { client, server }, .port = { client_port, server_port } };

	scene_set_isn(&t, CLIENT_ISN, SERVER_ISN);
	return t;
}

struct scene_tcp scene_tcp(struct scene *s, uint16_t client_port, uint16_t server_port)
{
	return scene_tcp_between(s, "10.0.0.1", client_port, "10.0.0.2", server_port);
}

void scene_set_isn(struct scene_tcp *t, uint32_t client_isn, uint32_t server_isn)
{
	t->isn[CLIENT] = client_isn;
	t->isn[SERVER] = server_isn;
	t->next[CLIENT] = t->received[SERVER] = client_isn + 1;
	t->next[SERVER] = t->received[CLIENT] = server_isn + 1;
}

static struct test_packet packet_from(const struct scene_tcp *t, enum scene_side side)
{
	return (struct test_packet){ .source = t->address[side],
				     .destination = t->address[!side],
				     .source_port = t->port[side],
				     .destination_port = t->port[!side],
				     .reverse_macs = side == SERVER };
}

static void send_packet(const struct scene_tcp *t, const struct test_packet *p, struct bytes data)
{
	uint8_t frame[TEST_FRAME_SIZE];

	scene_frame(t->scene, frame, test_packet_tcp(p, data.at, data.size, frame));
}

/* The next segment of a side. */
static void send_next(struct scene_tcp *t, enum scene_side side, uint8_t flags, struct bytes data)
{
	struct test_packet p = packet_from(t, side);

	p.flags = flags;
	p.sequence = flags & TCP_SYN ? t->isn[side] : t->next[side];
	p.acknowledgment = flags & TCP_ACK ? t->received[side] : 0;
	t->next[side] = p.sequence + (uint32_t)data.size + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
	t->received[!side] = t->next[side];
	send_packet(t, &p, data);
}

static const struct bytes no_data;

void scene_syn(struct scene_tcp *t)
{
	send_next(t, CLIENT, TCP_SYN, no_data);
}

void scene_syn_ack(struct scene_tcp *t)
{
	send_next(t, SERVER, TCP_SYN | TCP_ACK, no_data);
}

void scene_ack(struct scene_tcp *t, enum scene_side side)
{
	send_next(t, side, TCP_ACK, no_data);
}

void scene_open(struct scene_tcp *t)
{
	scene_syn(t);
	scene_syn_ack(t);
	scene_ack(t, CLIENT);
}

void scene_send_bytes(struct scene_tcp *t, enum scene_side side, const void *bytes, size_t size)
{
	send_next(t, side, TCP_ACK | TCP_PSH, (struct bytes){ bytes, size });
}

void scene_send(struct scene_tcp *t, enum scene_side side, const char *text)
{
	send_next(t, side, TCP_ACK | TCP_PSH, bytes_of(text));
}

void scene_fin(struct scene_tcp *t, enum scene_side side)
{
	send_next(t, side, TCP_FIN | TCP_ACK, no_data);
}

void scene_rst(struct scene_tcp *t, enum scene_side side)
{
	send_next(t, side, TCP_RST | TCP_ACK, no_data);
}

void scene_close(struct scene_tcp *t)
{
	scene_fin(t, CLIENT);
	scene_fin(t, SERVER);
	scene_ack(t, CLIENT);
}

void scene_segment(const struct scene_tcp *t, const struct scene_segment *segment)
{
	struct test_packet p = packet_from(t, segment->side);

	p.flags = segment->flags ? segment->flags : TCP_ACK;
	p.sequence = t->isn[segment->side] + 1 + (uint32_t)segment->at;
	p.acknowledgment = p.flags & TCP_ACK ? t->isn[!segment->side] + 1 + (uint32_t)segment->ack : 0;
	p.window = segment->window;
	p.window_zero = segment->window_zero;
	p.tcp_options = segment->options;
	send_packet(t, &p, segment->data);
}

/* ---- UDP, DNS, ICMP ---- */

void scene_udp(struct scene *s, const char *source, uint16_t source_port, const char *destination, uint16_t destination_port,
	       const void *bytes, size_t size)
{
	struct test_packet p = {
		.source = source, .destination = destination, .source_port = source_port, .destination_port = destination_port
	};
	uint8_t frame[TEST_FRAME_SIZE];

	scene_frame(s, frame, test_packet_udp(&p, bytes, size, frame));
}

struct scene_dns scene_dns(struct scene *s, uint16_t port)
{
	return (struct scene_dns){ .scene = s, .client = "10.0.0.1", .nameserver = "10.0.0.53", .port = port };
}

static struct bytes built(uint16_t id)
{
	dt.at[0] = (uint8_t)(id >> 8);
	dt.at[1] = (uint8_t)id;
	return (struct bytes){ dt.at, dt.size };
}

struct bytes scene_dns_query_bytes(uint16_t id, const char *name, uint16_t type)
{
	d_header(D_RD, 1, 0, 0, 0);
	d_question(name, type);
	return built(id);
}

struct bytes scene_dns_reply_bytes(uint16_t id, const char *name, uint16_t type, const char *address, uint8_t rcode)
{
	char data[16];

	d_header(D_QR | D_RD | D_RA | rcode, 1, address ? 1 : 0, 0, 0);
	d_question(name, type);
	if (address) {
		bool is_ipv6 = strchr(address, ':') != NULL;

		inet_pton(is_ipv6 ? AF_INET6 : AF_INET, address, data);
		d_record(is_ipv6 ? DNS_TYPE_AAAA : DNS_TYPE_A, 300, data, is_ipv6 ? 16 : 4);
	}
	return built(id);
}

struct bytes scene_dns_over_tcp(struct bytes message)
{
	memmove(dt.at + 2, message.at, message.size);
	dt.at[0] = (uint8_t)(message.size >> 8);
	dt.at[1] = (uint8_t)message.size;
	return (struct bytes){ dt.at, message.size + 2 };
}

static void send_reply(struct scene_dns *d, struct bytes reply)
{
	scene_udp(d->scene, d->nameserver, 53, d->client, d->port, reply.at, reply.size);
}

void scene_dns_query(struct scene_dns *d, uint16_t id, const char *name, uint16_t type)
{
	struct bytes query = scene_dns_query_bytes(id, name, type);

	scene_udp(d->scene, d->client, d->port, d->nameserver, 53, query.at, query.size);
}

void scene_dns_reply(struct scene_dns *d, uint16_t id, const char *name, uint16_t type, const char *address)
{
	send_reply(d, scene_dns_reply_bytes(id, name, type, address, 0));
}

void scene_dns_failure(struct scene_dns *d, uint16_t id, const char *name, uint16_t type, uint8_t rcode)
{
	send_reply(d, scene_dns_reply_bytes(id, name, type, NULL, rcode));
}

void scene_lookup(struct scene *s, uint16_t port, const char *name, const char *address)
{
	struct scene_dns d = scene_dns(s, port);

	scene_dns_query(&d, port, name, DNS_TYPE_A);
	scene_dns_reply(&d, port, name, DNS_TYPE_A, address);
}

void scene_icmp_error(const struct scene_tcp *t, enum scene_side side, const char *from, uint8_t type, uint8_t code)
{
	struct test_packet quoted = packet_from(t, side);
	struct test_packet error = { .source = from, .destination = t->address[side], .icmp_type = type, .icmp_code = code };
	uint8_t inner[TEST_FRAME_SIZE], frame[TEST_FRAME_SIZE];
	size_t header = strchr(from, ':') ? 40 : 20;

	quoted.raw = true;
	quoted.flags = TCP_SYN;
	quoted.sequence = t->isn[side];
	test_packet_tcp(&quoted, NULL, 0, inner);
	scene_frame(t->scene, frame, test_packet_icmp(&error, inner, header + ICMP_QUOTE, frame));
}
