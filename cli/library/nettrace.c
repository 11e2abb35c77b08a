#include "cli/analysis.h"
#include "cli/client_prefix.h"
#include "cli/key_files.h"
#include "cli/library/handle.h"
#include "cli/recording_input.h"
#include "cli/text.h"
#include "correlate/views.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

_Static_assert((int)NETTRACE_EUSAGE == NT_EUSAGE && (int)NETTRACE_EIO == NT_EIO && (int)NETTRACE_EFORMAT == NT_EFORMAT &&
		       (int)NETTRACE_EDAMAGED == NT_EDAMAGED && (int)NETTRACE_ELIMIT == NT_ELIMIT &&
		       (int)NETTRACE_ENOTSUP == NT_ENOTSUP,
	       "a status is handed on as it is");
_Static_assert((int)NETTRACE_HEADERS_NAMES == CORRELATE_HEADERS_NAMES &&
		       (int)NETTRACE_HEADERS_LENGTHS == CORRELATE_HEADERS_LENGTHS &&
		       (int)NETTRACE_HEADERS_VALUES == CORRELATE_HEADERS_VALUES,
	       "so is what is kept of header fields");

/* nDPI sets up libgcrypt for the whole process when it begins. */
static pthread_mutex_t ndpi_begins = PTHREAD_MUTEX_INITIALIZER;

const char *nettrace_version(void)
{
	return NETTRACE_VERSION;
}

int nettrace_version_number(void)
{
	return NETTRACE_VERSION_NUMBER;
}

void nettrace_set_out_of_memory(void (*handler)(void))
{
	nt_set_out_of_memory(handler ? handler : abort);
}

/* ---- texts ---- */

static size_t escape(struct bytes text, char out[17])
{
	static const char digits[] = "0123456789abcdef";
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		out[size++] = '\\';
		out[size++] = 'x';
		out[size++] = digits[text.at[i] >> 4];
		out[size++] = digits[text.at[i] & 15];
	}
	return size;
}

size_t nettrace_text_safe(struct nettrace_text text, char *out, size_t size)
{
	struct bytes left = { (const uint8_t *)text.at, text.size };
	size_t needed = 0, written = 0;

	while (left.size) {
		const struct text_character next = text_next(&left);
		char escaped[17];
		const size_t length = next.is_safe ? next.bytes.size : escape(next.bytes, escaped);

		if (written == needed && needed + length < size) {
			memcpy(out + needed, next.is_safe ? (const char *)next.bytes.at : escaped, length);
			written += length;
		}
		needed += length;
	}
	if (size)
		out[written] = 0;
	return needed;
}

/* ---- the handle ---- */

static void take_note(void *context, enum note_kind kind, const char *text)
{
	struct nettrace *trace = context;

	(void)kind;
	trace->noted = nt_realloc_array(trace->noted, trace->note_count + 1, sizeof *trace->noted);
	trace->noted[trace->note_count++] = arena_string(&trace->settings, bytes_of(text));
}

struct nettrace *nettrace_new(void)
{
	struct nettrace *trace = nt_zalloc(sizeof *trace);

	trace->notes = (struct notes){ take_note, trace };
	trace->list.hits = &trace->hits;
	trace->output.begin = trace->output.end = NT_TIME_NONE;
	if (getrandom(&trace->options.seed, sizeof trace->options.seed, GRND_NONBLOCK) != sizeof trace->options.seed)
		trace->options.seed = 0;
	return trace;
}

void nettrace_free(struct nettrace *trace)
{
	if (!trace)
		return;
	correlator_free(trace->correlator);
	tls_keylog_free(trace->keylog);
	verifier_free(trace->verifier);
	inputs_free(trace->opened);
	trace_list_free(&trace->list);
	for (int i = 0; i < HANDLE_KINDS; i++)
		free(trace->made[i]);
	arena_free(&trace->views);
	arena_free(&trace->settings);
	free(trace->inputs);
	free(trace->noted);
	free(trace->options.clients);
	free(trace->options.conntracks);
	free(trace->options.keylogs);
	free(trace->options.excluded_headers);
	free(trace);
}

const char *nettrace_error(const struct nettrace *trace)
{
	return trace->error.text;
}

/* ---- settings ---- */

static enum nettrace_status can_set(struct nettrace *trace)
{
	if (!trace->begun)
		return NETTRACE_OK;
	return (enum nettrace_status)nt_fail(&trace->error, NT_EUSAGE, "settings come before nettrace_read()");
}

static enum nettrace_status set_text(struct nettrace *trace, const char **setting, const char *text)
{
	if (can_set(trace) != NETTRACE_OK)
		return NETTRACE_EUSAGE;
	*setting = text ? arena_string(&trace->settings, bytes_of(text)) : NULL;
	return NETTRACE_OK;
}

