#include "cli/library/records.h"

#include "cli/text.h"
#include "dissect/net/net.h"

size_t nettrace_input_count(const struct nettrace *trace)
{
	return trace->good ? output_input_count(&trace->output) : 0;
}

static const void *make_input(struct nettrace *trace, const struct capture_input *source)
{
	struct nettrace_input *input = record_room(trace, sizeof *input);

	*input = (struct nettrace_input){
		.name = record_text(trace, bytes_of(source->name)),
		.format = source->format,
		.compression = source->compression,
		.packets = source->packets,
		.bytes = source->bytes,
		.cut_packets = source->packets_cut,
		.dropped_packets = source->dropped,
		.first_ns = source->first,
		.last_ns = source->last,
		.damaged = source->damage.damaged,
		.damage = record_text(trace, bytes_of(source->damage.damaged ? source->damage.text : NULL)),
		.damage_after_packet = source->damage.packet_number,
		.damage_offset = source->damage.byte_offset,
		.lost_bytes = source->damage.bytes_lost,
	};
	return input;
}

const struct nettrace_input *nettrace_input_at(struct nettrace *trace, size_t index)
{
	const void **kept = record_slot(trace, HANDLE_INPUT, nettrace_input_count(trace), index);

	if (kept && !*kept)
		*kept = make_input(trace, output_input(&trace->output, index));
	return kept ? *kept : NULL;
}

/* ---- interfaces ---- */

size_t nettrace_interface_count(const struct nettrace *trace)
{
	return trace->good ? output_interface_count(&trace->output) : 0;
}

static const void *make_interface(struct nettrace *trace, const struct capture_interface *source)
{
	struct nettrace_interface *interface = record_room(trace, sizeof *interface);

	*interface = (struct nettrace_interface){
		.name = record_text(trace, bytes_of(source->name)),
		.description = record_text(trace, bytes_of(source->description)),
		.link_type = source->link_type,
		.snaplen = source->snaplen,
		.input = source->file,
	};
	return interface;
}

const struct nettrace_interface *nettrace_interface_at(struct nettrace *trace, size_t index)
{
	const void **kept = record_slot(trace, HANDLE_INTERFACE, nettrace_interface_count(trace), index);

	if (kept && !*kept)
		*kept = make_interface(trace, output_interface(&trace->output, index));
	return kept ? *kept : NULL;
}

/* ---- limits ---- */

size_t nettrace_limit_count(const struct nettrace *trace)
{
	size_t count = 0;

	for (int i = 0; trace->good && i < LIMIT_COUNT; i++)
		count += trace->hits.count[i] > 0;
	return count;
}

static const void *make_limit(struct nettrace *trace, size_t index)
{
	struct nettrace_limit *limit = record_room(trace, sizeof *limit);
	int which = 0;

	for (size_t reached = 0;; which++)
		if (trace->hits.count[which] && reached++ == index)
			break;
	*limit = (struct nettrace_limit){ limit_name((enum limit)which), trace->hits.count[which] };
	return limit;
}

const struct nettrace_limit *nettrace_limit_at(struct nettrace *trace, size_t index)
{
	const void **kept = record_slot(trace, HANDLE_LIMIT, nettrace_limit_count(trace), index);

	if (kept && !*kept)
		*kept = make_limit(trace, index);
	return kept ? *kept : NULL;
}

/* ---- what became of the packets ---- */

static const struct nettrace_unknown *make_unknown(struct nettrace *trace, const struct correlate_unknown *source)
{
	struct nettrace_unknown *unknown = record_room(trace, sizeof *unknown);
	char text[64];

	*unknown = (struct nettrace_unknown){
		.registry = net_registry_text(source->registry),
		.name = record_string(trace, net_unknown_text(source->registry, source->number, text)),
		.number = source->number,
		.packets = source->packets,
	};
	return unknown;
}

