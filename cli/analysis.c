#include "cli/analysis.h"

#include "cli/seed_inputs.h"
#include "correlate/seed_join.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct correlate_options analysis_options(const struct options *options, const struct tls_keylog *keylog, struct verifier *verifier)
{
	return (struct correlate_options){
		.clients = options->clients,
		.client_count = options->client_count,
		.headers = options->headers,
		.excluded_headers = options->excluded_headers,
		.excluded_header_count = options->excluded_header_count,
		.secrets = options->secrets,
		.no_app_protocol = options->no_app_protocol,
		.hash_seed = options->seed,
		.keylog = keylog,
		.verifier = verifier,
	};
}

/* What the files themselves say that is missing from them. */
static void note_missing_packets(const struct output *output, struct correlator *correlator)
{
	for (size_t i = 0; i < output_input_count(output); i++) {
		const struct capture_input *input = output_input(output, i);
		struct packet_ref last = { .file = i, .number = input->damage.packet_number };
		char text[320];

		if (input->damage.damaged && !output_input_has_packets(output, i)) {
			const bool is_seed = strcmp(input->format, "go-trace") == 0;

			snprintf(text, sizeof text, "The %s %.80s is damaged: %s.", is_seed ? "Go trace" : "file", input->name,
				 input->damage.text);
			correlator_note_capture(correlator, FINDING_CAPTURE_FILE_TRUNCATED, input->last, (struct packet_ref){ 0 },
						text);
		} else if (input->damage.damaged) {
			snprintf(text, sizeof text,
				 "The capture file is damaged after packet %" PRIu64 ": %s; %" PRIu64 " bytes lost.",
				 input->damage.packet_number, input->damage.text, input->damage.bytes_lost);
			correlator_note_capture(correlator, FINDING_CAPTURE_FILE_TRUNCATED, input->last, last, text);
		}
		if (input->dropped) {
			snprintf(text, sizeof text,
				 "The capturing program lost %" PRIu64 " packets: what looks like loss may be that.",
				 input->dropped);
			correlator_note_capture(correlator, FINDING_CAPTURE_DROPPED_PACKETS, input->last, (struct packet_ref){ 0 },
						text);
		}
	}
}

/* Events of connection tracking that the kernel could not hand over when the recording was made. */
static void note_missing_conntrack(const struct output *output, struct correlator *correlator)
{
	const struct output_recording *recording = output->recording;
	nt_time at = NT_TIME_NONE;
	uint64_t times = 0;
	char text[200];

	for (size_t i = 0; recording && i < recording->event_count; i++) {
		if (!recording->events[i].kind || strcmp(recording->events[i].kind, "conntrack-overrun") != 0)
			continue;
		if (times++ == 0)
			at = recording->events[i].time;
	}
	if (!times)
		return;
	snprintf(text, sizeof text,
		 "Events of connection tracking were lost %" PRIu64
		 " time%s while recording: entries may lack states and counters.",
		 times, times == 1 ? "" : "s");
	correlator_note_capture(correlator, FINDING_CONNTRACK_EVENTS_LOST, at, (struct packet_ref){ 0 }, text);
}

void analysis_note_missing(const struct output *output, struct correlator *correlator)
{
	note_missing_packets(output, correlator);
	note_missing_conntrack(output, correlator);
}

void analysis_note_keys(const struct tls_keylog *keylog, const struct notes *notes)
{
	const uint64_t lines = keylog ? tls_keylog_malformed(keylog) : 0;

	if (lines)
		notes_add(notes, NOTE_OF_INPUT, "%" PRIu64 " lines of the key logs are malformed; they were skipped", lines);
}

/* A capture's inputs come first in the trace. */
void analysis_join_seeds(const struct output *output, struct trace_list *list)
{
	const struct seed_inputs *seeds = output->seeds;
	const size_t captures = output_input_count(output) - seed_inputs_count(seeds);

	for (size_t i = 0; i < seed_inputs_count(seeds); i++) {
		const struct seed_traces *traces = seed_inputs_traces(seeds, i);

		for (size_t k = 0; k < traces->count; k++)
			seed_join(list, &traces->at[k], (uint32_t)(captures + i));
	}
	if (seeds)
		seed_findings(list);
}

/* The session of a live recording; that of an import tells when it was imported, which is nothing about the trace. */
static const struct output_recording *live_recording(const struct output *output)
{
	const struct output_recording *recording = output->recording;
	const char *source = recording ? recording->session->source : NULL;

	return source && strcmp(source, "live") != 0 ? NULL : recording;
}

/* The earliest begin and the latest end of traces of the Go library, and of what packets gave. */
static void cover_seeds(const struct seed_inputs *seeds, nt_time *begin, nt_time *end)
{
	for (size_t i = 0; i < seed_inputs_count(seeds); i++) {
		const struct seed_traces *traces = seed_inputs_traces(seeds, i);

		for (size_t k = 0; k < traces->count; k++) {
			if (*begin == NT_TIME_NONE || traces->at[k].begin < *begin)
				*begin = traces->at[k].begin;
			if (traces->at[k].end > *end) /* NT_TIME_NONE is the smallest value */
				*end = traces->at[k].end;
		}
	}
}

nt_time analysis_begin(const struct output *output)
{
	const struct output_recording *recording = live_recording(output);
	const nt_time first = output_first_time(output);
	nt_time begin = !output_input_has_packets(output, 1) ? output->stats->first_packet_time : output->stats->smallest_time;

	if (recording && recording->session->begin != NT_TIME_NONE)
		return recording->session->begin;
	return begin < first ? first : begin; /* packets without a time may come before all that have one */
}

static nt_time trace_end(const struct output *output)
{
	const struct output_recording *recording = live_recording(output);

	if (recording && recording->session->end != NT_TIME_NONE)
		return recording->session->end;
	return output->stats->largest_time;
}

void analysis_set_span(struct output *output)
{
	output->end = trace_end(output);
	cover_seeds(output->seeds, &output->begin, &output->end);
}
