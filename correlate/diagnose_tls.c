/*
 * TLS handshakes that failed: whose word it was, and what it meant.
 */
#include "correlate/diagnose.h"
#include "correlate/dials.h"
#include "dissect/tls/tls.h"
#include "dissect/tls/x509.h"
#include "store/trace.h"

#include <string.h>

/* IANA TLS Alerts. */
enum tls_alert_number {
	CLOSE_NOTIFY = 0,
	HANDSHAKE_FAILURE = 40,
	BAD_CERTIFICATE = 42,
	UNSUPPORTED_CERTIFICATE = 43,
	CERTIFICATE_REVOKED = 44,
	CERTIFICATE_EXPIRED = 45,
	CERTIFICATE_UNKNOWN = 46,
	UNKNOWN_CA = 48,
	ACCESS_DENIED = 49,
	PROTOCOL_VERSION = 70,
	INSUFFICIENT_SECURITY = 71,
	INAPPROPRIATE_FALLBACK = 86,
	UNRECOGNIZED_NAME = 112,
	CERTIFICATE_REQUIRED = 116,
	NO_APPLICATION_PROTOCOL = 120
};

struct case_file {
	struct correlator *c;
	struct tcp_conn *conn;      /* NULL: QUIC */
	struct address_tuple tuple; /* of the connection */
	trace_id conn_id, dial;
	const struct trace_tls_tunnel *tunnel;
	const struct tls_circumstances *circumstances;
	const struct trace_tls_alert *alert; /* that decided, NULL if none */
	struct ending ending;
};

void say_peer(struct finding *f, const struct address_tuple *tuple, struct bytes name)
{
	char text[ENDPOINT_TEXT_SIZE];

	endpoint_text(tuple->ip_version, &tuple->destination, tuple->destination_port, text);
	if (name.size)
		finding_say(f, "%.*s (%s)", (int)(name.size < 200 ? name.size : 200), (const char *)name.at, text);
	else
		finding_say(f, "%s", text);
}

static void say_server(struct finding *f, const struct case_file *file)
{
	struct bytes name = file->tunnel->server_name;
	char text[ENDPOINT_TEXT_SIZE];

	if (!file->circumstances->behind_proxy) {
		say_peer(f, &file->tuple, name);
		return;
	}
	if (!name.size)
		name = BYTES("the server");
	endpoint_text(file->tuple.ip_version, &file->tuple.destination, file->tuple.destination_port, text);
	finding_say(f, "%.*s (behind the proxy %s)", (int)(name.size < 200 ? name.size : 200), (const char *)name.at, text);
}

static struct finding *begin(const struct case_file *file, enum finding_code code, nt_time at)
{
	struct finding *f = finding_begin(file->c, code, at);

	finding_trace(f, file->tunnel->id);
	finding_trace(f, file->conn_id);
	finding_root(f, file->dial, 0);
	finding_packet(f, file->circumstances->hello, "ClientHello");
	if (file->conn)
		file->conn->explained = true;
	return f;
}

/* ---- certificates ---- */

static bool same_bytes(struct bytes a, struct bytes b)
{
	return bytes_equal(a, b);
}

/* RFC 6125 6.4.3: a wildcard stands for one whole leftmost label. */
static bool name_matches(struct bytes pattern, struct bytes name)
{
	const uint8_t *dot;

	if (bytes_equal_nocase(pattern, name))
		return true;
	if (pattern.size < 3 || memcmp(pattern.at, "*.", 2) != 0)
		return false;
	dot = memchr(name.at, '.', name.size);
	return dot && dot > name.at &&
	       bytes_equal_nocase((struct bytes){ pattern.at + 1, pattern.size - 1 },
				  (struct bytes){ dot, (size_t)(name.at + name.size - dot) });
}

static bool covers_name(const struct trace_certificate *leaf, struct bytes name)
{
	if (!name.size || leaf->name_count == 0)
		return true; /* nothing to compare with */
	for (size_t i = 0; i < leaf->name_count; i++)
		if (name_matches(leaf->names[i], name))
			return true;
	return false;
}

