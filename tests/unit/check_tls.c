#include "dissect/tls/hello.h"
#include "tests/support/tls_wire.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- listening: what a session calls back, as one line ---- */

struct listener {
	char log[4096];
	size_t app[2];
	struct limit_hits hits;
	struct tls_session *session;
};

static void note(struct listener *l, const char *text)
{
	size_t size = strlen(l->log);

	snprintf(l->log + size, sizeof(l->log) - size, "%s%s", size ? " " : "", text);
}

static void on_client_hello(void *context, const struct tls_client_hello *hello)
{
	char text[300];

	snprintf(text, sizeof(text), "client(%.*s)", (int)hello->server_name.size, (const char *)hello->server_name.at);
	note(context, text);
}

static void on_server_hello(void *context, const struct tls_server_hello *hello)
{
	char text[80], version[16];

	snprintf(text, sizeof(text), "%s(%s,%04x)", hello->is_hello_retry ? "retry" : "server",
		 tls_version_text(hello->version, version), hello->cipher);
	note(context, text);
}

static void on_certificates(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated)
{
	char text[80];

	(void)der;
	snprintf(text, sizeof(text), "certs(%c%zu%s)", from == TLS_CLIENT ? 'c' : 's', count, truncated ? "+" : "");
	note(context, text);
}

static void on_certificate_request(void *context)
{
	note(context, "request");
}

static void on_certificate_status(void *context)
{
	note(context, "status");
}

static void on_resumed(void *context)
{
	note(context, "resumed");
}

static void on_done(void *context)
{
	note(context, "done");
}

static void on_alert(void *context, const struct tls_alert *alert)
{
	char text[80];

	snprintf(text, sizeof(text), "alert(%c%s)", alert->from == TLS_CLIENT ? 'c' : 's',
		 alert->encrypted ? "?" : tls_alert_text(alert->description));
	note(context, text);
}

static void on_data(void *context, enum tls_side from, size_t size)
{
	((struct listener *)context)->app[from] += size;
}

static void on_malformed(void *context, enum tls_side from, const char *what)
{
	(void)what;
	note(context, from == TLS_CLIENT ? "bad(c)" : "bad(s)");
}

static const struct tls_events events = { .client_hello = on_client_hello,
					  .server_hello = on_server_hello,
					  .certificates = on_certificates,
					  .certificate_request = on_certificate_request,
					  .certificate_status = on_certificate_status,
					  .resumed = on_resumed,
					  .handshake_done = on_done,
					  .alert = on_alert,
					  .application_data = on_data,
					  .malformed = on_malformed };

static struct listener *listen_new(void)
{
	struct listener *l = nt_zalloc(sizeof(*l));

	l->session = tls_session_new(&events, l, &l->hits);
	return l;
}

static void listen_free(struct listener *l)
{
	tls_session_free(l->session);
	free(l);
}

/* Feeds in slices of blocks of exactly their size, and empties the wire. */
static size_t slice_size = SIZE_MAX;

static void feed(struct listener *l, enum tls_side from, struct wire *w)
{
	for (size_t at = 0; at < w->size;) {
		size_t size = w->size - at < slice_size ? w->size - at : slice_size;
		uint8_t *copy = nt_alloc(size);

		memcpy(copy, w->at + at, size);
		tls_session_feed(l->session, from, (struct bytes){ copy, size });
		free(copy);
		at += size;
	}
	w->size = 0;
}

/* ---- whole conversations ---- */

static void send_client_hello(struct listener *l, struct wire *w, unsigned offers)
{
	size_t record = wire_open_record(w, 22);

	wire_put_client_hello(w, offers);
	wire_shut(w, record, 2);
	feed(l, TLS_CLIENT, w);
}

static void send_server_hello(struct listener *l, struct wire *w, unsigned choice)
{
	size_t record = wire_open_record(w, 22);

	wire_put_server_hello(w, choice);
	wire_shut(w, record, 2);
	feed(l, TLS_SERVER, w);
}

