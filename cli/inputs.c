#include "cli/inputs.h"

#include "capture/archive.h"
#include "cli/archive_inputs.h"
#include "cli/conntrack_log.h"
#include "cli/recording_input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct inputs {
	const struct options *options;
	const struct notes *notes;
	struct limit_hits *hits;
	struct capture_source *source;
	struct recording_input *recording;
	struct seed_inputs *seeds;       /* NULL: none, nor archives */
	struct archive_inputs *archives; /* NULL: none */
	struct context *context;         /* NULL without archives */
	struct conntrack_log log;
	struct buffer keys;
	size_t keys_given;    /* bytes of them */
	size_t secrets_taken; /* of the source */
	/* merging: what comes next of each kind */
	struct packet packet;
	struct conntrack_entry entry, logged;
	bool has_packet, has_entry, has_logged;
	bool begun;
	bool given;     /* the packet was given out: its successor has to be fetched */
	nt_time latest; /* of what was given out; NT_TIME_NONE before the first */
};

/* ---- opening ---- */

enum file_kind { FILE_CAPTURE, FILE_SEED_TRACE, FILE_ARCHIVE };

/* By the first bytes after decompression.  What cannot be looked into (a pipe, standard input) is taken for a capture. */
static enum file_kind kind_of(const char *path)
{
	enum file_kind kind = FILE_CAPTURE;
	struct nt_error error;
	struct input input;
	struct stat about;
	struct bytes first;

	if (strcmp(path, "-") == 0 || stat(path, &about) != 0 || !S_ISREG(about.st_mode) ||
	    input_open(&input, path, &error) != NT_OK)
		return FILE_CAPTURE;
	(void)input_need(&input, ARCHIVE_LOOK_AT);
	first = (struct bytes){ input.at, input.left };
	if (archive_recognise(first))
		kind = FILE_ARCHIVE;
	else if (seed_trace_looks_like(first))
		kind = FILE_SEED_TRACE;
	input_close(&input);
	return kind;
}

/* What is no capture. */
static enum nt_status open_other(struct inputs *inputs, const char *path, enum file_kind kind, struct nt_error *error)
{
	if (!inputs->seeds)
		inputs->seeds = seed_inputs_new(inputs->hits);
	if (kind == FILE_SEED_TRACE)
		return seed_inputs_load(inputs->seeds, path, error);
	if (!inputs->archives)
		inputs->archives = archive_inputs_new(inputs->hits);
	if (!inputs->context)
		inputs->context = context_new(inputs->hits, inputs->options->seed, inputs->options->secrets);
	return archive_inputs_open(inputs->archives, path, error);
}

/* What holds packets is opened as one source, which may be empty if there are archives, or traces of the Go library. */
static enum nt_status open_by_kind(struct inputs *inputs, struct nt_error *error)
{
	const struct options *options = inputs->options;
	const char **captures = nt_realloc_array(NULL, options->input_count + 1, sizeof *captures);
	enum nt_status status = NT_OK;
	size_t count = 0;

	for (size_t i = 0; i < options->input_count && status == NT_OK; i++) {
		const enum file_kind kind = kind_of(options->inputs[i]);

		if (kind == FILE_CAPTURE)
			captures[count++] = options->inputs[i];
		else
			status = open_other(inputs, options->inputs[i], kind, error);
	}
	if (status == NT_OK && count == 0 && inputs->seeds)
		capture_open_empty(&inputs->source, inputs->hits);
	else if (status == NT_OK)
		status = capture_open(&inputs->source, captures, count, inputs->hits, error);
	free(captures);
	return status;
}

static enum nt_status open_captures(struct inputs *inputs, struct nt_error *error)
{
	const struct options *options = inputs->options;
	enum nt_status status;

	if (options->session)
		return nt_fail(error, NT_EUSAGE, "--session is for recordings; %s is none", options->inputs[0]);
	status = open_by_kind(inputs, error);
	if (status == NT_OK && options->filter)
		status = capture_set_filter(inputs->source, options->filter, error);
	return status;
}

static enum nt_status open_packets(struct inputs *inputs, struct nt_error *error)
{
	const struct options *options = inputs->options;

	for (size_t i = 0; i < options->input_count; i++) {
		if (!recording_input_is(options->inputs[i]))
			continue;
		if (options->input_count > 1)
			return nt_fail(error, NT_EUSAGE, "%s is a recording, which is read alone", options->inputs[i]);
		return recording_input_open(&inputs->recording, options->inputs[i], options->session, options->filter,
					    options->secrets, inputs->notes, inputs->hits, error);
	}
	return open_captures(inputs, error);
}

static enum nt_status read_logs(struct inputs *inputs, struct nt_error *error)
{
	const struct options *options = inputs->options;

