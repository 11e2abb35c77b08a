/* nettrace-analyze: captures in, report or JSON trace out. */
#include "cli/analysis.h"
#include "cli/catch_signal.h"
#include "cli/diff/diff.h"
#include "cli/exports.h"
#include "cli/inputs.h"
#include "cli/message.h"
#include "cli/json/fields.h"
#include "cli/json/ndjson.h"
#include "cli/options.h"
#include "cli/outfile.h"
#include "cli/packets_out.h"
#include "cli/progress.h"
#include "cli/sandbox.h"
#include "cli/store/store.h"
#include "cli/version.h"
#include "correlate/views.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_DAMAGED = 2, EXIT_FOUND = 3 };

/* One analysis: what lives as long as it; zeroed is nothing yet.  There are two of them with --diff. */
struct run {
	const struct options *options;
	struct notes notes; /* about the inputs */
	struct inputs *inputs;
	struct correlator *correlator;
	struct tls_keylog *keylog; /* NULL without keys */
	struct verifier *verifier; /* NULL with --no-verify */
	struct trace_sink sink, store_sink;
	struct trace_tee tee; /* of records that go by, as lines and to the store */
	struct trace_list list;
	struct limit_hits hits;
	struct outfile out;
	struct packets_out packets_out;
	struct exports exports;
	struct store *store;  /* NULL without --store */
	struct output output; /* what is known of the trace: all of it when the last packet was read */
	char *input_names;
	struct ndjson *ndjson; /* NULL without --ndjson */
	bool found;            /* something that --fail-on names */
};

/* ---- the ends that come from outside ---- */

static volatile sig_atomic_t interrupted;

/* The first signal ends the reading, the second the process. */
static void on_signal(int signal_number)
{
	if (interrupted) {
		outfile_abandon();
		signal(signal_number, SIG_DFL);
		raise(signal_number);
	}
	interrupted = 1;
	capture_interrupt();
}

