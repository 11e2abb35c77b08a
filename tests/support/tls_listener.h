/*
 * A session with secrets, fed with what two peers said; what it calls back becomes one line of text and the content of both directions.
 */
#ifndef NETTRACE_TESTS_SUPPORT_TLS_LISTENER_H
#define NETTRACE_TESTS_SUPPORT_TLS_LISTENER_H

#include "dissect/tls/keylog.h"
#include "tests/support/tls_peers.h"

struct listener {
	char log[2048];
	struct buffer heard[2];
	struct limit_hits hits;
	struct tls_keylog *keylog;
	struct tls_session *session;
};

static inline void note(struct listener *l, const char *text)
{
	size_t size = strlen(l->log);

	snprintf(l->log + size, sizeof(l->log) - size, "%s%s", size ? " " : "", text);
}

static inline void on_client_hello(void *context, const struct tls_client_hello *hello)
{
	(void)hello;
	note(context, "client");
}

static inline void on_server_hello(void *context, const struct tls_server_hello *hello)
{
	note(context, hello->is_hello_retry ? "retry" : "server");
}

static inline void on_certificates(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated)
{
	char text[40];
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += der[i].size;
	if (count > 0 && !truncated)
		ck_assert_uint_eq(size, (size_t)i2d_X509(certificate, NULL));
	snprintf(text, sizeof(text), "certs(%c%zu%s)", from == TLS_CLIENT ? 'c' : 's', count, truncated ? "+" : "");
	note(context, text);
}

static inline void on_certificate_request(void *context)
{
	note(context, "request");
}

static inline void on_certificate_status(void *context)
{
	note(context, "status");
}

static inline void on_resumed(void *context)
{
	note(context, "resumed");
}

static inline void on_done(void *context)
{
	note(context, "done");
}

static inline void on_alert(void *context, const struct tls_alert *alert)
{
	char text[80];

	snprintf(text, sizeof(text), "alert(%c %s)", alert->from == TLS_CLIENT ? 'c' : 's',
		 alert->encrypted ? "?" : tls_alert_text(alert->description));
	note(context, text);
}

static inline void on_malformed(void *context, enum tls_side from, const char *what)
{
	(void)from;
	note(context, what);
}

static inline void on_alpn(void *context, struct bytes protocol)
{
	ck_assert(bytes_equal(protocol, BYTES("h2")));
	note(context, "alpn");
}

static inline void on_ticket(void *context)
{
	struct listener *l = context;

	if (strlen(l->log) < 6 || strcmp(l->log + strlen(l->log) - 6, "ticket") != 0)
		note(l, "ticket");
}

static inline void on_plaintext(void *context, enum tls_side from, struct bytes data)
{
	struct listener *l = context;

	ck_assert(buffer_add(&l->heard[from], data.at, data.size));
}

static inline void on_early_rejected(void *context)
{
	struct listener *l = context;

	note(l, "rejected");
	buffer_clear(&l->heard[TLS_CLIENT]);
}

static const struct tls_events events = { .client_hello = on_client_hello,
					  .server_hello = on_server_hello,
					  .certificates = on_certificates,
					  .certificate_request = on_certificate_request,
					  .certificate_status = on_certificate_status,
					  .resumed = on_resumed,
					  .handshake_done = on_done,
					  .alert = on_alert,
					  .malformed = on_malformed,
					  .alpn = on_alpn,
					  .session_ticket = on_ticket,
					  .plaintext = on_plaintext,
					  .early_data_rejected = on_early_rejected };

static inline struct listener *listener_new(struct bytes keys)
{
	struct listener *l = nt_zalloc(sizeof(*l));

	l->heard[0].max = l->heard[1].max = 64 * 1024 * 1024;
	l->keylog = tls_keylog_new(1, &l->hits);
	tls_keylog_add(l->keylog, keys);
	l->session = tls_session_new(&events, l, &l->hits);
	tls_session_set_keylog(l->session, l->keylog);
	return l;
}

static inline void listener_free(struct listener *l)
{
	tls_session_free(l->session);
	tls_keylog_free(l->keylog);
	buffer_free(&l->heard[0]);
	buffer_free(&l->heard[1]);
	free(l);
}

static unsigned dice;

static inline size_t random_below(size_t end)
{
	dice = dice * 1103515245 + 12345;
	return (dice >> 8) % end;
}

/* Feeds in blocks of exactly their size; `slice` 0 cuts at random. */
static inline void feed(struct listener *l, enum tls_side from, struct bytes data, size_t slice)
{
	while (data.size > 0) {
		size_t size = slice ? slice : 1 + random_below(random_below(2) ? 20 : 3000);
		uint8_t *copy;

		size = size < data.size ? size : data.size;
		copy = nt_alloc(size);
		memcpy(copy, data.at, size);
		tls_session_feed(l->session, from, (struct bytes){ copy, size });
		free(copy);
		data.at += size;
		data.size -= size;
	}
}

static inline void hear(struct listener *l, const struct talk *talk, size_t slice)
{
	for (size_t i = 0; i < talk->count; i++)
		feed(l, talk->pieces[i].from, (struct bytes){ talk->bytes.at + talk->pieces[i].at, talk->pieces[i].size }, slice);
}

static inline struct bytes all_of(const struct buffer *buffer)
{
	return (struct bytes){ buffer->at, buffer->size };
}

static inline struct listener *listen_to(const struct talk *talk, size_t slice)
{
	struct listener *l = listener_new(all_of(&talk->keys));

	hear(l, talk, slice);
	return l;
}

static inline void assert_heard_all(const struct listener *l, const struct talk *talk, const char *name)
{
	for (int i = 0; i < 2; i++)
		ck_assert_msg(bytes_equal(all_of(&l->heard[i]), all_of(&talk->said[i])), "%s: %zu of %zu bytes of side %d; %s",
			      name, l->heard[i].size, talk->said[i].size, i, l->log);
	ck_assert_msg(tls_session_decrypted(l->session), "%s", name);
	ck_assert_uint_eq(tls_session_unverified(l->session), 0);
}

#endif