static enum finding_code code_of_verification(enum verify_result result)
{
	switch (result) {
	case VERIFY_EXPIRED:
		return FINDING_TLS_CERT_EXPIRED;
	case VERIFY_NOT_YET_VALID:
		return FINDING_TLS_CERT_NOT_YET_VALID;
	case VERIFY_SELF_SIGNED:
		return FINDING_TLS_CERT_SELF_SIGNED;
	case VERIFY_UNKNOWN_ISSUER:
		return FINDING_TLS_CERT_UNKNOWN_ISSUER;
	case VERIFY_INCOMPLETE_CHAIN:
		return FINDING_TLS_CERT_INCOMPLETE_CHAIN;
	case VERIFY_NAME_MISMATCH:
		return FINDING_TLS_CERT_NAME_MISMATCH;
	default:
		return FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT;
	}
}

/* Whom the client trusts may be unknown here. */
static bool is_about_trust(enum verify_result result)
{
	return result == VERIFY_SELF_SIGNED || result == VERIFY_UNKNOWN_ISSUER || result == VERIFY_INCOMPLETE_CHAIN;
}

/*
 * What is wrong with a chain that the client refused: what its verification says, as far as that does not depend on whom one trusts; then
 * what the chain itself shows.  Dates are judged as of the handshake.
 */
static enum finding_code fault_of_chain(const struct case_file *file, nt_time at)
{
	const struct trace_tls_tunnel *tunnel = file->tunnel;
	const struct trace_certificate *leaf = &tunnel->certificates[0];
	bool failed = file->circumstances->verified && file->circumstances->verification != VERIFY_OK;
	int64_t now = at / NT_SECOND;

	if (failed && !is_about_trust(file->circumstances->verification))
		return code_of_verification(file->circumstances->verification);
	for (size_t i = 0; i < tunnel->certificate_count; i++) {
		if (tunnel->certificates[i].unreadable)
			return FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT;
		if (tunnel->certificates[i].not_after_s != INT64_MIN && tunnel->certificates[i].not_after_s < now)
			return FINDING_TLS_CERT_EXPIRED;
		if (tunnel->certificates[i].not_before_s > now)
			return FINDING_TLS_CERT_NOT_YET_VALID;
	}
	if (!covers_name(leaf, tunnel->server_name))
		return FINDING_TLS_CERT_NAME_MISMATCH;
	if (failed)
		return code_of_verification(file->circumstances->verification);
	if (tunnel->certificate_count == 1 && same_bytes(leaf->subject, leaf->issuer))
		return FINDING_TLS_CERT_SELF_SIGNED;
	return tunnel->certificate_count == 1 ? FINDING_TLS_CERT_INCOMPLETE_CHAIN : FINDING_TLS_CERT_UNKNOWN_ISSUER;
}

static void say_whose(struct finding *f, const char *before, struct bytes name)
{
	name = x509_common_name(name);
	finding_say(f, "%s%.*s%s", before, (int)(name.size < 120 ? name.size : 120), (const char *)name.at,
		    name.size > 120 ? "…" : "");
}

static void say_chain(struct finding *f, const struct case_file *file, enum finding_code code)
{
	const struct trace_certificate *leaf = file->tunnel->certificate_count ? &file->tunnel->certificates[0] : NULL;

	finding_say(f, "The client refused the certificate of ");
	say_server(f, file);
	switch (code) {
	case FINDING_TLS_CERT_EXPIRED:
		finding_say(f, ": it has expired.");
		break;
	case FINDING_TLS_CERT_NOT_YET_VALID:
		finding_say(f, ": it is not valid yet.");
		break;
	case FINDING_TLS_CERT_NAME_MISMATCH:
		finding_say(f, ": it is for other names.");
		break;
	case FINDING_TLS_CERT_SELF_SIGNED:
		finding_say(f, ": it is signed by itself.");
		break;
	case FINDING_TLS_CERT_INCOMPLETE_CHAIN:
		finding_say(f, ": the server sent no intermediate certificate, so the chain does not lead to a trusted root.");
		break;
	default:
		finding_say(f, ": the client does not trust its issuer.");
	}
	if (leaf) {
		say_whose(f, " It is that of ", leaf->subject);
		say_whose(f, ", issued by ", leaf->issuer);
		finding_say(f, ".");
	} else if (!file->tunnel->certificate_compression) {
		finding_say(f, " The certificate itself is encrypted (TLS 1.3): the key log would show it.");
	}
}