static void send_record(struct listener *l, struct wire *w, enum tls_side from, unsigned type, size_t size)
{
	wire_put_record(w, type, size);
	feed(l, from, w);
}

static void send_alert(struct listener *l, struct wire *w, enum tls_side from, unsigned level, unsigned description)
{
	wire_put_alert(w, level, description);
	feed(l, from, w);
}

static void full_handshake_12(struct listener *l, struct wire *w)
{
	size_t record;

	send_client_hello(l, w, OFFER_13);
	wire_put_server_flight(w);
	feed(l, TLS_SERVER, w);
	record = wire_open_record(w, 22);
	wire_put_certificates(w, 0, 0);
	wire_put_message(w, TLS_CLIENT_KEY_EXCHANGE, 66);
	wire_shut(w, record, 2);
	wire_put_record(w, 20, 1);
	wire_put_record(w, 22, 40);
	feed(l, TLS_CLIENT, w);
	wire_put_record(w, 20, 1);
	wire_put_record(w, 22, 40);
	wire_put_record(w, 23, 3000);
	wire_put_record(w, 21, 26);
	feed(l, TLS_SERVER, w);
}

static const char full_log[] = "client(example.org) server(TLS 1.2,c02f) certs(s2) status request certs(c0) done alert(s?)";

START_TEST(handshake_reads_the_same_in_any_slices)
{
	static const size_t sizes[] = { SIZE_MAX, 1, 2, 3, 4, 5, 7, 64, 1000 };
	struct listener *l = listen_new();
	struct wire *w = nt_zalloc(sizeof(*w));

	slice_size = sizes[_i];
	full_handshake_12(l, w);
	slice_size = SIZE_MAX;
	ck_assert_str_eq(l->log, full_log);
	ck_assert_uint_eq(l->app[TLS_SERVER], 3000);
	free(w);
	listen_free(l);
}
END_TEST

START_TEST(handshake_is_done_with_finished_and_not_with_the_change_of_ciphers)
{
	struct listener *l = listen_new();
	struct wire *w = nt_zalloc(sizeof(*w));

	send_client_hello(l, w, 0);
	wire_put_server_flight(w);
	feed(l, TLS_SERVER, w);
	ck_assert(!tls_session_cipher_changed(l->session, TLS_CLIENT));
	send_record(l, w, TLS_CLIENT, 20, 1);
	ck_assert(tls_session_cipher_changed(l->session, TLS_CLIENT));
	ck_assert(!tls_session_cipher_changed(l->session, TLS_SERVER));
	ck_assert_ptr_null(strstr(l->log, "done"));
	send_record(l, w, TLS_CLIENT, 22, 40);
	ck_assert_ptr_nonnull(strstr(l->log, "done"));
	free(w);
	listen_free(l);
}
END_TEST

START_TEST(change_of_ciphers_for_middleboxes_is_none)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 };

	send_client_hello(l, &w, _i ? OFFER_13 | OFFER_EARLY : OFFER_13);
	send_record(l, &w, TLS_CLIENT, 20, 1);
	ck_assert(tls_session_cipher_changed(l->session, TLS_CLIENT));
	send_server_hello(l, &w, CHOOSE_13);
	ck_assert(tls_session_cipher_changed(l->session, TLS_SERVER));
	ck_assert(tls_session_cipher_changed(l->session, TLS_CLIENT) == (_i == 1));
	listen_free(l);
}
END_TEST

/* A script is a row: c or s, and what is sent. */
struct step {
	char from;
	enum { HELLO, FLIGHT, MESSAGE, RECORD, ALERT, HOLE, TEXT, CUT, PART } what;
	unsigned a, b;
};

struct script {
	const char *name, *log;
	struct step steps[10];
};

