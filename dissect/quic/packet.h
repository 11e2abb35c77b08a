/*
 * Packets: headers, and the protection of Initial and Handshake packets; of use to the files of this folder only.
 */
#ifndef NETTRACE_DISSECT_QUIC_PACKET_H
#define NETTRACE_DISSECT_QUIC_PACKET_H

#include "dissect/quic/quic.h"

enum quic_packet_type { QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY, QUIC_VERSION_NEGOTIATION, QUIC_OTHER };

enum { QUIC_CID_MAX = 20, QUIC_TAG = 16, QUIC_SECRET_MAX = 48 };

/* ---- version.c ---- */

/* What a version has of its own. */
struct quic_version {
	uint32_t first, last; /* the numbers that share the rest */
	uint8_t salt[20];     /* of the Initial secrets */
	bool is_v2;           /* labels and packet types of RFC 9369 */
	bool has_retry_tag;
	uint8_t retry_key[16], retry_nonce[12];
};

const struct quic_version *quic_version_find(uint32_t number); /* NULL if it cannot be read */

/* ---- header.c ---- */

/* A long header, RFC 9000 17.2; views point into the datagram. */
struct quic_header {
	enum quic_packet_type type; /* QUIC_OTHER: of a version that cannot be read */
	uint32_t number;            /* the version field */
	const struct quic_version *version;
	struct bytes dcid, scid;
	struct bytes token;     /* of Initial and Retry */
	struct bytes head;      /* from the first byte to the packet number; of Retry: to the tag */
	struct bytes protected; /* from the packet number to the end of the packet; of Retry: the integrity tag */
	struct bytes versions;  /* of Version Negotiation */
};

uint64_t quic_read_varint(struct cursor *c); /* RFC 9000 16 */

/* A packet with a long header; *datagram is then at the one after it.  Fails as the cursor does. */
enum cur_state quic_read_header(struct cursor *datagram, struct quic_header *out);

/* ---- protect.c ---- */

enum quic_cipher { QUIC_NO_KEYS, QUIC_AES_128_GCM, QUIC_AES_256_GCM, QUIC_CHACHA20_POLY1305 };

/* What one side protects the packets of one level with. */
struct quic_keys {
	enum quic_cipher cipher;
	uint8_t key[32], iv[12], mask[32]; /* mask: of the header */
};

/* RFC 9001 5.2: of Initial packets; `dcid`: of the client's first one. */
bool quic_keys_initial(const struct quic_version *version, struct bytes dcid, enum quic_side from, struct quic_keys *out);
/* RFC 9001 5.1: from a traffic secret; `suite`: of TLS. */
bool quic_keys_from_secret(const struct quic_version *version, uint16_t suite, struct bytes secret, struct quic_keys *out);

/*
 * Undoes the protection of a packet.  `expected`: the packet number that would come next.  True: *content lies in `out`, which has room for
 * all that was protected, and *packet_number is known.  False: it does not verify.
 */
bool quic_open(const struct quic_keys *keys, const struct quic_header *header, uint64_t expected, uint8_t *out,
	       struct bytes *content, uint64_t *packet_number);

/* RFC 9001 5.8: whether a Retry is an answer to the packet with this destination connection ID. */
bool quic_retry_verifies(const struct quic_header *retry, struct bytes original_dcid);

/* ---- stream.c ---- */

/* A stream of CRYPTO frames; zeroed memory is an empty one. */
struct quic_stream {
	uint64_t delivered;      /* up to here */
	struct quic_piece *held; /* what came ahead of a hole, by offset */
	size_t held_bytes;
	unsigned held_count;
};

/*
 * Bytes of a frame; true if some of them are new.  What is ahead of a hole is kept (LIMIT_QUIC_CRYPTO, LIMIT_QUIC_PIECES).  The first copy of
 * a byte wins.  Then quic_stream_next() hands out what is in order, until it is empty; each view lives until the next call for the stream.
 */
bool quic_stream_add(struct quic_stream *stream, uint64_t offset, struct bytes data, struct limit_hits *hits);
struct bytes quic_stream_next(struct quic_stream *stream);
void quic_stream_clear(struct quic_stream *stream);

/* ---- frames.c ---- */

enum quic_frame_type { QUIC_FRAME_NONE, QUIC_FRAME_ACK, QUIC_FRAME_CRYPTO, QUIC_FRAME_CLOSE };

struct quic_frame {
	enum quic_frame_type type;
	uint64_t offset; /* CRYPTO */
	struct bytes data;
	struct quic_close close; /* but for `from` */
};

/* The next frame that says something; QUIC_FRAME_NONE at the end, or when frames->state says that it makes no sense. */
struct quic_frame quic_next_frame(struct cursor *frames);

#endif
