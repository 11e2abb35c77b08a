#include "tests/support/quic_scene.h"

struct scene_quic scene_quic(struct scene *s, uint16_t client_port)
{
	return (struct scene_quic){ .scene = s,
				    .address = { "10.0.0.1", "10.0.0.2" },
				    .port = { client_port, 443 },
				    .end = { quic_wire_client(1), quic_wire_server(1) } };
}

void scene_quic_send(struct scene_quic *q, enum scene_side side, const struct wire *datagram)
{
	scene_udp(q->scene, q->address[side], q->port[side], q->address[!side], q->port[!side], datagram->at, datagram->size);
}

void scene_quic_frames(struct scene_quic *q, enum scene_side side, const struct wire *frames)
{
	struct wire datagram = { .size = 0 };

	quic_wire_initial(&datagram, &q->end[side], frames);
	scene_quic_send(q, side, &datagram);
}

void scene_quic_hello(struct scene_quic *q)
{
	struct wire datagram = { .size = 0 };

	quic_wire_put_hello(&datagram, &q->end[CLIENT]);
	scene_quic_send(q, CLIENT, &datagram);
}

void scene_quic_answer(struct scene_quic *q)
{
	struct wire datagram = { .size = 0 };

	quic_wire_put_answer(&datagram, &q->end[SERVER]);
	scene_quic_send(q, SERVER, &datagram);
}

void scene_quic_heard(struct scene_quic *q)
{
	struct wire frames = { .size = 0 };

	quic_wire_heard(&q->end[CLIENT]);
	quic_wire_ack(&frames, 0);
	wire_fill(&frames, 0, 30);
	scene_quic_frames(q, CLIENT, &frames);
}

void scene_quic_established(struct scene_quic *q)
{
	struct wire datagram = { .size = 0 };

	quic_wire_heard(&q->end[CLIENT]);
	quic_wire_short(&datagram, &q->end[CLIENT], 60);
	scene_quic_send(q, CLIENT, &datagram);
}

void scene_quic_close(struct scene_quic *q, enum scene_side side, uint64_t code, const char *reason)
{
	struct wire frames = { .size = 0 };

	quic_wire_ack(&frames, 0);
	quic_wire_close(&frames, code, reason);
	wire_fill(&frames, 0, 10);
	scene_quic_frames(q, side, &frames);
}
