/* Certificate chains: each once, with the handshakes that showed it. */
#include "cli/html/html_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- which handshakes showed the same ---- */

static int compare_bytes(struct bytes a, struct bytes b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? memcmp(a.at, b.at, common) : 0;

	if (order != 0)
		return order;
	return a.size < b.size ? -1 : a.size > b.size;
}

/* A trace of the Go library tells no SHA-256: what it tells stands for it. */
static int compare_certificates(const struct trace_certificate *a, const struct trace_certificate *b)
{
	int order = compare_bytes(a->sha256, b->sha256);

	if (order == 0)
		order = compare_bytes(a->subject, b->subject);
	if (order == 0)
		order = compare_bytes(a->issuer, b->issuer);
	if (order == 0 && a->not_before_s != b->not_before_s)
		order = a->not_before_s < b->not_before_s ? -1 : 1;
	if (order == 0 && a->not_after_s != b->not_after_s)
		order = a->not_after_s < b->not_after_s ? -1 : 1;
	return order;
}

static int compare_lists(const struct trace_certificate *a, size_t a_count, const struct trace_certificate *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && i < b_count; i++) {
		int order = compare_certificates(&a[i], &b[i]);

		if (order != 0)
			return order;
	}
	return a_count < b_count ? -1 : a_count > b_count;
}

/* By what makes them worth one entry: the certificates of both sides, and what verification said. */
static int compare_chains(const struct trace_tls_tunnel *a, const struct trace_tls_tunnel *b)
{
	int order = compare_lists(a->certificates, a->certificate_count, b->certificates, b->certificate_count);

	if (order == 0)
		order = compare_lists(a->client_certificates, a->client_certificate_count, b->client_certificates,
				      b->client_certificate_count);
	return order ? order : compare_bytes(a->verification, b->verification);
}

static int compare_entries(const void *a, const void *b)
{
	const struct html_chain *x = a, *y = b;
	int order = compare_chains(x->tunnel, y->tunnel);

	return order ? order : x->tunnel->id < y->tunnel->id ? -1 : x->tunnel->id > y->tunnel->id;
}

static int compare_firsts(const void *a, const void *b)
{
	const struct html_chain *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->tunnel->id < y->tunnel->id ? -1 : x->tunnel->id > y->tunnel->id;
}

void html_chains_open(struct html_page *page)
{
	size_t count = html_record_count(page, HTML_TLS);
	struct html_chains *chains = &page->chains;

	chains->at = nt_realloc_array(NULL, count + 1, sizeof *chains->at);
	for (size_t i = 0; i < count; i++) {
		const struct trace_tls_tunnel *tunnel = &page->list->tls_tunnels[i];

		if (tunnel->certificate_count || tunnel->client_certificate_count)
			chains->at[chains->count++] = (struct html_chain){ tunnel, tunnel->id };
	}
	qsort(chains->at, chains->count, sizeof *chains->at, compare_entries);
	for (size_t i = 1; i < chains->count; i++)
		if (compare_chains(chains->at[i - 1].tunnel, chains->at[i].tunnel) == 0)
			chains->at[i].first = chains->at[i - 1].first;
}

void html_chains_close(struct html_page *page)
{
	free(page->chains.at);
}

static void write_anchor(struct html_page *page, trace_id first)
{
	html_words(&page->html, "chain-%" PRIu32, first);
}

void html_chain_link(struct html_page *page, const struct trace_tls_tunnel *tunnel)
{
	const struct html_chain key = { tunnel, tunnel->id };
	const struct html_chain *chain = bsearch(&key, page->chains.at, page->chains.count, sizeof key, compare_entries);
	struct html *html = &page->html;

	if (!chain)
		return;
	HTML(html, "<a href=\"#");
	write_anchor(page, chain->first);
	HTML(html, "\">");
	html_count(page, tunnel->certificate_count + tunnel->client_certificate_count, "certificate");
	HTML(html, "</a>");
}

/* ---- one certificate ---- */

static void write_row(struct html_page *page, const char *name, struct bytes value)
{
	struct html *html = &page->html;

	if (!value.size)
		return;
	HTML(html, "<div><dt>");
	html_words(html, "%s", name);
	HTML(html, "</dt><dd>");
	html_text(html, value);
	HTML(html, "</dd></div>");
}

static void write_names(struct html_page *page, const struct trace_certificate *certificate)
{
	struct html *html = &page->html;

	if (!certificate->name_count)
		return;
	HTML(html, "<div><dt>Names</dt><dd>");
	for (size_t i = 0; i < certificate->name_count; i++) {
		if (i)
			HTML(html, ", ");
		html_text(html, certificate->names[i]);
	}
	HTML(html, "</dd></div>");
}

