/* TLS: what was agreed, who proved to be whom, why it failed. */
#include "cli/report/report.h"

#include "dissect/quic/quic.h"
#include "dissect/tls/tls.h"
#include "dissect/tls/x509.h"

#include <string.h>

/* ---- certificates ---- */

static bool has_expired(const struct trace_certificate *certificate, nt_time at)
{
	return at != NT_TIME_NONE && certificate->not_after_s != INT64_MIN && at / NT_SECOND > certificate->not_after_s;
}

static bool is_too_young(const struct trace_certificate *certificate, nt_time at)
{
	return at != NT_TIME_NONE && certificate->not_before_s != INT64_MIN && at / NT_SECOND < certificate->not_before_s;
}

static void print_validity(struct report *report, const struct trace_certificate *certificate, nt_time at)
{
	char date[TEXT_SIZE];

	if (has_expired(certificate, at))
		report_bad(report, "expired on %s", text_date(certificate->not_after_s, date));
	else if (is_too_young(certificate, at))
		report_bad(report, "not valid before %s", text_date(certificate->not_before_s, date));
	else
		fprintf(report->out, "valid until %s", text_date(certificate->not_after_s, date));
}

/* RFC 6125, section 6.4.3: an asterisk stands for the first label. */
static bool names_host(struct bytes name, struct bytes host)
{
	const uint8_t *dot = host.size ? memchr(host.at, '.', host.size) : NULL;

	if (name.size < 2 || name.at[0] != '*' || name.at[1] != '.' || !dot)
		return bytes_equal_nocase(name, host);
	return bytes_equal_nocase((struct bytes){ name.at + 1, name.size - 1 },
				  (struct bytes){ dot, host.size - (size_t)(dot - host.at) });
}

/* Of one for the host that was meant, at a time when it is valid, there is nothing to say. */
static bool is_ordinary(const struct trace_certificate *certificate, struct bytes host, nt_time at)
{
	if (certificate->unreadable || has_expired(certificate, at) || is_too_young(certificate, at))
		return false;
	for (size_t i = 0; i < certificate->name_count; i++)
		if (names_host(certificate->names[i], host))
			return true;
	return false;
}

/* `host`: whose certificate the first is meant to be. */
static void print_chain(struct report *report, const char *what, const struct trace_certificate *chain, size_t count, nt_time at,
			struct bytes host)
{
	if (!count || (!report->verbose && is_ordinary(&chain[0], host, at)))
		return;
	fprintf(report->out, ", %zu %s%s (", count, what, report_plural(count));
	if (chain[0].unreadable) {
		report_bad(report, "unreadable");
	} else {
		report_text(report, x509_common_name(chain[0].subject.size ? chain[0].subject : bytes_of("no subject")));
		fputs(", ", report->out);
		print_validity(report, &chain[0], at);
	}
	fputc(')', report->out);
}

static void print_optional(struct report *report, const char *before, struct bytes text)
{
	if (!text.size)
		return;
	fputs(before, report->out);
	report_text(report, text);
}

static void print_certificate_line(struct report *report, const struct trace_certificate *certificate)
{
	char date[TEXT_SIZE];

	report_begin_more(report);
	fputs("certificate ", report->out);
	report_text(report, certificate->subject);
	fputs(", issued by ", report->out);
	report_text(report, certificate->issuer);
	fprintf(report->out, ", valid %s", text_date(certificate->not_before_s, date));
	fprintf(report->out, " to %s", text_date(certificate->not_after_s, date));
	print_optional(report, ", ", certificate->key_type);
	fputs(certificate->is_ca ? ", CA" : "", report->out);
	print_optional(report, ", serial ", certificate->serial);
	print_optional(report, ", SHA-256 ", certificate->sha256);
	for (size_t i = 0; i < certificate->name_count; i++) {
		fputs(i ? ", " : ", for ", report->out);
		report_text(report, certificate->names[i]);
	}
	report_end_line(report);
}

/* ---- what was agreed ---- */

static void print_list(struct report *report, const char *title, const struct bytes *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : title, report->out);
		report_text(report, list[i]);
	}
}

static void print_cipher(struct report *report, uint16_t cipher)
{
	const char *name = tls_cipher_text(cipher);

	if (name)
		fprintf(report->out, " %s", name);
	else
		fprintf(report->out, " cipher 0x%04x", cipher);
}

