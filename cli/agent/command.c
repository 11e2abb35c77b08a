#include "cli/agent/command.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in the child ---- */

/* What sudo has set for root is the caller's again. */
static void set_environment(const struct command_options *options)
{
	const struct passwd *entry = getpwuid(options->user->uid);

	if (entry && geteuid() == 0 && options->user->uid != 0) {
		setenv("HOME", entry->pw_dir, 1);
		setenv("USER", entry->pw_name, 1);
		setenv("LOGNAME", entry->pw_name, 1);
	}
	if (options->keylog)
		setenv("SSLKEYLOGFILE", options->keylog, 1);
}

static void execute(const struct command_options *options, int go, int result)
{
	char byte;
	int why;

	/* End of file: we are not wanted. */
	if (read(go, &byte, 1) != 1)
		_exit(0);
	set_environment(options);
	if ((!options->only || only_command_enter(options->only)) && privileges_become(options->user))
		execvp(options->argv[0], options->argv);
	why = errno;
	if (write(result, &why, sizeof why) != sizeof why)
		errno = why;
	_exit(why == ENOENT ? COMMAND_NOT_FOUND : COMMAND_NOT_EXECUTABLE);
}

/* ---- in the parent ---- */

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum nt_status cannot_start(struct nt_error *error)
{
	return nt_fail(error, NT_EIO, "cannot start a process: %s", strerror(errno));
}

enum nt_status command_prepare(struct command *command, const struct command_options *options, struct nt_error *error)
{
	int go[2] = { -1, -1 }, result[2] = { -1, -1 };

	*command = (struct command){ .descriptor = -1, .go = -1, .result = -1 };
	if (pipe2(go, O_CLOEXEC) == 0 && pipe2(result, O_CLOEXEC) == 0)
		command->pid = fork();
	else
		command->pid = -1;
	if (command->pid == 0) {
		close(go[1]);
		execute(options, go[0], result[1]);
	}
	close_end(&go[0]);
	close_end(&result[1]);
	command->go = go[1];
	command->result = result[0];
	command->descriptor = command->pid > 0 ? pidfd_open(command->pid, 0) : -1;
	if (command->descriptor >= 0)
		return NT_OK;
	cannot_start(error);
	if (command->pid > 0)
		command_wait(command);
	close_end(&command->go);
	close_end(&command->result);
	command->pid = 0;
	return NT_EIO;
}

enum nt_status command_release(struct command *command, const char *name, struct nt_error *error)
{
	ssize_t size;
	int why;

	if (write(command->go, "", 1) != 1)
		return cannot_start(error);
	close_end(&command->go);
	do
		size = read(command->result, &why, sizeof why);
	while (size < 0 && errno == EINTR);
	close_end(&command->result);
	/* Nothing comes when it was executed: the pipe closes. */
	if (size != sizeof why)
		return NT_OK;
	return nt_fail(error, NT_EIO, "cannot run %s: %s", name, strerror(why));
}

void command_signal(const struct command *command, int signal_number)
{
	if (command->pid > 0)
		kill(command->pid, signal_number);
}

int command_wait(struct command *command)
{
	int status = 0;

	close_end(&command->go);
	while (command->pid > 0 && waitpid(command->pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	close_end(&command->result);
	close_end(&command->descriptor);
	command->pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- text ---- */

static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

	return word[0] && !word[strspn(word, plain)];
}

static void print_word(FILE *out, const char *word)
{
	if (is_plain(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	fputc('\'', out);
}

char *command_text(char *const *argv)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out && argv[i]; i++) {
		if (i)
			fputc(' ', out);
		print_word(out, argv[i]);
	}
	if (out)
		fclose(out);
	return text;
}
