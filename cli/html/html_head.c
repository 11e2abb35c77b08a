/* From <!DOCTYPE> to the begin of the body: the policy, the style, the title and the ways into the page. */
#include "cli/html/html_page.h"

#include "cli/timestamp.h"
#include "cli/version.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* 'sha256-…' of CSP Level 3: the SHA-256 of what stands in the element, in base64. */
static void write_hash(struct html *html, struct bytes text)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	char encoded[EVP_MAX_MD_SIZE * 2];

	if (EVP_Digest(text.at, text.size, digest, &size, EVP_sha256(), NULL) != 1)
		return; /* nothing runs then, and the page is still to be read */
	EVP_EncodeBlock((uint8_t *)encoded, digest, (int)size);
	fprintf(html->out, "'sha256-%s'", encoded);
}

static void write_policy(struct html *html, struct bytes style)
{
	HTML(html, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ");
	write_hash(html, style);
	HTML(html, "; script-src ");
	write_hash(html, html_script());
	HTML(html, "; base-uri 'none'; form-action 'none'\">\n");
}

/* page.css with what belongs to the columns; the caller frees it. */
static char *make_style(size_t *size)
{
	const struct bytes css = html_css();
	char *style = NULL;
	FILE *out = open_memstream(&style, size);

	if (!out)
		return NULL;
	fwrite(css.at, 1, css.size, out);
	html_columns_style(out);
	fclose(out);
	return style;
}

/* ---- the title ---- */

static void write_facts(struct html_page *page)
{
	struct html *html = &page->html;
	const struct output *output = &page->output;
	char text[TEXT_SIZE];

	HTML(html, "<p class=\"facts\">");
	if (output_packets_read(output) && output_first_time(output) == NT_TIME_NONE)
		html_words(html, "Time not known: the packets have none");
	else if (output->begin != NT_TIME_NONE)
		html_words(html, "%s", text_time(output->begin, text));
	if (output->begin != NT_TIME_NONE && output->end != NT_TIME_NONE) {
		HTML(html, " <span>");
		html_words(html, "%s", text_between(output->begin, output->end, text));
		HTML(html, "</span>");
	}
	HTML(html, " <span>");
	html_count(page, output_packets_read(output), "packet");
	HTML(html, "</span>");
	for (size_t i = 0; i < output_input_count(output); i++) {
		const struct capture_input *input = output_input(output, i);

		if (!input->damage.damaged)
			continue;
		HTML(html, " <a class=\"bad\" href=\"#capture\">");
		html_words(html, "damaged input");
		HTML(html, "</a>");
		break;
	}
	HTML(html, "</p>\n");
}

static void write_way(struct html_page *page, const char *anchor, const char *title, size_t count, bool counted)
{
	struct html *html = &page->html;

	HTML(html, "<li><a href=\"#");
	html_words(html, "%s", anchor);
	HTML(html, "\">");
	html_words(html, "%s", title);
	if (counted) {
		HTML(html, " <span>");
		html_words(html, "%zu", count);
		HTML(html, "</span>");
	}
	HTML(html, "</a>");
}

static void write_ways(struct html_page *page)
{
	struct html *html = &page->html;

	HTML(html, "<nav aria-label=\"Parts of this page\"><ul>\n");
	write_way(page, "findings", "Findings", page->list->finding_count, true);
	write_way(page, "waterfall", "Waterfall", 0, false);
	if (html_record_count(page, HTML_HTTP))
		write_way(page, "timing", "Where the time went", 0, false);
	for (int kind = 0; kind < HTML_KINDS; kind++) {
		size_t count = html_record_count(page, (enum html_kind)kind);

		if (count)
			write_way(page, html_kind_anchor((enum html_kind)kind), html_kind_title((enum html_kind)kind), count, true);
	}
	if (html_record_count(page, HTML_TLS))
		write_way(page, "certificates", "Certificates", 0, false);
	write_way(page, "capture", "Capture", 0, false);
	HTML(html, "</ul></nav>\n");
}

void html_head(struct html_page *page)
{
	struct html *html = &page->html;
	struct bytes style = { 0 };
	char *text = make_style(&style.size);

	style.at = (const uint8_t *)text;
	HTML(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	write_policy(html, style);
	HTML(html, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		   "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
		   "<meta name=\"generator\" content=\"nettrace-analyze " NETTRACE_VERSION "\">\n<title>");
	html_words(html, "nettrace: %s", page->output.description);
	HTML(html, "</title>\n<style>");
	fwrite(style.at, 1, style.size, html->out);
	HTML(html, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#findings\">To the findings</a>\n"
		   "<header>\n<p class=\"brand\">nettrace</p>\n<h1>");
	html_text(html, bytes_of(page->output.description));
	HTML(html, "</h1>\n");
	free(text);
	write_facts(page);
	HTML(html, "</header>\n");
	write_ways(page);
	HTML(html, "<main>\n");
}
