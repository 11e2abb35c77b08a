#include "cli/agent/import.h"

#include "capture/live.h"
#include "capture/source.h"
#include "cli/catch_signal.h"
#include "cli/agent/janitor.h"
#include "cli/agent/keylog.h"
#include "cli/message.h"
#include "cli/outfile.h"
#include "cli/agent/privileges.h"
#include "cli/progress.h"
#include "cli/version.h"
#include "store/recording.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct import {
	const struct capture_options *options;
	struct capture_source *source;
	struct limit_hits hits;
	struct keylog *keylog; /* of --keylog, or NULL */
	char *filter;          /* owned, or NULL */
	struct recording *recording;
	struct janitor janitor;
	struct recording_session session;
	size_t interfaces; /* of the source that are in the recording */
	size_t secrets;    /* likewise */
	uint64_t packets, bytes;
	struct nt_error error;
	enum nt_status status;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal_number)
{
	if (interrupted) {
		signal(signal_number, SIG_DFL);
		raise(signal_number);
	}
	interrupted = 1;
	capture_interrupt();
}

static nt_time now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * NT_SECOND + time.tv_nsec;
}

/* ---- opening ---- */

static enum nt_status open_source(struct import *import)
{
	const struct capture_options *options = import->options;
	enum nt_status status;

	if (outfile_is_same(options->input, options->output))
		return nt_fail(&import->error, NT_EUSAGE, "%s is the input: it would be overwritten", options->output);
	import->filter = live_filter(options->filter, options->icmp, options->arp, options->no_payload);
	status = capture_open(&import->source, &options->input, 1, &import->hits, &import->error);
	if (status == NT_OK && import->filter)
		status = capture_set_filter(import->source, import->filter, &import->error);
	if (status == NT_OK && options->keylog)
		status = keylog_open(&import->keylog, options->keylog, false, &import->error);
	return status;
}

static enum nt_status open_recording(struct import *import)
{
	enum nt_status status = recording_open_writer(&import->recording, import->options->output, &import->error);

	import->session = (struct recording_session){
		.begin = now(),
		.end = NT_TIME_NONE,
		.program_version = NETTRACE_VERSION,
		.filter = import->filter,
		.command_begin = NT_TIME_NONE,
		.command_end = NT_TIME_NONE,
		.source = import->options->input,
	};
	if (status == NT_OK)
		status = recording_begin_session(import->recording, &import->session, &import->error);
	if (status == NT_OK)
		status = recording_commit(import->recording, 0, true, &import->error);
	return status;
}

/* Files are read and written as the caller; afterwards nothing needs a privilege. */
static enum nt_status open_all(struct import *import)
{
	const struct privileges_start start = privileges_start();
	struct privileges privileges;
	enum nt_status status = privileges_find(&privileges, &start, import->options->user, &import->error);

	if (status == NT_OK)
		status = privileges_lend(&privileges, &import->error);
	if (status != NT_OK)
		return status;
	status = open_source(import);
	if (status == NT_OK)
		status = open_recording(import);
	if (privileges_take_back(&privileges, &import->error) != NT_OK)
		return NT_EIO;
	if (status == NT_OK && privileges.is_root)
		status = janitor_start(&import->janitor, &(struct janitor_work){ .recording = import->options->output },
				       &import->error);
	return status == NT_OK ? privileges_drop(&privileges, (struct privileges_keep){ 0 }, &import->error) : status;
}

/* ---- copying ---- */

/* More interfaces and secrets may turn up on the way. */
static enum nt_status put_what_is_new(struct import *import)
{
	const struct capture_secrets *secrets = capture_secrets(import->source);
	enum nt_status status = NT_OK;

	for (; status == NT_OK && import->interfaces < capture_interface_count(import->source); import->interfaces++) {
		const struct capture_interface *from = capture_interface(import->source, import->interfaces);
		const struct recording_interface interface = { from->id, from->link_type, from->snaplen, from->name,
							       from->description };

		status = recording_put_interface(import->recording, &interface, &import->error);
	}
	for (; status == NT_OK && !import->options->no_keylog && import->secrets < secrets->count; import->secrets++)
		status = recording_put_keys(import->recording, secrets->key_logs[import->secrets], &import->error);
	return status;
}

static enum nt_status put_packet(struct import *import, const struct packet *packet)
{
	const uint32_t snaplen = import->options->snaplen;
	const struct recording_packet to = {
		.time = packet->time,
		.interface = packet->interface->id,
		.captured = snaplen && packet->captured > snaplen ? snaplen : packet->captured,
		.size = packet->size,
		.data = packet->data,
	};