/* The version of what carries it, and what became of that. */
static void print_quic(struct report *report, const struct trace_quic *quic)
{
	char version[16];

	if (!quic)
		return;
	fprintf(report->out, "version %s", quic_version_text(quic->version, version));
	if (quic->offered_version != quic->version)
		fprintf(report->out, " after %s", quic_version_text(quic->offered_version, version));
	fputs(quic->retry ? " (Retry), " : ", ", report->out);
}

static void print_agreed(struct report *report, const struct trace_tls_tunnel *tunnel, struct bytes host)
{
	char version[16];

	if (trace_is_told(tunnel->seed)) { /* without its version */
		fputs(tunnel->done && tls_cipher_text(tunnel->cipher_suite) ? tls_cipher_text(tunnel->cipher_suite) : "TLS",
		      report->out);
	} else if (tunnel->server_hello) {
		fputs(tls_version_text(tunnel->version, version), report->out);
		if (report->verbose || !tls_cipher_text(tunnel->cipher_suite))
			print_cipher(report, tunnel->cipher_suite);
	} else {
		fprintf(report->out, "%s offered", tls_version_text(tunnel->offered_version, version));
	}
	if (tunnel->server_name.size && !bytes_equal_nocase(tunnel->server_name, host)) {
		fputs(", for ", report->out);
		report_text(report, tunnel->server_name);
	}
	if (tunnel->negotiated_protocol.size) {
		fputs(", ALPN ", report->out);
		report_text(report, tunnel->negotiated_protocol);
	} else if (tunnel->udp_conn && tunnel->offered_protocol_count) { /* what was chosen is encrypted, and one of these */
		print_list(report, ", ALPN ", tunnel->offered_protocols, tunnel->offered_protocol_count);
		fputs(" offered", report->out);
	}
}

struct tls_remark {
	size_t flag; /* offset in struct trace_tls_tunnel */
	const char *text;
};

static const struct tls_remark remarks[] = {
	{ offsetof(struct trace_tls_tunnel, did_resume), "resumed" },
	{ offsetof(struct trace_tls_tunnel, hello_retry), "after a HelloRetryRequest" },
	{ offsetof(struct trace_tls_tunnel, early_data), "with early data" },
	{ offsetof(struct trace_tls_tunnel, early_data_refused), "early data refused" },
	{ offsetof(struct trace_tls_tunnel, encrypted_client_hello), "ECH or GREASE offered" },
	{ offsetof(struct trace_tls_tunnel, certificate_request), "client certificate asked for" },
};

static void print_remarks(struct report *report, const struct trace_tls_tunnel *tunnel)
{
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(report->list, tunnel->tcp_conn);

	for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++)
		if (*(const bool *)((const char *)tunnel + remarks[i].flag))
			fprintf(report->out, ", %s", remarks[i].text);
	if (tunnel->mid_stream && !(conn && conn->reused)) /* else it is not known whether anything went before */
		fputs(", begun within the connection", report->out);
}

/* ---- how it ended ---- */

enum { ALERT_FATAL = 2, ALERT_CLOSE_NOTIFY = 0, ALERT_USER_CANCELED = 90 };

/* RFC 8446, section 6: closure alerts are no errors. */
static bool is_error_alert(const struct trace_tls_alert *alert)
{
	return !alert->encrypted && alert->description != ALERT_CLOSE_NOTIFY && alert->description != ALERT_USER_CANCELED;
}

static void print_alert(struct report *report, const struct trace_tls_alert *alert)
{
	const char *level = alert->level == ALERT_FATAL ? "fatal" : "warning";
	const char *who = alert->by_server ? "server" : "client";
	const char *name = tls_alert_text(alert->description);

	if (name)
		report_bad(report, ", %s alert %s by the %s", level, name, who);
	else
		report_bad(report, ", %s alert %u by the %s", level, alert->description, who);
}

static bool print_alerts(struct report *report, const struct trace_tls_tunnel *tunnel)
{
	bool any = false;

	for (size_t i = 0; i < tunnel->alert_count && i < REPORT_VALUES; i++) {
		if (!is_error_alert(&tunnel->alerts[i]))
			continue;
		print_alert(report, &tunnel->alerts[i]);
		any = true;
	}
	return any;
}