static void run_step(struct listener *l, struct wire *w, const struct step *step)
{
	enum tls_side from = step->from == 'c' ? TLS_CLIENT : TLS_SERVER;
	size_t record;

	switch (step->what) {
	case HELLO:
		if (from == TLS_CLIENT)
			send_client_hello(l, w, step->a);
		else
			send_server_hello(l, w, step->a);
		break;
	case FLIGHT:
		wire_put_server_flight(w);
		feed(l, from, w);
		break;
	case MESSAGE:
		record = wire_open_record(w, 22);
		wire_put_message(w, step->a, step->b);
		wire_shut(w, record, 2);
		feed(l, from, w);
		break;
	case RECORD:
		send_record(l, w, from, step->a, step->b);
		break;
	case ALERT:
		send_alert(l, w, from, step->a, step->b);
		break;
	case HOLE:
		tls_session_gap(l->session, from, step->a);
		break;
	case CUT: /* of a hello, `a` bytes are here */
		record = wire_open_record(w, 22);
		if (from == TLS_CLIENT)
			wire_put_client_hello(w, OFFER_13);
		else
			wire_put_server_hello(w, CHOOSE_13);
		wire_shut(w, record, 2);
		record = w->size - step->a;
		w->size = step->a;
		feed(l, from, w);
		tls_session_gap(l->session, from, record);
		break;
	case PART: /* the header of a message */
		wire_put(w, "\x16\x03\x03\x00\x04\x0b\x00\x01\x00", 9);
		feed(l, from, w);
		break;
	case TEXT:
		wire_put_text(w, "HTTP/1.1 400 Bad Request\r\n");
		feed(l, from, w);
		break;
	}
}

#define CH "client(example.org) "
#define SH12 "server(TLS 1.2,c02f) "
#define SH13 "server(TLS 1.3,1301) "
#define FLIGHT12 SH12 "certs(s2) status request "

/* clang-format off */
#define CCS(from) { from, RECORD, 20, 1 }
#define FINISHED(from) { from, RECORD, 22, 40 }
#define DATA(from, size) { from, RECORD, 23, size }
#define CLIENT(offers) { 'c', HELLO, offers, 0 }
#define SERVER(choice) { 's', HELLO, choice, 0 }
#define ANSWER { 's', FLIGHT, 0, 0 }
#define TICKET { 's', MESSAGE, TLS_NEW_SESSION_TICKET, 80 }
#define NO_TLS(from) { from, TEXT, 0, 0 }
/* clang-format on */