static enum nettrace_status set_flag(struct nettrace *trace, bool *setting, bool value)
{
	if (can_set(trace) != NETTRACE_OK)
		return NETTRACE_EUSAGE;
	*setting = value;
	return NETTRACE_OK;
}

static enum nettrace_status add_text(struct nettrace *trace, const char ***list, size_t *count, const char *text)
{
	if (can_set(trace) != NETTRACE_OK)
		return NETTRACE_EUSAGE;
	if (!text || !*text)
		return (enum nettrace_status)nt_fail(&trace->error, NT_EUSAGE, "a name is needed");
	*list = nt_realloc_array(*list, *count + 1, sizeof **list);
	(*list)[(*count)++] = arena_string(&trace->settings, bytes_of(text));
	return NETTRACE_OK;
}

enum nettrace_status nettrace_add_input(struct nettrace *trace, const char *path)
{
	return add_text(trace, &trace->inputs, &trace->options.input_count, path);
}

enum nettrace_status nettrace_set_filter(struct nettrace *trace, const char *expression)
{
	return set_text(trace, &trace->options.filter, expression);
}

enum nettrace_status nettrace_set_session(struct nettrace *trace, const char *session)
{
	return set_text(trace, &trace->options.session, session);
}

enum nettrace_status nettrace_set_headers(struct nettrace *trace, enum nettrace_headers headers)
{
	if (can_set(trace) != NETTRACE_OK)
		return NETTRACE_EUSAGE;
	if ((unsigned)headers > NETTRACE_HEADERS_VALUES)
		return (enum nettrace_status)nt_fail(&trace->error, NT_EUSAGE, "%d is nothing to keep of header fields",
						     (int)headers);
	trace->options.headers = (enum correlate_headers)headers;
	return NETTRACE_OK;
}

enum nettrace_status nettrace_exclude_header(struct nettrace *trace, const char *name)
{
	return add_text(trace, &trace->options.excluded_headers, &trace->options.excluded_header_count, name);
}

enum nettrace_status nettrace_set_secrets(struct nettrace *trace, bool secrets)
{
	return set_flag(trace, &trace->options.secrets, secrets);
}

enum nettrace_status nettrace_add_key_log(struct nettrace *trace, const char *path)
{
	enum nettrace_status status = can_set(trace);

	if (status == NETTRACE_OK && path)
		status = (enum nettrace_status)key_files_check_keylog(path, &trace->error);
	return status == NETTRACE_OK ? add_text(trace, &trace->options.keylogs, &trace->options.keylog_count, path) : status;
}

enum nettrace_status nettrace_set_trust_store(struct nettrace *trace, const char *path)
{
	enum nettrace_status status = can_set(trace);

	if (status == NETTRACE_OK && path)
		status = (enum nettrace_status)key_files_check_ca(path, &trace->error);
	return status == NETTRACE_OK ? set_text(trace, &trace->options.ca, path) : status;
}

enum nettrace_status nettrace_set_verify(struct nettrace *trace, bool verify)
{
	return set_flag(trace, &trace->options.no_verify, !verify);
}

enum nettrace_status nettrace_set_seed(struct nettrace *trace, uint64_t seed)
{
	if (can_set(trace) != NETTRACE_OK)
		return NETTRACE_EUSAGE;
	trace->options.seed = seed;
	return NETTRACE_OK;
}

enum nettrace_status nettrace_set_progress(struct nettrace *trace, nettrace_progress *progress, void *context)
{
	if (can_set(trace) != NETTRACE_OK)
		return NETTRACE_EUSAGE;
	trace->progress = progress;
	trace->progress_context = context;
	return NETTRACE_OK;
}

enum nettrace_status nettrace_add_client(struct nettrace *trace, const char *prefix)
{
	struct options *options = &trace->options;
	struct correlate_prefix client;

	if (can_set(trace) != NETTRACE_OK)
		return NETTRACE_EUSAGE;
	if (!prefix || !client_prefix_read(prefix, &client))
		return (enum nettrace_status)nt_fail(&trace->error, NT_EUSAGE,
						     "client '%s': not an IP address, or a length that its kind does not have",
						     prefix ? prefix : "");
	options->clients = nt_realloc_array(options->clients, options->client_count + 1, sizeof *options->clients);
	options->clients[options->client_count++] = client;
	return NETTRACE_OK;
}

enum nettrace_status nettrace_add_conntrack(struct nettrace *trace, const char *path)
{
	enum nettrace_status status = can_set(trace);

	if (status == NETTRACE_OK && path)
		status = (enum nettrace_status)key_files_check_readable(path, &trace->error);
	return status == NETTRACE_OK ? add_text(trace, &trace->options.conntracks, &trace->options.conntrack_count, path) : status;
}

