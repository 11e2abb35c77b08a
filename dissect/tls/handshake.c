#include "dissect/tls/compression.h"
#include "dissect/tls/session.h"

#include <stdlib.h>

/* ---- hellos ---- */

static void handle_client_hello(struct tls_session *session, enum cur_state state, const struct tls_client_hello *hello)
{
	if (state == CUR_BAD)
		tls_session_complain(session, TLS_CLIENT, "ClientHello with a wrong length or version");
	if (!hello->legacy_version)
		return;
	tls_sealed_client_hello(session, hello);
	if (session->renegotiating)
		return;
	session->client_hello = true;
	session->offers_13 = hello->highest_version >= TLS_1_3 || state == CUR_CUT;
	session->early_data = hello->has_early_data;
	session->external_psks = hello->external_psks;
	if (session->stage == TLS_START)
		session->stage = TLS_CLIENT_HELLO_SEEN;
	CALL(session, client_hello, session->context, hello);
}

static void read_client_hello(struct tls_session *session, struct cursor body)
{
	struct tls_client_hello hello;
	enum cur_state state = tls_read_client_hello(body, !session->no_fingerprints, &hello);

	if (session->bare && hello.ja4[0])
		hello.ja4[0] = 'q';
	handle_client_hello(session, state, &hello);
}

void tls_handshake_read_ssl2(struct tls_session *session, struct cursor body)
{
	struct tls_client_hello hello;
	enum cur_state state = tls_read_ssl2_hello(body, &hello);

	handle_client_hello(session, state, &hello);
	if (hello.legacy_version == TLS_SSL2) /* SSL 2.0 alone: it goes on without records that could be read */
		session->side[TLS_CLIENT].lost = session->side[TLS_SERVER].lost = true;
}

static void choose_version(struct tls_session *session, const struct tls_server_hello *hello)
{
	session->server_hello = true;
	session->cipher = hello->cipher;
	if (session->stage < TLS_SERVER_HELLO_SEEN)
		session->stage = TLS_SERVER_HELLO_SEEN;
	if (session->version < TLS_1_3)
		return;
	session->side[TLS_SERVER].encrypted = true;
	if (!session->early_data) /* the ChangeCipherSpec before was there only to please middleboxes, RFC 8446 D.4 */
		session->side[TLS_CLIENT].encrypted = false;
}

static bool resumes_13(const struct tls_session *session, const struct tls_server_hello *hello)
{
	return !hello->is_hello_retry && hello->version >= TLS_1_3 && hello->has_psk &&
	       !(hello->psk < 32 && session->external_psks >> hello->psk & 1);
}

static void handle_server_hello(struct tls_session *session, enum cur_state state, const struct tls_server_hello *hello)
{
	if (state == CUR_BAD)
		tls_session_complain(session, TLS_SERVER, "ServerHello with a wrong length or version");
	if (!hello->legacy_version)
		return;
	if (session->renegotiating) {
		tls_sealed_server_hello(session, hello);
		return;
	}
	/* A cut hello may have lost the extension that says TLS 1.3. */
	session->version = state == CUR_CUT && hello->version == TLS_1_2 ? 0 : hello->version;
	if (!hello->is_hello_retry)
		choose_version(session, hello);
	CALL(session, server_hello, session->context, hello);
	if (hello->is_hello_retry)
		tls_sealed_retry(session);
	else
		tls_sealed_server_hello(session, hello);
	if (resumes_13(session, hello))
		tls_session_note_resumed(session);
}

static void read_server_hello(struct tls_session *session, struct cursor body)
{
	struct tls_server_hello hello;
	enum cur_state state = tls_read_server_hello(body, &hello);

	handle_server_hello(session, state, &hello);
}

static void read_draft_retry(struct tls_session *session, struct cursor body)
{
	struct tls_server_hello hello;
	enum cur_state state = tls_read_draft_retry(body, &hello);

	handle_server_hello(session, state, &hello);
}

static void hand_out_certificates(struct tls_session *session, enum tls_side from, enum cur_state state,
				  const struct tls_certificate_list *list)
{
	if (state == CUR_BAD)
		tls_session_complain(session, from, "Certificate with a wrong length");
	CALL(session, certificates, session->context, from, list->der, list->count, list->truncated);
	if (list->has_status && from == TLS_SERVER)
		CALL(session, certificate_status, session->context);
}

static void read_certificates(struct tls_session *session, enum tls_side from, struct cursor body)
{
	struct tls_certificate_list list;
	enum cur_state state = session->version >= TLS_1_3 && session->side[from].opened
				       ? tls_read_certificates_13(body, &list, session->hits)
				       : tls_read_certificates(body, &list, session->hits);

	hand_out_certificates(session, from, state, &list);
}

