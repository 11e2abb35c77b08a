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

static void on_client_hello(void *context, const struct tls_client_hello *hello)
{
	touch(context, hello->server_name);
	touch(context, hello->session_id);
	for (size_t i = 0; i < hello->alpn_count && i < 16; i++)
		touch(context, hello->alpn[i]);
	touch(context, bytes_of(hello->ja3));
	touch(context, bytes_of(hello->ja4));
}

static void on_server_hello(void *context, const struct tls_server_hello *hello)
{
	touch(context, hello->session_id);
	touch(context, hello->alpn);
}

static void on_certificates(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated)
{
	(void)from;
	(void)truncated;
	for (size_t i = 0; i < count; i++)
		touch(context, der[i]);
}

/* Chunks: one byte (1: from the server, 2: a gap), size(16), and the bytes unless it is a gap. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tls_events events = { .client_hello = on_client_hello,
						  .server_hello = on_server_hello,
						  .certificates = on_certificates };
	struct cursor c = cur_of(data, size, 0);
	struct limit_hits hits = { { 0 } };
	uint8_t sum = 0;
	struct tls_session *session = tls_session_new(&events, &sum, &hits);
	enum tls_side side;

	(void)tls_looks_like((struct bytes){ data, size }, &side);
	while (cur_left(&c) >= 3) {
		uint8_t flags = cur_u8(&c);
		size_t wanted = cur_u16(&c);
		size_t here = wanted < cur_left(&c) ? wanted : cur_left(&c);
		uint8_t *copy;

		side = flags & 1 ? TLS_SERVER : TLS_CLIENT;
		if (flags & 2) {
			tls_session_gap(session, side, wanted);
			continue;
		}
		copy = nt_alloc(here ? here : 1);
		(void)cur_copy(&c, copy, here);
		tls_session_feed(session, side, (struct bytes){ copy, here });
		free(copy);
	}
	tls_session_free(session);
	return 0;
}