static struct finding *blame_certificate(const struct case_file *file, enum finding_code code, nt_time at)
{
	struct finding *f = begin(file, code, at);

	say_chain(f, file, code);
	if (file->alert)
		finding_packet(f, file->alert->packet, "the client's alert");
	else
		finding_packet(f, file->ending.packet, "the client closes");
	return f;
}

/* ---- alerts ---- */

/* Also one that cannot be read. */
static bool client_certificate_sent(const struct trace_tls_tunnel *tunnel)
{
	return tunnel->client_certificate_count || (tunnel->client_certificate_compression && tunnel->certificates_cut);
}

static enum finding_code code_of_server_alert(const struct trace_tls_tunnel *tunnel, uint8_t description)
{
	switch (description) {
	case HANDSHAKE_FAILURE:
		if (!tunnel->server_hello)
			return FINDING_TLS_NO_SHARED_CIPHER;
		if (!tunnel->certificate_request)
			return FINDING_TLS_SERVER_ALERT;
		return client_certificate_sent(tunnel) ? FINDING_TLS_CLIENT_CERT_REJECTED : FINDING_TLS_CLIENT_CERT_REQUIRED;
	case INSUFFICIENT_SECURITY:
		return FINDING_TLS_NO_SHARED_CIPHER;
	case PROTOCOL_VERSION:
	case INAPPROPRIATE_FALLBACK:
		return FINDING_TLS_VERSION_MISMATCH;
	case UNRECOGNIZED_NAME:
		return FINDING_TLS_UNRECOGNIZED_NAME;
	case NO_APPLICATION_PROTOCOL:
		return FINDING_TLS_ALPN_MISMATCH;
	case CERTIFICATE_REQUIRED:
		return FINDING_TLS_CLIENT_CERT_REQUIRED;
	case BAD_CERTIFICATE:
	case UNSUPPORTED_CERTIFICATE:
	case CERTIFICATE_REVOKED:
	case CERTIFICATE_EXPIRED:
	case CERTIFICATE_UNKNOWN:
	case UNKNOWN_CA:
	case ACCESS_DENIED:
		return tunnel->server_hello ? FINDING_TLS_CLIENT_CERT_REJECTED : FINDING_TLS_SERVER_ALERT;
	default:
		return FINDING_TLS_SERVER_ALERT;
	}
}

static const char *alert_name(uint8_t description)
{
	const char *text = tls_alert_text(description);

	return text ? text : "unknown";
}

static struct finding *server_alerted(const struct case_file *file)
{
	enum finding_code code = code_of_server_alert(file->tunnel, file->alert->description);
	struct finding *f = begin(file, code, file->alert->time);

	say_server(f, file);
	finding_say(f, " ended the TLS handshake with the alert \"%s\" (%u)", alert_name(file->alert->description),
		    file->alert->description);
	switch (code) {
	case FINDING_TLS_NO_SHARED_CIPHER:
		finding_say(f, ": client and server have no cipher suite, group or signature algorithm in common.");
		break;
	case FINDING_TLS_VERSION_MISMATCH:
		finding_say(f, ": it does not speak the TLS versions that the client offers.");
		break;
	case FINDING_TLS_UNRECOGNIZED_NAME:
		finding_say(f, ": it serves no such name.");
		break;
	case FINDING_TLS_ALPN_MISMATCH:
		finding_say(f, ": it speaks none of the application protocols that the client offers.");
		break;
	case FINDING_TLS_CLIENT_CERT_REQUIRED:
		finding_say(f, ": it demands a client certificate, and got none.");
		break;
	case FINDING_TLS_CLIENT_CERT_REJECTED:
		finding_say(f, ": it did not accept the client's certificate.");
		break;
	default:
		finding_say(f, ".");
	}
	finding_packet(f, file->alert->packet, "alert by the server");
	return f;
}

/* What the client says of a chain that was captured: the alert, if that tells one fault from another, else what is to be seen. */
static enum finding_code fault_in_words_of_client(const struct case_file *file, nt_time at)
{
	const struct trace_tls_tunnel *tunnel = file->tunnel;
	enum verify_result result = file->circumstances->verification;
	enum finding_code code = fault_of_chain(file, at);

