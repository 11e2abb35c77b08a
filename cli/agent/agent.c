#include "cli/agent/agent.h"

#include "cli/agent/agent_state.h"
#include "cli/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * How long we go on after an end.  The kernel hands packets over in blocks that may be 50 ms old.  After a command the last packets of its
 * connections are still on their way.
 */
#define LINGER (120 * NT_MILLISECOND)
#define LINGER_AFTER_COMMAND (1000 * NT_MILLISECOND)

/* ---- messages ---- */

static void say(struct agent *agent, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof text, format, args);
	agent_erase_progress(agent);
	message("%s", text);
}

void agent_say(struct agent *agent, const char *format, ...)
{
	va_list args;

	if (agent->options->quiet)
		return;
	va_start(args, format);
	say(agent, format, args);
	va_end(args);
}

void agent_complain(struct agent *agent, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(agent, format, args);
	va_end(args);
}

void agent_event(struct agent *agent, const char *kind, const char *subject, int64_t count, const char *text)
{
	if (agent->ring)
		record_event(agent->ring, &(struct recording_event){ agent_now(), kind, subject, count, text });
}

/* One filter that does not compile for several interfaces is said once. */
void agent_note_missing(struct agent *agent, const char *kind, const char *subject, const struct nt_error *error)
{
	size_t count = agent->missing_count;
	struct missing *missing = &agent->missing[count];
	bool again = count > 0 && strcmp(agent->missing[count - 1].text, error->text) == 0;

	if (!again)
		agent_complain(agent, "%s", error->text);
	if (agent->missing_count == AGENT_MISSING)
		return;
	missing->kind = kind;
	snprintf(missing->subject, sizeof missing->subject, "%s", subject);
	missing->text = nt_strdup(error->text);
	agent->missing_count++;
}

/* ---- waiting ---- */

bool agent_watch(struct agent *agent, struct watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	return epoll_ctl(agent->epoll, EPOLL_CTL_ADD, watch->descriptor, &event) == 0;
}

void agent_unwatch(struct agent *agent, struct watch *watch)
{
	if (watch->descriptor >= 0)
		epoll_ctl(agent->epoll, EPOLL_CTL_DEL, watch->descriptor, NULL);
	watch->descriptor = -1;
}

struct watch *agent_watch_descriptor(struct agent *agent, int descriptor, void (*ready)(struct agent *agent, void *context))
{
	struct watch *watch = &agent->watches[agent->watch_count++];

	*watch = (struct watch){ descriptor, ready, NULL };
	return agent_watch(agent, watch) ? watch : NULL;
}

/* ---- ends ---- */

static void linger(struct agent *agent, int64_t nanoseconds)
{
	agent->phase = agent_set_end_timer(agent, nanoseconds) ? AGENT_LINGERS : AGENT_DONE;
}

static bool is_limit(const char *reason)
{
	return strcmp(reason, "signal") != 0 && strcmp(reason, "duration") != 0;
}

static void end_beside_command(struct agent *agent, const char *reason)
{
	if (strcmp(reason, "signal") == 0)
		return;
	if (agent->phase == AGENT_RUNS)
		agent_say(agent, "no more packets are recorded; waiting for the command to end");
	agent->phase = AGENT_WAITS_FOR_COMMAND;
	agent->end = agent_now();
}

void agent_end(struct agent *agent, const char *reason)
{
	bool limit = is_limit(reason);

	if (!agent->session.end_reason)
		agent->session.end_reason = reason;
	if (limit) {
		agent->full = true;
		agent_stop_packets(agent);
	}
	if (agent->command.pid > 0) {
		end_beside_command(agent, reason);
	} else if (limit || agent->phase == AGENT_LINGERS) {
		agent->phase = AGENT_DONE;
	} else {
		agent->end = agent_now();
		linger(agent, LINGER);
	}
}

static void command_ready(struct agent *agent, void *context)
{
	struct recording_session *session = &agent->session;

	(void)context;
	session->exit_status = command_wait(&agent->command);
	session->has_exit_status = true;
	session->command_end = agent_now();
	if (agent->exit_status == 0)
		agent->exit_status = session->exit_status;
	if (!session->end_reason)
		session->end_reason = "command";
	agent_signals_leave_terminal(false);
	if (agent->full || !agent->ring)
		agent->phase = AGENT_DONE;
	else
		linger(agent, LINGER_AFTER_COMMAND);
}

/* ---- keys ---- */

static void take_keys(void *context, struct bytes lines)
{
	struct agent *agent = context;

	if (agent->ring)
		record_keys(agent->ring, lines);
}

static void keylog_ready(struct agent *agent, void *context)
{
	struct watch *watch = context;

	if (keylog_read(agent->keylog, false, take_keys, agent))
		return;
	agent_unwatch(agent, watch);
	agent_say(agent, "%s has become too long: no more keys are recorded", keylog_path(agent->keylog));
	agent_event(agent, "keys-missing", "keylog", 0, "the key log has become too long: no more keys are recorded");
}

bool agent_watch_keylog(struct agent *agent)
{
	struct watch *watch = agent->keylog ? agent_watch_descriptor(agent, keylog_descriptor(agent->keylog), keylog_ready) : NULL;

	if (watch)
		watch->context = watch;
	return watch || !agent->keylog;
}

/* ---- the recording ---- */

