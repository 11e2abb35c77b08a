/*
 * The columns of the tables of records, and what the style must know of them: their widths, which are figures, and on narrow screens, where
 * a row becomes a card, their names and which need all of its width.
 */
#include "cli/html/html_page.h"

enum { MOST_COLUMNS = 12 };

struct column {
	const char *name;
	const char *track; /* of the CSS grid that a row is */
	bool is_figure, is_wide;
};

/* clang-format off */
#define ID            { "ID", "4.3rem", false, false }
#define BEGIN         { "Begin, s", "5.2rem", true, false }
#define TIME(name)    { name, "4.4rem", true, false }
#define FIGURE(name)  { name, "4.2rem", true, false }
#define TEXT(name, t) { name, t, false, false }
#define WIDE(name, t) { name, t, false, true }
#define PACKETS       { "Packets", "5.4rem", false, false }
#define PART(n)       "minmax(0, " #n "fr)"

static const struct column columns[HTML_KINDS][MOST_COLUMNS] = {
	[HTML_DIALS] = { ID, BEGIN, TIME("Duration"), TEXT("Client", PART(3)), WIDE("Destination", PART(6)), WIDE("Outcome", PART(7)),
			 TEXT("Name by", "5rem"), TEXT("Connections, DNS", PART(4)), PACKETS },
	[HTML_HTTP] = { ID, BEGIN, TIME("Duration"), TEXT("Request", "4.4rem"), WIDE("URL", PART(5)), FIGURE("Status"),
			FIGURE("Body, B"), WIDE("What happened, where the time went", PART(6)), TEXT("On", "4.4rem"), PACKETS },
	[HTML_TLS] = { ID, BEGIN, TIME("Duration"), WIDE("Server name", PART(4)), WIDE("Agreed on", PART(4)),
		       WIDE("What happened", PART(6)), TEXT("Chain", "5.6rem"), FIGURE("Sent, B"), FIGURE("Recv, B"),
		       TEXT("On", "4.4rem"), PACKETS },
	[HTML_DNS] = { ID, BEGIN, TIME("Longest"), WIDE("Asked and answered", PART(8)), TEXT("Name server", PART(3)),
		       TEXT("Over", "3.2rem"), FIGURE("Messages"), TEXT("On", "4.4rem"), TEXT("Dial", "4.4rem"), PACKETS },
	[HTML_TCP] = { ID, BEGIN, TIME("Duration"), TEXT("Client", "minmax(8rem, 3fr)"), TEXT("Server", "minmax(8rem, 3fr)"),
		       WIDE("What happened", PART(7)), TIME("RTT"), FIGURE("Sent, B"), FIGURE("Recv, B"), TEXT("Dial", "4.4rem"),
		       PACKETS },
	[HTML_UDP] = { ID, BEGIN, TIME("Duration"), TEXT("Client", "minmax(8rem, 3fr)"), TEXT("Server", "minmax(8rem, 3fr)"),
		       WIDE("What happened", PART(7)), FIGURE("Sent, B"), FIGURE("Recv, B"), TEXT("Dial", "4.4rem"), PACKETS },
};
/* clang-format on */

void html_column_heads(struct html_page *page, enum html_kind kind)
{
	struct html *html = &page->html;

	for (size_t i = 0; i < MOST_COLUMNS && columns[kind][i].name; i++) {
		if (columns[kind][i].is_figure)
			HTML(html, "<th scope=\"col\" class=\"figure\">");
		else
			HTML(html, "<th scope=\"col\">");
		html_words(html, "%s", columns[kind][i].name);
	}
}

static void write_tracks(FILE *out, enum html_kind kind)
{
	fprintf(out, ".%s{--columns:", html_kind_anchor(kind));
	for (size_t i = 0; i < MOST_COLUMNS && columns[kind][i].name; i++)
		fprintf(out, " %s", columns[kind][i].track);
	fputs("}\n", out);
}

static void write_cards(FILE *out, enum html_kind kind)
{
	for (size_t i = 1; i < MOST_COLUMNS && columns[kind][i].name; i++) {
		fprintf(out, ".%s td:nth-child(%zu)::before{content:\"%s\"}\n", html_kind_anchor(kind), i + 1,
			columns[kind][i].name);
		if (columns[kind][i].is_wide)
			fprintf(out, ".%s td:nth-child(%zu){grid-column:1/-1}\n", html_kind_anchor(kind), i + 1);
	}
}

static void write_figures(FILE *out, enum html_kind kind)
{
	for (size_t i = 0; i < MOST_COLUMNS && columns[kind][i].name; i++)
		if (columns[kind][i].is_figure)
			fprintf(out, ".%s td:nth-child(%zu){text-align:right}\n", html_kind_anchor(kind), i + 1);
}

/* The width at which page.css, too, makes rows of cards and cards of rows. */
void html_columns_style(FILE *out)
{
	for (int kind = 0; kind < HTML_KINDS; kind++)
		write_tracks(out, (enum html_kind)kind);
	fputs("@media (min-width:70.01rem){\n", out);
	for (int kind = 0; kind < HTML_KINDS; kind++)
		write_figures(out, (enum html_kind)kind);
	fputs("}\n@media (max-width:70rem){\n", out);
	for (int kind = 0; kind < HTML_KINDS; kind++)
		write_cards(out, (enum html_kind)kind);
	fputs("}\n", out);
}