	if (file->alert->description == CERTIFICATE_EXPIRED && code != FINDING_TLS_CERT_NOT_YET_VALID)
		return FINDING_TLS_CERT_EXPIRED;
	if (file->alert->description != UNKNOWN_CA || code == FINDING_TLS_CERT_SELF_SIGNED)
		return code;
	if (file->circumstances->verified && is_about_trust(result))
		return code_of_verification(result);
	return tunnel->certificate_count == 1 ? FINDING_TLS_CERT_INCOMPLETE_CHAIN : FINDING_TLS_CERT_UNKNOWN_ISSUER;
}

static struct finding *client_alerted(const struct case_file *file)
{
	const struct trace_tls_tunnel *tunnel = file->tunnel;
	uint8_t description = file->alert->description;
	bool about_certificate = description >= BAD_CERTIFICATE && description <= UNKNOWN_CA && description != 47;
	struct finding *f;

	if (about_certificate && tunnel->certificate_count) {
		return blame_certificate(file, fault_in_words_of_client(file, file->alert->time), file->alert->time);
	}
	if (description == CERTIFICATE_EXPIRED || description == UNKNOWN_CA)
		return blame_certificate(file,
					 description == UNKNOWN_CA ? FINDING_TLS_CERT_UNKNOWN_ISSUER : FINDING_TLS_CERT_EXPIRED,
					 file->alert->time);
	f = begin(file, description == PROTOCOL_VERSION ? FINDING_TLS_VERSION_MISMATCH : FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT,
		  file->alert->time);
	finding_say(f, "The client ended the TLS handshake with ");
	say_server(f, file);
	finding_say(f, " by the alert \"%s\" (%u).", alert_name(description), description);
	finding_packet(f, file->alert->packet, "alert by the client");
	return f;
}

/* ---- no alert ---- */

static void say_waited(struct finding *f, const struct case_file *file)
{
	const struct tcp_side *client = &file->conn->side[file->conn->client];
	char text[24];

	if (client->last_data != NT_TIME_NONE && file->ending.at > client->last_data)
		finding_say(f, " (after %s)", duration_text(file->ending.at - client->last_data, text));
}

static void server_ended(const struct case_file *file)
{
	bool reset = file->ending.kind == ENDING_RST;
	struct finding *f =
		begin(file, reset ? FINDING_TLS_RESET_DURING_HANDSHAKE : FINDING_TLS_CLOSED_DURING_HANDSHAKE, file->ending.at);

	say_server(f, file);
	finding_say(f, reset ? " reset the connection" : " closed the connection");
	finding_say(f, file->tunnel->server_hello ? " in the middle of the TLS handshake." : " in answer to the ClientHello.");
	finding_packet(f, file->ending.packet, reset ? "RST by the server" : "FIN by the server");
}

static void nobody_answered(const struct case_file *file)
{
	struct finding *f = begin(file, FINDING_TLS_TIMEOUT, file->ending.at);

	say_server(f, file);
	finding_say(f, file->tunnel->server_hello ? " did not go on with the TLS handshake"
						  : " accepted the connection but never answered the ClientHello");
	if (file->ending.kind == ENDING_OPEN)
		finding_say(f, " until the capture ended");
	else
		finding_say(f, ", and the client gave up");
	say_waited(f, file);
	finding_say(f, ".");
	finding_packet(f, file->ending.packet, "the client gives up");
}

static void client_ended(const struct case_file *file)
{
	const struct trace_tls_tunnel *tunnel = file->tunnel;
	struct finding *f;

	if (tunnel->certificate_count) {
		enum finding_code code = fault_of_chain(file, file->ending.at);

		if (code == FINDING_TLS_CERT_EXPIRED || code == FINDING_TLS_CERT_NOT_YET_VALID ||
		    code == FINDING_TLS_CERT_NAME_MISMATCH ||
		    (file->circumstances->verified && file->circumstances->verification != VERIFY_OK)) {
			blame_certificate(file, code, file->ending.at);
			return;
		}
	}
	f = begin(file, FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT, file->ending.at);
	finding_say(f, "The client broke off the TLS handshake with ");
	say_server(f, file);
	finding_say(f, tunnel->certificate_count || tunnel->certificate_compression || tunnel->version < TLS_1_3
			       ? "; why is not on the wire."
			       : "; why is encrypted (TLS 1.3): the key log would show the certificates and the alert.");
	finding_packet(f, file->ending.packet, "the client closes");
}