/* Whoever reads the trace went away: nothing half-written stays. */
static void on_broken_pipe(int signal_number)
{
	outfile_abandon();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void on_out_of_memory(void)
{
	outfile_abandon();
	fputs("nettrace-analyze: out of memory\n", stderr);
	_exit(EXIT_FAILED);
}

/* ---- what the exit status tells ---- */

static void judge(void *context, const struct trace_finding *finding)
{
	struct run *run = context;

	if (!fail_on_names(&run->options->fail_on, finding))
		return;
	run->found = true;
	fail_on_tell(finding, output_input_count(&run->output) > 1);
}

static void judge_all(struct run *run)
{
	for (size_t i = 0; i < run->list.finding_count; i++)
		judge(run, &run->list.findings[i]);
}

/* ---- what looks at the packets, and its keys ---- */

/* What stands beside packets is joined with their records when all are there: lines are then written at the end. */
static bool needs_all_records(const struct run *run)
{
	return inputs_seeds(run->inputs) != NULL;
}

/* Of a sink the kinds that are wanted; the report says of everything on which connection it was. */
static struct trace_sink wanted_of(struct trace_sink sink, const struct output_omit *omit, bool is_report)
{
	if (omit->dns)
		sink.dns_query = NULL;
	if (omit->tls)
		sink.tls_tunnel = NULL;
	if (omit->http)
		sink.http_request = NULL;
	if (!is_report && omit->dials)
		sink.dial = NULL;
	if (!is_report && omit->tcp)
		sink.tcp_conn = NULL;
	if (!is_report && omit->udp)
		sink.udp_conn = NULL;
	return sink;
}

static struct trace_sink wanted_records(const struct run *run)
{
	return wanted_of(run->ndjson ? ndjson_sink : trace_list_sink, &run->options->omit,
			 (!run->options->json || run->options->diff) && !run->options->ndjson);
}

/* The report has them with -v. */
static bool shows_fingerprints(const struct options *options)
{
	bool any = options->json || options->ndjson || options->verbose || options->store;

	for (int i = 0; i < EXPORT_KINDS; i++)
		any = any || options->exports[i];
	return any;
}

static struct correlate_options correlate_options(const struct run *run)
{
	struct correlate_options correlate = analysis_options(run->options, run->keylog, run->verifier);

	correlate.no_fingerprints = !shows_fingerprints(run->options);
	return correlate;
}

static struct correlator *new_correlator(struct run *run)
{
	const struct correlate_options correlate = correlate_options(run);

	run->list.hits = &run->hits;
	if (needs_all_records(run))
		return correlator_new(&correlate, &trace_list_sink, &run->list, &run->hits);
	run->sink = wanted_records(run);
	if (run->ndjson && run->store) {
		run->store_sink = wanted_of(store_sink, &run->options->omit, false);
		run->tee = (struct trace_tee){ .sinks = { &run->sink, &run->store_sink }, .contexts = { run->ndjson, run->store } };
		return correlator_new(&correlate, &trace_tee_sink, &run->tee, &run->hits);
	}
	return correlator_new(&correlate, &run->sink, run->ndjson ? (void *)run->ndjson : &run->list, &run->hits);
}

/* ---- names ---- */

static const char *input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static bool is_an_input(const struct options *options, const char *path)
{
	for (size_t i = 0; i < options->input_count; i++)
		if (outfile_is_same(options->inputs[i], path))
			return true;
	for (size_t i = 0; i < options->keylog_count; i++)
		if (outfile_is_same(options->keylogs[i], path))
			return true;
	for (size_t i = 0; i < options->conntrack_count; i++)
		if (outfile_is_same(options->conntracks[i], path))
			return true;
	return false;
}

/* What is written; without a path: not at all, but the trace then goes to standard output. */
struct written {
	const char *what, *path;
};

enum { WRITTEN = 3 + EXPORT_KINDS };

static void list_written(const struct options *options, struct written out[WRITTEN])
{
	out[0] = (struct written){ "the trace", options->output ? options->output : "-" };
	out[1] = (struct written){ "-w", options->packets_out };
	for (int i = 0; i < EXPORT_KINDS; i++)
		out[2 + i] = (struct written){ export_option((enum export_kind)i), options->exports[i] };
	out[WRITTEN - 1] = (struct written){ "--store", options->store };
}

static bool is_same_place(const char *a, const char *b)
{
	return a && b && (strcmp(a, b) == 0 || outfile_is_same(a, b));
}

static enum nt_status check_outputs(const struct options *options, struct nt_error *error)
{
	struct written outputs[WRITTEN];

	list_written(options, outputs);
	for (int i = 0; i < WRITTEN; i++) {
		if (outputs[i].path && strcmp(outputs[i].path, "-") != 0 && is_an_input(options, outputs[i].path))
			return nt_fail(error, NT_EUSAGE, "%s is an input: it would be overwritten", outputs[i].path);
		for (int j = 0; j < i; j++)
			if (is_same_place(outputs[i].path, outputs[j].path))
				return nt_fail(error, NT_EUSAGE, "%s and %s cannot go to the same place; name another%s",
					       outputs[i].what, outputs[j].what, j == 0 ? " with -o" : "");
	}
	return NT_OK;
}

/* ---- what the outputs are told ---- */

static char *default_description(const struct options *options)
{
	char *text = nt_strdup("");

	for (size_t i = 0; i < options->input_count; i++) {
		const char *name = input_name(options->inputs[i]);
		size_t old = strlen(text), size = strlen(name);

		text = nt_realloc(text, old + size + 3);
		memcpy(text + old, ", ", 2);
		memcpy(text + old + (i ? 2 : 0), name, size + 1);
	}
	return text;
}

static bool wants_colour(const struct outfile *out)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return out->file && isatty(fileno(out->file)) && !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
}

/* The locale that the terminal's user set, in the order of POSIX. */
static bool wants_blocks(const struct outfile *out)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = NULL;

	for (size_t i = 0; i < sizeof names / sizeof *names && !(locale && *locale); i++)
		locale = getenv(names[i]);
	return out->file && isatty(fileno(out->file)) && locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8"));
}

/* What the outputs are told before the first packet. */
static void describe(struct run *run)
{
	const struct options *options = run->options;

	run->input_names = default_description(options);
	run->output = (struct output){
		.description = options->description ? options->description : run->input_names,
		.filter = options->filter,
		.headers = options->headers_text,
		.omit = options->omit,
		.verbose = options->verbose,
		.secrets = options->secrets,
		.colour = wants_colour(&run->out),
		.blocks = wants_blocks(&run->out),
		.begin = NT_TIME_NONE,
		.list = &run->list,
		.source = inputs_source(run->inputs),
		.recording = inputs_recording(run->inputs),
		.seeds = inputs_seeds(run->inputs),
		.context = inputs_context(run->inputs),
		.hits = &run->hits,
	};
}

