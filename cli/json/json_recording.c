#include "cli/json/json_trace.h"
#include "cli/text.h"

static void write_command(struct json *json, const struct output *output, const struct recording_session *session)
{
	size_t arguments;

	if (!session->command)
		return;
	json_begin_object(json, "command");
	json_string(json, "program", text_program(session->command, &arguments));
	if (output->secrets)
		json_text(json, "line", session->command);
	json_put_absolute(json, "begin", session->command_begin);
	json_put_absolute(json, "end", session->command_end);
	if (session->has_exit_status)
		json_int(json, "exitStatus", session->exit_status);
	json_end(json);
}

static void write_event(struct json *json, const struct output *output, const struct recording_event *event)
{
	json_begin_object(json, NULL);
	json_put_timestamp(json, output, "at", event->time);
	json_text(json, "kind", event->kind ? event->kind : "");
	json_optional_text(json, "subject", event->subject);
	if (event->count)
		json_int(json, "count", event->count);
	json_optional_text(json, "text", event->text);
	json_end(json);
}

static void write_statistics(struct json *json, const struct recording_statistics *row)
{
	json_begin_object(json, NULL);
	json_text(json, "subject", row->subject ? row->subject : "");
	json_uint(json, "received", row->received);
	json_uint(json, "captured", row->captured);
	json_optional_uint(json, "droppedByKernel", row->dropped_by_kernel);
	json_optional_uint(json, "droppedByInterface", row->dropped_by_interface);
	json_optional_uint(json, "lost", row->lost);
	json_end(json);
}

void json_write_recording(struct json *json, const struct output *output)
{
	const struct output_recording *recording = output->recording;
	const struct recording_session *session;

	if (!recording)
		return;
	session = recording->session;
	json_begin_object(json, "session");
	json_int(json, "id", session->id);
	json_put_absolute(json, "begin", session->begin);
	json_put_absolute(json, "end", session->end);
	json_optional_text(json, "endReason", session->end_reason);
	json_optional_text(json, "host", session->host);
	json_optional_text(json, "kernel", session->kernel);
	json_optional_text(json, "programVersion", session->program_version);
	json_optional_text(json, "source", session->source);
	json_optional_text(json, "filter", session->filter);
	write_command(json, output, session);
	json_begin_optional_array(json, "events");
	for (size_t i = 0; i < recording->event_count; i++)
		write_event(json, output, &recording->events[i]);
	json_end(json);
	json_begin_optional_array(json, "statistics");
	for (size_t i = 0; i < recording->statistics_count; i++)
		write_statistics(json, &recording->statistics[i]);
	json_end(json);
	json_end(json);
}
