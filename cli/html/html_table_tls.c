/* The table of TLS handshakes, those of QUIC too. */
#include "cli/html/html_page.h"

#include "dissect/tls/tls.h"

#include <inttypes.h>

static void write_agreed(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	struct html *html = &page->html;
	const char *cipher = tls_cipher_text(tunnel->cipher_suite), *group = tls_group_text(tunnel->group);
	char version[16];

	if (tunnel->server_hello)
		html_words(html, "%s", tls_version_text(tunnel->version, version));
	else if (tunnel->offered_version)
		html_words(html, "%s offered", tls_version_text(tunnel->offered_version, version));
	if (tunnel->server_hello && cipher)
		html_words(html, ", %s", cipher);
	else if (tunnel->server_hello)
		html_words(html, ", cipher 0x%04x", tunnel->cipher_suite);
	if (group)
		html_words(html, ", %s", group);
	if (tunnel->negotiated_protocol.size) {
		HTML(html, ", ALPN ");
		html_text(html, tunnel->negotiated_protocol);
	}
}

static void write_remarks(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	struct html *html = &page->html;

	if (tunnel->did_resume)
		HTML(html, "<br>resumed");
	if (tunnel->decrypted)
		HTML(html, "<br>decrypted with logged keys");
	if (tunnel->error.size) {
		HTML(html, "<br>");
		html_text(html, tunnel->error);
	}
	if (tunnel->verification.size) {
		HTML(html, "<br>chain: ");
		html_text(html, tunnel->verification);
		HTML(html, " ");
		html_text(html, tunnel->verification_detail);
	}
	for (size_t i = 0; i < tunnel->alert_count; i++) {
		const char *name = tunnel->alerts[i].encrypted ? "encrypted" : tls_alert_text(tunnel->alerts[i].description);

		html_words(html, "%s alert of the %s ", i ? ";" : "", tunnel->alerts[i].by_server ? "server" : "client");
		html_words(html, name ? "%s " : "number ", name);
		html_packet(page, tunnel->alerts[i].packet);
	}
}

static void write_tunnel(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	struct html *html = &page->html;

	html_forget(page);
	report_tls(&page->report, tunnel, tunnel->server_name);
	html_begin_row(page, tunnel->id, html_told_failed(page));
	HTML(html, "<td>");
	html_offset(page, tunnel->handshake_begin);
	HTML(html, "<td>");
	html_duration(page, tunnel->handshake_us);
	HTML(html, "<td>");
	html_text(html, tunnel->server_name);
	HTML(html, "<td>");
	write_agreed(page, tunnel);
	HTML(html, "<td>");
	html_cell_told(page);
	write_remarks(page, tunnel);
	HTML(html, "<td>");
	html_chain_link(page, tunnel);
	HTML(html, "<td class=\"finger\">");
	html_text(html, tunnel->ja4);
	HTML(html, "<td>");
	html_words(html, "%" PRIu64, tunnel->client_data_bytes);
	HTML(html, "<td>");
	html_words(html, "%" PRIu64, tunnel->server_data_bytes);
	HTML(html, "<td>");
	html_link(page, tunnel->tcp_conn ? tunnel->tcp_conn : tunnel->udp_conn);
	HTML(html, "<td>");
	html_packets(page, tunnel->first_packet, tunnel->last_packet);
	HTML(html, "\n");
}

void html_table_tls(struct html_page *page)
{
	static const char *const columns[] = {
		"ID",    "Begin, s", "Handshake",        "Server name",      "Agreed on",  "What happened",
		"Chain", "JA4",      "Data sent, bytes", "Data recv, bytes", "Connection", "Packets"
	};
	size_t count = html_record_count(page, HTML_TLS);

	if (!count)
		return;
	html_begin_table(page, HTML_TLS, columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < count; i++)
		if (html_record_is_shown(page, HTML_TLS, i))
			write_tunnel(page, &page->list->tls_tunnels[i]);
	html_end_table(page, HTML_TLS);
}
