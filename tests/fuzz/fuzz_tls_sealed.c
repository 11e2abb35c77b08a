#include "tests/fuzz/fuzz.h"
#include "tests/support/tls_sealer.h"

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

static void feed(struct tls_session *session, enum tls_side from, struct wire *w)
{
	uint8_t *copy = nt_alloc(w->size);

	memcpy(copy, w->at, w->size);
	tls_session_feed(session, from, (struct bytes){ copy, w->size });
	free(copy);
	w->size = 0;
}

static void send_hellos(struct tls_session *session)
{
	static struct wire w;
	size_t record = wire_open_record(&w, TLS_RECORD_HANDSHAKE);

	wire_put_client_hello(&w, OFFER_13);
	wire_shut(&w, record, 2);
	feed(session, TLS_CLIENT, &w);
	record = wire_open_record(&w, TLS_RECORD_HANDSHAKE);
	wire_put_server_hello(&w, CHOOSE_13);
	wire_shut(&w, record, 2);
	feed(session, TLS_SERVER, &w);
}

/* One byte (1: from the server, 2: the record is missing, 4: an alert, 8: application data, else handshake), size(16), content. */
static void send_chunk(struct tls_session *session, struct tls_sealer *sealers, struct cursor *c)
{
	static struct wire w;
	uint8_t flags = cur_u8(c);
	size_t wanted = cur_u16(c) & 0x3fff;
	struct cursor content = cur_sub(c, wanted < cur_left(c) ? wanted : cur_left(c));
	enum tls_side from = flags & 1 ? TLS_SERVER : TLS_CLIENT;
	uint8_t type = flags & 4 ? TLS_RECORD_ALERT : flags & 8 ? TLS_RECORD_APPLICATION_DATA : TLS_RECORD_HANDSHAKE;

	tls_sealer_put(&sealers[from], &w, type, cur_rest(&content));
	if (flags & 2) {
		tls_session_gap(session, from, w.size);
		w.size = 0;
	} else {
		feed(session, from, &w);
	}
}

/* What peers of TLS 1.3 say inside, which no mutation of sealed records would ever change: chunks, that are sealed here. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tls_events events = { .certificates = on_certificates, .alpn = touch, .plaintext = on_plaintext };
	struct cursor c = cur_of(data, size, 0);
	struct limit_hits hits = { { 0 } };
	struct tls_sealer sealers[2];
	struct tls_keylog *keylog = tls_sealers_init(sealers, &hits);
	uint8_t sum = 0;
	struct tls_session *session = tls_session_new(&events, &sum, &hits);

	tls_session_set_keylog(session, keylog);
	send_hellos(session);
	while (c.state == CUR_OK && cur_left(&c) >= 3)
		send_chunk(session, sealers, &c);
	tls_session_free(session);
	tls_keylog_free(keylog);
	return 0;
}
