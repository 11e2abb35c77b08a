/* Connection tracking: events as they come, the whole table at the start, at the end and after a loss. */
#include "cli/agent/agent_state.h"
#include "cli/agent/filter_hosts.h"

enum { BATCH = 256 };

void agent_open_conntrack(struct agent *agent)
{
	struct filter_hosts hosts;
	struct conntrack_options options = { .keep_sysctls = agent->options->keep_sysctls };
	struct nt_error error = { 0 };

	if (agent->options->no_conntrack)
		return;
	filter_hosts_find(agent->options->filter, &hosts);
	options.addresses = hosts.addresses;
	options.address_versions = hosts.versions;
	options.address_count = hosts.count;
	if (conntrack_open(&agent->conntrack, &options, &error) != NT_OK) {
		agent_note_missing(agent, "conntrack-missing", "conntrack", &error);
	} else if (conntrack_warning(agent->conntrack)) {
		nt_fail(&error, NT_EIO, "connection tracking tells less than it could: %s", conntrack_warning(agent->conntrack));
		agent_note_missing(agent, "conntrack-incomplete", "conntrack", &error);
	}
}

/* With --only-command the mark tells whose connection it is. */
static void take_entry(void *context, const struct conntrack_entry *entry)
{
	struct agent *agent = context;

	if (!agent->ring || (agent->has_only && entry->mark != agent->only.mark))
		return;
	if (record_conntrack(agent->ring, entry))
		agent->conntrack_taken++;
}

void agent_dump_conntrack(struct agent *agent)
{
	struct nt_error error = { 0 };

	if (!agent->conntrack || conntrack_dump(agent->conntrack, take_entry, agent, &error) == NT_OK)
		return;
	agent_complain(agent, "%s", error.text);
	agent_event(agent, "conntrack-missing", "conntrack", 0, error.text);
}

/* What was lost is made good by the whole table, once nothing more waits. */
static void resynchronise(struct agent *agent)
{
	uint64_t overruns = conntrack_overruns(agent->conntrack);

	agent_event(agent, "conntrack-overrun", "conntrack", (int64_t)(overruns - agent->conntrack_told),
		    "the kernel lost events of connection tracking; a listing of the table follows");
	agent->conntrack_told = overruns;
	agent->conntrack_lost = false;
	agent_dump_conntrack(agent);
}

static enum nt_status read_events(struct agent *agent)
{
	enum nt_status status = NT_OK;
	struct nt_error error = { 0 };
	struct conntrack_entry entry;

	for (int i = 0; i < BATCH && (status == NT_OK || status == NT_ELIMIT); i++) {
		status = conntrack_next(agent->conntrack, &entry, &error);
		if (status == NT_OK)
			take_entry(agent, &entry);
		if (status == NT_ELIMIT)
			agent->conntrack_lost = true;
	}
	if (status == NT_AGAIN && agent->conntrack_lost)
		resynchronise(agent);
	if (status == NT_EIO) {
		agent_complain(agent, "%s", error.text);
		agent_event(agent, "conntrack-missing", "conntrack", 0, error.text);
		if (agent->conntrack_watch)
			agent_unwatch(agent, agent->conntrack_watch);
	}
	return status;
}

static void conntrack_ready(struct agent *agent, void *context)
{
	(void)context;
	read_events(agent);
	if (!agent->ticking)
		agent_tick_soon(agent);
}

bool agent_watch_conntrack(struct agent *agent)
{
	if (!agent->conntrack)
		return true;
	agent->conntrack_watch = agent_watch_descriptor(agent, conntrack_descriptor(agent->conntrack), conntrack_ready);
	return agent->conntrack_watch != NULL;
}

void agent_drain_conntrack(struct agent *agent)
{
	enum { ROUNDS = 256 };

	for (int i = 0; i < ROUNDS && agent->conntrack; i++) {
		enum nt_status status = read_events(agent);

		if (status != NT_OK && status != NT_ELIMIT)
			break;
	}
}
