/* What a trace of the seed library told of a record. */
#include "cli/json/json_trace.h"

void json_put_seed(struct json *json, const struct output *output, const struct trace_seed *seed)
{
	if (!seed)
		return;
	json_begin_object(json, "goTrace");
	json_put_optional_id(json, "traceID", seed->id);
	if (output_input_count(output) > 1)
		json_uint(json, "file", seed->input);
	json_optional_bool(json, "alone", seed->alone);
	json_begin_optional_array(json, "filled");
	for (int i = 0; i < TRACE_SEED_MEMBER_COUNT; i++)
		if (seed->filled >> i & 1)
			json_text(json, NULL, trace_seed_member_text((enum trace_seed_member)i));
	json_end(json);
	json_end(json);
}

static void write_op(struct json *json, const struct output *output, const struct trace_socket_op *op)
{
	json_begin_object(json, NULL);
	json_text(json, "type", trace_socket_op_type_text(op->type));
	json_put_timestamp(json, output, "callAt", op->call);
	json_put_timestamp(json, output, "returnAt", op->returned);
	json_optional_string(json, "returnErr", op->error);
	json_optional_string(json, "remoteAddr", op->remote_address);
	json_uint(json, "dataLen", op->size);
	json_end(json);
}

void json_write_socket_trace(struct json *json, const struct output *output, const struct trace_seed *seed)
{
	if (!seed || !seed->socket_op_count)
		return;
	json_begin_object(json, "socketTrace");
	json_begin_array(json, "socketOps");
	for (size_t i = 0; i < seed->socket_op_count; i++)
		write_op(json, output, &seed->socket_ops[i]);
	json_end(json);
	json_end(json);
}