static const struct script scripts[] = {
	{ "abbreviated handshake",
	  CH SH12 "resumed done",
	  { CLIENT(OFFER_TICKET), SERVER(0), CCS('s'), FINISHED('s'), CCS('c'), FINISHED('c') } },
	{ "abbreviated handshake with a new ticket",
	  CH SH12 "resumed done",
	  { CLIENT(0), SERVER(0), TICKET, CCS('s'), FINISHED('s'), CCS('c'), FINISHED('c') } },
	{ "resumption is not told when the server's flight may be lost",
	  CH SH12 "done",
	  { CLIENT(0), SERVER(0), { 's', HOLE, 900, 0 }, CCS('s'), CCS('c'), FINISHED('c') } },
	{ "TLS 1.3",
	  CH SH13 "done",
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13), CCS('s'), DATA('s', 900), CCS('c'), DATA('c', 53), DATA('s', 200) } },
	{ "TLS 1.3 server's flight is not the end",
	  CH SH13,
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13), DATA('s', 900), DATA('s', 53) } },
	{ "TLS 1.3 with PSK is resumed",
	  CH SH13 "resumed done",
	  { CLIENT(OFFER_13 | OFFER_PSK), SERVER(CHOOSE_13 | CHOOSE_PSK), DATA('c', 53) } },
	{ "TLS 1.3 client's alert in place of Finished",
	  CH SH13 "alert(c?)",
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13), DATA('s', 900), CCS('c'), DATA('c', 19), DATA('c', 53) } },
	{ "TLS 1.3 server's alert in its flight",
	  CH SH13 "alert(s?)",
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13), DATA('s', 19), DATA('c', 53) } },
	{ "TLS 1.3 server's alert after Finished",
	  CH SH13 "done alert(s?)",
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13), DATA('s', 900), DATA('c', 53), DATA('s', 19) } },
	{ "TLS 1.3 two bytes after the ticket are data",
	  CH SH13 "done",
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13), DATA('c', 53), DATA('s', 200), DATA('s', 19) } },
	{ "TLS 1.3 alert in clear after ChangeCipherSpec",
	  CH SH13 "alert(cunknown certificate authority)",
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13), DATA('s', 900), CCS('c'), { 'c', ALERT, 2, 48 }, DATA('c', 53) } },
	{ "early data is not Finished",
	  CH SH13 "resumed",
	  { CLIENT(OFFER_13 | OFFER_EARLY), CCS('c'), DATA('c', 500), SERVER(CHOOSE_13 | CHOOSE_PSK), DATA('c', 700) } },
	{ "Finished after early data",
	  CH SH13 "resumed done",
	  { CLIENT(OFFER_13 | OFFER_EARLY), DATA('c', 500), SERVER(CHOOSE_13 | CHOOSE_PSK), DATA('c', 700), DATA('c', 21),
	    DATA('c', 60) } },
	{ "retry",
	  CH "retry(TLS 1.3,1301) " CH SH13 "done",
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13 | CHOOSE_RETRY), CCS('s'), CCS('c'), CLIENT(OFFER_13), SERVER(CHOOSE_13),
	    DATA('c', 53) } },
	{ "retry of which only the client is here", CH CH "done", { CLIENT(OFFER_13), CCS('c'), CLIENT(OFFER_13), DATA('c', 53) } },
	{ "full handshake of which only the client is here",
	  CH "done",
	  { CLIENT(OFFER_13), { 'c', MESSAGE, TLS_CLIENT_KEY_EXCHANGE, 66 }, CCS('c'), FINISHED('c') } },
	{ "server of which only its direction is here", FLIGHT12 "done", { ANSWER, CCS('s'), FINISHED('s'), DATA('s', 99) } },
	{ "data alone is only counted", "", { DATA('c', 100), DATA('s', 500) } },
	{ "alert that ends a connection met in its middle",
	  "alert(c?) client(example.org)",
	  { DATA('c', 100), { 'c', RECORD, 21, 26 }, CLIENT(0), DATA('c', 99) } },
	{ "alert that answers the hello", CH "alert(shandshake failure)", { CLIENT(0), { 's', ALERT, 2, 40 }, DATA('c', 99) } },
	{ "warning does not end the handshake",
	  CH "alert(sunrecognized name) " FLIGHT12 "done",
	  { CLIENT(0), { 's', ALERT, 1, 112 }, ANSWER, CCS('c'), FINISHED('c') } },
	{ "encrypted alert of TLS 1.2 before Finished",
	  CH FLIGHT12 "alert(c?)",
	  { CLIENT(0), ANSWER, CCS('c'), { 'c', RECORD, 21, 26 }, FINISHED('c') } },
	{ "answer that is not TLS", CH "bad(s)", { CLIENT(0), NO_TLS('s'), ANSWER } },
	{ "bytes that are no record end a direction once",
	  CH FLIGHT12 "bad(s)",
	  { CLIENT(0), ANSWER, NO_TLS('s'), NO_TLS('s'), { 's', ALERT, 2, 40 } } },
	{ "plain text after the last alert is no damage",
	  CH "alert(sclose notify)",
	  { CLIENT(0), { 's', ALERT, 1, 0 }, NO_TLS('s'), DATA('c', 99) } },
	{ "text before any hello is waited out", CH FLIGHT12, { NO_TLS('s'), NO_TLS('c'), CLIENT(0), ANSWER } },
	{ "record after a hole is found again",
	  CH FLIGHT12 "done",
	  { CLIENT(0), ANSWER, { 'c', HOLE, 500, 0 }, NO_TLS('c'), DATA('c', 99) } },
	{ "encrypted handshake after a hole is Finished",
	  CH FLIGHT12 "done",
	  { CLIENT(0), ANSWER, { 'c', HOLE, 100, 0 }, FINISHED('c') } },
	{ "small record after a hole is no alert",
	  CH SH13 "done",
	  { CLIENT(OFFER_13), SERVER(CHOOSE_13), { 'c', HOLE, 100, 0 }, DATA('c', 19) } },
	{ "cut ClientHello may have offered TLS 1.3", CH, { { 'c', CUT, 90, 0 }, DATA('s', 900) } },
	{ "cut ServerHello may have chosen TLS 1.3",
	  CH "server(TLS 1.2,1301)",
	  { CLIENT(OFFER_13), { 's', CUT, 50, 0 }, DATA('s', 900) } },
	{ "ChangeCipherSpec inside a message",
	  CH FLIGHT12 "bad(c) done",
	  { CLIENT(0), ANSWER, { 'c', PART, 0, 0 }, CCS('c'), FINISHED('c') } },
	{ "unknown message is malformed and the records go on",
	  CH "bad(s) alert(shandshake failure)",
	  { CLIENT(0), { 's', MESSAGE, 99, 20 }, { 's', ALERT, 2, 40 }, DATA('c', 99) } },
};