/* Whether a compressed Certificate message is worth the try: no limit says no, and the algorithm is known. */
static bool may_decompress(struct tls_session *session, enum tls_side from, const struct tls_compressed_certificate *message)
{
	if (!tls_compression_known(message->algorithm))
		return false;
	if (message->size > LIMIT_TLS_UNCOMPRESSED_CERTIFICATE) {
		limit_hit(session->hits, LIMIT_TLS_UNCOMPRESSED_CERTIFICATE_HIT);
		return false;
	}
	if (session->side[from].decompressed == LIMIT_TLS_COMPRESSED_CERTIFICATES) {
		limit_hit(session->hits, LIMIT_TLS_COMPRESSED_CERTIFICATES_HIT);
		return false;
	}
	session->side[from].decompressed++;
	return true;
}

/* RFC 8879 4: what is inside has the length that was said. */
static void read_compressed_certificate(struct tls_session *session, enum tls_side from, struct cursor body)
{
	struct tls_certificate_list list = { .truncated = true };
	struct tls_compressed_certificate message;
	enum cur_state state = tls_read_compressed_certificate(body, &message);
	uint8_t *plain = NULL;

	if (message.algorithm)
		CALL(session, certificate_compression, session->context, from, message.algorithm);
	if (state == CUR_OK && may_decompress(session, from, &message)) {
		plain = nt_alloc(message.size);
		if (tls_decompress(message.algorithm, message.compressed, plain, message.size))
			state = tls_read_certificates_13(cur_of(plain, message.size, 0), &list, session->hits);
		else
			tls_session_complain(session, from, "compressed Certificate that cannot be decompressed");
	}
	hand_out_certificates(session, from, state, &list);
	free(plain);
}

static void read_encrypted_extensions(struct tls_session *session, struct cursor body)
{
	struct tls_encrypted_extensions extensions;
	enum cur_state state = tls_read_encrypted_extensions(body, &extensions);

	if (state == CUR_BAD)
		tls_session_complain(session, TLS_SERVER, "EncryptedExtensions with a wrong length");
	if (extensions.alpn.size > 0)
		CALL(session, alpn, session->context, extensions.alpn);
	if (state == CUR_OK || extensions.early_data)
		tls_sealed_early_answer(session, extensions.early_data);
}

static void read_message(struct tls_session *session, enum tls_side from, uint8_t type, struct cursor body)
{
	switch (type) {
	case TLS_CLIENT_HELLO:
		read_client_hello(session, body);
		break;
	case TLS_SERVER_HELLO:
		read_server_hello(session, body);
		break;
	case TLS_HELLO_RETRY_REQUEST:
		read_draft_retry(session, body);
		break;
	case TLS_CERTIFICATE:
		read_certificates(session, from, body);
		break;
	case TLS_CERTIFICATE_REQUEST:
		CALL(session, certificate_request, session->context);
		break;
	case TLS_CERTIFICATE_STATUS:
		CALL(session, certificate_status, session->context);
		break;
	case TLS_NEW_SESSION_TICKET:
		tls_resumption_keep_ticket(session, body);
		CALL(session, session_ticket, session->context);
		break;
	}
}

/* Messages that mean something only where they were sealed. */
static void read_sealed_message(struct tls_session *session, enum tls_side from, uint8_t type, struct cursor body)
{
	if (type == TLS_ENCRYPTED_EXTENSIONS && session->version >= TLS_1_3)
		read_encrypted_extensions(session, body);
	if (type == TLS_COMPRESSED_CERTIFICATE && session->version >= TLS_1_3)
		read_compressed_certificate(session, from, body);
	if (type == TLS_FINISHED && from == TLS_CLIENT)
		tls_session_finish(session);
	tls_sealed_message(session, from, type);
}

/* RFC 5246 7.3: what the server sends between its hello and its ChangeCipherSpec in a full handshake only. */
static void note_message(struct tls_session *session, enum tls_side from, uint8_t type)
{
	if (from == TLS_SERVER && (type == TLS_CERTIFICATE || type == TLS_SERVER_KEY_EXCHANGE || type == TLS_CERTIFICATE_REQUEST ||
				   type == TLS_SERVER_HELLO_DONE))
		session->full_handshake = true;
}

/* `cut` bytes of the message's end are missing. */
static void handle_message(struct tls_session *session, enum tls_side from, struct bytes message, size_t cut)
{
	struct cursor body = cur_of(message.at, message.size, cut);
	uint8_t type = cur_u8(&body);

	cur_skip(&body, 3);
	note_message(session, from, type);
	session->side[from].certain = cut == 0;
	read_message(session, from, type, body);
	if (session->side[from].opened)
		read_sealed_message(session, from, type, body);
}

