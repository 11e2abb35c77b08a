/*
 * Builds QUIC datagrams for tests: the other end of dissect/quic, which seals what is to be opened.
 *
 *	struct quic_wire_end client = quic_wire_client(1);
 *	struct wire frames = { .size = 0 }, datagram = { .size = 0 };
 *
 *	quic_wire_crypto(&frames, 0, hello, size);
 *	quic_wire_initial(&datagram, &client, frames_of(&frames));
 */
#ifndef NETTRACE_TESTS_SUPPORT_QUIC_WIRE_H
#define NETTRACE_TESTS_SUPPORT_QUIC_WIRE_H

#include "dissect/quic/packet.h"
#include "tests/support/tls_wire.h"

/* One end of a connection: what its packets say, and are sealed with. */
struct quic_wire_end {
	enum quic_side side;
	uint32_t version;
	struct bytes dcid, scid;  /* as it puts them into its packets */
	struct bytes origin;      /* the connection ID that the keys of Initial packets come from */
	struct bytes token;       /* of Initial packets */
	uint16_t suite;           /* of Handshake packets: 0x1301 … */
	struct bytes secret;      /* its handshake traffic secret */
	uint64_t number;          /* of the next packet */
	unsigned number_size;     /* bytes on the wire; 4 */
	uint8_t first_byte_extra; /* bits that are set besides: reserved ones */
	bool clear_fixed_bit;
};

/* A client whose first connection ID is 8394c8f03e515708 (that of RFC 9001 A) and its own c1c1, and the server that calls itself 5e5e5e5e. */
struct quic_wire_end quic_wire_client(uint32_t version);
struct quic_wire_end quic_wire_server(uint32_t version);
/* The client has read the server's first packet: it calls the server by its name from now on. */
void quic_wire_heard(struct quic_wire_end *client);

void quic_wire_put_varint(struct wire *w, uint64_t value);

/* Frames. */
void quic_wire_crypto(struct wire *frames, uint64_t offset, const void *bytes, size_t size);
void quic_wire_ack(struct wire *frames, uint64_t largest);
void quic_wire_close(struct wire *frames, uint64_t code, const char *reason);

/* Packets, behind what is in the datagram already. */
void quic_wire_initial(struct wire *datagram, struct quic_wire_end *from, const struct wire *frames);
void quic_wire_handshake(struct wire *datagram, struct quic_wire_end *from, const struct wire *frames);
void quic_wire_short(struct wire *datagram, const struct quic_wire_end *from, size_t size); /* 1-RTT, of what nobody can read */
void quic_wire_retry(struct wire *datagram, const struct quic_wire_end *server, struct bytes new_name, const char *token);
void quic_wire_versions(struct wire *datagram, const struct quic_wire_end *server, const uint32_t *versions, size_t count);

/* A datagram of its own with a ClientHello (example.org, h3) in one frame, padded to 1200 bytes. */
void quic_wire_put_hello(struct wire *datagram, struct quic_wire_end *client);
/* The same for a server's ServerHello. */
void quic_wire_put_answer(struct wire *datagram, struct quic_wire_end *server);

/* The messages alone. */
void quic_wire_client_hello(struct wire *message);
void quic_wire_server_hello(struct wire *message);

#endif
