/*
 * Sessions of TLS 1.2 and below that are resumed have the master secret of the first (RFC 5246 F.1.4, RFC 5077), which some clients log only
 * once.  Secrets are kept under the digest of what the server gave the client to resume with: a session ID, a ticket.
 */
#include "dissect/tls/digest.h"
#include "dissect/tls/session.h"

#include <openssl/crypto.h>

static bool name_of(struct bytes handle, uint8_t out[DIGEST_SHA256_SIZE])
{
	return handle.size > 0 && digest_sha256(handle, out);
}

void tls_session_remember(struct tls_session *session, struct tls_keylog *resumable)
{
	session->resumable = resumable;
}

void tls_resumption_offered(struct tls_session *session, const struct tls_client_hello *hello)
{
	if (!session->resumable)
		return;
	session->offers_id = name_of(hello->session_id, session->offered_id);
	session->offers_ticket = name_of(hello->session_ticket, session->offered_ticket);
}

void tls_resumption_chosen(struct tls_session *session, const struct tls_server_hello *hello)
{
	session->has_id = session->resumable && session->version < TLS_1_3 && name_of(hello->session_id, session->id);
}

bool tls_resumption_find(const struct tls_session *session, struct tls_secret *out)
{
	out->size = 0;
	if (!session->resumable || session->full_handshake || session->side[TLS_SERVER].gap)
		return false;
	return (session->offers_ticket && tls_keylog_find(session->resumable, session->offered_ticket, TLS_SECRET_MASTER, out)) ||
	       (session->offers_id && tls_keylog_find(session->resumable, session->offered_id, TLS_SECRET_MASTER, out));
}

void tls_resumption_keep_id(struct tls_session *session, const struct tls_secret *master)
{
	if (session->has_id)
		tls_keylog_put(session->resumable, session->id, TLS_SECRET_MASTER, master);
}

/* RFC 5077 3.3: ticket_lifetime_hint(32) ticket<0..2^16-1> */
void tls_resumption_keep_ticket(struct tls_session *session, struct cursor body)
{
	struct tls_secret master;
	uint8_t name[32];
	struct bytes ticket;

	if (!session->resumable || !session->version || session->version >= TLS_1_3)
		return;
	cur_skip(&body, 4);
	ticket.size = cur_u16(&body);
	ticket.at = cur_take(&body, ticket.size);
	if (ticket.at && tls_sealed_master(session, &master) && name_of(ticket, name))
		tls_keylog_put(session->resumable, name, TLS_SECRET_MASTER, &master);
	OPENSSL_cleanse(&master, sizeof(master));
}