/* Whether these four bytes begin a message in clear.  Where encrypted records are expected, only a ClientHello that fills its record is
 * one: the second of a client that changed ciphers before the server's HelloRetryRequest. */
static bool message_plausible(const struct tls_session *session, enum tls_side from, uint8_t type, size_t size)
{
	const struct tls_direction *d = &session->side[from];

	if (!tls_message_known(from, type))
		return false;
	if (d->encrypted && !d->opened)
		return type == TLS_CLIENT_HELLO && size == d->size;
	if (type == TLS_HELLO_REQUEST || type == TLS_SERVER_HELLO_DONE)
		return size == TLS_HANDSHAKE_HEADER;
	return d->certain || size <= UINT16_MAX;
}

/* The client's first encrypted handshake message is its Finished. */
void tls_handshake_note_encrypted(struct tls_session *session, enum tls_side from)
{
	session->side[from].encrypted = true;
	if (from == TLS_CLIENT && session->version < TLS_1_3)
		tls_session_finish(session);
}

/* Looks at a message's header; false when what follows is not to be read. */
static bool begin_message(struct tls_session *session, enum tls_side from, const uint8_t header[TLS_HANDSHAKE_HEADER])
{
	struct tls_direction *d = &session->side[from];
	size_t size = tls_message_size(header);

	if (!message_plausible(session, from, header[0], size)) {
		if (d->certain && (d->opened || !d->encrypted))
			tls_session_complain(session, from, "handshake message of an unknown type or size");
		else if (!d->opened)
			tls_handshake_note_encrypted(session, from);
		d->opaque = true;
		d->certain = false;
		return false;
	}
	if (size > LIMIT_TLS_HANDSHAKE_MESSAGE) {
		limit_hit(session->hits, LIMIT_TLS_HANDSHAKE_MESSAGE_HIT);
		note_message(session, from, header[0]);
		d->skip = size;
		return false;
	}
	return true;
}

/* Adds to the message that is being gathered: first its header, then the rest. */
static void gather_message(struct tls_session *session, enum tls_side from, struct bytes *data)
{
	struct tls_direction *d = &session->side[from];
	struct buffer *message = &d->message;
	size_t want = message->size < TLS_HANDSHAKE_HEADER ? TLS_HANDSHAKE_HEADER : tls_message_size(message->at);
	struct bytes part = tls_take(data, tls_smaller(want - message->size, data->size));

	(void)buffer_add(message, part.at, part.size);
	if (want == TLS_HANDSHAKE_HEADER && message->size == want) {
		if (!begin_message(session, from, message->at)) {
			d->skip -= tls_smaller(d->skip, TLS_HANDSHAKE_HEADER);
			buffer_clear(message);
			return;
		}
		want = tls_message_size(message->at);
	}
	if (message->size < want)
		return;
	handle_message(session, from, (struct bytes){ message->at, message->size }, 0);
	buffer_clear(message);
}

void tls_handshake_feed(struct tls_session *session, enum tls_side from, struct bytes data)
{
	struct tls_direction *d = &session->side[from];

	while (data.size > 0 && !d->opaque) {
		size_t size = data.size < TLS_HANDSHAKE_HEADER ? SIZE_MAX : tls_message_size(data.at);

		if (d->skip > 0)
			d->skip -= tls_take(&data, tls_smaller(d->skip, data.size)).size;
		else if (d->message.size > 0 || size > data.size)
			gather_message(session, from, &data);
		else if (begin_message(session, from, data.at))
			handle_message(session, from, tls_take(&data, size), 0);
	}
}

size_t tls_handshake_cut(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];
	size_t missing = 0;

	if (d->message.size >= TLS_HANDSHAKE_HEADER) {
		missing = tls_message_size(d->message.at) - d->message.size;
		handle_message(session, from, (struct bytes){ d->message.at, d->message.size }, missing);
		buffer_clear(&d->message);
	}
	return missing;
}

void tls_handshake_hole(struct tls_session *session, enum tls_side from, size_t size)
{
	struct tls_direction *d = &session->side[from];
	size_t skipped;

	d->skip += tls_handshake_cut(session, from);
	skipped = tls_smaller(d->skip, size);
	d->skip -= skipped;
	d->certain = false;
	if (skipped < size || d->message.size > 0) { /* the hole goes on into messages of unknown size */
		buffer_clear(&d->message);
		d->opaque = true;
	}
}
