/* Members of spans, in the JSON of OTLP: identifiers in hexadecimal, numbers of 64 bits as text, enumerations as numbers. */
#include "cli/otlp/otlp_parts.h"

/* ---- values ---- */

static void put_hex(struct json *json, const char *name, const uint8_t *bytes, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	char text[2 * 16];

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = hex[bytes[i] >> 4];
		text[2 * i + 1] = hex[bytes[i] & 15];
	}
	json_string(json, name, (struct bytes){ (const uint8_t *)text, 2 * size });
}

static void put_number(struct json *json, const char *name, uint64_t value)
{
	json_begin_string(json, name);
	json_add_uint(json, value);
	json_end_string(json);
}

static void begin_attribute(struct json *json, const char *key)
{
	json_begin_object(json, NULL);
	json_text(json, "key", key);
	json_begin_object(json, "value");
}

static void end_attribute(struct json *json)
{
	json_end(json);
	json_end(json);
}

void otlp_put_string(struct json *json, const char *key, struct bytes value)
{
	if (!value.size)
		return;
	begin_attribute(json, key);
	json_string(json, "stringValue", value);
	end_attribute(json);
}

void otlp_put_text(struct json *json, const char *key, const char *value)
{
	otlp_put_string(json, key, bytes_of(value));
}

void otlp_put_int(struct json *json, const char *key, uint64_t value)
{
	begin_attribute(json, key);
	put_number(json, "intValue", value);
	end_attribute(json);
}

void otlp_put_bool(struct json *json, const char *key, bool value)
{
	begin_attribute(json, key);
	json_bool(json, "boolValue", value);
	end_attribute(json);
}

void otlp_put_id(struct json *json, const char *key, trace_id id)
{
	begin_attribute(json, key);
	json_put_id(json, "stringValue", id);
	end_attribute(json);
}

void otlp_put_address(struct json *json, const char *key, uint8_t ip_version, const struct ip_address *address)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	otlp_put_text(json, key, ip_address_text(ip_version, address, text));
}

void otlp_begin_array(struct json *json, const char *key)
{
	begin_attribute(json, key);
	json_begin_object(json, "arrayValue");
	json_begin_array(json, "values");
}

void otlp_end_array(struct json *json)
{
	json_end(json);
	json_end(json);
	end_attribute(json);
}

/* ---- attributes of several kinds of spans ---- */

void otlp_put_server(struct json *json, struct bytes host, uint16_t port)
{
	otlp_put_string(json, "server.address", host);
	if (port)
		otlp_put_int(json, "server.port", port);
}

void otlp_put_connection(struct json *json, const struct address_tuple *tuple, const char *transport)
{
	otlp_put_address(json, "network.peer.address", tuple->ip_version, &tuple->destination);
	otlp_put_int(json, "network.peer.port", tuple->destination_port);
	otlp_put_address(json, "network.local.address", tuple->ip_version, &tuple->source);
	otlp_put_int(json, "network.local.port", tuple->source_port);
	otlp_put_text(json, "network.transport", transport);
	otlp_put_text(json, "network.type", tuple->ip_version == 6 ? "ipv6" : "ipv4");
}

void otlp_put_packets(struct otlp *otlp, struct packet_ref first, struct packet_ref last)
{
	if (!first.number)
		return;
	otlp_put_int(otlp->json, "nettrace.packet.first", first.number);
	if (last.number)
		otlp_put_int(otlp->json, "nettrace.packet.last", last.number);
	if (output_input_count(otlp->output) > 1)
		otlp_put_int(otlp->json, "nettrace.file", first.file);
}

void otlp_put_error_type(struct json *json, const struct trace_finding *cause)
{
	otlp_put_text(json, "error.type", cause ? finding_code_text(cause->code) : "_OTHER");
}

/* ---- members ---- */

enum { HAS_IS_REMOTE = 0x100, IS_REMOTE = 0x200 }; /* SpanFlags */

void otlp_begin_span(struct otlp *otlp, const struct otlp_span *span)
{
	struct json *json = otlp->json;

	json_begin_object(json, NULL);
	put_hex(json, "traceId", span->trace_id, sizeof span->trace_id);
	put_hex(json, "spanId", span->id, sizeof span->id);
	if (span->has_parent)
		put_hex(json, "parentSpanId", span->parent, sizeof span->parent);
	if (span->is_remote)
		json_uint(json, "flags", span->flags | HAS_IS_REMOTE | IS_REMOTE);
}

void otlp_put_times(struct otlp *otlp, const struct otlp_span *span)
{
	json_uint(otlp->json, "kind", (uint64_t)span->kind);
	put_number(otlp->json, "startTimeUnixNano", (uint64_t)span->start);
	put_number(otlp->json, "endTimeUnixNano", (uint64_t)span->end);
}

static void put_finding_packets(struct otlp *otlp, const struct trace_finding *finding)
{
	struct json *json = otlp->json;
	const int lists = output_input_count(otlp->output) > 1 ? 2 : 1;

	if (!finding->packet_count)
		return;
	for (int of_files = 0; of_files < lists; of_files++) {
		otlp_begin_array(json, of_files ? "nettrace.finding.files" : "nettrace.finding.packets");
		for (size_t i = 0; i < finding->packet_count; i++) {
			json_begin_object(json, NULL);
			put_number(json, "intValue",
				   of_files ? finding->packets[i].packet.file : finding->packets[i].packet.number);
			json_end(json);
		}
		otlp_end_array(json);
	}
}

void otlp_put_event(struct otlp *otlp, const struct trace_finding *finding, const struct otlp_span *span)
{
	struct json *json = otlp->json;

	json_begin_object(json, NULL);
	put_number(json, "timeUnixNano", (uint64_t)(otlp_is_time(finding->at) ? finding->at : span->start));
	json_text(json, "name", finding_code_text(finding->code));
	json_begin_array(json, "attributes");
	otlp_put_text(json, "nettrace.finding.severity", finding_severity_text(finding->severity));
	otlp_put_string(json, "nettrace.finding.message", finding->message);
	if (finding->root_cause)
		otlp_put_bool(json, "nettrace.finding.root_cause", true);
	put_finding_packets(otlp, finding);
	if (finding->more)
		otlp_put_int(json, "nettrace.finding.count", finding->more + 1);
	json_end(json);
	json_end(json);
}

void otlp_put_events(struct otlp *otlp, trace_id id, const struct otlp_span *span)
{
	const struct links events = links_children(&otlp->events, id);

	json_begin_optional_array(otlp->json, "events");
	for (size_t i = 0; i < events.count; i++)
		otlp_put_event(otlp, &otlp->list->findings[events.at[i].index], span);
	json_end(otlp->json);
}

void otlp_put_failure(struct json *json, struct bytes message)
{
	enum { STATUS_CODE_ERROR = 2 };

	json_begin_object(json, "status");
	json_optional_string(json, "message", message);
	json_uint(json, "code", STATUS_CODE_ERROR);
	json_end(json);
}

void otlp_put_link(struct json *json, const struct otlp_span *to, const char *relation)
{
	json_begin_object(json, NULL);
	put_hex(json, "traceId", to->trace_id, sizeof to->trace_id);
	put_hex(json, "spanId", to->id, sizeof to->id);
	json_begin_array(json, "attributes");
	otlp_put_text(json, "nettrace.relation", relation);
	json_end(json);
	json_end(json);
}
