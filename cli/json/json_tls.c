#include "cli/json/json_trace.h"
#include "cli/timestamp.h"
#include "dissect/tls/tls.h"

static void write_texts(struct json *json, const char *name, const struct bytes *texts, size_t count)
{
	json_begin_optional_array(json, name);
	for (size_t i = 0; i < count; i++)
		json_string(json, NULL, texts[i]);
	json_end(json);
}

static void write_certificate(struct json *json, const struct trace_certificate *certificate)
{
	char text[TIMESTAMP_SIZE];

	json_begin_object(json, NULL);
	json_string(json, "subject", certificate->subject);
	json_string(json, "issuer", certificate->issuer);
	json_text(json, "notBefore", timestamp_seconds_text(certificate->not_before_s, text));
	json_text(json, "notAfter", timestamp_seconds_text(certificate->not_after_s, text));
	json_bool(json, "isCA", certificate->is_ca);
	json_begin_optional_object(json, "wire");
	json_optional_string(json, "serial", certificate->serial);
	json_optional_string(json, "sha256", certificate->sha256);
	json_optional_string(json, "keyType", certificate->key_type);
	write_texts(json, "names", certificate->names, certificate->name_count);
	json_optional_bool(json, "unreadable", certificate->unreadable);
	json_end(json);
	json_end(json);
}

static void write_certificates(struct json *json, const struct trace_certificate *certificates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_certificate(json, &certificates[i]);
}

/* RFC 8446 6: level 1 is a warning, 2 is fatal, there are no others. */
static void write_alert_content(struct json *json, const struct trace_tls_alert *alert)
{
	if (alert->level == 1 || alert->level == 2)
		json_text(json, "level", alert->level == 1 ? "warning" : "fatal");
	else
		json_uint(json, "level", alert->level);
	json_optional_text(json, "description", tls_alert_text(alert->description));
	json_uint(json, "number", alert->description);
}

static void write_alert(struct json *json, const struct output *output, const struct trace_tls_alert *alert)
{
	json_begin_object(json, NULL);
	json_text(json, "from", alert->by_server ? "server" : "client");
	if (alert->encrypted)
		json_bool(json, "encrypted", true);
	else
		write_alert_content(json, alert);
	json_put_timestamp(json, output, "at", alert->time);
	json_put_offset(json, output, "atUs", alert->time);
	json_put_packet(json, output, alert->packet);
	json_end(json);
}

static void write_version(struct json *json, const char *name, uint16_t version)
{
	char text[16];

	if (version != 0)
		json_text(json, name, tls_version_text(version, text));
}

static void write_compression(struct json *json, const char *name, uint16_t algorithm)
{
	char text[16];

	if (algorithm != 0)
		json_text(json, name, tls_compression_text(algorithm, text));
}

static void write_parameters(struct json *json, const struct trace_tls_tunnel *tunnel)
{
	write_version(json, "version", tunnel->version);
	write_version(json, "offeredVersion", tunnel->offered_version);
	write_texts(json, "offeredAlpn", tunnel->offered_protocols, tunnel->offered_protocol_count);
	if (tunnel->cipher_suite != 0)
		json_optional_text(json, "cipherSuiteName", tls_cipher_text(tunnel->cipher_suite));
	if (tunnel->group != 0 && tls_group_text(tunnel->group))
		json_text(json, "group", tls_group_text(tunnel->group));
	else
		json_optional_uint(json, "group", tunnel->group);
	write_compression(json, "certCompression", tunnel->certificate_compression);
	write_compression(json, "clientCertCompression", tunnel->client_certificate_compression);
	json_optional_string(json, "ja3", tunnel->ja3);
	json_optional_string(json, "ja4", tunnel->ja4);
}

/* Both hellos and the end of the handshake are the rule: they are mentioned where they lack. */
static void write_events(struct json *json, const struct output *output, const struct trace_tls_tunnel *tunnel)
{
	if (!tunnel->client_hello)
		json_bool(json, "clientHello", false);
	if (!tunnel->server_hello)
		json_bool(json, "serverHello", false);
	if (!tunnel->done)
		json_bool(json, "handshakeDone", false);
	json_optional_bool(json, "helloRetry", tunnel->hello_retry);
	json_optional_bool(json, "earlyData", tunnel->early_data);
	json_optional_bool(json, "earlyDataRefused", tunnel->early_data_refused);
	json_optional_bool(json, "encryptedClientHello", tunnel->encrypted_client_hello);
	json_optional_bool(json, "certificateRequested", tunnel->certificate_request);
	json_optional_bool(json, "ocspStapled", tunnel->ocsp_stapled);
	json_optional_bool(json, "midStream", tunnel->mid_stream);
	json_optional_bool(json, "malformed", tunnel->malformed);
	json_optional_bool(json, "certificatesCut", tunnel->certificates_cut);
	json_optional_bool(json, "decrypted", tunnel->decrypted);
	json_optional_uint(json, "unverifiedRecords", tunnel->unverified_records);
	json_begin_optional_object(json, "chainVerification");
	json_optional_string(json, "result", tunnel->verification);
	json_optional_string(json, "detail", tunnel->verification_detail);
	json_end(json);
	json_begin_optional_array(json, "alerts");
	for (size_t i = 0; i < tunnel->alert_count; i++)
		write_alert(json, output, &tunnel->alerts[i]);
	json_end(json);
	json_begin_optional_array(json, "clientCerts");
	write_certificates(json, tunnel->client_certificates, tunnel->client_certificate_count);
	json_end(json);
}

static void write_wire(struct json *json, const struct output *output, const struct trace_tls_tunnel *tunnel)
{
	json_begin_optional_object(json, "wire");
	json_put_seed(json, output, tunnel->seed);
	if (trace_is_told(tunnel->seed)) {
		json_end(json);
		return;
	}
	json_put_first_last(json, output, tunnel->first_packet, tunnel->last_packet);
	json_put_offset(json, output, "handshakeBeginUs", tunnel->handshake_begin);
	json_put_offset(json, output, "handshakeEndUs", tunnel->handshake_end);
	json_put_duration(json, "handshakeUs", tunnel->handshake_us);
	json_put_optional_id(json, "udpConn", json_udp_shown(output, tunnel->udp_conn));
	write_parameters(json, tunnel);
	write_events(json, output, tunnel);
	json_optional_uint(json, "appDataSentBytes", tunnel->client_data_bytes);
	json_optional_uint(json, "appDataRecvBytes", tunnel->server_data_bytes);
	json_end(json);
}

void json_write_tls_tunnel(struct json *json, const struct output *output, const struct trace_tls_tunnel *tunnel)
{
	json_begin_record(json, output, "tlsTunnel");
	json_put_id(json, "traceID", tunnel->id);
	json_put_id(json, "tcpConn", json_tcp_shown(output, tunnel->tcp_conn));
	json_put_timestamp(json, output, "handshakeBeginAt", tunnel->handshake_begin);
	json_put_timestamp(json, output, "handshakeEndAt", tunnel->handshake_end);
	json_optional_string(json, "handshakeErr", tunnel->error);
	json_bool(json, "didResume", tunnel->did_resume);
	json_begin_array(json, "peerCerts");
	write_certificates(json, tunnel->certificates, tunnel->certificate_count);
	json_end(json);
	json_uint(json, "cipherSuite", tunnel->cipher_suite);
	json_optional_string(json, "negotiatedProto", tunnel->negotiated_protocol);
	json_string(json, "serverName", tunnel->server_name);
	write_wire(json, output, tunnel);
	json_end(json);
}
