#include "dissect/tls/session.h"

#include <openssl/crypto.h>
#include <stdlib.h>

enum { MAX_FAILURES = 3, MAX_TRIES = 8192, TRIES_PER_RECORD = 8 };

void tls_sealed_init(struct tls_direction *d)
{
	d->record.max = 2 * (size_t)(TLS_RECORD_HEADER + TLS_MAX_RECORD);
	d->tries = MAX_TRIES;
}

void tls_sealed_clear(struct tls_direction *d)
{
	tls_decryptor_free(d->opener);
	d->opener = NULL;
	buffer_free(&d->record);
}

void tls_sealed_give_up(struct tls_direction *d)
{
	tls_sealed_clear(d);
	d->gave_up = true;
}

/* ---- openers of the epochs of TLS 1.3 ---- */

static const enum tls_secret_label labels[2][4] = {
	[TLS_CLIENT] = { [TLS_EPOCH_EARLY] = TLS_SECRET_CLIENT_EARLY_TRAFFIC,
			 [TLS_EPOCH_HANDSHAKE] = TLS_SECRET_CLIENT_HANDSHAKE_TRAFFIC,
			 [TLS_EPOCH_APPLICATION] = TLS_SECRET_CLIENT_TRAFFIC_0 },
	[TLS_SERVER] = { [TLS_EPOCH_HANDSHAKE] = TLS_SECRET_SERVER_HANDSHAKE_TRAFFIC,
			 [TLS_EPOCH_APPLICATION] = TLS_SECRET_SERVER_TRAFFIC_0 },
};

static struct tls_decryptor *new_opener_13(const struct tls_session *session, enum tls_side from, enum tls_epoch epoch,
					   uint16_t cipher)
{
	struct tls_decryptor *opener = NULL;
	struct tls_secret secret;

	if (tls_keylog_find(session->keylog, session->client_random, labels[from][epoch], &secret))
		opener = tls_decryptor_new_13(cipher, &secret);
	OPENSSL_cleanse(&secret, sizeof(secret));
	return opener;
}

static bool has_secret(const struct tls_session *session, enum tls_secret_label label)
{
	struct tls_secret secret;
	bool found = tls_keylog_find(session->keylog, session->client_random, label, &secret);

	OPENSSL_cleanse(&secret, sizeof(secret));
	return found;
}

static void set_opener(struct tls_direction *d, struct tls_decryptor *opener, enum tls_epoch epoch)
{
	tls_decryptor_free(d->opener);
	d->opener = opener;
	d->epoch = epoch;
	d->proven = false;
	d->failures = 0;
}

static void enter_epoch(struct tls_session *session, enum tls_side from, enum tls_epoch epoch)
{
	struct tls_direction *d = &session->side[from];

	if (d->gave_up)
		return;
	set_opener(d, session->unsupported ? NULL : new_opener_13(session, from, epoch, session->cipher), epoch);
	if (!d->opener &&
	    (epoch == TLS_EPOCH_APPLICATION || session->unsupported || !has_secret(session, labels[from][TLS_EPOCH_APPLICATION])))
		tls_sealed_give_up(d);
}

/* ---- what changes the keys ---- */

/* Only the suites of TLS 1.3 can protect early data. */
static void note_early_ciphers(struct tls_session *session, const struct tls_client_hello *hello)
{
	const size_t kept = hello->cipher_count < TLS_MAX_LIST ? hello->cipher_count : TLS_MAX_LIST;
	const size_t max = sizeof(session->early_ciphers) / sizeof(session->early_ciphers[0]) - 1;
	size_t count = 0;

	for (size_t i = 0; i < kept && count < max; i++)
		if (hello->ciphers[i] >> 8 == 0x13)
			session->early_ciphers[count++] = hello->ciphers[i];
	session->early_ciphers[count] = 0;
}

void tls_sealed_client_hello(struct tls_session *session, const struct tls_client_hello *hello)
{
	memcpy(session->client_random, hello->random, sizeof(session->client_random));
	session->renegotiating |= session->side[TLS_CLIENT].opened;
	tls_resumption_offered(session, hello);
	if (hello->has_early_data)
		note_early_ciphers(session, hello);
}

/* Drafts before 25 protect records without their header. */
static bool draft_supported(uint16_t draft)
{
	return draft == 0 || (draft & 0xff) >= 25;
}

