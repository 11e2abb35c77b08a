/* What a device archive says about the device. */
#include "cli/context.h"
#include "cli/json/json_trace.h"

static void write_line(struct json *json, const struct output *output, const struct context_line *line)
{
	json_begin_object(json, NULL);
	if (line->at != NT_TIME_NONE)
		json_put_timestamp(json, output, "at", line->at);
	json_optional_string(json, "severity", line->severity);
	json_optional_string(json, "source", line->source);
	json_string(json, "text", line->text);
	json_end(json);
}

void json_write_context(struct json *json, const struct output *output)
{
	json_begin_optional_array(json, "context");
	for (size_t i = 0; i < context_file_count(output->context); i++) {
		const struct context_file *file = context_file(output->context, i);

		json_begin_object(json, NULL);
		json_text(json, "name", file->name);
		json_text(json, "kind", file->kind);
		json_begin_array(json, "lines");
		for (size_t k = 0; k < file->count; k++)
			write_line(json, output, &file->lines[k]);
		json_end(json);
		json_optional_uint(json, "leftOut", file->left_out);
		json_end(json);
	}
	json_end(json);
}
