/* Interfaces and groups of NFLOG: opening, reading, going away and coming back. */
#include "cli/agent/agent_state.h"

#include <stdio.h>
#include <string.h>

enum {
	BATCH = 512, /* packets that are taken in a row before others have their turn */
	LINKTYPE_RAW = 101
};

/* ---- opening ---- */

static struct source *add_source(struct agent *agent, const char *name, uint32_t link_type)
{
	struct source *source = &agent->sources[agent->source_count];

	snprintf(source->name, sizeof source->name, "%s", name);
	source->interface = (struct capture_interface){
		.id = (uint32_t)agent->source_count++,
		.link_type = link_type,
		.snaplen = agent->options->snaplen,
		.name = source->name,
	};
	return source;
}

static enum nt_status open_interface(struct agent *agent, const char *name, struct nt_error *error)
{
	const struct live_options options = { .interface = name, .snaplen = agent->options->snaplen, .filter = agent->filter };
	struct live *live;
	enum nt_status status = live_open(&live, &options, error);

	if (status == NT_OK)
		add_source(agent, name, live_link_type(live))->live = live;
	return status;
}

static enum nt_status open_group(struct agent *agent, uint16_t group, struct nt_error *error)
{
	const uint32_t link_type = LINKTYPE_RAW;
	struct filter *filter = NULL;
	struct nflog *nflog;
	struct source *source;
	enum nt_status status = NT_OK;
	char name[32];

	if (agent->filter)
		status = filter_new(&filter, agent->filter, &link_type, 1, error);
	if (status == NT_OK)
		status = nflog_open(&nflog, group, agent->options->snaplen, error);
	if (status != NT_OK) {
		filter_free(filter);
		return status;
	}
	snprintf(name, sizeof name, "nflog:%u", group);
	source = add_source(agent, name, LINKTYPE_RAW);
	source->nflog = nflog;
	source->filter = filter;
	return NT_OK;
}

static void open_interfaces(struct agent *agent, struct nt_error *error)
{
	const struct capture_options *options = agent->options;

	for (size_t i = 0; i < options->interface_count; i++)
		if (open_interface(agent, options->interfaces[i], error) != NT_OK)
			agent_note_missing(agent, "interface-missing", options->interfaces[i], error);
}

static void open_groups(struct agent *agent, struct nt_error *error)
{
	const struct capture_options *options = agent->options;
	char name[32];

	for (size_t i = 0; i < options->group_count; i++) {
		snprintf(name, sizeof name, "nflog:%u", options->groups[i]);
		if (open_group(agent, options->groups[i], error) != NT_OK)
			agent_note_missing(agent, "nflog-missing", name, error);
	}
}

enum nt_status agent_open_sources(struct agent *agent, struct nt_error *error)
{
	if (agent->has_only)
		return open_group(agent, agent->only.group, error);
	open_interfaces(agent, error);
	open_groups(agent, error);
	return agent->source_count ? NT_OK : nt_fail(error, NT_EIO, "nothing is left to capture on");
}

enum nt_status agent_put_interfaces(struct agent *agent, struct nt_error *error)
{
	enum nt_status status = NT_OK;

	for (size_t i = 0; i < agent->source_count && status == NT_OK; i++) {
		const struct capture_interface *interface = &agent->sources[i].interface;

		status = recording_put_interface(agent->recording,
						 &(struct recording_interface){ .id = interface->id,
										.link_type = interface->link_type,
										.snaplen = interface->snaplen,
										.name = interface->name },
						 error);
	}
	return status;
}

bool agent_has_live(const struct agent *agent)
{
	for (size_t i = 0; i < agent->source_count; i++)
		if (agent->sources[i].live)
			return true;
	return false;
}

/* ---- packets ---- */

/* Whether a packet may still be recorded; if a limit does not let it, that is the end. */
static bool is_within_limits(struct agent *agent, uint32_t bytes)
{
	const struct capture_options *options = agent->options;

	if (agent->full)
		return false;
	if (options->max_size && !options->ring && agent->bytes + bytes > options->max_size) {
		agent_say(agent, "the limit of --max-size is reached");
		agent_end(agent, "size");
		return false;
	}
	agent->bytes += bytes;
	return true;
}

static void take_packet(struct agent *agent, struct source *source, const struct recording_packet *packet)
{
	if (!agent->ring || (agent->end != NT_TIME_NONE && packet->time > agent->end))
		return;
	if (!is_within_limits(agent, packet->captured) || !record_packet(agent->ring, packet))
		return;
	source->captured++;
	agent->packets++;
	if (!agent->ticking)
		agent_tick_soon(agent);
	if (agent->packets == agent->options->count)
		agent_end(agent, "count");
}

/* ---- interfaces ---- */

static void lose_source(struct agent *agent, struct source *source)
{
	agent_unwatch(agent, &source->watch);
	for (size_t i = 0; i < agent->source_count; i++)
		if (agent->sources[i].watch.descriptor >= 0)
			return;
	agent_complain(agent, "nothing is left to capture on");
	agent->exit_status = 1;
	agent_end(agent, "no-source");
}

static void went_away(struct agent *agent, struct source *source, const struct nt_error *error)
{
	source->away = true;
	agent_say(agent, "%s; waiting for it to come back", error->text);
	agent_event(agent, "interface-down", source->name, 0, error->text);
}