void tls_sealed_server_hello(struct tls_session *session, const struct tls_server_hello *hello)
{
	memcpy(session->server_random, hello->random, sizeof(session->server_random));
	session->cipher = hello->cipher;
	tls_resumption_chosen(session, hello);
	session->encrypt_then_mac = hello->has_encrypt_then_mac;
	session->truncated_hmac = hello->has_truncated_hmac;
	session->unsupported = hello->compression != 0 || !draft_supported(hello->draft);
	if (!session->keylog || session->version < TLS_1_3)
		return;
	enter_epoch(session, TLS_SERVER, TLS_EPOCH_HANDSHAKE);
	if (session->side[TLS_CLIENT].epoch == TLS_EPOCH_CLEAR)
		enter_epoch(session, TLS_CLIENT, TLS_EPOCH_HANDSHAKE);
}

static void refuse_early(struct tls_session *session)
{
	if (session->early_given && !session->early_refused)
		CALL(session, early_data_rejected, session->context);
	session->early_refused = true;
}

/* RFC 8446 4.2.10: a retry refuses early data, and what follows it is not sent with its keys. */
void tls_sealed_retry(struct tls_session *session)
{
	session->retried = true;
	if (session->side[TLS_CLIENT].epoch != TLS_EPOCH_EARLY)
		return;
	refuse_early(session);
	set_opener(&session->side[TLS_CLIENT], NULL, TLS_EPOCH_CLEAR);
}

void tls_sealed_early_answer(struct tls_session *session, bool accepted)
{
	if (!accepted)
		refuse_early(session);
}

/* The log has it under the random of the last ClientHello; of one that resumes, perhaps. */
bool tls_sealed_master(const struct tls_session *session, struct tls_secret *out)
{
	return tls_keylog_find(session->keylog, session->client_random, TLS_SECRET_MASTER, out) ||
	       tls_resumption_find(session, out);
}

/* TLS 1.2 and before. */
void tls_sealed_change_cipher(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];
	struct tls_secret master = { .size = 0 };
	struct tls_decryptor *opener = NULL;

	if (!session->keylog || d->gave_up || !session->server_hello || !session->version || session->version >= TLS_1_3)
		return;
	if (!session->unsupported && tls_sealed_master(session, &master)) {
		tls_resumption_keep_id(session, &master);
		opener = tls_decryptor_new_12(session->version, session->cipher, &master, session->client_random,
					      session->server_random, from, session->encrypt_then_mac, session->truncated_hmac);
	}
	OPENSSL_cleanse(&master, sizeof(master));
	set_opener(d, opener, TLS_EPOCH_APPLICATION);
	if (!opener)
		tls_sealed_give_up(d);
}

void tls_sealed_message(struct tls_session *session, enum tls_side from, uint8_t type)
{
	struct tls_direction *d = &session->side[from];

	if (session->version < TLS_1_3 || !d->opener)
		return;
	if (type == TLS_END_OF_EARLY_DATA && d->epoch == TLS_EPOCH_EARLY)
		enter_epoch(session, from, TLS_EPOCH_HANDSHAKE);
	else if (type == TLS_FINISHED && d->epoch == TLS_EPOCH_HANDSHAKE)
		enter_epoch(session, from, TLS_EPOCH_APPLICATION);
	else if (type == TLS_KEY_UPDATE && d->epoch == TLS_EPOCH_APPLICATION)
		tls_decryptor_update(d->opener);
}

/* ---- opening ---- */

/* Early data comes before the server has chosen, so that the suite is told by what verifies. */
static bool open_early(struct tls_session *session, const uint8_t header[TLS_RECORD_HEADER], struct bytes body,
		       struct bytes *content, uint8_t *type)
{
	for (const uint16_t *cipher = session->early_ciphers; *cipher; cipher++) {
		struct tls_decryptor *opener = new_opener_13(session, TLS_CLIENT, TLS_EPOCH_EARLY, *cipher);

		if (opener && tls_decryptor_open(opener, header, body, 0, session->scratch, content, type)) {
			set_opener(&session->side[TLS_CLIENT], opener, TLS_EPOCH_EARLY);
			return true;
		}
		tls_decryptor_free(opener);
	}
	return false;
}

/* The message that changes the keys may have been missed, or the secret of its epoch is not in the log. */
static bool open_later(struct tls_session *session, enum tls_side from, const uint8_t header[TLS_RECORD_HEADER], struct bytes body,
		       struct bytes *content, uint8_t *type)
{
	struct tls_direction *d = &session->side[from];