enum nettrace_status nettrace_set_app_protocol(struct nettrace *trace, bool app_protocol)
{
	return set_flag(trace, &trace->options.no_app_protocol, !app_protocol);
}

/* ---- reading ---- */

/* With a session chosen, no list of them is printed. */
static enum nt_status choose_session(struct nettrace *trace)
{
	struct options *options = &trace->options;
	bool is_recording = false;

	for (size_t i = 0; i < options->input_count; i++)
		is_recording |= recording_input_is(options->inputs[i]);
	if (is_recording && !options->session)
		options->session = "last";
	if (!is_recording && options->session)
		return nt_fail(&trace->error, NT_EUSAGE, "a session is chosen of a recording; %s is none", options->inputs[0]);
	return NT_OK;
}

static enum nt_status open_all(struct nettrace *trace)
{
	enum nt_status status;
	size_t standard = 0;

	trace->options.inputs = trace->inputs;
	if (!trace->options.input_count)
		return nt_fail(&trace->error, NT_EUSAGE, "there is no input to read");
	for (size_t i = 0; i < trace->options.input_count; i++)
		standard += strcmp(trace->inputs[i], "-") == 0;
	if (standard > 1)
		return nt_fail(&trace->error, NT_EUSAGE, "standard input can be read only once");
	status = choose_session(trace);
	if (status == NT_OK)
		status = inputs_open(&trace->opened, &trace->options, &trace->notes, &trace->hits, &trace->error);
	if (status == NT_OK && !trace->options.no_verify)
		status = verifier_new(&trace->verifier, trace->options.ca, &trace->error);
	return status;
}

static enum nt_status prepare(struct nettrace *trace)
{
	struct correlate_options correlate;

	trace->keylog = inputs_keylog_new(trace->opened);
	correlate = analysis_options(&trace->options, trace->keylog, trace->verifier);
	pthread_mutex_lock(&ndpi_begins);
	trace->correlator = correlator_new(&correlate, &trace_list_sink, &trace->list, &trace->hits);
	pthread_mutex_unlock(&ndpi_begins);
	trace->output.list = &trace->list;
	trace->output.source = inputs_source(trace->opened);
	trace->output.recording = inputs_recording(trace->opened);
	trace->output.seeds = inputs_seeds(trace->opened);
	trace->output.stats = correlator_stats(trace->correlator);
	return inputs_read_confined(trace->opened, &correlate, &trace->error);
}

/* false: the callback wants no more. */
static bool read_packets(struct nettrace *trace)
{
	struct packet packet;
	struct conntrack_entry entry;
	enum inputs_item item;
	uint64_t packets = 0;

	while ((item = inputs_next(trace->opened, &packet, &entry)) != INPUTS_END) {
		if (item == INPUTS_CONNTRACK) {
			correlator_conntrack(trace->correlator, &entry);
			continue;
		}
		if (trace->keylog)
			inputs_give_keys(trace->opened, trace->keylog);
		correlator_packet(trace->correlator, &packet);
		if (trace->progress && !trace->progress(trace->progress_context, ++packets))
			return false;
	}
	return true;
}

static void finish(struct nettrace *trace)
{
	analysis_note_keys(trace->keylog, &trace->notes);
	analysis_note_missing(&trace->output, trace->correlator);
	correlator_finish(trace->correlator);
	trace_list_sort(&trace->list);
	views_join(&trace->list);
	analysis_join_seeds(&trace->output, &trace->list);
	trace->output.begin = analysis_begin(&trace->output);
	analysis_set_span(&trace->output);
	trace->good = true;
}

enum nettrace_status nettrace_read(struct nettrace *trace)
{
	enum nt_status status;
	bool is_whole;

	if (trace->begun)
		return (enum nettrace_status)nt_fail(&trace->error, NT_EUSAGE, "a handle reads once; make another");
	trace->begun = true;
	status = open_all(trace);
	if (status == NT_OK)
		status = prepare(trace);
	if (status != NT_OK)
		return (enum nettrace_status)status;
	is_whole = read_packets(trace);
	finish(trace);
	return is_whole ? NETTRACE_OK : NETTRACE_STOPPED;
}

/* ---- what was read ---- */

size_t nettrace_note_count(const struct nettrace *trace)
{
	return trace->note_count;
}

const char *nettrace_note_at(const struct nettrace *trace, size_t index)
{
	return index < trace->note_count ? trace->noted[index] : NULL;
}

nettrace_time_ns nettrace_begin_ns(const struct nettrace *trace)
{
	return trace->output.begin;
}

nettrace_time_ns nettrace_end_ns(const struct nettrace *trace)
{
	return trace->output.end;
}
