/* The page as a whole. */
#include "cli/html/html_page.h"

#include <stdlib.h>

/* ---- what the report tells ---- */

static struct bytes without_end(struct bytes text)
{
	while (text.size && text.at[text.size - 1] == ' ')
		text.size--;
	return text;
}

void html_listen(void *context, const struct report_said *said)
{
	struct html_page *page = context;
	struct html_told *told = &page->told;
	struct report_said *line;

	if (told->count == told->capacity) {
		told->capacity = told->capacity ? told->capacity * 2 : 64;
		told->lines = nt_realloc_array(told->lines, told->capacity, sizeof *told->lines);
	}
	line = &told->lines[told->count++];
	*line = *said;
	line->text = arena_copy(&told->texts, without_end(said->text));
	if (line->subject_size > line->text.size)
		line->subject_size = line->text.size;
	line->label = said->label ? said->label : "";
}

void html_forget(struct html_page *page)
{
	page->told.count = 0;
	arena_clear(&page->told.texts);
}

/* ---- all of it ---- */

static bool open_page(struct html_page *page, FILE *out, const struct output *output)
{
	page->html.out = out;
	page->output = *output;
	page->output.colour = true;
	page->output.verbose = false;
	page->list = output->list;
	page->report = (struct report){
		.output = &page->output,
		.list = output->list,
		.many_inputs = output_input_has_packets(output, 1),
		.entries_max = SIZE_MAX,
		.children_max = SIZE_MAX,
		.listener = html_listen,
		.context = page,
	};
	if (!report_open_lines(&page->report, NULL))
		return false;
	report_index_build(&page->report.index, &page->output);
	html_records_open(page);
	html_chains_open(page);
	page->axis = report_axis_all(&page->report);
	return true;
}

static void close_page(struct html_page *page)
{
	html_chains_close(page);
	html_records_close(page);
	report_index_clear(&page->report.index);
	report_close_lines(&page->report);
	free(page->told.lines);
	arena_free(&page->told.texts);
}

static void write_foot(struct html_page *page)
{
	struct html *html = &page->html;
	struct bytes script = html_script();

	HTML(html, "</main>\n<footer><p>Written by nettrace-analyze. Numbers after # are packet numbers, as Wireshark counts them"
		   " (<code>frame.number</code>); times count from the begin of the trace. This page loads nothing and sends"
		   " nothing.</p></footer>\n<script>");
	fwrite(script.at, 1, script.size, html->out);
	HTML(html, "</script>\n</body>\n</html>\n");
}

bool html_write(FILE *out, const struct output *output)
{
	struct html_page page = { 0 };

	if (!open_page(&page, out, output))
		return false;
	html_head(&page);
	html_findings(&page);
	html_waterfall(&page);
	html_timing(&page);
	html_tables(&page);
	html_chains(&page);
	html_capture(&page);
	write_foot(&page);
	close_page(&page);
	return !ferror(out);
}
