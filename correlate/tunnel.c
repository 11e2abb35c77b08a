#include "correlate/tunnel.h"

#include "correlate/certificates.h"

#include <string.h>

void tunnel_init(struct tunnel *tunnel, struct correlator *c, const struct address_tuple *tuple)
{
	tunnel->c = c;
	tunnel->tuple = *tuple;
	tunnel->client_begin = NT_TIME_NONE;
	tunnel->record.handshake_begin = tunnel->record.handshake_end = NT_TIME_NONE;
	tunnel->record.handshake_us = -1;
	tunnel->record.alerts = tunnel->alerts;
}

void tunnel_clear(struct tunnel *tunnel)
{
	arena_free(&tunnel->arena);
}

/* ---- messages ---- */

static void handshake_packet(struct tunnel *tunnel)
{
	struct trace_tls_tunnel *record = &tunnel->record;

	if (!record->first_packet.number)
		record->first_packet = tunnel->packet;
	if (!record->done)
		record->last_packet = tunnel->packet;
}

void tunnel_client_hello(void *context, const struct tls_client_hello *hello)
{
	struct tunnel *tunnel = context;
	struct trace_tls_tunnel *record = &tunnel->record;
	const size_t kept = sizeof hello->alpn / sizeof *hello->alpn, count = hello->alpn_count < kept ? hello->alpn_count : kept;
	struct bytes *protocols;

	handshake_packet(tunnel);
	if (record->client_hello)
		return; /* the second one after a HelloRetryRequest says the same */
	record->client_hello = true;
	record->handshake_begin = tunnel->client_begin;
	record->offered_version = hello->highest_version;
	record->server_name = arena_copy(&tunnel->arena, hello->server_name);
	record->early_data = hello->has_early_data;
	record->encrypted_client_hello = hello->has_ech;
	record->ja3 = arena_copy(&tunnel->arena, bytes_of(hello->ja3));
	record->ja4 = arena_copy(&tunnel->arena, bytes_of(hello->ja4));
	protocols = arena_alloc(&tunnel->arena, count * sizeof *protocols);
	for (size_t i = 0; i < count; i++)
		protocols[i] = arena_copy(&tunnel->arena, hello->alpn[i]);
	record->offered_protocols = protocols;
	record->offered_protocol_count = count;
}

void tunnel_alpn(void *context, struct bytes protocol)
{
	struct tunnel *tunnel = context;
	struct trace_tls_tunnel *record = &tunnel->record;

	if (!record->negotiated_protocol.size)
		record->negotiated_protocol = arena_copy(&tunnel->arena, protocol);
}

void tunnel_server_hello(void *context, const struct tls_server_hello *hello)
{
	struct tunnel *tunnel = context;
	struct trace_tls_tunnel *record = &tunnel->record;

	handshake_packet(tunnel);
	record->server_hello = true;
	record->cipher_suite = hello->cipher;
	record->version = hello->version;
	if (hello->group)
		record->group = hello->group;
	if (hello->is_hello_retry) {
		record->hello_retry = true;
		return;
	}
	tunnel_alpn(tunnel, hello->alpn);
}

static struct bytes text_of(struct arena *arena, const char *text)
{
	return arena_copy(arena, bytes_of(text));
}

/* As of the handshake: the name that was asked for, else the address that was dialled. */
static void verify(struct tunnel *tunnel, const struct bytes *der, size_t count)
{
	struct trace_tls_tunnel *record = &tunnel->record;
	const struct address_tuple *tuple = &tunnel->tuple;
	char address[IP_ADDRESS_TEXT_SIZE];
	struct bytes name = record->server_name;
	struct verify_outcome outcome;

	if (!tunnel->c->options.verifier || record->certificates_cut || !count)
		return;
	if (!name.size && record->client_hello && !tunnel->is_inner)
		name = bytes_of(ip_address_text(tuple->ip_version, &tuple->destination, address));
	verifier_check(tunnel->c->options.verifier, der, count, name, tunnel->time / NT_SECOND, &outcome);
	record->verification = bytes_of(verify_result_text(outcome.result));
	record->verification_detail = text_of(&tunnel->arena, outcome.text);
	tunnel->circumstances.verified = true;
	tunnel->circumstances.verification = outcome.result;
}

void tunnel_certificates(void *context, enum tls_side from, const struct bytes *der, size_t count, bool truncated)
{
	struct tunnel *tunnel = context;
	struct trace_certificate *list;

	handshake_packet(tunnel);
	tunnel->record.certificates_cut |= truncated;
	if (from == TLS_SERVER ? tunnel->record.certificate_count : tunnel->record.client_certificate_count)
		return; /* of a renegotiation, or made to fill the memory */
	list = arena_alloc(&tunnel->arena, count * sizeof *list);
	for (size_t i = 0; i < count; i++)
		certificates_read(tunnel->c->certificates, der[i], &tunnel->arena, &list[i]);
	if (from == TLS_SERVER) {
		tunnel->record.certificates = list;
		tunnel->record.certificate_count = count;
		verify(tunnel, der, count);
	} else {
		tunnel->record.client_certificates = list;
		tunnel->record.client_certificate_count = count;
	}
}