/* The times of all records count from here. */
static void begin_trace(struct run *run)
{
	if (run->output.begin == NT_TIME_NONE)
		run->output.begin = analysis_begin(&run->output);
}

/* ---- opening ---- */

static void print_note(void *context, enum note_kind kind, const char *text)
{
	const struct run *run = context;

	if (kind == NOTE_OF_FAILURE || !run->options->quiet)
		message("%s", text);
}

static enum nt_status open_inputs(struct run *run, struct nt_error *error)
{
	const struct options *options = run->options;
	enum nt_status status;

	run->notes = (struct notes){ print_note, run };
	status = inputs_open(&run->inputs, options, &run->notes, &run->hits, error);
	if (status == NT_OK && !options->no_verify)
		status = verifier_new(&run->verifier, options->ca, error);
	return status;
}

static enum nt_status open_outputs(struct run *run, struct nt_error *error)
{
	const struct options *options = run->options;
	enum nt_status status = outfile_open(&run->out, options->output, 0666, error);

	if (status == NT_OK && options->packets_out)
		status = packets_out_open(&run->packets_out, options->packets_out, error);
	if (status == NT_OK)
		status = exports_open(&run->exports, options->exports, error);
	if (status == NT_OK && options->store)
		status = store_open(&run->store, options->store, error);
	return status;
}

/* What looks at the packets; it opens nothing that it was not given. */
static void prepare(struct run *run)
{
	describe(run);
	if (run->options->ndjson && !needs_all_records(run))
		run->ndjson = ndjson_new(run->out.file, &run->output, judge, run);
	run->keylog = inputs_keylog_new(run->inputs);
	run->correlator = new_correlator(run);
	run->output.stats = correlator_stats(run->correlator);
}

/* Everything is open: what comes from here on is at the mercy of the packets. */
static void confine(const struct run *run)
{
	struct sandbox_file files[WRITTEN] = { { run->out.temporary, run->out.path },
					       { run->packets_out.file.temporary, run->packets_out.file.path } };
	struct nt_error error;

	for (int i = 0; i < EXPORT_KINDS; i++)
		files[2 + i] = (struct sandbox_file){ run->exports.files[i].temporary, run->exports.files[i].path };
	if (run->store)
		files[WRITTEN - 1] = (struct sandbox_file){ store_file(run->store)->temporary, store_file(run->store)->path };
	if (!run->options->no_sandbox && sandbox_enter(files, WRITTEN, &error) == NT_EIO && !run->options->quiet)
		message("%s", error.text);
}

/* ---- reading ---- */

static void draw_progress(const struct run *run)
{
	const struct output_recording *recording = inputs_recording(run->inputs);

	if (recording)
		progress_show(recording->input.bytes, 0, recording->input.packets);
	else
		progress_draw(inputs_source(run->inputs));
}

static void take_packet(struct run *run, const struct packet *packet)
{
	bool is_of_trace;

	if (run->keylog)
		inputs_give_keys(run->inputs, run->keylog);
	is_of_trace = correlator_packet(run->correlator, packet);
	if (run->ndjson)
		begin_trace(run);
	if (run->packets_out.writer && (is_of_trace || run->options->all_packets))
		packets_out_add(&run->packets_out, packet, inputs_keys(run->inputs));
	if (progress_is_due)
		draw_progress(run);
}

static bool goes_on(const struct run *run)
{
	return !interrupted && (!run->ndjson || ndjson_is_good(run->ndjson));
}

static void read_packets(struct run *run)
{
	struct packet packet;
	struct conntrack_entry entry;
	enum inputs_item item;

	if (!run->options->quiet)
		progress_start();
	while (goes_on(run) && (item = inputs_next(run->inputs, &packet, &entry)) != INPUTS_END) {
		if (item == INPUTS_PACKET)
			take_packet(run, &packet);
		else
			correlator_conntrack(run->correlator, &entry);
	}
	progress_stop();
	analysis_note_missing(&run->output, run->correlator);
	correlator_finish(run->correlator);
	trace_list_sort(&run->list);
	views_join(&run->list);
	analysis_join_seeds(&run->output, &run->list);
}