	for (size_t i = 0; i < options->conntrack_count; i++) {
		struct conntrack_log_doubts doubts;
		enum nt_status status = conntrack_log_read(&inputs->log, options->conntracks[i], &doubts, inputs->hits, error);

		if (status != NT_OK)
			return status;
		if (doubts.lines)
			notes_add(inputs->notes, NOTE_OF_INPUT,
				  "%s: %" PRIu64 " line%s %s no connection tracking entry, the first is line %" PRIu64,
				  options->conntracks[i], doubts.lines, doubts.lines == 1 ? "" : "s",
				  doubts.lines == 1 ? "is" : "are", doubts.first_line);
	}
	conntrack_log_sort(&inputs->log);
	return NT_OK;
}

/* ---- keys ---- */

static void add_keys(struct inputs *inputs, struct bytes text)
{
	bool ends = text.size == 0 || text.at[text.size - 1] == '\n';

	if (!buffer_add(&inputs->keys, text.at, text.size) || (!ends && !buffer_add(&inputs->keys, "\n", 1)))
		limit_hit(inputs->hits, LIMIT_SECRETS_HIT);
}

static enum nt_status read_keylog(struct inputs *inputs, const char *path, struct nt_error *error)
{
	FILE *file = fopen(path, "re");
	uint8_t chunk[8192];
	bool good = file != NULL;
	size_t size;

	errno = file ? 0 : errno;
	while (good && (size = fread(chunk, 1, sizeof chunk, file)) > 0)
		if (!buffer_add(&inputs->keys, chunk, size)) {
			limit_hit(inputs->hits, LIMIT_SECRETS_HIT);
			break;
		}
	good = good && !ferror(file);
	if (!good)
		nt_fail(error, NT_EIO, "cannot read %s: %s", path, strerror(errno ? errno : EIO));
	if (file)
		fclose(file);
	if (inputs->keys.size && inputs->keys.at[inputs->keys.size - 1] != '\n')
		add_keys(inputs, BYTES("\n"));
	return good ? NT_OK : NT_EIO;
}

static enum nt_status read_keys(struct inputs *inputs, struct nt_error *error)
{
	enum nt_status status = NT_OK;

	inputs->keys.max = LIMIT_SECRETS;
	for (size_t i = 0; i < inputs->options->keylog_count && status == NT_OK; i++)
		status = read_keylog(inputs, inputs->options->keylogs[i], error);
	if (status == NT_OK && inputs->recording)
		add_keys(inputs, recording_input_keys(inputs->recording));
	return status;
}

struct bytes inputs_keys(struct inputs *inputs)
{
	const struct capture_secrets *secrets = inputs->source ? capture_secrets(inputs->source) : NULL;

	for (; secrets && inputs->secrets_taken < secrets->count; inputs->secrets_taken++)
		add_keys(inputs, secrets->key_logs[inputs->secrets_taken]);
	return (struct bytes){ inputs->keys.at, inputs->keys.size };
}

void inputs_give_keys(struct inputs *inputs, struct tls_keylog *keylog)
{
	const struct bytes text = inputs_keys(inputs);

	if (text.size == inputs->keys_given)
		return;
	tls_keylog_add(keylog, (struct bytes){ text.at + inputs->keys_given, text.size - inputs->keys_given });
	inputs->keys_given = text.size;
}

/* Files were looked through before; pipes and archives could not be. */
static bool more_keys_may_come(const struct inputs *inputs)
{
	if (inputs->archives)
		return true;
	for (size_t i = 0; inputs->source && i < capture_input_count(inputs->source); i++)
		if (capture_input(inputs->source, i)->size_on_disk == 0)
			return true;
	return false;
}

struct tls_keylog *inputs_keylog_new(struct inputs *inputs)
{
	struct tls_keylog *keylog;

	if (!inputs_keys(inputs).size && !more_keys_may_come(inputs))
		return NULL;
	keylog = tls_keylog_new(inputs->options->seed, inputs->hits);
	inputs_give_keys(inputs, keylog);
	return keylog;
}

/* ---- the whole ---- */

enum nt_status inputs_open(struct inputs **out, const struct options *options, const struct notes *notes, struct limit_hits *hits,
			   struct nt_error *error)
{
	struct inputs *inputs = nt_zalloc(sizeof *inputs);
	enum nt_status status;

	*out = NULL;
	inputs->options = options;
	inputs->notes = notes;
	inputs->hits = hits;
	inputs->latest = NT_TIME_NONE;
	status = open_packets(inputs, error);
	if (status == NT_OK)
		status = read_logs(inputs, error);
	if (status == NT_OK)
		status = read_keys(inputs, error);
	if (status == NT_OK)
		*out = inputs;
	else
		inputs_free(inputs);
	return status;
}

