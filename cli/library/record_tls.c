#include "cli/library/records.h"

#include "dissect/tls/tls.h"

static const char *name_of(const char *text)
{
	return text ? text : "";
}

static const struct nettrace_certificate *make_certificate(struct nettrace *trace, const struct trace_certificate *source)
{
	struct nettrace_certificate *certificate = record_room(trace, sizeof *certificate);

	*certificate = (struct nettrace_certificate){
		.subject = record_text(trace, source->subject),
		.issuer = record_text(trace, source->issuer),
		.not_before_s = source->not_before_s,
		.not_after_s = source->not_after_s,
		.is_ca = source->is_ca,
		.unreadable = source->unreadable,
		.serial = record_text(trace, source->serial),
		.sha256 = record_text(trace, source->sha256),
		.key_type = record_text(trace, source->key_type),
		.names = record_texts(trace, source->names, source->name_count),
		.name_count = source->name_count,
	};
	return certificate;
}

static const struct nettrace_tls_alert *make_tls_alert(struct nettrace *trace, const struct trace_tls_alert *source)
{
	struct nettrace_tls_alert *alert = record_room(trace, sizeof *alert);

	*alert = (struct nettrace_tls_alert){
		.by_server = source->by_server,
		.encrypted = source->encrypted,
		.level = source->level,
		.description = source->description,
		.description_name = name_of(source->encrypted ? NULL : tls_alert_text(source->description)),
		.time_ns = source->time,
		.packet = record_packet(source->packet),
	};
	return alert;
}

const struct nettrace_tls_tunnel *record_tls_tunnel(struct nettrace *trace, const struct trace_tls_tunnel *source)
{
	struct nettrace_tls_tunnel *tunnel = record_room(trace, sizeof *tunnel);
	char version[16];

	*tunnel = (struct nettrace_tls_tunnel){
		.id = source->id,
		.tcp_connection = source->tcp_conn,
		.udp_connection = source->udp_conn,
		.handshake_begin_ns = source->handshake_begin,
		.handshake_end_ns = source->handshake_end,
		.handshake_us = source->handshake_us,
		.error = record_text(trace, source->error),
		.client_hello = source->client_hello,
		.server_hello = source->server_hello,
		.done = source->done,
		.resumed = source->did_resume,
		.decrypted = source->decrypted,
		.malformed = source->malformed,
		.hello_retry = source->hello_retry,
		.early_data = source->early_data,
		.early_data_refused = source->early_data_refused,
		.encrypted_client_hello = source->encrypted_client_hello,
		.certificate_requested = source->certificate_request,
		.ocsp_stapled = source->ocsp_stapled,
		.mid_stream = source->mid_stream,
		.version = source->version,
		.version_name = source->version ? record_string(trace, tls_version_text(source->version, version)) : "",
		.offered_version = source->offered_version,
		.cipher_suite = source->cipher_suite,
		.cipher_suite_name = name_of(source->cipher_suite ? tls_cipher_text(source->cipher_suite) : NULL),
		.group = source->group,
		.group_name = name_of(source->group ? tls_group_text(source->group) : NULL),
		.server_name = record_text(trace, source->server_name),
		.alpn = record_text(trace, source->negotiated_protocol),
		.offered_alpn = record_texts(trace, source->offered_protocols, source->offered_protocol_count),
		.offered_alpn_count = source->offered_protocol_count,
		.verification = record_text(trace, source->verification),
		.verification_detail = record_text(trace, source->verification_detail),
		.ja3 = record_text(trace, source->ja3),
		.ja4 = record_text(trace, source->ja4),
		.certificate_count = source->certificate_count,
		.certificates_cut = source->certificates_cut,
		.client_certificate_count = source->client_certificate_count,
		.alert_count = source->alert_count,
		.client_data_bytes = source->client_data_bytes,
		.server_data_bytes = source->server_data_bytes,
		.unverified_records = source->unverified_records,
		.first_packet = record_packet(source->first_packet),
		.last_packet = record_packet(source->last_packet),
		.go_trace = record_go_trace(trace, source->seed),
	};
	RECORD_LIST(tunnel->certificates, certificate, source->certificates, source->certificate_count);
	RECORD_LIST(tunnel->client_certificates, certificate, source->client_certificates, source->client_certificate_count);
	RECORD_LIST(tunnel->alerts, tls_alert, source->alerts, source->alert_count);
	return tunnel;
}
