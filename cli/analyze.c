/* nettrace-analyze: captures in, report or JSON trace out. */
#include "cli/message.h"
#include "cli/options.h"
#include "cli/outfile.h"
#include "cli/progress.h"
#include "cli/version.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_DAMAGED = 2 };

/* What lives as long as the run; zeroed is nothing yet. */
struct run {
	const struct options *options;
	struct capture_source *source;
	struct correlator *correlator;
	struct trace_sink sink;
	struct trace_list list;
	struct limit_hits hits;
	struct outfile out;
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
}

static void catch_signal(int signal_number)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct sigaction old;

	/* A shell that runs us in the background has SIGINT ignored: so it stays. */
	if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(signal_number, &action, NULL);
}

static void on_out_of_memory(void)
{
	outfile_abandon();
	fputs("nettrace-analyze: out of memory\n", stderr);
	_exit(EXIT_FAILED);
}

/* ---- reading ---- */

static struct trace_sink wanted_records(const struct options *options)
{
	const struct output_omit *omit = &options->omit;
	struct trace_sink sink = trace_list_sink;

	if (omit->dns)
		sink.dns_query = NULL;
	if (omit->tls)
		sink.tls_tunnel = NULL;
	if (omit->http)
		sink.http_request = NULL;
	/* The report says of everything on which connection it was. */
	if (options->json && omit->dials)
		sink.dial = NULL;
	if (options->json && omit->tcp)
		sink.tcp_conn = NULL;
	if (options->json && omit->udp)
		sink.udp_conn = NULL;
	return sink;
}

static struct correlator *new_correlator(struct run *run)
{
	const struct options *options = run->options;
	const struct correlate_options correlate = {
		.clients = options->clients,
		.client_count = options->client_count,
		.headers = options->headers,
		.excluded_headers = options->excluded_headers,
		.excluded_header_count = options->excluded_header_count,
		.no_app_protocol = options->no_app_protocol,
		.hash_seed = options->seed,
	};

	run->sink = wanted_records(options);
	return correlator_new(&correlate, &run->sink, &run->list, &run->hits);
}

static const char *input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static bool is_an_input(const struct options *options, const char *path)
{
	for (size_t i = 0; i < options->input_count; i++)
		if (outfile_is_same(options->inputs[i], path))
			return true;
	return false;
}

static enum nt_status open_all(struct run *run, struct nt_error *error)
{
	const struct options *options = run->options;
	enum nt_status status;

	if (options->output && is_an_input(options, options->output))
		return nt_fail(error, NT_EUSAGE, "%s is an input: it would be overwritten", options->output);
	status = capture_open(&run->source, options->inputs, options->input_count, &run->hits, error);
	if (status == NT_OK && options->filter)
		status = capture_set_filter(run->source, options->filter, error);
	if (status == NT_OK)
		status = outfile_open(&run->out, options->output, error);
	if (status == NT_OK)
		run->correlator = new_correlator(run);
	return status;
}

static void read_packets(struct run *run)
{
	struct packet packet;

	if (!run->options->quiet)
		progress_start();
	while (!interrupted && capture_next(run->source, &packet) == NT_OK) {
		correlator_packet(run->correlator, &packet);
		if (progress_is_due)
			progress_draw(run->source);
	}
	progress_stop();
	correlator_finish(run->correlator);
	trace_list_sort(&run->list);
}

static bool report_damage(const struct capture_source *source)
{
	bool any = false;

	for (size_t i = 0; i < capture_input_count(source); i++) {
		const struct capture_input *input = capture_input(source, i);
		const struct capture_damage *damage = &input->damage;

		if (!damage->damaged)
			continue;
		any = true;
		message("%s: damaged at byte %" PRIu64 ", after packet %" PRIu64 ": %s; %" PRIu64 " bytes lost",
			input_name(input->name), damage->byte_offset, damage->packet_number, damage->text, damage->bytes_lost);
	}
	return any;
}

/* ---- writing ---- */

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

	return isatty(fileno(out->file)) && !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
}

static bool write_output(struct run *run)
{
	const struct options *options = run->options;
	const struct correlate_stats *stats = correlator_stats(run->correlator);
	char *names = default_description(options);
	const struct output output = {
		.description = options->description ? options->description : names,
		.filter = options->filter,
		.headers = options->headers_text,
		.omit = options->omit,
		.verbose = options->verbose,
		.colour = wants_colour(&run->out),
		.begin = options->input_count == 1 ? stats->first_packet_time : stats->smallest_time,
		.end = stats->largest_time,
		.list = &run->list,
		.source = run->source,
		.stats = stats,
		.hits = &run->hits,
	};
	bool good = options->json ? output_json(run->out.file, &output) : output_report(run->out.file, &output);

	free(names);
	return good;
}

static enum exit_status analyze(struct run *run)
{
	struct nt_error error = { 0 };
	enum exit_status exit_status = EXIT_DONE;

	if (open_all(run, &error) != NT_OK) {
		message("%s", error.text);
		return EXIT_FAILED;
	}
	read_packets(run);
	if (interrupted && !run->options->quiet)
		message("interrupted: this is what was read until then");
	if (report_damage(run->source))
		exit_status = EXIT_DAMAGED;
	errno = 0;
	if (outfile_finish(&run->out, write_output(run), &error) != NT_OK) {
		message("%s", error.text);
		exit_status = EXIT_FAILED;
	}
	return exit_status;
}

static void clear(struct run *run)
{
	outfile_abandon();
	correlator_free(run->correlator);
	capture_free(run->source);
	trace_list_free(&run->list);
}

static enum exit_status print_about(const struct options *options)
{
	struct outfile out = { .file = stdout, .name = "standard output" };
	struct nt_error error;

	if (options->help)
		options_print_help(stdout);
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
	struct run run = { .options = &options };
	struct nt_error error = { 0 };
	enum exit_status exit_status = EXIT_FAILED;

	nt_set_out_of_memory(on_out_of_memory);
	signal(SIGPIPE, SIG_DFL);
	catch_signal(SIGINT);
	catch_signal(SIGTERM);
	if (options_read(&options, argc, argv, &error) != NT_OK)
		message("%s%s", error.text, error.status == NT_EUSAGE ? "; try --help" : "");
	else if (options.help || options.version)
		exit_status = print_about(&options);
	else
		exit_status = analyze(&run);
	clear(&run);
	options_clear(&options);
	return exit_status;
}