START_TEST(conversation_is_understood)
{
	const struct script *script = &scripts[_i];
	struct listener *l = listen_new();
	struct wire *w = nt_zalloc(sizeof(*w));
	char want[300];

	for (size_t i = 0; i < 10 && script->steps[i].from; i++)
		run_step(l, w, &script->steps[i]);
	snprintf(want, sizeof(want), "%s", script->log);
	while (want[0] && want[strlen(want) - 1] == ' ')
		want[strlen(want) - 1] = 0;
	ck_assert_msg(strcmp(l->log, want) == 0, "%s: got \"%s\", not \"%s\"", script->name, l->log, want);
	free(w);
	listen_free(l);
}
END_TEST

/* ---- records and messages ---- */

START_TEST(message_is_gathered_from_tiny_records)
{
	struct listener *l = listen_new();
	struct wire message = { .size = 0 }, w = { .size = 0 };

	wire_put_client_hello(&message, OFFER_13);
	for (size_t i = 0; i < message.size; i++) {
		size_t record = wire_open_record(&w, 22);

		wire_put8(&w, message.at[i]);
		wire_shut(&w, record, 2);
		if (i == 10)
			wire_put_alert(&w, 1, 90);
	}
	feed(l, TLS_CLIENT, &w);
	ck_assert_str_eq(l->log, "alert(cuser canceled) client(example.org)");
	listen_free(l);
}
END_TEST

START_TEST(alerts_share_a_record)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 };
	size_t record;

	send_client_hello(l, &w, 0);
	record = wire_open_record(&w, 21);
	wire_put16(&w, 0x0170);
	wire_put16(&w, 0x0228);
	wire_shut(&w, record, 2);
	feed(l, TLS_SERVER, &w);
	ck_assert_str_eq(l->log, "client(example.org) alert(sunrecognized name) alert(shandshake failure)");
	listen_free(l);
}
END_TEST

START_TEST(message_beyond_the_limit_is_skipped)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 };
	size_t left = (size_t)LIMIT_TLS_HANDSHAKE_MESSAGE + 1, record;

	send_client_hello(l, &w, 0);
	send_server_hello(l, &w, 0);
	record = wire_open_record(&w, 22);
	wire_put8(&w, TLS_CERTIFICATE);
	wire_put8(&w, (unsigned)(left >> 16));
	wire_put16(&w, left & 0xffff);
	wire_shut(&w, record, 2);
	for (size_t part = 16000; left > 0; left -= part) {
		part = left < part ? left : part;
		send_record(l, &w, TLS_SERVER, 22, part);
	}
	record = wire_open_record(&w, 22);
	wire_put_message(&w, TLS_CERTIFICATE_REQUEST, 9);
	wire_shut(&w, record, 2);
	feed(l, TLS_SERVER, &w);
	ck_assert_str_eq(l->log, "client(example.org) server(TLS 1.2,c02f) request");
	ck_assert_uint_eq(l->hits.count[LIMIT_TLS_HANDSHAKE_MESSAGE_HIT], 1);
	listen_free(l);
}
END_TEST

