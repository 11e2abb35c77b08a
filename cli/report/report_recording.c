/* Lines of the report's head about a recording: the session, the command that ran in it, what it misses. */
#include "cli/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 10 };

static void print_text(struct report *report, const char *before, const char *text)
{
	if (!text || !*text)
		return;
	fputs(before, report->out);
	report_text(report, bytes_of(text));
}

static void print_session(struct report *report, const struct recording_session *session)
{
	report_begin_head(report, "session");
	fprintf(report->out, "%" PRId64, session->id);
	print_text(report, ", on ", session->host);
	if (session->source && strcmp(session->source, "live") != 0)
		print_text(report, ", imported from ", session->source);
	print_text(report, ", filter ", session->filter);
	print_text(report, ", ended by ", session->end_reason);
	if (session->end == NT_TIME_NONE)
		report_bad(report, ", without an end: still running, or it crashed");
	report_end_line(report);
}

static void print_command(struct report *report, const struct recording_session *session)
{
	char duration[TEXT_SIZE], *command;

	if (!session->command)
		return;
	command = text_command(session->command, report->output->secrets);
	report_begin_head(report, "command");
	report_text(report, bytes_of(command));
	free(command);
	if (session->command_begin != NT_TIME_NONE && session->command_end != NT_TIME_NONE)
		fprintf(report->out, ", %s", text_between(session->command_begin, session->command_end, duration));
	if (session->has_exit_status && session->exit_status)
		report_bad(report, ", status %d", session->exit_status);
	else if (session->has_exit_status)
		fputs(", status 0", report->out);
	report_end_line(report);
}

static void print_event(struct report *report, const struct recording_event *event, bool is_first)
{
	char time[TEXT_SIZE];

	report_begin_head(report, is_first ? "events" : "");
	report_bad_text(report, bytes_of(event->kind));
	print_text(report, " ", event->subject);
	if (event->count)
		fprintf(report->out, " (%" PRId64 ")", event->count);
	if (event->time != NT_TIME_NONE && report->output->begin != NT_TIME_NONE && event->time >= report->output->begin)
		fprintf(report->out, ", after %s", text_between(report->output->begin, event->time, time));
	print_text(report, ": ", event->text);
	report_end_line(report);
}

static void print_events(struct report *report, const struct output_recording *recording)
{
	size_t shown = recording->event_count;

	if (!report->verbose && shown > EVENTS)
		shown = EVENTS;
	for (size_t i = 0; i < shown; i++)
		print_event(report, &recording->events[i], i == 0);
	if (shown < recording->event_count) {
		report_begin_head(report, "");
		fprintf(report->out, "… and %zu more", recording->event_count - shown);
		report_end_line(report);
	}
}

static void print_statistics(struct report *report, const struct recording_statistics *row, bool is_first)
{
	report_begin_head(report, is_first ? "captured" : "");
	print_text(report, "", row->subject);
	fprintf(report->out, ": %" PRIu64 " of %" PRIu64, row->captured, row->received);
	if (row->dropped_by_kernel)
		report_bad(report, ", %" PRIu64 " dropped by the kernel", row->dropped_by_kernel);
	if (row->dropped_by_interface)
		report_bad(report, ", %" PRIu64 " dropped by the interface", row->dropped_by_interface);
	if (row->lost)
		report_bad(report, ", %" PRIu64 " lost", row->lost);
	report_end_line(report);
}

void report_recording(struct report *report)
{
	const struct output_recording *recording = report->output->recording;
	bool any = false;

	if (!recording)
		return;
	print_session(report, recording->session);
	print_command(report, recording->session);
	for (size_t i = 0; i < recording->statistics_count; i++) {
		const struct recording_statistics *row = &recording->statistics[i];

		if (!report->verbose && row->dropped_by_kernel + row->dropped_by_interface + row->lost == 0)
			continue;
		print_statistics(report, row, !any);
		any = true;
	}
	print_events(report, recording);
}
