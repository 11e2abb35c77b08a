#include "cli/json/json_trace.h"
#include "cli/timestamp.h"

/* ---- times ---- */

void json_put_timestamp(struct json *json, const struct output *output, const char *name, nt_time time)
{
	char text[TIMESTAMP_SIZE];

	json_text(json, name, timestamp_text(output->begin, time, text));
}

void json_put_absolute(struct json *json, const char *name, nt_time time)
{
	char text[TIMESTAMP_SIZE];

	if (time != NT_TIME_NONE)
		json_text(json, name, timestamp_absolute_text(time, text));
}

/* false if one of them is not known. */
static bool time_between(nt_time from, nt_time to, int64_t *nanoseconds)
{
	return from != NT_TIME_NONE && to != NT_TIME_NONE && !__builtin_sub_overflow(to, from, nanoseconds);
}

void json_put_offset(struct json *json, const struct output *output, const char *name, nt_time time)
{
	int64_t after;

	if (!time_between(output->begin, time, &after))
		return;
	json_int(json, name, after / NT_MICROSECOND - (after % NT_MICROSECOND < 0));
}

void json_put_duration(struct json *json, const char *name, int64_t microseconds)
{
	if (microseconds >= 0)
		json_int(json, name, microseconds);
}

void json_put_interval(struct json *json, const char *name, nt_time from, nt_time to)
{
	int64_t between;

	if (time_between(from, to, &between) && between >= 0)
		json_int(json, name, between / NT_MICROSECOND);
}

/* ---- references ---- */

void json_put_id(struct json *json, const char *name, trace_id id)
{
	json_begin_string(json, name);
	if (id != 0) {
		json_add_string(json, BYTES("tid-"));
		json_add_uint(json, id);
	}
	json_end_string(json);
}

void json_put_optional_id(struct json *json, const char *name, trace_id id)
{
	if (id != 0)
		json_put_id(json, name, id);
}

/* Only at the limit can a record be missing that was not left out on request. */
static bool some_are_missing(const struct output *output)
{
	return !output->as_lines && output->hits->count[LIMIT_RECORDS_HIT] > 0;
}

trace_id json_dial_shown(const struct output *output, trace_id id)
{
	if (some_are_missing(output) && !trace_find_dial(output->list, id))
		return 0;
	return output->omit.dials ? 0 : id;
}

trace_id json_tcp_shown(const struct output *output, trace_id id)
{
	if (some_are_missing(output) && !trace_find_tcp_conn(output->list, id))
		return 0;
	return output->omit.tcp ? 0 : id;
}

trace_id json_udp_shown(const struct output *output, trace_id id)
{
	if (some_are_missing(output) && !trace_find_udp_conn(output->list, id))
		return 0;
	return output->omit.udp ? 0 : id;
}

trace_id json_tls_shown(const struct output *output, trace_id id)
{
	if (some_are_missing(output) && !trace_find_tls_tunnel(output->list, id))
		return 0;
	return output->omit.tls ? 0 : id;
}

trace_id json_http_shown(const struct output *output, trace_id id)
{
	if (some_are_missing(output) && !trace_find_http_request(output->list, id))
		return 0;
	return output->omit.http ? 0 : id;
}

trace_id json_conn_shown(const struct output *output, trace_id id)
{
	if (some_are_missing(output))
		return json_tcp_shown(output, id) | json_udp_shown(output, id); /* at most one of them has it */
	if (output->omit.tcp == output->omit.udp)
		return output->omit.tcp ? 0 : id;
	if (output->as_lines)
		return id; /* of which kind it is was not kept */
	return (trace_find_udp_conn(output->list, id) != NULL) == output->omit.udp ? 0 : id;
}

/* ---- addresses ---- */

static bool has_colon(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] == ':')
			return true;
	return false;
}

void json_put_host_port(struct json *json, const char *name, struct bytes host, uint16_t port)
{
	bool brackets = port != 0 && has_colon(host);

	json_begin_string(json, name);
	if (brackets)
		json_add_string(json, BYTES("["));
	json_add_string(json, host);
	if (brackets)
		json_add_string(json, BYTES("]"));
	if (port != 0) {
		json_add_string(json, BYTES(":"));
		json_add_uint(json, port);
	}
	json_end_string(json);
}

void json_put_address_port(struct json *json, const char *name, uint8_t ip_version, const struct ip_address *address, uint16_t port)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	json_put_host_port(json, name, bytes_of(ip_address_text(ip_version, address, text)), port);
}

void json_put_tuple(struct json *json, const char *name, const struct address_tuple *tuple)
{
	json_begin_object(json, name);
	json_put_address_port(json, "srcIP", tuple->ip_version, &tuple->source, 0);
	json_uint(json, "srcPort", tuple->source_port);
	json_put_address_port(json, "dstIP", tuple->ip_version, &tuple->destination, 0);
	json_uint(json, "dstPort", tuple->destination_port);
	json_end(json);
}

/* ---- what several kinds of records have in `wire` ---- */

void json_put_evidence(struct json *json, const char *name, enum trace_evidence evidence)
{
	if (evidence != TRACE_BY_NOTHING)
		json_text(json, name, trace_evidence_text(evidence));
}

void json_put_interface(struct json *json, const struct output *output, uint32_t interface)
{
	size_t count = output_interface_count(output);
	const char *name;

	if (interface >= count)
		return;
	name = output_interface(output, interface)->name;
	if (name && name[0])
		json_text(json, "interface", name);
	else if (count > 1)
		json_uint(json, "interfaceId", interface);
}

void json_put_packets(struct json *json, const struct output *output, const struct json_packet *packets, size_t count)
{
	bool several = output_input_count(output) > 1, has_file = false;
	uint64_t file = 0;

	for (size_t i = 0; i < count; i++) {
		struct packet_ref packet = packets[i].packet;

		if (packet.number == 0)
			continue;
		json_uint(json, packets[i].name, packet.number);
		if (!several)
			continue;
		if (!has_file) {
			json_uint(json, "file", packet.file);
			file = packet.file;
			has_file = true;
		} else if (packet.file != file) {
			json_uint(json, packets[i].file_name, packet.file);
		}
	}
}

void json_put_packet(struct json *json, const struct output *output, struct packet_ref packet)
{
	json_put_packets(json, output, &(struct json_packet){ "packet", "file", packet }, 1);
}

void json_put_first_last(struct json *json, const struct output *output, struct packet_ref first, struct packet_ref last)
{
	const struct json_packet packets[] = { { "firstPacket", "firstPacketFile", first },
					       { "lastPacket", "lastPacketFile", last } };

	json_put_packets(json, output, packets, 2);
}

void json_put_icmp(struct json *json, const struct output *output, uint8_t type, uint8_t code, struct packet_ref packet)
{
	if (packet.number == 0)
		return;
	json_begin_object(json, "icmp");
	json_uint(json, "type", type);
	json_uint(json, "code", code);
	json_put_packet(json, output, packet);
	json_end(json);
}

void json_put_views(struct json *json, const struct output *output, const struct trace_view *views, size_t count)
{
	json_begin_optional_array(json, "views");
	for (size_t i = 0; i < count; i++) {
		const struct json_packet packets[] = {
			{ "firstPacket", "firstPacketFile", views[i].first_packet },
			{ "lastPacket", "lastPacketFile", views[i].last_packet },
		};

		json_begin_object(json, NULL);
		json_put_packets(json, output, packets, sizeof packets / sizeof packets[0]);
		json_put_interface(json, output, views[i].interface);
		json_put_tuple(json, "addrTuple", &views[i].tuple);
		json_end(json);
	}
	json_end(json);
}