static const void *make_counts(struct nettrace *trace, const struct correlate_stats *stats)
{
	const struct correlate_skipped *skipped = &stats->skipped;
	struct nettrace_counts *counts = record_room(trace, sizeof *counts);

	*counts = (struct nettrace_counts){
		.read = output_packets_read(&trace->output),
		.filtered_out = output_filtered_out(&trace->output),
		.ip = stats->ip_packets,
		.tcp = stats->tcp_packets,
		.udp = stats->udp_packets,
		.icmp = stats->icmp_packets,
		.cut = stats->cut_packets,
		.fragments = stats->fragments,
		.reassembled = stats->datagrams_reassembled,
		.conflicting_fragments = stats->fragments_conflicting,
		.time_went_backwards = stats->time_went_backwards,
		.not_ip = skipped->not_ip,
		.unknown_kind = skipped->unknown,
		.cut_headers = skipped->cut,
		.malformed = skipped->malformed,
		.too_deep = skipped->too_deep,
		.unfinished_fragments = skipped->fragments_unfinished,
		.other_protocol = skipped->other_protocol,
		.unknown_count = stats->unknown_count,
	};
	RECORD_LIST(counts->unknown, unknown, stats->unknown, stats->unknown_count);
	return counts;
}

const struct nettrace_counts *nettrace_capture_counts(struct nettrace *trace)
{
	const void **kept = record_slot(trace, HANDLE_COUNTS, trace->good, 0);

	if (kept && !*kept)
		*kept = make_counts(trace, trace->output.stats);
	return kept ? *kept : NULL;
}

/* ---- the session of a recording ---- */

static const struct nettrace_session_event *make_session_event(struct nettrace *trace, const struct recording_event *source)
{
	struct nettrace_session_event *event = record_room(trace, sizeof *event);

	*event = (struct nettrace_session_event){
		.time_ns = source->time,
		.kind = record_text(trace, bytes_of(source->kind)),
		.subject = record_text(trace, bytes_of(source->subject)),
		.count = source->count,
		.text = record_text(trace, bytes_of(source->text)),
	};
	return event;
}

static const struct nettrace_session_statistics *make_session_statistics(struct nettrace *trace,
									 const struct recording_statistics *source)
{
	struct nettrace_session_statistics *row = record_room(trace, sizeof *row);

	*row = (struct nettrace_session_statistics){
		.subject = record_text(trace, bytes_of(source->subject)),
		.received = source->received,
		.captured = source->captured,
		.dropped_by_kernel = source->dropped_by_kernel,
		.dropped_by_interface = source->dropped_by_interface,
		.lost = source->lost,
	};
	return row;
}

/* Arguments may be credentials. */
static void set_command(struct nettrace *trace, struct nettrace_session *session, const struct recording_session *source)
{
	size_t arguments;

	session->program = record_text(trace, source->command ? text_program(source->command, &arguments) : (struct bytes){ 0 });
	session->command = record_text(trace, bytes_of(trace->options.secrets ? source->command : NULL));
	session->command_begin_ns = source->command_begin;
	session->command_end_ns = source->command_end;
	session->has_exit_status = source->has_exit_status;
	session->exit_status = source->exit_status;
}

static const void *make_session(struct nettrace *trace, const struct output_recording *recording)
{
	const struct recording_session *source = recording->session;
	struct nettrace_session *session = record_room(trace, sizeof *session);

	*session = (struct nettrace_session){
		.number = source->id,
		.begin_ns = source->begin,
		.end_ns = source->end,
		.end_reason = record_text(trace, bytes_of(source->end_reason)),
		.host = record_text(trace, bytes_of(source->host)),
		.kernel = record_text(trace, bytes_of(source->kernel)),
		.program_version = record_text(trace, bytes_of(source->program_version)),
		.source = record_text(trace, bytes_of(source->source)),
		.filter = record_text(trace, bytes_of(source->filter)),
		.event_count = recording->event_count,
		.statistics_count = recording->statistics_count,
	};
	set_command(trace, session, source);
	RECORD_LIST(session->events, session_event, recording->events, recording->event_count);
	RECORD_LIST(session->statistics, session_statistics, recording->statistics, recording->statistics_count);
	return session;
}

const struct nettrace_session *nettrace_recorded_session(struct nettrace *trace)
{
	const void **kept = record_slot(trace, HANDLE_SESSION, trace->good && trace->output.recording, 0);

	if (kept && !*kept)
		*kept = make_session(trace, trace->output.recording);
	return kept ? *kept : NULL;
}
