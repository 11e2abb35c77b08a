#include "dissect/quic/packet.h"

#include <openssl/crypto.h>
#include <stdlib.h>

struct cid {
	uint8_t at[QUIC_CID_MAX];
	uint8_t size;
};

/* What one side sends at one level: Initial or Handshake packets. */
struct level {
	struct quic_keys keys;
	struct quic_stream crypto;
	uint64_t expected; /* packet number */
};

struct quic_session {
	const struct quic_events *events;
	void *context;
	struct limit_hits *hits;
	const struct quic_version *version; /* of the keys of Initial packets; NULL before the first */
	struct cid first;                   /* the client's first destination connection ID */
	struct cid origin;                  /* that the keys of Initial packets come from: `first`, or what a Retry said */
	struct cid scid[2];                 /* by side: what the other side calls it by */
	bool scid_known[2];
	bool server_spoke; /* since the client's first Initial: Retry and Version Negotiation come too late then */
	bool refused;      /* by Version Negotiation */
	struct level initial[2], handshake[2];
	struct quic_progress progress;
};

#define CALL(session, event, ...) \
	do { \
		if ((session)->events->event) \
			(session)->events->event((session)->context, ##__VA_ARGS__); \
	} while (0)

struct quic_session *quic_session_new(const struct quic_events *events, void *context, struct limit_hits *hits)
{
	struct quic_session *session = nt_zalloc(sizeof(*session));

	session->events = events;
	session->context = context;
	session->hits = hits;
	return session;
}

void quic_session_free(struct quic_session *session)
{
	if (!session)
		return;
	for (int side = 0; side < 2; side++) {
		quic_stream_clear(&session->initial[side].crypto);
		quic_stream_clear(&session->handshake[side].crypto);
		OPENSSL_cleanse(&session->handshake[side].keys, sizeof(session->handshake[side].keys));
	}
	free(session);
}

const struct quic_progress *quic_session_progress(const struct quic_session *session)
{
	return &session->progress;
}

bool quic_session_set_secrets(struct quic_session *session, uint16_t cipher_suite, struct bytes client, struct bytes server)
{
	bool any = false;

	if (!session->version)
		return false;
	if (client.size)
		any |= quic_keys_from_secret(session->version, cipher_suite, client, &session->handshake[QUIC_CLIENT].keys);
	if (server.size)
		any |= quic_keys_from_secret(session->version, cipher_suite, server, &session->handshake[QUIC_SERVER].keys);
	return any;
}

/* ---- connection IDs ---- */

static void set_cid(struct cid *cid, struct bytes from)
{
	cid->size = (uint8_t)(from.size < sizeof(cid->at) ? from.size : sizeof(cid->at));
	memcpy(cid->at, from.at, cid->size);
}

static bool is_cid(const struct cid *cid, struct bytes bytes)
{
	return cid->size == bytes.size && memcmp(cid->at, bytes.at, cid->size) == 0;
}

static struct bytes cid_bytes(const struct cid *cid)
{
	return (struct bytes){ cid->at, cid->size };
}

static void note_scid(struct quic_session *session, enum quic_side side, struct bytes scid)
{
	set_cid(&session->scid[side], scid);
	session->scid_known[side] = true;
}

/* ---- frames ---- */

/* Whether something new was in it. */
static bool handle_crypto(struct quic_session *session, enum quic_side from, bool sealed, const struct quic_frame *frame)
{
	struct level *level = sealed ? &session->handshake[from] : &session->initial[from];
	const bool is_new = quic_stream_add(&level->crypto, frame->offset, frame->data, session->hits);
	struct bytes data;

	while ((data = quic_stream_next(&level->crypto)).size > 0)
		CALL(session, crypto, from, sealed, data);
	return is_new;
}

static void handle_frames(struct quic_session *session, enum quic_side from, bool sealed, struct bytes content)
{
	struct cursor frames = cur_of(content.at, content.size, 0);
	struct quic_frame frame;
	bool has_crypto = false, is_new = false;

	while ((frame = quic_next_frame(&frames)).type != QUIC_FRAME_NONE) {
		switch (frame.type) {
		case QUIC_FRAME_ACK:
			session->progress.heard |= from == QUIC_CLIENT;
			break;
		case QUIC_FRAME_CRYPTO:
			has_crypto = true;
			is_new |= handle_crypto(session, from, sealed, &frame);
			break;
		case QUIC_FRAME_CLOSE:
			frame.close.from = from;
			CALL(session, close, &frame.close);
			break;
		case QUIC_FRAME_NONE:
			break;
		}
	}
	if (has_crypto && from == QUIC_CLIENT && !sealed)
		(*(is_new ? &session->progress.client_hellos : &session->progress.client_repeats))++;
	if (frames.state != CUR_OK)
		CALL(session, malformed, from);
}

/* ---- Initial packets ---- */

/* The keys of Initial packets are those that come of `origin` from now on. */
static bool adopt(struct quic_session *session, const struct quic_version *version, struct bytes origin)
{
	struct quic_keys keys[2];

	if (!quic_keys_initial(version, origin, QUIC_CLIENT, &keys[QUIC_CLIENT]) ||
	    !quic_keys_initial(version, origin, QUIC_SERVER, &keys[QUIC_SERVER]))
		return false;
	session->version = version;
	session->initial[QUIC_CLIENT].keys = keys[QUIC_CLIENT];
	session->initial[QUIC_SERVER].keys = keys[QUIC_SERVER];
	set_cid(&session->origin, origin);
	return true;
}

/* What the client sends next is its hello from the beginning. */
static void restart(struct quic_session *session)
{
	for (int side = 0; side < 2; side++)
		quic_stream_clear(&session->initial[side].crypto);
	CALL(session, restarted);
}

/* The client's first Initial, or another first one on the same flow. */
static void begin(struct quic_session *session, const struct quic_header *header)
{
	if (session->progress.proven) {
		session->progress.heard |= header->version != session->version; /* the capture may lack what told it so */
		restart(session);
	} else {
		session->progress.offered_version = header->number;
	}
	(void)adopt(session, header->version, header->dcid);
	set_cid(&session->first, header->dcid);
	session->initial[QUIC_SERVER].expected = 0;
	session->scid_known[QUIC_SERVER] = session->server_spoke = session->refused = false;
	session->progress.proven = true;
	session->progress.version = header->number;
}

static bool open_with(struct quic_session *session, const struct quic_keys *keys, enum quic_side from,
		      const struct quic_header *header, uint64_t expected, uint8_t *out, struct bytes *content)
{
	uint64_t number;

	if (!quic_open(keys, header, expected, out, content, &number))
		return false;
	if (number >= session->initial[from].expected)
		session->initial[from].expected = number + 1;
	return true;
}

/*
 * RFC 9368 2.3: with compatible versions the server answers in its own, with keys of the same connection ID.  A client that was refused may
 * begin again with the same one too.
 */
static bool open_in_other_version(struct quic_session *session, enum quic_side from, const struct quic_header *header, uint8_t *out,
				  struct bytes *content)
{
	struct quic_keys keys;

	if (!session->version || header->version == session->version ||
	    !quic_keys_initial(header->version, cid_bytes(&session->origin), from, &keys) ||
	    !open_with(session, &keys, from, header, session->initial[from].expected, out, content))
		return false;
	if (from == QUIC_SERVER) {
		(void)adopt(session, header->version, cid_bytes(&session->origin));
		session->progress.version = header->number;
	} else if (session->refused) {
		begin(session, header);
	}
	return true;
}

/*
 * A packet of the client whose keys come from its own connection ID.  The capture may lack the Retry that said this one; a packet with the
 * connection ID of before the Retry is only late.
 */
static bool open_as_first(struct quic_session *session, const struct quic_header *header, uint8_t *out, struct bytes *content)
{
	const bool late = session->progress.proven && is_cid(&session->first, header->dcid);
	struct quic_keys keys;

	if (session->version && header->version == session->version && is_cid(&session->origin, header->dcid))
		return false; /* these keys were tried */
	if (!quic_keys_initial(header->version, header->dcid, QUIC_CLIENT, &keys) ||
	    !open_with(session, &keys, QUIC_CLIENT, header, 0, out, content))
		return false;
	if (late && header->version == session->version)
		return false; /* it says nothing new */
	if (session->progress.proven && header->token.size > 0 && !session->server_spoke) {
		session->progress.heard = true;
		(void)adopt(session, header->version, header->dcid);
		restart(session);
	} else {
		begin(session, header);
	}
	return true;
}

static bool open_initial(struct quic_session *session, enum quic_side from, const struct quic_header *header, uint8_t *out,
			 struct bytes *content)
{
	const struct level *level = &session->initial[from];

	if (session->version && header->version == session->version &&
	    open_with(session, &level->keys, from, header, level->expected, out, content))
		return true;
	if (open_in_other_version(session, from, header, out, content))
		return true;
	return from == QUIC_CLIENT && open_as_first(session, header, out, content);
}

/* Whether it could be read. */
static bool handle_initial(struct quic_session *session, enum quic_side from, const struct quic_header *header)
{
	uint8_t *out = nt_alloc(header->protected.size + 1);
	struct bytes content;
	const bool opened = open_initial(session, from, header, out, &content);

	if (opened) {
		if (from == QUIC_SERVER)
			session->server_spoke = session->progress.answered = true;
		note_scid(session, from, header->scid);
		/* From the server's first packet on the client calls it by the name that the server gave itself, RFC 9000 7.2. */
		if (from == QUIC_CLIENT && !is_cid(&session->origin, header->dcid) && !is_cid(&session->first, header->dcid))
			note_scid(session, QUIC_SERVER, header->dcid);
		handle_frames(session, from, false, content);
	}
	free(out);
	return opened;
}

/* ---- other packets ---- */

static void handle_handshake(struct quic_session *session, enum quic_side from, const struct quic_header *header)
{
	struct level *level = &session->handshake[from];
	struct bytes content;
	uint64_t number;
	uint8_t *out;

	/* Whoever sends one has read a ServerHello. */
	session->progress.heard |= from == QUIC_CLIENT && header->version == session->version && session->scid_known[QUIC_CLIENT] &&
				   is_cid(&session->scid[QUIC_CLIENT], header->scid);
	if (level->keys.cipher == QUIC_NO_KEYS)
		return;
	out = nt_alloc(header->protected.size + 1);
	if (quic_open(&level->keys, header, level->expected, out, &content, &number)) {
		if (number >= level->expected)
			level->expected = number + 1;
		session->progress.opened = true;
		handle_frames(session, from, true, content);
	}
	free(out);
}

/*
 * RFC 9000 17.2.5: only the first one counts, and only before anything else of the server.  The hello is sent again: the same one, says the
 * RFC, but not all clients keep to it.
 */
static void handle_retry(struct quic_session *session, enum quic_side from, const struct quic_header *header)
{
	if (from != QUIC_SERVER || header->version != session->version || session->server_spoke ||
	    !is_cid(&session->scid[QUIC_CLIENT], header->dcid) || !quic_retry_verifies(header, cid_bytes(&session->origin)))
		return;
	session->server_spoke = session->progress.retried = session->progress.answered = true;
	(void)adopt(session, header->version, header->scid);
	restart(session);
}

/* RFC 9000 6.2, 17.2.1: it is not protected; what makes it credible is that it repeats both connection IDs. */
static void handle_versions(struct quic_session *session, enum quic_side from, const struct quic_header *header)
{
	struct cursor list = cur_of(header->versions.at, header->versions.size, 0);
	uint32_t versions[QUIC_MAX_VERSIONS];
	size_t count = 0;

	if (from != QUIC_SERVER || session->server_spoke || !is_cid(&session->scid[QUIC_CLIENT], header->dcid) ||
	    !is_cid(&session->origin, header->scid))
		return;
	while (cur_left(&list) >= 4) {
		uint32_t version = cur_u32(&list);

		if (version == session->progress.version)
			return; /* it speaks the client's: this is somebody else's word */
		if (count < QUIC_MAX_VERSIONS)
			versions[count++] = version;
	}
	if (count == 0)
		return;
	session->server_spoke = session->progress.answered = session->refused = true;
	CALL(session, versions, versions, count);
}

/* RFC 9000 17.3.1: a header without a length, so the last packet of its datagram.  Its connection ID tells it from padding. */
static void handle_short(struct quic_session *session, enum quic_side from, struct cursor rest)
{
	const struct cid *server = &session->scid[QUIC_SERVER];
	const uint8_t *dcid;
	uint8_t first = cur_u8(&rest);

	if (from != QUIC_CLIENT || !session->scid_known[QUIC_SERVER] || (server->size == 0 && !(first & 0x40)))
		return;
	dcid = cur_take(&rest, server->size);
	if (dcid && is_cid(server, (struct bytes){ dcid, server->size }) && cur_left_on_wire(&rest) >= QUIC_TAG)
		session->progress.established = session->progress.heard = true;
}

static void handle_packet(struct quic_session *session, enum quic_side from, const struct quic_header *header)
{
	if (!session->progress.proven)
		return;
	switch (header->type) {
	case QUIC_HANDSHAKE:
		handle_handshake(session, from, header);
		break;
	case QUIC_RETRY:
		handle_retry(session, from, header);
		break;
	case QUIC_VERSION_NEGOTIATION:
		handle_versions(session, from, header);
		break;
	case QUIC_INITIAL:
	case QUIC_0RTT:
	case QUIC_OTHER:
		break;
	}
}

/*
 * RFC 9000 12.2: the packets of a datagram have one connection ID, so that what protects one Initial packet protects them all.  Deriving
 * keys costs more than anything else here: a datagram full of packets that cannot be read must not cost that for each.
 */
void quic_session_feed(struct quic_session *session, enum quic_side from, struct cursor datagram)
{
	struct bytes dcid = { NULL, 0 };
	bool sealed = false;

	for (unsigned count = 0; datagram.state == CUR_OK && cur_left(&datagram) > 0; count++) {
		struct quic_header header;

		if (!(*datagram.at & 0x80)) {
			handle_short(session, from, datagram);
			return;
		}
		if (quic_read_header(&datagram, &header) != CUR_OK)
			return;
		if (count == 0)
			dcid = header.dcid;
		else if (!bytes_equal(dcid, header.dcid))
			return;
		if (header.type != QUIC_INITIAL)
			handle_packet(session, from, &header);
		else if (!sealed)
			sealed = !handle_initial(session, from, &header);
	}
}

bool quic_looks_like_initial(struct cursor datagram)
{
	struct quic_header header;

	return cur_left(&datagram) > 0 && (*datagram.at & 0x80) && quic_read_header(&datagram, &header) == CUR_OK &&
	       header.type == QUIC_INITIAL;
}