START_TEST(certificates_beyond_the_limit_are_left_out)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 };
	size_t record = wire_open_record(&w, 22);

	wire_put_certificates(&w, (unsigned)LIMIT_TLS_CERTIFICATES + 3, 20);
	wire_shut(&w, record, 2);
	feed(l, TLS_SERVER, &w);
	ck_assert_str_eq(l->log, "certs(s64+)");
	ck_assert_uint_eq(l->hits.count[LIMIT_TLS_CERTIFICATES_HIT], 1);
	listen_free(l);
}
END_TEST

START_TEST(certificates_before_a_wrong_length_are_handed_out)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 };
	size_t record = wire_open_record(&w, 22);

	wire_put_certificates(&w, 3, 20);
	wire_shut(&w, record, 2);
	w.at[5 + 4 + 3 + 23 + 1] = 9;
	wire_put_alert(&w, 2, 42);
	feed(l, TLS_SERVER, &w);
	ck_assert_str_eq(l->log, "bad(s) certs(s1+) alert(sbad certificate)");
	listen_free(l);
}
END_TEST

START_TEST(hello_of_ssl2_begins_a_handshake)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 };

	wire_put_ssl2_hello(&w);
	slice_size = 3;
	feed(l, TLS_CLIENT, &w);
	slice_size = SIZE_MAX;
	wire_put_server_flight(&w);
	feed(l, TLS_SERVER, &w);
	send_record(l, &w, TLS_CLIENT, 20, 1);
	send_record(l, &w, TLS_CLIENT, 22, 40);
	ck_assert_str_eq(l->log, "client() server(TLS 1.2,c02f) certs(s2) status request done");
	listen_free(l);
}
END_TEST

/* ---- holes ---- */

START_TEST(hole_in_the_hello_of_ssl2_leaves_what_came_before)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 };

	wire_put_ssl2_hello(&w);
	w.size -= 10; /* of the challenge */
	feed(l, TLS_CLIENT, &w);
	tls_session_gap(l->session, TLS_CLIENT, 10);
	wire_put_server_flight(&w);
	feed(l, TLS_SERVER, &w);
	ck_assert_str_eq(l->log, "client() server(TLS 1.2,c02f) certs(s2) status request");
	listen_free(l);
}
END_TEST

START_TEST(hole_in_the_hello_leaves_what_came_before)
{
	struct wire w = { .size = 0 };
	size_t record = wire_open_record(&w, 22), whole;
	bool named = false;

	wire_put_client_hello(&w, OFFER_13);
	wire_shut(&w, record, 2);
	whole = w.size;
	for (size_t kept = 0; kept < whole; kept++) {
		struct listener *l = listen_new();
		struct wire start = w;

		start.size = kept;
		feed(l, TLS_CLIENT, &start);
		tls_session_gap(l->session, TLS_CLIENT, whole - kept);
		ck_assert(kept < 6 + 38 || l->log[0]);
		ck_assert(strstr(l->log, "bad") == NULL);
		named = strcmp(l->log, "client(example.org)") == 0;
		ck_assert(kept < 80 || named);
		if (kept >= 5 + 4)
			send_record(l, &start, TLS_CLIENT, 21, 2); /* not in clear, but a record */
		ck_assert(kept < 5 + 4 || strstr(l->log, "alert(c?)"));
		listen_free(l);
	}
	ck_assert(named);
}
END_TEST