static bool waited(const struct case_file *file)
{
	const struct tcp_side *client = &file->conn->side[file->conn->client], *server = &file->conn->side[!file->conn->client];
	nt_time last = client->last_data > server->last_data ? client->last_data : server->last_data;
	nt_time patience = file->ending.kind == ENDING_OPEN ? SILENCE_PATIENCE : TIMEOUT_PATIENCE;

	return last != NT_TIME_NONE && file->ending.at - last >= patience;
}

/* Whether the capture leaves open whose fault the silence at its end is: the client's turn, or words that nobody took notice of. */
static bool capture_just_ends(const struct case_file *file)
{
	const struct tcp_side *client = &file->conn->side[file->conn->client], *server = &file->conn->side[!file->conn->client];

	return file->ending.kind == ENDING_OPEN &&
	       (server->last_data > client->last_data || !client_was_followed(file->conn) || capture_lost_much(file->c));
}

/* The client had no quarrel with the handshake: it left before the answer came, or had already begun to send data (RFC 7918). */
static bool changed_its_mind(const struct case_file *file)
{
	nt_time answered = file->circumstances->answered;

	return answered == NT_TIME_NONE || answered > file->ending.at || file->tunnel->client_data_bytes;
}

static void diagnose_silence(const struct case_file *file)
{
	struct finding *f = NULL;

	if (file->ending.kind != ENDING_OPEN && file->ending.by_server) {
		server_ended(file);
		return;
	}
	if (waited(file) || client_sent_in_vain(file->conn)) {
		f = diagnose_transport(file->c, file->conn, 0);
		if (!f && !capture_just_ends(file))
			nobody_answered(file);
		return;
	}
	if (file->ending.kind != ENDING_OPEN && file->tunnel->server_hello && !changed_its_mind(file))
		client_ended(file);
}

static void server_is_no_tls(const struct case_file *file)
{
	struct finding *f = begin(file, FINDING_TLS_TO_PLAINTEXT_PORT, file->ending.at);

	say_server(f, file);
	finding_say(f, " does not speak TLS on this port: it %s in plain text.",
		    file->circumstances->answered < file->tunnel->handshake_begin ? "spoke first, and"
										  : "answered the ClientHello");
	finding_packet(f, file->circumstances->answer, "the server's answer");
}

/* ---- handshakes that worked ---- */

static const int64_t soon_s = 14 * 24 * 3600;

/* Negative if it ended before the handshake, or when it ends cannot be read. */
static int64_t seconds_left(const struct trace_tls_tunnel *tunnel)
{
	const struct trace_certificate *leaf = tunnel->certificates;

	if (!tunnel->certificate_count || leaf->unreadable || leaf->not_after_s == INT64_MIN)
		return -1;
	return leaf->not_after_s - tunnel->handshake_end / NT_SECOND;
}

static void note_success(const struct case_file *file)
{
	const struct trace_tls_tunnel *tunnel = file->tunnel;
	const int64_t left = seconds_left(tunnel);
	struct finding *f;

	if (file->circumstances->verified && file->circumstances->verification != VERIFY_OK) {
		f = finding_begin(file->c, FINDING_TLS_CHAIN_UNVERIFIED, tunnel->handshake_end);
		finding_say(f, "The certificate chain of ");
		say_server(f, file);
		finding_say(f, " does not verify here (%.*s); the client accepted it.", (int)tunnel->verification_detail.size,
			    (const char *)tunnel->verification_detail.at);
		finding_packet(f, file->circumstances->answer, "the server's part of the handshake");
		finding_trace(f, tunnel->id);
	}
	if (tunnel->hello_retry) {
		f = finding_begin(file->c, FINDING_TLS_HELLO_RETRY_REQUEST, tunnel->handshake_begin);
		say_server(f, file);
		finding_say(f, " asked for another key share (HelloRetryRequest), which costs a round trip.");
		finding_packet(f, file->circumstances->hello, "first ClientHello");
		finding_trace(f, tunnel->id);
	}
	if (tunnel->certificate_request && !client_certificate_sent(tunnel)) {
		f = finding_begin(file->c, FINDING_TLS_CLIENT_CERT_REQUESTED_NONE_SENT, tunnel->handshake_end);
		say_server(f, file);
		finding_say(f, " asked for a client certificate; the client sent none, and that was accepted.");
		finding_packet(f, tunnel->first_packet, "handshake");
		finding_trace(f, tunnel->id);
	}
	if (left > 0 && left < soon_s) {
		f = finding_begin(file->c, FINDING_TLS_CERT_EXPIRES_SOON, tunnel->handshake_end);
		finding_say(f, "The certificate of ");
		say_server(f, file);
		finding_say(f, " expires in %lld days.", (long long)left / 86400);
		finding_packet(f, file->circumstances->answer, "the server's part of the handshake");
		finding_trace(f, tunnel->id);
	}
}