static bool report_damage(const struct output *output)
{
	bool any = false;

	for (size_t i = 0; i < output_input_count(output); i++) {
		const struct capture_input *input = output_input(output, i);
		const struct capture_damage *damage = &input->damage;

		if (!damage->damaged)
			continue;
		any = true;
		if (!output_input_has_packets(output, i))
			message("%s: damaged: %s; %" PRIu64 " bytes lost", input->name, damage->text, damage->bytes_lost);
		else
			message("%s: damaged at byte %" PRIu64 ", after packet %" PRIu64 ": %s; %" PRIu64 " bytes lost",
				input_name(input->name), damage->byte_offset, damage->packet_number, damage->text,
				damage->bytes_lost);
	}
	return any;
}

/* ---- writing ---- */

/* Records that waited for each other, as lines. */
static void write_lines(struct run *run)
{
	struct trace_sink sink;

	run->ndjson = ndjson_new(run->out.file, &run->output, judge, run);
	sink = wanted_records(run);
	trace_list_give(&run->list, &sink, run->ndjson);
}

/* Records that went by as lines went to the store too, by then. */
static enum nt_status write_store(struct run *run, struct nt_error *error)
{
	if (!run->ndjson) {
		run->store_sink = wanted_of(store_sink, &run->options->omit, false);
		trace_list_give(&run->list, &run->store_sink, run->store);
	}
	return store_finish(run->store, &run->output, error);
}

static bool write_output(struct run *run)
{
	const struct output *output = &run->output;

	if (run->options->ndjson && !run->ndjson)
		write_lines(run);
	if (run->ndjson)
		return ndjson_finish(run->ndjson);
	return run->options->json ? output_json(run->out.file, output) : output_report(run->out.file, output);
}

/* ---- runs ---- */

/* From the first packet to all that is known of the trace. */
static enum exit_status read_trace(struct run *run)
{
	const struct correlate_options correlate = correlate_options(run);
	enum exit_status exit_status;
	struct nt_error error = { 0 };

	if (inputs_read_confined(run->inputs, &correlate, &error) != NT_OK) {
		message("%s", error.text);
		return EXIT_FAILED;
	}
	read_packets(run);
	analysis_note_keys(run->keylog, &run->notes);
	exit_status = report_damage(&run->output) ? EXIT_DAMAGED : EXIT_DONE;
	begin_trace(run);
	analysis_set_span(&run->output);
	if (run->output.context)
		context_read(inputs_context(run->inputs), run->output.begin, run->output.end);
	return exit_status;
}

static void report_interruption(const struct options *options)
{
	if (interrupted && !options->quiet)
		message("interrupted: this is what was read until then");
}

static enum exit_status finish_outputs(struct run *run, enum exit_status exit_status)
{
	struct nt_error error = { 0 };

	/* What goes elsewhere first: whoever reads the trace may close the pipe early. */
	if (packets_out_finish(&run->packets_out, &error) != NT_OK) {
		message("%s", error.text);
		exit_status = EXIT_FAILED;
	}
	if (exports_finish(&run->exports, &run->output, &error) != NT_OK) {
		message("%s", error.text);
		exit_status = EXIT_FAILED;
	}
	if (run->store && write_store(run, &error) != NT_OK) {
		message("%s", error.text);
		exit_status = EXIT_FAILED;
	}
	errno = 0;
	if (outfile_finish(&run->out, write_output(run), &error) != NT_OK) {
		message("%s", error.text);
		exit_status = EXIT_FAILED;
	}
	return exit_status;
}

static enum exit_status analyze_opened(struct run *run)
{
	enum exit_status exit_status;

	prepare(run);
	confine(run);
	exit_status = read_trace(run);
	if (exit_status == EXIT_FAILED)
		return EXIT_FAILED;
	report_interruption(run->options);
	exit_status = finish_outputs(run, exit_status);
	if (!run->ndjson)
		judge_all(run);
	return run->found && exit_status != EXIT_FAILED ? EXIT_FOUND : exit_status;
}

/* The process ends, and all its memory with it: that it could be given back is seen where somebody watches. */
static void give_back(struct run *run)
{
	correlator_free(run->correlator);
	tls_keylog_free(run->keylog);
	verifier_free(run->verifier);
	inputs_free(run->inputs);
	trace_list_free(&run->list);
	ndjson_free(run->ndjson);
	free(run->input_names);
}

static void clear(struct run *run)
{
	outfile_abandon();
	packets_out_clear(&run->packets_out);
	store_free(run->store);
	if (NT_MEMORY_WATCHED)
		give_back(run);
}

static enum exit_status analyze(const struct options *options)
{
	struct run run = { .options = options };
	enum exit_status exit_status = EXIT_FAILED;
	struct nt_error error = { 0 };