START_TEST(hole_in_data_is_counted)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 };

	wire_put_record(&w, 23, 1000);
	w.size = 5 + 200;
	feed(l, TLS_CLIENT, &w);
	tls_session_gap(l->session, TLS_CLIENT, 300);
	wire_fill(&w, 0, 500);
	wire_put_record(&w, 23, 50);
	feed(l, TLS_CLIENT, &w);
	ck_assert_uint_eq(l->app[TLS_CLIENT], 1050);
	tls_session_gap(l->session, TLS_CLIENT, UINT64_MAX);
	ck_assert_str_eq(l->log, "");
	listen_free(l);
}
END_TEST

START_TEST(hole_in_a_certificate_keeps_the_messages_after_it)
{
	struct listener *l = listen_new();
	struct wire w = { .size = 0 }, start;
	size_t record;

	send_client_hello(l, &w, 0);
	record = wire_open_record(&w, 22);
	wire_put_server_hello(&w, 0);
	wire_put_certificates(&w, 2, 900);
	wire_put_message(&w, TLS_CERTIFICATE_REQUEST, 9);
	wire_shut(&w, record, 2);
	start = w;
	start.size = 1200;
	feed(l, TLS_SERVER, &start);
	tls_session_gap(l->session, TLS_SERVER, 500);
	wire_put(&start, w.at + 1700, w.size - 1700);
	feed(l, TLS_SERVER, &start);
	ck_assert_str_eq(l->log, "client(example.org) server(TLS 1.2,c02f) certs(s1+) request");
	listen_free(l);
}
END_TEST

/* ---- damage ---- */

START_TEST(damaged_conversation_gives_some_result)
{
	struct wire *w = nt_zalloc(sizeof(*w)), *whole = nt_zalloc(sizeof(*w));
	unsigned random = (unsigned)_i * 7919 + 1;
	size_t record = wire_open_record(whole, 22);

	wire_put_client_hello(whole, OFFER_13 | OFFER_EARLY);
	wire_shut(whole, record, 2);
	wire_put_server_flight(whole);
	wire_put_record(whole, 20, 1);
	wire_put_record(whole, 22, 40);
	for (int turn = 0; turn < 20; turn++) {
		struct listener *l = listen_new();

		*w = *whole;
		for (int flips = 0; flips < 4; flips++) {
			random = random * 1103515245 + 12345;
			w->at[(random >> 8) % w->size] ^= (uint8_t)(1u << (random >> 4 & 7));
		}
		slice_size = 1 + (random >> 16) % 500;
		feed(l, turn % 2 ? TLS_CLIENT : TLS_SERVER, w);
		tls_session_gap(l->session, TLS_CLIENT, 1 + random % 100);
		*w = *whole;
		feed(l, TLS_CLIENT, w);
		slice_size = SIZE_MAX;
		listen_free(l);
	}
	free(w);
	free(whole);
}
END_TEST

/* ---- without records, as QUIC carries messages ---- */

static void feed_messages(struct listener *l, enum tls_side from, bool sealed, struct wire *w)
{
	for (size_t at = 0; at < w->size; at += 7)
		tls_session_feed_messages(l->session, from, sealed,
					  (struct bytes){ w->at + at, w->size - at < 7 ? w->size - at : 7 });
	w->size = 0;
}

