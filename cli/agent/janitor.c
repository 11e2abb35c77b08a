#include "cli/agent/janitor.h"

#include "cli/agent/keylog.h"
#include "cli/agent/privileges.h"
#include "store/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What ends us must not end it: it has a session of its own, and no descriptor but the pipe. */
static void hide(int *pipe_end)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	*pipe_end = dup2(*pipe_end, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0u, 0);
	if (chdir("/") != 0)
		errno = 0;
}

/* From the root; the caller frees it. */
static char *absolute(const char *path)
{
	char *folder = *path == '/' ? NULL : getcwd(NULL, 0), *text;
	size_t size = (folder ? strlen(folder) : 0) + strlen(path) + 2;

	text = nt_alloc(size);
	snprintf(text, size, "%s%s%s", folder ? folder : "", folder ? "/" : "", path);
	free(folder);
	return text;
}

static void wait_and_clean(int pipe_end, const struct janitor_work *work)
{
	char *recording = work->recording ? absolute(work->recording) : NULL;
	char byte;

	hide(&pipe_end);
	if (!work->only)
		privileges_drop_all();
	while (read(pipe_end, &byte, 1) < 0 && errno == EINTR)
		continue;
	if (work->keylog)
		keylog_remove(work->keylog);
	if (work->only)
		only_command_remove(work->only);
	privileges_drop_all();
	if (recording)
		recording_remove_empty_journal(recording);
	free(recording);
}

enum nt_status janitor_start(struct janitor *janitor, const struct janitor_work *work, struct nt_error *error)
{
	int ends[2];

	*janitor = (struct janitor){ .pipe = -1 };
	if (pipe2(ends, O_CLOEXEC) != 0)
		return nt_fail(error, NT_EIO, "cannot make a pipe: %s", strerror(errno));
	janitor->pid = fork();
	if (janitor->pid == 0) {
		close(ends[1]);
		wait_and_clean(ends[0], work);
		_exit(0);
	}
	close(ends[0]);
	janitor->pipe = ends[1];
	if (janitor->pid > 0)
		return NT_OK;
	close(ends[1]);
	*janitor = (struct janitor){ .pipe = -1 };
	return nt_fail(error, NT_EIO, "cannot start a process: %s", strerror(errno));
}

void janitor_finish(struct janitor *janitor)
{
	if (janitor->pid <= 0)
		return;
	close(janitor->pipe);
	while (waitpid(janitor->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	*janitor = (struct janitor){ .pipe = -1 };
}