void inputs_free(struct inputs *inputs)
{
	if (!inputs)
		return;
	capture_free(inputs->source);
	recording_input_free(inputs->recording);
	seed_inputs_free(inputs->seeds);
	context_free(inputs->context);
	archive_inputs_free(inputs->archives);
	conntrack_log_clear(&inputs->log);
	buffer_free(&inputs->keys);
	free(inputs);
}

const struct capture_source *inputs_source(const struct inputs *inputs)
{
	return inputs->source;
}

const struct output_recording *inputs_recording(const struct inputs *inputs)
{
	return inputs->recording ? recording_input_about(inputs->recording) : NULL;
}

const struct seed_inputs *inputs_seeds(const struct inputs *inputs)
{
	return inputs->seeds;
}

struct context *inputs_context(const struct inputs *inputs)
{
	return inputs->context;
}

static bool is_anything(const struct inputs *inputs)
{
	if (capture_input_count(inputs->source))
		return true;
	for (size_t i = 0; i < seed_inputs_count(inputs->seeds); i++)
		if (seed_inputs_traces(inputs->seeds, i)->count)
			return true;
	return false;
}

enum nt_status inputs_read_confined(struct inputs *inputs, const struct correlate_options *options, struct nt_error *error)
{
	enum nt_status status;

	if (!inputs->seeds)
		return NT_OK;
	if (inputs->archives) {
		const struct archive_readers readers = { inputs->source, inputs->seeds, &inputs->log, inputs->context };

		archive_inputs_unpack(inputs->archives, &readers, inputs->notes);
		conntrack_log_sort(&inputs->log);
	}
	status = seed_inputs_read(inputs->seeds, capture_input_count(inputs->source) > 0, options, error);
	if (status == NT_OK && !is_anything(inputs))
		return nt_fail(error, NT_EFORMAT, "cannot read %s: neither captures nor traces of the Go library are in it%s%s",
			       inputs->options->inputs[0], seed_inputs_count(inputs->seeds) ? "; " : "",
			       seed_inputs_count(inputs->seeds) ? seed_inputs_about(inputs->seeds, 0)->damage.text : "");
	return status;
}

/* ---- merging ---- */

static bool next_packet(struct inputs *inputs, struct packet *out)
{
	return inputs->source ? capture_next(inputs->source, out) == NT_OK : recording_input_packet(inputs->recording, out);
}

static void fetch_entry(struct inputs *inputs)
{
	inputs->has_entry = inputs->recording && recording_input_conntrack(inputs->recording, &inputs->entry);
}

static void fetch_logged(struct inputs *inputs)
{
	inputs->has_logged = conntrack_log_next(&inputs->log, &inputs->logged);
}

/* An entry without a time is of a listing that was made at the end. */
static bool is_before(const struct conntrack_entry *entry, nt_time time)
{
	return entry->time != NT_TIME_NONE && entry->time <= time;
}

/* The entry that comes next: of the recording if both have the same time. */
static const struct conntrack_entry *next_entry(const struct inputs *inputs)
{
	if (!inputs->has_entry)
		return inputs->has_logged ? &inputs->logged : NULL;
	if (inputs->has_logged && inputs->logged.time != NT_TIME_NONE && !is_before(&inputs->entry, inputs->logged.time))
		return &inputs->logged;
	return &inputs->entry;
}

static void give_entry(struct inputs *inputs, const struct conntrack_entry *next, struct conntrack_entry *out)
{
	*out = *next;
	if (out->time == NT_TIME_NONE)
		out->time = inputs->latest;
	else if (out->time > inputs->latest) /* NT_TIME_NONE is the smallest value */
		inputs->latest = out->time;
	if (next == &inputs->entry)
		fetch_entry(inputs);
	else
		fetch_logged(inputs);
}

/* A packet is a view that lives until its successor is fetched: which is as late as possible. */
static void fetch_missing(struct inputs *inputs)
{
	if (!inputs->begun) {
		fetch_entry(inputs);
		fetch_logged(inputs);
	}
	if (!inputs->begun || inputs->given)
		inputs->has_packet = next_packet(inputs, &inputs->packet);
	inputs->begun = true;
	inputs->given = false;
}

enum inputs_item inputs_next(struct inputs *inputs, struct packet *packet, struct conntrack_entry *entry)
{
	const struct conntrack_entry *next;

	if (inputs->given && !inputs->has_entry && !inputs->has_logged) /* there are only packets: nothing to merge */
		return next_packet(inputs, packet) ? INPUTS_PACKET : INPUTS_END;
	fetch_missing(inputs);
	next = next_entry(inputs);
	if (next && (!inputs->has_packet || is_before(next, inputs->packet.time))) {
		give_entry(inputs, next, entry);
		return INPUTS_CONNTRACK;
	}
	if (!inputs->has_packet)
		return INPUTS_END;
	*packet = inputs->packet;
	if (packet->time > inputs->latest)
		inputs->latest = packet->time;
	inputs->given = true;
	return INPUTS_PACKET;
}