START_TEST(messages_need_no_records)
{
	static struct wire w;
	struct listener *l = listen_new();
	size_t message, list, entry;

	w.size = 0;
	wire_put_client_hello(&w, OFFER_13);
	feed_messages(l, TLS_CLIENT, false, &w);
	wire_put_server_hello(&w, CHOOSE_13 | CHOOSE_RETRY);
	feed_messages(l, TLS_SERVER, false, &w);
	wire_put_client_hello(&w, OFFER_13);
	feed_messages(l, TLS_CLIENT, false, &w);
	wire_put_server_hello(&w, CHOOSE_13);
	feed_messages(l, TLS_SERVER, false, &w);
	wire_put_message(&w, TLS_ENCRYPTED_EXTENSIONS, 2);
	message = wire_open_message(&w, TLS_CERTIFICATE); /* RFC 8446 4.4.2 */
	wire_put8(&w, 0);
	list = wire_open(&w, 3);
	entry = wire_open(&w, 3);
	wire_fill(&w, 0x30, 900);
	wire_shut(&w, entry, 3);
	wire_put16(&w, 0);
	wire_shut(&w, list, 3);
	wire_shut(&w, message, 3);
	wire_put_message(&w, TLS_FINISHED, 32);
	feed_messages(l, TLS_SERVER, true, &w);
	ck_assert_str_eq(l->log, "client(example.org) retry(TLS 1.3,1301) client(example.org) server(TLS 1.3,1301) certs(s1)");
	wire_put_message(&w, TLS_FINISHED, 32);
	feed_messages(l, TLS_CLIENT, true, &w);
	ck_assert_ptr_nonnull(strstr(l->log, "certs(s1) done"));
	listen_free(l);
}
END_TEST

START_TEST(message_cut_short_is_read_as_far_as_it_goes)
{
	static struct wire w;
	struct listener *l = listen_new();

	w.size = 0;
	wire_put_client_hello(&w, OFFER_13);
	w.size -= 20;
	feed_messages(l, TLS_CLIENT, false, &w);
	ck_assert_str_eq(l->log, "");
	tls_session_cut_messages(l->session, TLS_CLIENT);
	ck_assert_str_eq(l->log, "client(example.org)");
	listen_free(l);
}
END_TEST

static void keep_ja4(void *context, const struct tls_client_hello *hello)
{
	memcpy(context, hello->ja4, sizeof(hello->ja4));
}

START_TEST(ja4_says_what_carries_the_hello)
{
	static const struct tls_events only_hello = { .client_hello = keep_ja4 };
	static struct wire w;
	char ja4[sizeof(((struct tls_client_hello *)NULL)->ja4)];
	struct tls_session *session = tls_session_new(&only_hello, ja4, NULL);

	w.size = 0;
	wire_put_client_hello(&w, OFFER_13);
	feed_messages(&(struct listener){ .session = session }, TLS_CLIENT, false, &w);
	ck_assert_mem_eq(ja4, "q13d0204h2_", 11);
	tls_session_free(session);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("tls");
	TCase *session = tcase_create("session");

	tcase_add_loop_test(session, handshake_reads_the_same_in_any_slices, 0, 9);
	tcase_add_test(session, handshake_is_done_with_finished_and_not_with_the_change_of_ciphers);
	tcase_add_loop_test(session, change_of_ciphers_for_middleboxes_is_none, 0, 2);
	tcase_add_loop_test(session, conversation_is_understood, 0, (int)(sizeof(scripts) / sizeof(scripts[0])));
	tcase_add_test(session, message_is_gathered_from_tiny_records);
	tcase_add_test(session, alerts_share_a_record);
	tcase_add_test(session, message_beyond_the_limit_is_skipped);
	tcase_add_test(session, certificates_beyond_the_limit_are_left_out);
	tcase_add_test(session, certificates_before_a_wrong_length_are_handed_out);
	tcase_add_test(session, hello_of_ssl2_begins_a_handshake);
	tcase_add_test(session, hole_in_the_hello_of_ssl2_leaves_what_came_before);
	tcase_add_test(session, hole_in_the_hello_leaves_what_came_before);
	tcase_add_test(session, hole_in_data_is_counted);
	tcase_add_test(session, hole_in_a_certificate_keeps_the_messages_after_it);
	tcase_add_loop_test(session, damaged_conversation_gives_some_result, 0, 20);
	tcase_add_test(session, messages_need_no_records);
	tcase_add_test(session, message_cut_short_is_read_as_far_as_it_goes);
	tcase_add_test(session, ja4_says_what_carries_the_hello);
	suite_add_tcase(suite, session);
	return suite;
}
