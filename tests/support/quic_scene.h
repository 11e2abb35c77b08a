/*
 * QUIC connections in a scene: each function sends one datagram.
 *
 *	struct scene_quic q = scene_quic(&s, 50000);
 *	scene_quic_hello(&q);
 *	scene_quic_answer(&q);
 *	scene_quic_established(&q);
 */
#ifndef NETTRACE_TESTS_SUPPORT_QUIC_SCENE_H
#define NETTRACE_TESTS_SUPPORT_QUIC_SCENE_H

#include "tests/support/quic_wire.h"
#include "tests/support/scene.h"

struct scene_quic {
	struct scene *scene;
	const char *address[2]; /* by side; "10.0.0.1" and "10.0.0.2" */
	uint16_t port[2];       /* of the server: 443 */
	struct quic_wire_end end[2];
};

struct scene_quic scene_quic(struct scene *s, uint16_t client_port);

void scene_quic_send(struct scene_quic *q, enum scene_side side, const struct wire *datagram);
void scene_quic_frames(struct scene_quic *q, enum scene_side side, const struct wire *frames); /* in an Initial packet */
void scene_quic_hello(struct scene_quic *q);
void scene_quic_answer(struct scene_quic *q); /* ServerHello */
void scene_quic_heard(struct scene_quic *q);  /* the client acknowledges it */
void scene_quic_established(struct scene_quic *q);
void scene_quic_close(struct scene_quic *q, enum scene_side side, uint64_t code, const char *reason);

#endif
