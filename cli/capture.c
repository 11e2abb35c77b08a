/* nettrace-capture: packets and connection tracking of this machine, or a capture file, into a recording. */
#include "cli/agent/agent.h"
#include "cli/agent/import.h"
#include "cli/agent/interfaces.h"
#include "cli/message.h"
#include "cli/outfile.h"
#include "cli/version.h"

#include <fcntl.h>
#include <unistd.h>

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1 };

static void on_out_of_memory(void)
{
	fputs("nettrace-capture: out of memory\n", stderr);
	_exit(EXIT_FAILED);
}

/* Descriptors that we open must not take the places of standard input, output and error. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static enum nt_status print(const struct capture_options *options, struct nt_error *error)
{
	if (options->help)
		capture_options_print_help(stdout);
	else if (options->version)
		version_print_capture(stdout);
	else
		return interfaces_print(stdout, error);
	return NT_OK;
}

static int print_about(const struct capture_options *options)
{
	struct outfile out = { .file = stdout, .name = "standard output" };
	struct nt_error error;

	if (print(options, &error) == NT_OK && outfile_finish(&out, true, &error) == NT_OK)
		return EXIT_DONE;
	message("%s", error.text);
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct capture_options options;
	struct nt_error error = { 0 };
	int exit_status = EXIT_FAILED;

	fill_standard_descriptors();
	nt_set_out_of_memory(on_out_of_memory);
	message_set_program("nettrace-capture");
	if (capture_options_read(&options, argc, argv, &error) != NT_OK)
		message("%s; try --help", error.text);
	else if (options.help || options.version || options.list_interfaces)
		exit_status = print_about(&options);
	else if (options.input)
		exit_status = import_run(&options);
	else
		exit_status = agent_run(&options);
	capture_options_clear(&options);
	return exit_status;
}