static void try_again(struct agent *agent, struct source *source)
{
	struct nt_error error = { 0 };
	enum nt_status status = live_reopen(source->live, &error);
	char text[80];

	if (status == NT_AGAIN)
		return;
	source->away = false;
	if (status == NT_OK) {
		snprintf(text, sizeof text, "the interface %s is back", source->name);
		agent_say(agent, "%s", text);
		agent_event(agent, "interface-up", source->name, 0, text);
		return;
	}
	agent_complain(agent, "%s", error.text);
	agent_event(agent, "interface-missing", source->name, 0, error.text);
	lose_source(agent, source);
}

/* Takes at most a batch; NT_OK if there may be more. */
static enum nt_status take_from_interface(struct agent *agent, struct source *source, struct nt_error *error)
{
	enum nt_status status = NT_OK;
	struct packet packet;

	for (int i = 0; i < BATCH && (status = live_next(source->live, &packet, error)) == NT_OK; i++)
		take_packet(agent, source,
			    &(struct recording_packet){ .time = packet.time,
							.interface = source->interface.id,
							.captured = packet.captured,
							.size = packet.size,
							.data = packet.data });
	return status;
}

static enum nt_status read_interface(struct agent *agent, struct source *source)
{
	struct nt_error error = { 0 };
	enum nt_status status = take_from_interface(agent, source, &error);

	if (status == NT_EIO)
		went_away(agent, source, &error);
	if (status != NT_OK && source->away)
		try_again(agent, source);
	return status;
}

/* ---- groups ---- */

static bool is_filtered_out(const struct source *source, const struct nflog_packet *from)
{
	const struct packet packet = {
		.time = from->time,
		.captured = from->captured,
		.size = from->size,
		.data = from->data,
		.interface = &source->interface,
	};

	return source->filter && !filter_takes(source->filter, &packet);
}

/*
 * The order in which the kernel logs is the true one, and our own time of a packet (that went out) is somewhat late: the kernel's time of
 * the next (that came in) must not be before it.
 */
static nt_time time_in_order(struct agent *agent, struct source *source, const struct nflog_packet *from)
{
	nt_time time = from->time;

	/* What waited in the kernel when the end came was logged before it, though our clock says otherwise. */
	if (!from->time_is_kernels && agent->end != NT_TIME_NONE && time > agent->end)
		time = agent->end;
	if (!from->time_is_kernels)
		source->last_own_time = time;
	else if (time < source->last_own_time)
		time = source->last_own_time;
	return time;
}

static void take_from_group(struct agent *agent, struct source *source, const struct nflog_packet *from)
{
	const struct recording_nflog nflog = {
		.prefix = from->prefix,
		.mark = from->mark,
		.uid = from->uid,
		.gid = from->gid,
		.has_uid = from->has_uid,
		.has_gid = from->has_gid,
		.hook = from->hook,
		.in_interface = from->in_interface,
		.out_interface = from->out_interface,
	};

	if (is_filtered_out(source, from))
		return;
	take_packet(agent, source,
		    &(struct recording_packet){ .time = time_in_order(agent, source, from),
						.interface = source->interface.id,
						.captured = from->captured,
						.size = from->size,
						.data = from->data,
						.nflog = &nflog });
}

static enum nt_status read_group(struct agent *agent, struct source *source)
{
	enum nt_status status = NT_OK;
	struct nt_error error = { 0 };
	struct nflog_packet packet;

	for (int i = 0; i < BATCH && (status == NT_OK || status == NT_ELIMIT); i++) {
		status = nflog_next(source->nflog, &packet, &error);
		if (status == NT_OK)
			take_from_group(agent, source, &packet);
	}
	if (status == NT_EIO) {
		agent_complain(agent, "%s", error.text);
		agent_event(agent, "nflog-missing", source->interface.name, 0, error.text);
		lose_source(agent, source);
	}
	return status;
}

/* ---- all ---- */

static enum nt_status read_source(struct agent *agent, struct source *source)
{
	return source->live ? read_interface(agent, source) : read_group(agent, source);
}

static void source_ready(struct agent *agent, void *context)
{
	read_source(agent, context);
}

bool agent_watch_sources(struct agent *agent)
{
	bool good = true;

	for (size_t i = 0; i < agent->source_count; i++) {
		struct source *source = &agent->sources[i];
		int descriptor = source->live ? live_descriptor(source->live) : nflog_descriptor(source->nflog);

		source->watch = (struct watch){ descriptor, source_ready, source };
		good = agent_watch(agent, &source->watch) && good;
	}
	return good;
}

/* Of a source that never runs dry so much as its kernel ring may hold, and not more. */
void agent_drain_sources(struct agent *agent)
{
	enum { ROUNDS = 256 };

	for (size_t i = 0; i < agent->source_count; i++) {
		struct source *source = &agent->sources[i];

		for (int round = 0; round < ROUNDS && source->watch.descriptor >= 0; round++) {
			enum nt_status status = read_source(agent, source);

			if (status != NT_OK && status != NT_ELIMIT)
				break;
		}
	}
}

void agent_stop_packets(struct agent *agent)
{
	for (size_t i = 0; i < agent->source_count; i++) {
		struct source *source = &agent->sources[i];

		agent_unwatch(agent, &source->watch);
		if (!source->stopped)
			agent_source_statistics(source, &source->last);
		source->stopped = true;
	}
}

void agent_close_sources(struct agent *agent)
{
	for (size_t i = 0; i < agent->source_count; i++) {
		live_free(agent->sources[i].live);
		nflog_free(agent->sources[i].nflog);
		filter_free(agent->sources[i].filter);
	}
	agent->source_count = 0;
}
