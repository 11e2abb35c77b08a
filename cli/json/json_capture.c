#include "cli/json/json_trace.h"
#include "cli/version.h"
#include "dissect/net/net.h"

static void write_damage(struct json *json, const struct capture_damage *damage)
{
	if (!damage->damaged)
		return;
	json_begin_object(json, "damage");
	json_uint(json, "byteOffset", damage->byte_offset);
	json_uint(json, "packetNumber", damage->packet_number);
	json_uint(json, "bytesLost", damage->bytes_lost);
	json_text(json, "reason", damage->text);
	json_end(json);
}

static void write_input(struct json *json, const struct capture_input *input)
{
	json_begin_object(json, NULL);
	json_text(json, "name", input->name);
	json_text(json, "format", input->format);
	json_optional_text(json, "compression", input->compression);
	json_uint(json, "packets", input->packets);
	json_uint(json, "bytes", input->bytes);
	json_optional_uint(json, "packetsCut", input->packets_cut);
	json_put_absolute(json, "first", input->first);
	json_put_absolute(json, "last", input->last);
	json_optional_uint(json, "dropped", input->dropped);
	json_optional_uint(json, "blocksSkipped", input->blocks_skipped);
	write_damage(json, &input->damage);
	json_end(json);
}

static void write_interface(struct json *json, const struct capture_interface *interface)
{
	char text[64];

	json_begin_object(json, NULL);
	json_uint(json, "id", interface->id);
	json_optional_text(json, "name", interface->name);
	json_optional_text(json, "description", interface->description);
	json_uint(json, "linkType", interface->link_type);
	json_optional_text(json, "linkTypeName", net_unknown_text(NET_LINK_TYPE, interface->link_type, text));
	json_optional_uint(json, "snaplen", interface->snaplen);
	json_uint(json, "file", interface->file);
	json_end(json);
}

static void write_inputs(struct json *json, const struct output *output)
{
	json_begin_array(json, "inputs");
	for (size_t i = 0; i < output_input_count(output); i++)
		write_input(json, output_input(output, i));
	json_end(json);
	json_begin_array(json, "interfaces");
	for (size_t i = 0; i < output_interface_count(output); i++)
		write_interface(json, output_interface(output, i));
	json_end(json);
}

static void write_packets(struct json *json, const struct output *output)
{
	const struct correlate_stats *stats = output->stats;

	json_begin_object(json, "packets");
	json_uint(json, "read", output_packets_read(output));
	json_uint(json, "filteredOut", output_filtered_out(output));
	json_uint(json, "ip", stats->ip_packets);
	json_uint(json, "tcp", stats->tcp_packets);
	json_uint(json, "udp", stats->udp_packets);
	json_uint(json, "icmp", stats->icmp_packets);
	json_uint(json, "cut", stats->cut_packets);
	json_uint(json, "fragments", stats->fragments);
	json_uint(json, "reassembled", stats->datagrams_reassembled);
	json_optional_uint(json, "fragmentsConflicting", stats->fragments_conflicting);
	json_end(json);
}

static void write_unknown(struct json *json, const struct correlate_unknown *unknown)
{
	char text[64];

	json_begin_object(json, NULL);
	json_text(json, "registry", net_registry_text(unknown->registry));
	json_uint(json, "number", unknown->number);
	json_optional_text(json, "name", net_unknown_text(unknown->registry, unknown->number, text));
	json_uint(json, "packets", unknown->packets);
	json_end(json);
}

/* The packets that could not be used, by reason, and the kinds of those that are of no kind that is looked into. */
static void write_skipped(struct json *json, const struct correlate_stats *stats)
{
	const struct correlate_skipped *skipped = &stats->skipped;

	json_begin_object(json, "skipped");
	json_optional_uint(json, "notIp", skipped->not_ip);
	json_optional_uint(json, "unknownKind", skipped->unknown);
	json_optional_uint(json, "cut", skipped->cut);
	json_optional_uint(json, "malformed", skipped->malformed);
	json_optional_uint(json, "tooDeep", skipped->too_deep);
	json_optional_uint(json, "fragmentsUnfinished", skipped->fragments_unfinished);
	json_optional_uint(json, "otherProtocol", skipped->other_protocol);
	json_begin_optional_array(json, "unknown");
	for (size_t i = 0; i < stats->unknown_count; i++)
		write_unknown(json, &stats->unknown[i]);
	json_end(json);
	json_end(json);
}

static void write_clock(struct json *json, const struct output *output)
{
	const struct correlate_stats *stats = output->stats;
	const nt_time first = output_first_time(output);

	json_begin_object(json, "clock");
	if (stats->packets > 0 && first != NT_TIME_NONE) {
		json_put_absolute(json, "first", stats->smallest_time < first ? first : stats->smallest_time);
		json_put_absolute(json, "last", stats->largest_time);
	}
	json_optional_uint(json, "wentBackwards", stats->time_went_backwards);
	json_end(json);
}

static void write_limits(struct json *json, const struct limit_hits *hits)
{
	json_begin_object(json, "limitsReached");
	for (int i = 0; i < LIMIT_COUNT; i++)
		json_optional_uint(json, limit_name((enum limit)i), hits->count[i]);
	json_end(json);
}

void json_write_capture(struct json *json, const struct output *output)
{
	json_begin_object(json, "capture");
	json_begin_object(json, "tool");
	json_text(json, "name", "nettrace-analyze");
	json_text(json, "version", NETTRACE_VERSION);
	json_end(json);
	write_inputs(json, output);
	json_write_recording(json, output);
	json_write_context(json, output);
	json_optional_text(json, "filter", output->filter);
	write_packets(json, output);
	write_skipped(json, output->stats);
	write_clock(json, output);
	write_limits(json, output->hits);
	json_text(json, "headers", output->headers);
	json_end(json);
}