/* The server's last word after a complete handshake, instead of any data: TLS 1.3 tells so that it did not like the client's part. */
static const struct trace_tls_alert *late_alert(const struct trace_tls_tunnel *tunnel)
{
	for (size_t i = 0; i < tunnel->alert_count; i++)
		if (tunnel->alerts[i].by_server && (tunnel->alerts[i].level == 2 || tunnel->alerts[i].encrypted))
			return &tunnel->alerts[i];
	return NULL;
}

/* One that stays longer had no quarrel: it kept the connection for later, and never needed it. */
static const nt_time at_once = 300 * NT_MILLISECOND;

/* Said once: what the keys would show is the same for all. */
static void note_missing_keys(const struct case_file *file)
{
	const struct trace_tls_tunnel *tunnel = file->tunnel;
	struct finding *f;

	if (tunnel->decrypted || file->c->keys_missed++ || tunnel->client_data_bytes + tunnel->server_data_bytes == 0)
		return;
	f = finding_begin(file->c, FINDING_TLS_KEYS_MISSING,
			  tunnel->handshake_begin != NT_TIME_NONE ? tunnel->handshake_begin : file->conn->record.first);
	finding_say(f, "What ran inside TLS, such as with ");
	say_server(f, file);
	finding_say(f, ", is encrypted: a key log (SSLKEYLOGFILE) of the client would show requests%s.",
		    tunnel->version == TLS_1_3 ? ", certificates and alerts" : "");
	finding_packet(f, file->circumstances->hello, "ClientHello");
	finding_trace(f, tunnel->id);
}

/* The client's close_notify (RFC 8446 6.1) or other alert before anybody closed the connection, NULL if there is none. */
static const struct trace_tls_alert *farewell(const struct case_file *file)
{
	const struct trace_tls_tunnel *tunnel = file->tunnel;

	for (size_t i = 0; i < tunnel->alert_count; i++)
		if (!tunnel->alerts[i].by_server && tunnel->alerts[i].time >= tunnel->handshake_end &&
		    tunnel->alerts[i].time <= file->ending.at)
			return &tunnel->alerts[i];
	return NULL;
}

/* Clients such as curl check the name when the handshake is over, and then leave at once. */
static bool left_after_handshake(const struct case_file *file, const struct trace_tls_alert *word)
{
	const struct trace_tls_tunnel *tunnel = file->tunnel;
	uint64_t sent = tunnel->decrypted ? file->circumstances->client_plaintext : tunnel->client_data_bytes;
	nt_time left = word ? word->time : file->ending.at;

	if (!file->circumstances->verified || file->circumstances->verification == VERIFY_OK || sent != 0 ||
	    tunnel->handshake_end == NT_TIME_NONE)
		return false;
	return (word || (file->ending.kind != ENDING_OPEN && !file->ending.by_server)) && left - tunnel->handshake_end <= at_once;
}

/* Larger than a close_notify or a PING, whose loss harms nobody. */
enum { WORTH_SENDING = 64 };

/*
 * The server's answer to the client's first words was a RST.  Later ones may meet a server that closes an idle connection: clients repeat
 * them, which cannot be seen here.
 */
