/*
 * Conversations for tests of correlate/: each function sends one frame to a correlator, on a clock that runs one step per frame.
 *
 *	struct scene s;
 *	scene_begin(&s);
 *	struct scene_tcp t = scene_tcp(&s, 40000, 80);
 *	scene_open(&t);
 *	scene_send(&t, CLIENT, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
 *	scene_send(&t, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
 *	scene_close(&t);
 *	scene_end(&s);
 *	ck_assert_uint_eq(s.got.http_requests[0].status, 204);
 *	scene_free(&s);
 *
 * Options are set between scene_begin() and the first frame.  Frames are numbered from 1 as they are captured, and lie in heap blocks
 * of exactly their size.
 */
#ifndef NETTRACE_TESTS_SUPPORT_SCENE_H
#define NETTRACE_TESTS_SUPPORT_SCENE_H

#include "correlate/correlate.h"
#include "tests/support/packet.h"

#define SCENE_START (INT64_C(1700000000) * NT_SECOND)
#define SCENE_STEP NT_MILLISECOND

struct scene {
	struct correlate_options options;   /* nDPI is not asked, unless a test wants it */
	struct capture_interface interface; /* Ethernet */
	nt_time clock;                      /* of the next frame */
	nt_time step;                       /* SCENE_STEP at the beginning */
	uint32_t snaplen;                   /* cuts frames if not 0 */
	bool lose;                          /* the next frame is sent, but not captured; then false again */
	bool put_aside;                     /* the next frame is captured with scene_late_frame(); then false again */
	uint64_t frames;                    /* captured so far: the number of the last one */
	struct correlator *correlator;
	struct trace_list got;
	struct limit_hits hits;
	struct correlate_stats stats; /* after scene_end() */
	struct {                      /* the frame that was put aside */
		uint8_t *at;
		size_t size;
	} late;
	struct scene_kept *kept; /* what was captured, by number: kept[1] is the first frame */
};

struct scene_kept {
	uint8_t *at;
	size_t captured, size;
	nt_time time;
};

void scene_begin(struct scene *s);
void scene_end(struct scene *s); /* the capture ends: the records are in `got`, sorted by id */
void scene_free(struct scene *s);

void scene_frame(struct scene *s, const void *frame, size_t size);
void scene_late_frame(struct scene *s);         /* captures what was put aside, now */
void scene_wait(struct scene *s, nt_time time); /* nothing is sent for so long */
nt_time scene_at(uint64_t frame);               /* when frame N was sent, lost ones counted, if nothing changed the clock */

/* ---- TCP ---- */

enum scene_side { CLIENT, SERVER };

struct scene_tcp {
	struct scene *scene;
	const char *address[2]; /* by side; "10.0.0.1" and "10.0.0.2" */
	uint16_t port[2];
	uint32_t isn[2];      /* 1000 and 5000; set before the first frame */
	uint32_t next[2];     /* sequence number of the side's next byte */
	uint32_t received[2]; /* sequence number that the side acknowledges; follows what is sent, lost or not */
};

struct scene_tcp scene_tcp(struct scene *s, uint16_t client_port, uint16_t server_port);
struct scene_tcp scene_tcp_between(struct scene *s, const char *client, uint16_t client_port, const char *server,
				   uint16_t server_port);
void scene_set_isn(struct scene_tcp *t, uint32_t client_isn, uint32_t server_isn);

void scene_syn(struct scene_tcp *t);
void scene_syn_ack(struct scene_tcp *t);
void scene_ack(struct scene_tcp *t, enum scene_side side);
void scene_open(struct scene_tcp *t); /* the three frames of the handshake */
void scene_send(struct scene_tcp *t, enum scene_side side, const char *text);
void scene_send_bytes(struct scene_tcp *t, enum scene_side side, const void *bytes, size_t size);
void scene_fin(struct scene_tcp *t, enum scene_side side);
void scene_rst(struct scene_tcp *t, enum scene_side side);
void scene_close(struct scene_tcp *t); /* FIN by the client, FIN by the server, ACK */

/* A segment by hand: offsets count from the first byte after the SYN.  Changes nothing in `t`. */
struct scene_segment {
	enum scene_side side;
	uint8_t flags; /* of enum tcp_flag; ACK if 0 */
	int64_t at;    /* of its first byte */
	int64_t ack;   /* how far it acknowledges the other side */
	struct bytes data;
	bool window_zero;
	uint16_t window;
	struct bytes options;
};
void scene_segment(const struct scene_tcp *t, const struct scene_segment *segment);

/* ---- UDP, DNS, ICMP ---- */

void scene_udp(struct scene *s, const char *source, uint16_t source_port, const char *destination, uint16_t destination_port,
	       const void *bytes, size_t size);

struct scene_dns {
	struct scene *scene;
	const char *client, *nameserver; /* "10.0.0.1" and "10.0.0.53" */
	uint16_t port;                   /* the client's */
};

struct scene_dns scene_dns(struct scene *s, uint16_t port);

/* Messages: views that live until the next one is made.  `address` is IPv4 or IPv6 text, NULL for a reply without an answer. */
struct bytes scene_dns_query_bytes(uint16_t id, const char *name, uint16_t type);
struct bytes scene_dns_reply_bytes(uint16_t id, const char *name, uint16_t type, const char *address, uint8_t rcode);
/* With the two length bytes of RFC 7766. */
struct bytes scene_dns_over_tcp(struct bytes message);

void scene_dns_query(struct scene_dns *d, uint16_t id, const char *name, uint16_t type);
void scene_dns_reply(struct scene_dns *d, uint16_t id, const char *name, uint16_t type, const char *address);
void scene_dns_failure(struct scene_dns *d, uint16_t id, const char *name, uint16_t type, uint8_t rcode);
/* A query of type A from `port` and its reply. */
void scene_lookup(struct scene *s, uint16_t port, const char *name, const char *address);

/* An ICMP error by `from` about what `side` sent: it quotes the IP header and 8 bytes. */
void scene_icmp_error(const struct scene_tcp *t, enum scene_side side, const char *from, uint8_t type, uint8_t code);

#endif
