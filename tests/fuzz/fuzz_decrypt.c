#include "dissect/tls/keylog.h"
#include "dissect/tls/tls.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* Reads every byte of a view, so that a sanitizer sees one that points elsewhere. */
static void touch(void *context, struct bytes view)
{
	volatile uint8_t *sum = context;

	for (size_t i = 0; i < view.size; i++)
		*sum = (uint8_t)(*sum + view.at[i]);
}

static void on_certificates(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated)
{
	(void)from;
	(void)truncated;
	for (size_t i = 0; i < count; i++)
		touch(context, der[i]);
}

static void on_plaintext(void *context, enum tls_side from, struct bytes data)
{
	(void)from;
	touch(context, data);
}

/* One byte (1: from the server, 2: a gap), size(16), and the bytes unless it is a gap. */
static void feed_chunk(struct tls_session *session, struct cursor *c)
{
	uint8_t flags = cur_u8(c);
	size_t wanted = cur_u16(c);
	size_t here = wanted < cur_left(c) ? wanted : cur_left(c);
	enum tls_side side = flags & 1 ? TLS_SERVER : TLS_CLIENT;
	uint8_t *copy;

	if (flags & 2) {
		tls_session_gap(session, side, wanted);
		return;
	}
	copy = nt_alloc(here);
	(void)cur_copy(c, copy, here);
	tls_session_feed(session, side, (struct bytes){ copy, here });
	free(copy);
}

/* size(16) and a key log, and chunks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tls_events events = { .certificates = on_certificates, .alpn = touch, .plaintext = on_plaintext };
	struct cursor c = cur_of(data, size, 0), keys;
	struct limit_hits hits = { { 0 } };
	struct tls_keylog *keylog = tls_keylog_new(5, &hits), *resumable = tls_keylog_new(5, &hits);
	uint8_t sum = 0;
	struct tls_session *session = tls_session_new(&events, &sum, &hits);
	size_t key_size = cur_u16(&c);

	keys = cur_sub(&c, key_size);
	tls_keylog_add(keylog, cur_rest(&keys));
	tls_session_set_keylog(session, keylog);
	tls_session_remember(session, resumable);
	while (c.state == CUR_OK && cur_left(&c) >= 3)
		feed_chunk(session, &c);
	tls_session_free(session);
	tls_keylog_free(keylog);
	tls_keylog_free(resumable);
	return 0;
}
