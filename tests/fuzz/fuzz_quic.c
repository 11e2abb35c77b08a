#include "dissect/quic/quic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/quic_wire.h"

#include <stdlib.h>

enum { FROM_SERVER = 1, SEAL_INITIAL = 2, SEAL_HANDSHAKE = 4, MAX_FRAMES = 4000 };

static const uint8_t secret[32] = { 1, 2, 3 };

struct fuzz {
	struct quic_session *session;
	uint64_t delivered[2][2];
};

/* Reads every byte of a view, so that a sanitizer sees one that points elsewhere. */
static void touch(struct bytes view)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < view.size; i++)
		sum = (uint8_t)(sum + view.at[i]);
}

static void on_crypto(void *context, enum quic_side from, bool sealed, struct bytes data)
{
	struct fuzz *fuzz = context;
	const struct bytes both = { secret, sizeof(secret) };

	touch(data);
	fuzz->delivered[from][sealed] += data.size;
	if (from == QUIC_SERVER && !sealed && !quic_session_set_secrets(fuzz->session, 0x1301, both, both))
		abort();
}

static void on_close(void *context, const struct quic_close *close)
{
	(void)context;
	touch(close->reason);
	touch(bytes_of(quic_error_text(close->code)));
}

static void on_versions(void *context, const uint32_t *versions, size_t count)
{
	char text[16];

	(void)context;
	if (count == 0 || count > QUIC_MAX_VERSIONS)
		abort();
	for (size_t i = 0; i < count; i++)
		touch(bytes_of(quic_version_text(versions[i], text)));
}

static void feed(struct fuzz *fuzz, enum quic_side side, struct bytes datagram)
{
	uint8_t *copy = nt_alloc(datagram.size + 1);

	memcpy(copy, datagram.at, datagram.size);
	(void)quic_looks_like_initial(cur_of(copy, datagram.size, 0));
	quic_session_feed(fuzz->session, side, cur_of(copy, datagram.size, 0));
	quic_session_feed(fuzz->session, side, cur_of(copy, datagram.size / 2, datagram.size - datagram.size / 2)); /* cut */
	free(copy);
}

/* What a fuzzer cannot make up: frames in a packet that verifies. */
static void feed_frames(struct fuzz *fuzz, struct quic_wire_end *from, bool handshake, struct bytes bytes)
{
	static struct wire frames, datagram;

	frames.size = datagram.size = 0;
	wire_put(&frames, bytes.at, bytes.size < MAX_FRAMES ? bytes.size : MAX_FRAMES);
	if (handshake)
		quic_wire_handshake(&datagram, from, &frames);
	else
		quic_wire_initial(&datagram, from, &frames);
	feed(fuzz, from->side, (struct bytes){ datagram.at, datagram.size });
}

/* Chunks: one byte (1: from the server, 2: frames for an Initial packet, 4: for a Handshake packet), size(16), and the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct quic_events events = { .crypto = on_crypto, .close = on_close, .versions = on_versions };
	struct quic_wire_end ends[2] = { quic_wire_client(1), quic_wire_server(1) };
	struct cursor c = cur_of(data, size, 0);
	struct limit_hits hits = { { 0 } };
	struct fuzz fuzz = { .session = NULL };

	fuzz.session = quic_session_new(&events, &fuzz, &hits);
	for (int i = 0; i < 2; i++) {
		ends[i].suite = 0x1301;
		ends[i].secret = (struct bytes){ secret, sizeof(secret) };
	}
	while (cur_left(&c) >= 3) {
		uint8_t flags = cur_u8(&c);
		size_t wanted = cur_u16(&c);
		struct bytes bytes = { c.at, wanted < cur_left(&c) ? wanted : cur_left(&c) };
		enum quic_side side = flags & FROM_SERVER ? QUIC_SERVER : QUIC_CLIENT;

		cur_skip(&c, bytes.size);
		if (flags & (SEAL_INITIAL | SEAL_HANDSHAKE))
			feed_frames(&fuzz, &ends[side], flags & SEAL_HANDSHAKE, bytes);
		else
			feed(&fuzz, side, bytes);
	}
	if (fuzz.delivered[QUIC_CLIENT][0] && !quic_session_progress(fuzz.session)->proven)
		abort();
	quic_session_free(fuzz.session);
	return 0;
}