/* As of the handshake, which is when it mattered. */
static void write_validity(struct html_page *page, const struct trace_certificate *certificate, nt_time at)
{
	struct html *html = &page->html;
	int64_t seconds = at == NT_TIME_NONE ? INT64_MIN : at / NT_SECOND;
	char text[TEXT_SIZE];

	HTML(html, "<div><dt>Valid</dt><dd>");
	html_words(html, "%s to ", text_date(certificate->not_before_s, text));
	html_words(html, "%s", text_date(certificate->not_after_s, text));
	if (seconds != INT64_MIN && certificate->not_after_s != INT64_MIN && seconds > certificate->not_after_s)
		HTML(html, " <b class=\"bad\">expired at the time of the handshake</b>");
	if (seconds != INT64_MIN && certificate->not_before_s != INT64_MIN && seconds < certificate->not_before_s)
		HTML(html, " <b class=\"bad\">not yet valid at the time of the handshake</b>");
	HTML(html, "</dd></div>");
}

static void write_certificate(struct html_page *page, const struct trace_certificate *certificate, nt_time at)
{
	struct html *html = &page->html;

	HTML(html, "<li><p class=\"subject\">");
	if (certificate->unreadable)
		HTML(html, "<b class=\"bad\">unreadable</b> ");
	html_text(html, certificate->subject.size ? certificate->subject : BYTES("no subject"));
	if (certificate->is_ca)
		HTML(html, " <span>CA</span>");
	if (certificate->subject.size && bytes_equal(certificate->subject, certificate->issuer))
		HTML(html, " <span>self-issued</span>");
	HTML(html, "</p><dl>");
	write_row(page, "Issuer", certificate->issuer);
	write_validity(page, certificate, at);
	write_names(page, certificate);
	write_row(page, "Key", certificate->key_type);
	write_row(page, "Serial", certificate->serial);
	write_row(page, "SHA-256", certificate->sha256);
	HTML(html, "</dl>\n");
}

static void write_list(struct html_page *page, const char *title, const struct trace_certificate *certificates, size_t count,
		       nt_time at)
{
	struct html *html = &page->html;

	if (!count)
		return;
	HTML(html, "<h4>");
	html_words(html, "%s", title);
	HTML(html, "</h4>\n<ol class=\"chain\">\n");
	for (size_t i = 0; i < count; i++)
		write_certificate(page, &certificates[i], at);
	HTML(html, "</ol>\n");
}

/* ---- a chain ---- */

static void write_uses(struct html_page *page, const struct html_chain *chain, size_t count)
{
	struct html *html = &page->html;

	HTML(html, "<p class=\"uses\">shown in ");
	html_count(page, count, "handshake");
	HTML(html, ":");
	for (size_t i = 0; i < count && i < HTML_USES; i++) {
		HTML(html, " ");
		html_link(page, chain[i].tunnel->id);
	}
	if (count > HTML_USES)
		html_words(html, " … and %zu more", count - HTML_USES);
	HTML(html, "</p>\n");
}

static void write_chain(struct html_page *page, const struct html_chain *chain, size_t count)
{
	const struct trace_tls_tunnel *tunnel = chain->tunnel;
	struct html *html = &page->html;

	HTML(html, "<article class=\"chains\" id=\"");
	write_anchor(page, chain->first);
	HTML(html, "\">\n<h3>");
	html_text(html, tunnel->server_name.size ? tunnel->server_name : BYTES("no server name"));
	HTML(html, "</h3>\n");
	write_uses(page, chain, count);
	if (tunnel->verification.size) {
		HTML(html, "<p>Verified as of the handshake: <strong>");
		html_text(html, tunnel->verification);
		HTML(html, "</strong> ");
		html_text(html, tunnel->verification_detail);
		HTML(html, "</p>\n");
	}
	write_list(page, "Server", tunnel->certificates, tunnel->certificate_count, tunnel->handshake_begin);
	write_list(page, "Client", tunnel->client_certificates, tunnel->client_certificate_count, tunnel->handshake_begin);
	HTML(html, "</article>\n");
}

static size_t count_same(const struct html_chains *chains, size_t from)
{
	size_t to = from;

	while (to < chains->count && chains->at[to].first == chains->at[from].first)
		to++;
	return to - from;
}

void html_chains(struct html_page *page)
{
	struct html *html = &page->html;
	struct html_chains *chains = &page->chains;
	size_t written = 0, left_out = 0;

	if (!html_record_count(page, HTML_TLS))
		return;
	qsort(chains->at, chains->count, sizeof *chains->at, compare_firsts);
	HTML(html, "<section id=\"certificates\" aria-labelledby=\"certificates-title\">\n"
		   "<h2 id=\"certificates-title\">Certificates</h2>\n");
	if (!chains->count)
		HTML(html, "<p>None were to be seen: without keys those of TLS 1.3 are encrypted, and a resumed handshake has "
			   "none.</p>\n");
	for (size_t i = 0, count; i < chains->count; i += count) {
		count = count_same(chains, i);
		if (written++ < HTML_CHAINS)
			write_chain(page, &chains->at[i], count);
		else
			left_out++;
	}
	if (left_out) {
		HTML(html, "<p class=\"left-out\">");
		html_words(html, "… and %zu more chains, which are not in this page: the JSON trace has them.", left_out);
		HTML(html, "</p>\n");
	}
	HTML(html, "</section>\n");
}