static void recording_failed(struct agent *agent, const struct nt_error *error)
{
	if (!agent->write_failed)
		agent_complain(agent, "%s", error->text);
	agent->write_failed = true;
	if (agent->exit_status == 0)
		agent->exit_status = 1;
}

static void close_recording(struct agent *agent)
{
	struct nt_error error = { 0 };

	agent->session.end = agent_now();
	if (recording_end_session(agent->recording, &agent->session, &error) != NT_OK)
		recording_failed(agent, &error);
	if (recording_close(agent->recording, &error) != NT_OK)
		recording_failed(agent, &error);
	agent->recording = NULL;
}

/* ---- running ---- */

static void say_ready(struct agent *agent)
{
	char names[256] = "";

	if (agent->options->command && !agent->options->verbose)
		return;
	for (size_t i = 0; i < agent->source_count; i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", agent->sources[i].name);
	}
	agent_say(agent, "capturing on %s into %s", names, agent->options->output);
}

static void release_command(struct agent *agent)
{
	struct nt_error error = { 0 };

	if (agent->command.pid <= 0)
		return;
	agent_signals_leave_terminal(true);
	agent->session.command_begin = agent_now();
	if (!agent_watch_descriptor(agent, agent->command.descriptor, command_ready))
		nt_fail(&error, NT_EIO, "cannot wait for the command: %s", strerror(errno));
	else if (command_release(&agent->command, agent->options->command[0], &error) == NT_OK)
		return;
	agent_complain(agent, "%s", error.text);
}

/* The recorder can do no more, so there is nothing to do but to wait for the command. */
void agent_recorder_failed(struct agent *agent, void *context)
{
	struct nt_error error = { 0 };

	(void)context;
	agent->ring = NULL;
	if (recorder_finish(agent->recorder, &error) != NT_OK)
		recording_failed(agent, &error);
	agent->recorder = NULL;
	if (agent->conntrack_watch)
		agent_unwatch(agent, agent->conntrack_watch);
	agent_end(agent, "write-error");
}

static void dispatch(struct agent *agent, const struct epoll_event *events, int count)
{
	for (int i = 0; i < count; i++) {
		const struct watch *watch = events[i].data.ptr;

		if (watch->descriptor >= 0)
			watch->ready(agent, watch->context);
	}
}

static void run(struct agent *agent)
{
	enum { EVENTS = 16 };
	struct epoll_event events[EVENTS];

	agent_dump_conntrack(agent);
	if (agent->options->duration)
		agent_set_end_timer(agent, agent->options->duration);
	say_ready(agent);
	release_command(agent);
	while (agent->phase != AGENT_DONE) {
		int count;

		if (agent->ring)
			ring_flush(agent->ring);
		count = epoll_wait(agent->epoll, events, EVENTS, -1);
		dispatch(agent, events, count);
	}
}

/* ---- the end ---- */

static void take_the_rest(struct agent *agent)
{
	if (!agent->ring)
		return;
	agent_drain_sources(agent);
	agent_drain_conntrack(agent);
	agent_dump_conntrack(agent);
	if (agent->keylog)
		keylog_read(agent->keylog, true, take_keys, agent);
	agent_check_drops(agent);
	agent_record_statistics(agent);
}

static void stop_writing(struct agent *agent)
{
	struct nt_error error = { 0 };

	agent->ring = NULL;
	if (agent->recorder && recorder_finish(agent->recorder, &error) != NT_OK)
		recording_failed(agent, &error);
	agent->recorder = NULL;
}

/* What the janitor would, had it been started. */
static void remove_leftovers(struct agent *agent)
{
	if (agent_private_keylog(agent))
		keylog_remove(agent_private_keylog(agent));
	if (agent->has_only)
		only_command_remove(&agent->only);
}

static void clear(struct agent *agent)
{
	const int descriptors[] = { agent->end_timer, agent->tick_timer, agent->clock_timer, agent->epoll };

	agent_close_sources(agent);
	conntrack_free(agent->conntrack);
	for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++)
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	if (agent->command.pid > 0)
		command_wait(&agent->command);
	if (agent->janitor.pid > 0)
		janitor_finish(&agent->janitor);
	else
		remove_leftovers(agent);
	keylog_free(agent->keylog);
	only_command_clear(&agent->only);
	for (size_t i = 0; i < agent->missing_count; i++)
		free(agent->missing[i].text);
	free(agent->command_text);
	free(agent->filter);
	free(agent);
}

static struct agent *agent_new(const struct capture_options *options)
{
	struct agent *agent = nt_zalloc(sizeof *agent);

	agent->options = options;
	agent->filter = live_filter(options->filter, options->icmp, options->arp, options->no_payload);
	agent->epoll = agent->signals = agent->end_timer = agent->tick_timer = agent->clock_timer = -1;
	agent->end = NT_TIME_NONE;
	return agent;
}

int agent_run(const struct capture_options *options)
{
	struct agent *agent = agent_new(options);
	struct nt_error error = { 0 };
	int exit_status;

	if (agent_prepare(agent, &error) == NT_OK) {
		run(agent);
		take_the_rest(agent);
		stop_writing(agent);
		close_recording(agent);
		agent_erase_progress(agent);
		agent_print_counts(agent, "");
	} else {
		agent_complain(agent, "%s", error.text);
		agent->exit_status = 1;
		stop_writing(agent);
		recording_close(agent->recording, NULL);
	}
	exit_status = agent->exit_status;
	clear(agent);
	return exit_status;
}
