/* Lines of the report's head about the device that an archive is from. */
#include "cli/context.h"
#include "cli/report/report.h"

#include <inttypes.h>
#include <string.h>

/* Without -v: what says most about why something cannot be reached, and so much of it. */
static const struct {
	const char *kind, *title;
	size_t most;
} shown[] = {
	{ "device", "device", 2 },     { "resolver", "resolver", 4 }, { "lease", "lease", 0 }, { "addresses", "address", 0 },
	{ "links", "links", 0 },       { "neighbours", "ARP", 6 },    { "rules", "rules", 0 }, { "routes", "routes", 6 },
	{ "firewall", "firewall", 0 }, { "sockets", "sockets", 0 },   { "log", "log", 10 },
};

static const char *short_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static bool is_worse_than_info(struct bytes severity)
{
	static const char *const words[] = { "warning", "warn",     "error", "err",   "fatal",
					     "crit",    "critical", "alert", "emerg", "panic" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_equal_nocase(severity, bytes_of(words[i])))
			return true;
	return false;
}

static void print_line(struct report *report, const char *title, const struct context_line *line)
{
	char text[TEXT_SIZE];

	report_begin_head(report, title);
	if (line->at != NT_TIME_NONE)
		fprintf(report->out, "%s ", text_time(line->at, text));
	if (line->severity.size) {
		report_text(report, line->severity);
		fputc(' ', report->out);
	}
	if (line->source.size) {
		report_text(report, line->source);
		fputs(": ", report->out);
	}
	report_text(report, line->text);
}

/* How many lines of a file were printed. */
static size_t print_file(struct report *report, const char *title, const struct context_file *file, size_t most)
{
	size_t printed = 0, hidden = 0;

	for (size_t i = 0; i < file->count; i++) {
		const struct context_line *line = &file->lines[i];

		if (!report->verbose && line->at != NT_TIME_NONE && !is_worse_than_info(line->severity))
			continue;
		if (printed == most) {
			hidden++;
			continue;
		}
		print_line(report, printed ? "" : title, line);
		if (printed++ == 0)
			fprintf(report->out, "  (%s)", short_name(file->name));
		report_end_line(report);
	}
	if (printed && hidden + file->left_out) {
		report_begin_head(report, "");
		fprintf(report->out, "… and %" PRIu64 " more lines", (uint64_t)hidden + file->left_out);
		report_end_line(report);
	}
	return printed;
}

void report_context(struct report *report)
{
	for (size_t kind = 0; kind < sizeof shown / sizeof *shown; kind++) {
		const size_t most = report->verbose ? SIZE_MAX : shown[kind].most;
		bool any = false;

		for (size_t i = 0; most && i < context_file_count(report->output->context); i++) {
			const struct context_file *file = context_file(report->output->context, i);

			if (strcmp(file->kind, shown[kind].kind) == 0)
				any |= print_file(report, any ? "" : shown[kind].title, file, most) > 0;
		}
	}
}