	for (unsigned epoch = d->epoch + 1U; epoch <= TLS_EPOCH_APPLICATION; epoch++) {
		struct tls_decryptor *opener = new_opener_13(session, from, epoch, session->cipher);

		if (opener && tls_decryptor_open(opener, header, body, d->skip_max, session->scratch, content, type)) {
			set_opener(d, opener, epoch);
			return true;
		}
		tls_decryptor_free(opener);
	}
	return false;
}

static bool open_any(struct tls_session *session, enum tls_side from, const uint8_t header[TLS_RECORD_HEADER], struct bytes body,
		     struct bytes *content, uint8_t *type)
{
	struct tls_direction *d = &session->side[from];

	if (d->epoch == TLS_EPOCH_CLEAR)
		return open_early(session, header, body, content, type);
	if (d->opener && tls_decryptor_open(d->opener, header, body, d->skip_max, session->scratch, content, type))
		return true;
	return session->version >= TLS_1_3 && open_later(session, from, header, body, content, type);
}

bool tls_sealed_open(struct tls_session *session, enum tls_side from, const uint8_t header[TLS_RECORD_HEADER], struct bytes body,
		     struct bytes *content, uint8_t *type)
{
	struct tls_direction *d = &session->side[from];

	if (!session->scratch)
		session->scratch = nt_alloc(TLS_MAX_RECORD);
	if (!open_any(session, from, header, body, content, type)) {
		d->tries -= (unsigned)tls_smaller(d->tries, d->skip_max + 1);
		return false;
	}
	d->proven = session->any_opened = true;
	d->failures = d->skip_max = 0;
	d->tries = (unsigned)tls_smaller(MAX_TRIES, d->tries + TRIES_PER_RECORD);
	return true;
}

/* Records for which another secret would be needed: of the handshake, if only the later ones are known; early data that the server did not
 * want, or of which the secret is not known. */
static bool may_fail(const struct tls_session *session, enum tls_side from)
{
	const struct tls_direction *d = &session->side[from];

	return !d->opener || (from == TLS_CLIENT && session->early_data && d->epoch == TLS_EPOCH_HANDSHAKE && !d->proven);
}

static void finish_record(struct tls_session *session, enum tls_side from, struct bytes body)
{
	struct tls_direction *d = &session->side[from];
	struct bytes content;
	uint8_t type;

	if (tls_sealed_open(session, from, d->header, body, &content, &type)) {
		tls_session_deliver(session, from, type, content);
		return;
	}
	if (may_fail(session, from) && d->tries > 0) {
		if (!d->opener)
			tls_session_undelivered(session, from);
		return;
	}
	session->unverified++;
	tls_search_missed(d, 1);
	if (++d->failures == MAX_FAILURES || d->tries == 0)
		tls_sealed_give_up(d);
	tls_session_undelivered(session, from);
}

/* ---- records ---- */

static bool ready_13(const struct tls_session *session, enum tls_side from)
{
	if (session->server_hello)
		return session->side[from].epoch != TLS_EPOCH_CLEAR;
	return from == TLS_CLIENT && session->early_data && !session->retried &&
	       (session->side[from].opener || has_secret(session, TLS_SECRET_CLIENT_EARLY_TRAFFIC));
}

/* After a hole that took the ChangeCipherSpec with it, application data tells that it was there. */
static bool ready_12(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	if (!d->opener && d->gap && !d->encrypted && d->type == TLS_RECORD_APPLICATION_DATA && session->server_hello) {
		d->encrypted = true;
		tls_sealed_change_cipher(session, from);
	}
	return d->opener && d->size > TLS_ALERT_SIZE;
}

bool tls_sealed_begin(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	if (!session->keylog || d->gave_up || d->size == 0)
		return false;
	if (session->version && session->version < TLS_1_3)
		return ready_12(session, from);
	return d->type == TLS_RECORD_APPLICATION_DATA && ready_13(session, from);
}

void tls_sealed_feed(struct tls_session *session, enum tls_side from, struct bytes data)
{
	struct tls_direction *d = &session->side[from];

	if (d->opaque)
		return;
	if (data.size == d->size) {
		finish_record(session, from, data);
		return;
	}
	(void)buffer_add(&d->record, data.at, data.size);
	if (d->left > 0)
		return;
	finish_record(session, from, (struct bytes){ d->record.at, d->record.size });
	buffer_clear(&d->record);
}

void tls_sealed_hole(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	if (d->opaque)
		return;
	buffer_clear(&d->record);
	tls_search_missed(d, 1);
	tls_session_undelivered(session, from);
}