void tunnel_certificate_request(void *context)
{
	((struct tunnel *)context)->record.certificate_request = true;
}

void tunnel_certificate_compression(void *context, enum tls_side from, uint16_t algorithm)
{
	struct trace_tls_tunnel *record = &((struct tunnel *)context)->record;

	if (from == TLS_SERVER && !record->certificate_count)
		record->certificate_compression = algorithm;
	else if (from == TLS_CLIENT && !record->client_certificate_count)
		record->client_certificate_compression = algorithm;
}

void tunnel_certificate_status(void *context)
{
	((struct tunnel *)context)->record.ocsp_stapled = true;
}

void tunnel_resumed(void *context)
{
	((struct tunnel *)context)->record.did_resume = true;
}

void tunnel_handshake_done(void *context)
{
	struct tunnel *tunnel = context;
	struct trace_tls_tunnel *record = &tunnel->record;

	handshake_packet(tunnel);
	record->done = true;
	record->handshake_end = tunnel->time;
	if (record->handshake_begin != NT_TIME_NONE)
		record->handshake_us = (record->handshake_end - record->handshake_begin) / NT_MICROSECOND;
}

void tunnel_alert(void *context, const struct tls_alert *alert)
{
	struct tunnel *tunnel = context;
	struct trace_tls_tunnel *record = &tunnel->record;

	handshake_packet(tunnel);
	if (record->alert_count == LIMIT_TLS_ALERTS) {
		limit_hit(tunnel->c->hits, LIMIT_TLS_ALERTS_HIT);
		return;
	}
	tunnel->alerts[record->alert_count++] = (struct trace_tls_alert){ .by_server = alert->from == TLS_SERVER,
									  .encrypted = alert->encrypted,
									  .level = alert->level,
									  .description = alert->description,
									  .time = tunnel->time,
									  .packet = tunnel->packet };
}

/* ---- what went wrong, in the words that a Go client would have used ---- */

static const char *client_alert_text(uint8_t description)
{
	enum { BAD_CERTIFICATE = 42, CERTIFICATE_EXPIRED = 45, UNKNOWN_CA = 48 };

	switch (description) {
	case CERTIFICATE_EXPIRED:
		return "x509: certificate has expired or is not yet valid";
	case UNKNOWN_CA:
		return "x509: certificate signed by unknown authority";
	default:
		return NULL;
	}
}

/* What a client that refuses a chain says of it, if verification finds the same. */
static const char *verification_text(struct tunnel *tunnel)
{
	const struct trace_tls_tunnel *record = &tunnel->record;

	if (!tunnel->circumstances.verified)
		return NULL;
	switch (tunnel->circumstances.verification) {
	case VERIFY_EXPIRED:
	case VERIFY_NOT_YET_VALID:
		return "x509: certificate has expired or is not yet valid";
	case VERIFY_SELF_SIGNED:
	case VERIFY_UNKNOWN_ISSUER:
	case VERIFY_INCOMPLETE_CHAIN:
		return "x509: certificate signed by unknown authority";
	case VERIFY_NAME_MISMATCH:
		if (!record->certificates[0].name_count)
			return "x509: certificate is not valid for any names";
		return arena_printf(&tunnel->arena, "x509: certificate is valid for %.*s, not %.*s",
				    (int)record->certificates[0].names[0].size, (const char *)record->certificates[0].names[0].at,
				    (int)record->server_name.size, (const char *)record->server_name.at);
	default:
		return NULL;
	}
}

static bool is_about_certificate(uint8_t description)
{
	enum { BAD_CERTIFICATE = 42, CERTIFICATE_UNKNOWN = 46, UNKNOWN_CA = 48 };

	return (description >= BAD_CERTIFICATE && description <= CERTIFICATE_UNKNOWN) || description == UNKNOWN_CA;
}

struct bytes tunnel_alert_error(struct tunnel *tunnel, const struct trace_tls_alert *alert)
{
	const char *text = tls_alert_text(alert->description);

	if (alert->encrypted)
		return bytes_of(alert->by_server ? "remote error: tls: encrypted alert" : "local error: tls: encrypted alert");
	if (!alert->by_server && is_about_certificate(alert->description) && verification_text(tunnel))
		return bytes_of(verification_text(tunnel));
	if (!alert->by_server && client_alert_text(alert->description))
		return bytes_of(client_alert_text(alert->description));
	if (!text)
		text = arena_printf(&tunnel->arena, "alert(%u)", alert->description);
	return bytes_of(arena_printf(&tunnel->arena, "%s error: tls: %s", alert->by_server ? "remote" : "local", text));
}

const struct trace_tls_alert *tunnel_deciding_alert(const struct tunnel *tunnel)
{
	const struct trace_tls_tunnel *record = &tunnel->record;

	for (size_t i = 0; i < record->alert_count; i++)
		if (record->alerts[i].level == 2 || record->alerts[i].encrypted)
			return &record->alerts[i];
	return NULL;
}
