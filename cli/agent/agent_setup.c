/* Opening all that is needed, in the order that privileges allow. */
#include "cli/agent/agent_state.h"
#include "cli/version.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* ---- the recording ---- */

static void describe_session(struct agent *agent)
{
	bool known = uname(&agent->system) == 0;

	agent->command_text = agent->options->command ? command_text(agent->options->command) : NULL;
	agent->session = (struct recording_session){
		.begin = agent_now(),
		.end = NT_TIME_NONE,
		.host = known ? agent->system.nodename : NULL,
		.kernel = known ? agent->system.release : NULL,
		.program_version = NETTRACE_VERSION,
		.command = agent->command_text,
		.filter = agent->filter,
		.command_begin = NT_TIME_NONE,
		.command_end = NT_TIME_NONE,
		.source = "live",
	};
}

static enum nt_status open_as_now(struct agent *agent, struct nt_error *error)
{
	enum nt_status status = recording_open_writer(&agent->recording, agent->options->output, error);

	if (status == NT_OK)
		status = recording_begin_session(agent->recording, &agent->session, error);
	if (status == NT_OK)
		status = agent_put_interfaces(agent, error);
	if (status == NT_OK)
		status = recording_commit(agent->recording, 0, true, error);
	return status;
}

/*
 * The file is to be the caller's; where the caller may not write, root may.  The first transaction is before the change of user, as its
 * journal is made in a directory that the new user may not write to.
 */
static enum nt_status open_recording(struct agent *agent, struct nt_error *error)
{
	enum nt_status status = privileges_lend(&agent->privileges, error);
	bool lent = agent->privileges.is_root && agent->privileges.caller.uid != 0;

	describe_session(agent);
	if (status == NT_OK)
		status = open_as_now(agent, error);
	if (privileges_take_back(&agent->privileges, error) != NT_OK)
		return NT_EIO;
	if (status != NT_OK && lent && !agent->recording)
		status = open_as_now(agent, error);
	return status;
}

/* ---- setting up ---- */

static enum nt_status prepare_keylog(struct agent *agent, struct nt_error *error)
{
	const struct capture_options *options = agent->options;

	if (options->keylog)
		return keylog_open(&agent->keylog, options->keylog, true, error);
	if (options->command && !options->no_keylog)
		return keylog_make(&agent->keylog, &agent->privileges.caller, error);
	return NT_OK;
}

static enum nt_status prepare_only(struct agent *agent, struct nt_error *error)
{
	const struct capture_options *options = agent->options;
	enum nt_status status;

	only_command_sweep();
	if (!options->only_command)
		return NT_OK;
	status = only_command_begin(&agent->only, error);
	agent->has_only = status == NT_OK;
	return status;
}

const char *agent_private_keylog(const struct agent *agent)
{
	return agent->keylog && !agent->options->keylog ? keylog_path(agent->keylog) : NULL;
}

static enum nt_status prepare_command(struct agent *agent, struct nt_error *error)
{
	const struct capture_options *options = agent->options;
	const struct only_command *only = agent->has_only ? &agent->only : NULL;
	const struct command_options command = { options->command, &agent->privileges.caller, agent_private_keylog(agent), only };
	const struct janitor_work work = { .keylog = agent_private_keylog(agent),
					   .only = only,
					   .recording = agent->privileges.is_root ? options->output : NULL };
	enum nt_status status = NT_OK;

	if (work.keylog || work.only || work.recording)
		status = janitor_start(&agent->janitor, &work, error);
	if (status == NT_OK && only)
		status = only_command_set_rules(only, options->interfaces, options->interface_count, error);
	if (status == NT_OK && options->command)
		status = command_prepare(&agent->command, &command, error);
	return status;
}

static enum nt_status prepare_waiting(struct agent *agent, struct nt_error *error)
{
	/* Writing says what is wrong; these would end us instead. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	agent->epoll = epoll_create1(EPOLL_CLOEXEC);
	agent->signals = agent->epoll < 0 ? -1 : agent_catch_signals();
	if (agent->signals >= 0 && agent_watch_descriptor(agent, agent->signals, agent_signals_ready) && agent_open_times(agent))
		return NT_OK;
	return nt_fail(error, NT_EIO, "cannot wait for events: %s", strerror(errno));
}

static enum nt_status drop(struct agent *agent, struct nt_error *error)
{
	const struct privileges_keep keep = { .net_raw = agent_has_live(agent), .net_admin = agent->conntrack != NULL };

	return privileges_drop(&agent->privileges, keep, error);
}

static void record_missing(struct agent *agent)
{
	for (size_t i = 0; i < agent->missing_count; i++) {
		agent_event(agent, agent->missing[i].kind, agent->missing[i].subject, 0, agent->missing[i].text);
		free(agent->missing[i].text);
	}
	agent->missing_count = 0;
}

static enum nt_status start_writing(struct agent *agent, struct nt_error *error)
{
	const struct capture_options *options = agent->options;
	enum nt_status status = recorder_start(&agent->recorder, agent->recording, options->ring ? options->max_size : 0, error);

	if (status != NT_OK)
		return status;
	agent->ring = recorder_ring(agent->recorder);
	record_missing(agent);
	if (agent_watch_descriptor(agent, recorder_descriptor(agent->recorder), agent_recorder_failed) &&
	    agent_watch_sources(agent) && agent_watch_conntrack(agent) && agent_watch_keylog(agent))
		return NT_OK;
	return nt_fail(error, NT_EIO, "cannot wait for events: %s", strerror(errno));
}

enum nt_status agent_prepare(struct agent *agent, struct nt_error *error)
{
	static enum nt_status (*const steps[])(struct agent * agent, struct nt_error * error) = {
		prepare_keylog, prepare_only, prepare_command, prepare_waiting, agent_open_sources,
	};
	const struct privileges_start start = privileges_start();
	enum nt_status status = privileges_find(&agent->privileges, &start, agent->options->user, error);

	for (size_t i = 0; i < sizeof steps / sizeof *steps && status == NT_OK; i++)
		status = steps[i](agent, error);
	if (status != NT_OK)
		return status;
	agent_open_conntrack(agent);
	status = open_recording(agent, error);
	if (status == NT_OK)
		status = drop(agent, error);
	if (status == NT_OK)
		status = start_writing(agent, error);
	return status;
}
