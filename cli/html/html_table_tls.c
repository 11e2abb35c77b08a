/* The table of TLS handshakes, those of QUIC too. */
#include "cli/html/html_page.h"

#include "dissect/tls/tls.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void write_agreed(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	struct html *html = &page->html;
	const char *cipher = tls_cipher_text(tunnel->cipher_suite), *group = tls_group_text(tunnel->group);
	char version[16];

	if (trace_is_told(tunnel->seed)) /* it does not tell the version */
		html_words(html, "%s", tunnel->done && cipher ? cipher : "");
	else if (tunnel->server_hello && cipher)
		html_words(html, "%s, %s", tls_version_text(tunnel->version, version), cipher);
	else if (tunnel->server_hello)
		html_words(html, "%s, cipher 0x%04x", tls_version_text(tunnel->version, version), tunnel->cipher_suite);
	else if (tunnel->offered_version)
		html_words(html, "%s offered", tls_version_text(tunnel->offered_version, version));
	if (group)
		html_words(html, ", %s", group);
	if (tunnel->negotiated_protocol.size) {
		HTML(html, ", ALPN ");
		html_text(html, tunnel->negotiated_protocol);
	}
}

/* Whether the report's line has it, which escapes what could harm a terminal. */
static bool is_told(const struct html_page *page, struct bytes text)
{
	const struct bytes told = page->told.count ? page->told.lines[0].text : (struct bytes){ 0 };
	char *printed = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&printed, &size);
	bool found;

	if (!out)
		return false;
	text_print(out, text, 0);
	fclose(out);
	found = memmem(told.at, told.size, printed, size) != NULL;
	free(printed);
	return found;
}

static void write_alerts(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	struct html *html = &page->html;

	for (size_t i = 0; i < tunnel->alert_count; i++) {
		const struct trace_tls_alert *alert = &tunnel->alerts[i];
		const char *name = tls_alert_text(alert->description);

		HTML(html, "<br>alert by the ");
		html_words(html, "%s: ", alert->by_server ? "server" : "client");
		if (alert->encrypted)
			HTML(html, "encrypted");
		else if (name)
			html_words(html, "%s", name);
		else
			html_words(html, "number %u", alert->description);
		HTML(html, " ");
		html_packet(page, alert->packet);
	}
}

static void write_remarks(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	struct html *html = &page->html;

	if (tunnel->error.size && !is_told(page, tunnel->error)) {
		HTML(html, "<br><b class=\"bad\">");
		html_text(html, tunnel->error);
		HTML(html, "</b>");
	}
	if (tunnel->did_resume)
		HTML(html, "<br>resumed");
	if (tunnel->decrypted)
		HTML(html, "<br>decrypted with logged keys");
	if (tunnel->verification.size) {
		HTML(html, "<br>chain: ");
		html_text(html, tunnel->verification);
	}
	write_alerts(page, tunnel);
}

static void write_name(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	struct html *html = &page->html;

	html_text(html, tunnel->server_name);
	if (tunnel->ja4.size) {
		HTML(html, " <i class=\"finger\">JA4 ");
		html_text(html, tunnel->ja4);
		HTML(html, "</i>");
	}
}

/* What a Go trace does not tell stays empty. */
static void write_data(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	const bool told = trace_is_told(tunnel->seed);
	struct html *html = &page->html;

	HTML(html, "<td>");
	if (!told)
		html_words(html, "%" PRIu64, tunnel->client_data_bytes);
	HTML(html, "<td>");
	if (!told)
		html_words(html, "%" PRIu64, tunnel->server_data_bytes);
}

void html_row_tls(struct html_page *page, size_t index)
{
	const struct trace_tls_tunnel *tunnel = &page->list->tls_tunnels[index];
	struct html *html = &page->html;

	html_forget(page);
	report_tls(&page->report, tunnel, tunnel->server_name);
	html_begin_row(page, tunnel->id, html_told_failed(page));
	HTML(html, "<td>");
	html_offset(page, tunnel->handshake_begin);
	HTML(html, "<td>");
	html_duration(page, tunnel->handshake_us);
	HTML(html, "<td>");
	write_name(page, tunnel);
	HTML(html, "<td>");
	write_agreed(page, tunnel);
	HTML(html, "<td>");
	html_cell_told(page, false);
	write_remarks(page, tunnel);
	HTML(html, "<td>");
	html_chain_link(page, tunnel);
	write_data(page, tunnel);
	HTML(html, "<td>");
	html_link(page, tunnel->tcp_conn ? tunnel->tcp_conn : tunnel->udp_conn);
	HTML(html, "<td>");
	html_packets(page, tunnel->first_packet, tunnel->last_packet);
	HTML(html, "\n");
}