	import->packets++;
	import->bytes += to.captured;
	return recording_put_packet(import->recording, &to, &import->error);
}

static bool is_at_limit(struct import *import, uint32_t bytes)
{
	const struct capture_options *options = import->options;

	if (interrupted)
		import->session.end_reason = "signal";
	else if (options->count && import->packets >= options->count)
		import->session.end_reason = "count";
	else if (options->max_size && import->bytes + bytes > options->max_size)
		import->session.end_reason = "size";
	return import->session.end_reason != NULL;
}

static void copy_packets(struct import *import)
{
	struct packet packet;

	while (import->status == NT_OK && !is_at_limit(import, 0) && capture_next(import->source, &packet) == NT_OK) {
		if (is_at_limit(import, packet.captured))
			return;
		import->status = put_what_is_new(import);
		if (import->status == NT_OK)
			import->status = put_packet(import, &packet);
		if (progress_is_due)
			progress_draw(import->source);
	}
}

static void take_keys(void *context, struct bytes lines)
{
	struct import *import = context;

	if (import->status == NT_OK)
		import->status = recording_put_keys(import->recording, lines, &import->error);
}

static void copy_keylog(struct import *import)
{
	if (!import->keylog || import->status != NT_OK)
		return;
	if (!keylog_read(import->keylog, true, take_keys, import))
		message("%s is too long: not all of its keys are in %s", import->options->keylog, import->options->output);
}

static void copy(struct import *import)
{
	if (!import->options->quiet)
		progress_start();
	copy_packets(import);
	if (import->status == NT_OK)
		import->status = put_what_is_new(import);
	copy_keylog(import);
	progress_stop();
}

/* ---- the end ---- */

/* What was left out of the file is an event of the session: who reads the recording cannot see it otherwise. */
static void put_limits(struct import *import)
{
	for (int i = 0; i < LIMIT_COUNT && import->status == NT_OK; i++)
		if (import->hits.count[i])
			import->status = recording_put_event(import->recording,
							     &(struct recording_event){
								     .time = NT_TIME_NONE,
								     .kind = "limit-reached",
								     .subject = limit_name((enum limit)i),
								     .count = (int64_t)import->hits.count[i],
								     .text = "what is beyond it in the imported file is left out",
							     },
							     &import->error);
}

static void report_limits(const struct import *import)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (import->hits.count[i])
			message("%s: the limit %s was reached %" PRIu64 " times; what is beyond it is left out",
				import->options->input, limit_name((enum limit)i), import->hits.count[i]);
}

static void finish_recording(struct import *import)
{
	put_limits(import);
	import->session.end = now();
	if (!import->session.end_reason)
		import->session.end_reason = import->status == NT_OK ? "end-of-file" : "write-error";
	if (import->status == NT_OK)
		import->status = recording_end_session(import->recording, &import->session, &import->error);
	if (import->status == NT_OK)
		import->status = recording_close(import->recording, &import->error);
	else
		recording_close(import->recording, NULL);
	import->recording = NULL;
}

static int report(const struct import *import)
{
	const struct capture_input *input = capture_input(import->source, 0);

	if (import->status != NT_OK) {
		message("%s", import->error.text);
		return 1;
	}
	report_limits(import);
	if (!import->options->quiet)
		message("%" PRIu64 " packets imported from %s into %s", import->packets, import->options->input,
			import->options->output);
	if (!input->damage.damaged)
		return 0;
	message("%s: damaged at byte %" PRIu64 ", after packet %" PRIu64 ": %s; %" PRIu64 " bytes lost", import->options->input,
		input->damage.byte_offset, input->damage.packet_number, input->damage.text, input->damage.bytes_lost);
	return IMPORT_DAMAGED;
}

int import_run(const struct capture_options *options)
{
	struct import import = { .options = options };
	int exit_status;

	catch_signal(SIGINT, on_signal);
	catch_signal(SIGTERM, on_signal);
	catch_signal(SIGHUP, on_signal);
	signal(SIGXFSZ, SIG_IGN);
	import.status = open_all(&import);
	if (import.status == NT_OK) {
		copy(&import);
		finish_recording(&import);
		exit_status = report(&import);
	} else {
		message("%s", import.error.text);
		recording_close(import.recording, NULL);
		exit_status = 1;
	}
	janitor_finish(&import.janitor);
	capture_free(import.source);
	keylog_free(import.keylog);
	free(import.filter);
	return exit_status;
}