static bool was_reset(const struct case_file *file)
{
	const struct tcp_side *client = &file->conn->side[file->conn->client], *server = &file->conn->side[!file->conn->client];

	return file->ending.kind == ENDING_RST && file->ending.by_server && client->last_size >= WORTH_SENDING &&
	       client->last_data > server->last_data && file->tunnel->handshake_end != NT_TIME_NONE &&
	       client->last_data - file->tunnel->handshake_end <= at_once;
}

static void server_reset(const struct case_file *file)
{
	struct finding *f = begin(file, FINDING_TCP_RESET_BEFORE_RESPONSE, file->ending.at);

	say_server(f, file);
	finding_say(f, " reset the connection in answer to the last %u bytes of the client; what they asked for is encrypted.",
		    file->conn->side[file->conn->client].last_size);
	finding_packet(f, file->conn->side[file->conn->client].last_data_packet, "data of the client");
	finding_packet(f, file->ending.packet, "RST by the server");
}

/* What runs inside cannot be read, but the transport shows that it died.  Says whether it did. */
static bool died_in_the_dark(const struct case_file *file)
{
	const struct tcp_conn *conn = file->conn;
	bool in_vain = client_sent_in_vain(conn) && conn->side[conn->client].stuck_size >= WORTH_SENDING;

	if (file->tunnel->decrypted || conn->explained || capture_lacks_bytes(conn))
		return false;
	if ((in_vain || conn->hole.size) && diagnose_transport(file->c, file->conn, 0))
		return true;
	if (!was_reset(file))
		return false;
	server_reset(file);
	return true;
}

void diagnose_tls(struct correlator *c, struct tcp_conn *conn, const struct trace_tls_tunnel *tunnel,
		  const struct tls_circumstances *circumstances)
{
	struct case_file file = { .c = c,
				  .conn = conn,
				  .tuple = tcp_tuple(conn),
				  .conn_id = conn->record.id,
				  .dial = conn->record.from_dial,
				  .tunnel = tunnel,
				  .circumstances = circumstances };

	if (conn->client < 0 || !client_wanted(c, file.tuple.ip_version, &file.tuple.source))
		return;
	file.ending = connection_ending(c, conn);
	note_missing_keys(&file);
	for (size_t i = 0; i < tunnel->alert_count && !file.alert; i++)
		if (tunnel->alerts[i].level == 2 || tunnel->alerts[i].encrypted)
			file.alert = &tunnel->alerts[i];
	if (!circumstances->failed) {
		file.alert = late_alert(tunnel);
		if (file.alert && !file.alert->encrypted &&
		    (tunnel->decrypted ? circumstances->server_plaintext : tunnel->server_data_bytes) == 0)
			server_alerted(&file);
		else if (left_after_handshake(&file, farewell(&file))) {
			file.alert = farewell(&file);
			blame_certificate(&file, fault_of_chain(&file, file.ending.at), file.ending.at);
		} else if (!died_in_the_dark(&file)) {
			note_success(&file);
		}
	} else if (circumstances->server_is_plaintext) {
		server_is_no_tls(&file);
	} else if (file.alert && !file.alert->encrypted && file.alert->by_server) {
		server_alerted(&file);
	} else if (file.alert && !file.alert->encrypted) {
		client_alerted(&file);
	} else if (file.alert && !file.alert->by_server) {
		client_ended(&file);
	} else if (tunnel->client_hello && conn->record.connected && !capture_lacks_bytes(conn)) {
		diagnose_silence(&file);
	}
}

struct finding *diagnose_quic_tls(struct correlator *c, const struct quic_attempt *attempt, trace_id dial,
				  const struct trace_tls_tunnel *tunnel, const struct tls_circumstances *circumstances)
{
	const struct case_file file = { .c = c,
					.tuple = attempt->tuple,
					.conn_id = attempt->conn,
					.dial = dial,
					.tunnel = tunnel,
					.circumstances = circumstances,
					.alert = tunnel->alert_count ? &tunnel->alerts[0] : NULL };

	if (!client_wanted(c, file.tuple.ip_version, &file.tuple.source))
		return NULL;
	if (!circumstances->failed)
		note_success(&file);
	else if (file.alert)
		return file.alert->by_server ? server_alerted(&file) : client_alerted(&file);
	return NULL;
}