/* One that was seen from its begin, and never got to its end. */
static bool has_failed(const struct report *report, const struct trace_tls_tunnel *tunnel)
{
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(report->list, tunnel->tcp_conn);

	if (tunnel->error.size || tunnel->done || !tunnel->client_hello || tunnel->udp_conn)
		return tunnel->error.size;
	return !(conn && report_capture_lacks_some(conn));
}

static void print_outcome(struct report *report, const struct trace_tls_tunnel *tunnel)
{
	char duration[TEXT_SIZE];
	bool alerted;

	report_end_subject(report);
	fputs("   ", report->out);
	if (!tunnel->client_hello)
		fputs("handshake seen in part", report->out);
	else if (tunnel->done && tunnel->handshake_us >= 0)
		fprintf(report->out, "handshake %s", text_duration(tunnel->handshake_us, duration));
	else if (tunnel->done)
		fputs("handshake done", report->out);
	else if (!has_failed(report, tunnel))
		fputs("handshake not complete in the capture", report->out);
	else if (trace_is_told(tunnel->seed))
		report_bad(report, "handshake failed");
	else if (!tunnel->server_hello)
		report_bad(report, "no ServerHello");
	else
		report_bad(report, "handshake not finished");
	alerted = print_alerts(report, tunnel);
	if (tunnel->error.size && (!alerted || report->verbose)) {
		fputs(", ", report->out);
		report_bad_text(report, tunnel->error);
	}
	if (tunnel->malformed)
		report_bad(report, ", malformed");
}

/* ---- further lines ---- */

static void print_compression(struct report *report, const char *what, uint16_t algorithm)
{
	char text[16];

	if (algorithm)
		fprintf(report->out, ", %s compressed with %s", what, tls_compression_text(algorithm, text));
}

/* What packets show of the tunnel and what runs in it. */
static void print_seen(struct report *report, const struct trace_tls_tunnel *tunnel)
{
	const char *group = tls_group_text(tunnel->group);
	char text[TEXT_SIZE];

	report_begin_more(report);
	fprintf(report->out, "data: %s sent", text_bytes(tunnel->client_data_bytes, text));
	fprintf(report->out, ", %s received", text_bytes(tunnel->server_data_bytes, text));
	if (group)
		fprintf(report->out, ", group %s", group);
	else if (tunnel->group)
		fprintf(report->out, ", group 0x%04x", tunnel->group);
	fputs(tunnel->ocsp_stapled ? ", OCSP stapled" : "", report->out);
	print_compression(report, "certificates", tunnel->certificate_compression);
	print_compression(report, "client certificates", tunnel->client_certificate_compression);
	print_list(report, ", offered ALPN ", tunnel->offered_protocols, tunnel->offered_protocol_count);
	print_list(report, ", JA3 ", &tunnel->ja3, tunnel->ja3.size > 0);
	print_list(report, ", JA4 ", &tunnel->ja4, tunnel->ja4.size > 0);
	report_end_line(report);
}

static void print_details(struct report *report, const struct trace_tls_tunnel *tunnel)
{
	if (!trace_is_told(tunnel->seed))
		print_seen(report, tunnel);
	for (size_t i = 0; i < tunnel->certificate_count; i++)
		print_certificate_line(report, &tunnel->certificates[i]);
	for (size_t i = 0; i < tunnel->client_certificate_count; i++)
		print_certificate_line(report, &tunnel->client_certificates[i]);
}

void report_tls(struct report *report, const struct trace_tls_tunnel *tunnel, struct bytes host)
{
	const struct trace_udp_conn *udp = trace_find_udp_conn(report->list, tunnel->udp_conn);

	report_begin_step(report, tunnel->udp_conn ? "QUIC" : "TLS", tunnel->id, report_span_tls(tunnel),
			  has_failed(report, tunnel));
	print_quic(report, udp ? udp->quic : NULL);
	print_agreed(report, tunnel, host);
	print_remarks(report, tunnel);
	print_chain(report, "certificate", tunnel->certificates, tunnel->certificate_count, tunnel->handshake_begin,
		    tunnel->server_name);
	print_chain(report, "client certificate", tunnel->client_certificates, tunnel->client_certificate_count,
		    tunnel->handshake_begin, (struct bytes){ 0 });
	print_outcome(report, tunnel);
	report_end_line_at(report, tunnel->first_packet, tunnel->last_packet);
	if (report->verbose)
		print_details(report, tunnel);
}
