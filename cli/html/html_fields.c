/* Values that several parts of the page show. */
#include "cli/html/html_page.h"

#include <inttypes.h>
#include <string.h>

void html_id(struct html_page *page, trace_id id)
{
	html_words(&page->html, "tid-%" PRIu32, id);
}

void html_link(struct html_page *page, trace_id id)
{
	struct html *html = &page->html;
	bool shown = html_is_shown(page, id);

	if (!id)
		return;
	if (shown) {
		HTML(html, "<a href=\"#");
		html_id(page, id);
		HTML(html, "\">");
	}
	html_id(page, id);
	if (shown)
		HTML(html, "</a>");
}

static void write_packet(struct html_page *page, struct packet_ref packet, bool with_file)
{
	if (with_file)
		html_words(&page->html, "%u:", (unsigned)packet.file + 1);
	html_words(&page->html, "#%" PRIu64, (uint64_t)packet.number);
}

void html_packet(struct html_page *page, struct packet_ref packet)
{
	write_packet(page, packet, page->report.many_inputs);
}

void html_packets(struct html_page *page, struct packet_ref first, struct packet_ref last)
{
	if (!first.number)
		return;
	html_packet(page, first);
	if (!last.number || (last.number == first.number && last.file == first.file))
		return;
	html_words(&page->html, "–");
	write_packet(page, last, last.file != first.file);
}

void html_offset(struct html_page *page, nt_time time)
{
	int64_t offset;

	if (time != NT_TIME_NONE && page->output.begin != NT_TIME_NONE &&
	    !__builtin_sub_overflow(time, page->output.begin, &offset))
		html_words(&page->html, "%+.6f", (double)(offset / NT_MICROSECOND) / 1e6);
}

void html_duration(struct html_page *page, int64_t microseconds)
{
	char text[TEXT_SIZE];

	if (microseconds >= 0)
		html_words(&page->html, "%s", text_duration(microseconds, text));
}

void html_between(struct html_page *page, nt_time from, nt_time to)
{
	int64_t between;

	if (from != NT_TIME_NONE && to != NT_TIME_NONE && !__builtin_sub_overflow(to, from, &between) && between >= 0)
		html_duration(page, between / NT_MICROSECOND);
}

void html_endpoint(struct html_page *page, uint8_t ip_version, const struct ip_address *address, uint16_t port)
{
	char text[REPORT_ENDPOINT_SIZE];

	html_words(&page->html, "%s", report_endpoint(ip_version, address, port, text));
}

void html_address(struct html_page *page, uint8_t ip_version, const struct ip_address *address)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	html_words(&page->html, "%s", ip_address_text(ip_version, address, text));
}

void html_host_port(struct html_page *page, struct bytes host, uint16_t port)
{
	struct html *html = &page->html;
	bool brackets = port && host.size && memchr(host.at, ':', host.size);

	html_words(html, "%s", brackets ? "[" : "");
	html_text(html, host);
	html_words(html, "%s", brackets ? "]" : "");
	if (port)
		html_words(html, ":%u", port);
}

void html_count(struct html_page *page, uint64_t count, const char *what)
{
	html_words(&page->html, "%" PRIu64 " %s%s", count, what, report_plural(count));
}