	if (check_outputs(options, &error) == NT_OK && open_inputs(&run, &error) == NT_OK && open_outputs(&run, &error) == NT_OK)
		exit_status = analyze_opened(&run);
	else
		message("%s", error.text);
	clear(&run);
	return exit_status;
}

/* ---- two runs, to be compared ---- */

static enum exit_status worse(enum exit_status a, enum exit_status b)
{
	return a == EXIT_FAILED || b == EXIT_FAILED ? EXIT_FAILED : a == EXIT_DAMAGED ? a : b;
}

/* GOOD is what BAD is held against: findings of its own fail nothing. */
static bool judge_diff(const struct diff *diff, struct run *bad)
{
	if (bad->options->fail_on.difference && diff_found(diff)) {
		bad->found = true;
		message("difference: the traces differ");
	}
	judge_all(bad);
	return bad->found;
}

static enum exit_status compare_opened(struct run *good, struct run *bad)
{
	const struct options *options = good->options;
	enum exit_status exit_status;
	struct nt_error error = { 0 };
	struct diff diff;
	bool written;

	prepare(good);
	prepare(bad);
	confine(good);
	exit_status = read_trace(good);
	if (interrupted && exit_status != EXIT_FAILED) {
		message("interrupted: %s was not read, so there is nothing to compare", input_name(bad->options->inputs[0]));
		return EXIT_FAILED;
	}
	if (exit_status != EXIT_FAILED)
		exit_status = worse(exit_status, read_trace(bad));
	if (exit_status == EXIT_FAILED)
		return EXIT_FAILED;
	report_interruption(options);
	diff_make(&diff, &good->output, &bad->output);
	errno = 0;
	written = options->json ? diff_json(good->out.file, &diff) : diff_report(good->out.file, &diff);
	if (outfile_finish(&good->out, written, &error) != NT_OK) {
		message("%s", error.text);
		exit_status = EXIT_FAILED;
	}
	if (judge_diff(&diff, bad) && exit_status != EXIT_FAILED)
		exit_status = EXIT_FOUND;
	diff_free(&diff);
	return exit_status;
}

/* The comparison is the output of the first of them; the second has none. */
static enum exit_status compare(const struct options *options)
{
	struct options sides[2] = { *options, *options };
	struct run good = { .options = &sides[0] }, bad = { .options = &sides[1] };
	enum exit_status exit_status = EXIT_FAILED;
	struct nt_error error = { 0 };

	for (int i = 0; i < 2; i++) {
		sides[i].inputs = &options->inputs[i];
		sides[i].input_count = 1;
		sides[i].description = NULL;
	}
	if (check_outputs(options, &error) == NT_OK && open_inputs(&good, &error) == NT_OK && open_inputs(&bad, &error) == NT_OK &&
	    open_outputs(&good, &error) == NT_OK)
		exit_status = compare_opened(&good, &bad);
	else
		message("%s", error.text);
	clear(&good);
	clear(&bad);
	return exit_status;
}

/* ---- the command ---- */

static enum exit_status print_about(const struct options *options)
{
	struct outfile out = { .file = stdout, .name = "standard output" };
	struct nt_error error;

	if (options->help)
		options_print_help(stdout);
	else if (options->list_fields)
		fields_print(stdout);
	else if (options->list_codes)
		fail_on_print_codes(stdout);
	else
		version_print(stdout);
	if (outfile_finish(&out, true, &error) == NT_OK)
		return EXIT_DONE;
	message("%s", error.text);
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct options options;
	struct nt_error error = { 0 };
	enum exit_status exit_status = EXIT_FAILED;

	nt_set_out_of_memory(on_out_of_memory);
	signal(SIGPIPE, on_broken_pipe);
	signal(SIGXFSZ, SIG_IGN); /* writing then fails, which is reported */
	catch_signal(SIGINT, on_signal);
	catch_signal(SIGTERM, on_signal);
	catch_signal(SIGHUP, on_signal);
	if (options_read(&options, argc, argv, &error) != NT_OK)
		message("%s%s", error.text, error.status == NT_EUSAGE ? "; try --help" : "");
	else if (options.help || options.version || options.list_fields || options.list_codes)
		exit_status = print_about(&options);
	else
		exit_status = options.diff ? compare(&options) : analyze(&options);
	options_clear(&options);
	return exit_status;
}
