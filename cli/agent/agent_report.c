/* Counts: into the recording, and on standard error. */
#include "cli/agent/agent_state.h"
#include "cli/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void agent_source_statistics(const struct source *source, struct recording_statistics *out)
{
	struct live_statistics live = { 0 };

	if (source->stopped) {
		*out = source->last;
		return;
	}
	*out = (struct recording_statistics){ .time = agent_now(), .subject = source->name, .captured = source->captured };
	if (source->live) {
		live_statistics(source->live, &live);
		out->received = live.received;
		out->dropped_by_kernel = live.dropped_by_kernel;
		out->dropped_by_interface = live.dropped_by_interface;
	} else {
		out->received = nflog_received(source->nflog);
		out->lost = nflog_lost(source->nflog);
	}
}

/* ---- into the recording ---- */

static void tell_drops(struct agent *agent, const struct source *source, const char *kind, uint64_t now, uint64_t before,
		       const char *by)
{
	char text[128];

	if (now <= before)
		return;
	snprintf(text, sizeof text, "%" PRIu64 " packets were dropped by the %s", now - before, by);
	agent_event(agent, kind, source->name, (int64_t)(now - before), text);
}

void agent_check_drops(struct agent *agent)
{
	for (size_t i = 0; i < agent->source_count; i++) {
		struct source *source = &agent->sources[i];
		struct recording_statistics now, *told = &source->told;

		agent_source_statistics(source, &now);
		tell_drops(agent, source, "kernel-drops", now.dropped_by_kernel, told->dropped_by_kernel, "kernel");
		tell_drops(agent, source, "interface-drops", now.dropped_by_interface, told->dropped_by_interface, "interface");
		tell_drops(agent, source, "nflog-drops", now.lost, told->lost, "kernel on their way to us");
		*told = now;
	}
}

static void record(struct agent *agent, const struct recording_statistics *statistics)
{
	if (agent->ring)
		record_statistics(agent->ring, statistics);
}

void agent_record_statistics(struct agent *agent)
{
	struct recording_statistics statistics;

	for (size_t i = 0; i < agent->source_count; i++) {
		agent_source_statistics(&agent->sources[i], &statistics);
		record(agent, &statistics);
	}
	if (!agent->conntrack)
		return;
	record(agent, &(struct recording_statistics){ .time = agent_now(),
						      .subject = "conntrack",
						      .received = conntrack_received(agent->conntrack),
						      .captured = agent->conntrack_taken,
						      .lost = conntrack_overruns(agent->conntrack) });
}

/* ---- for the user ---- */

static struct recording_statistics sum_of_sources(const struct agent *agent)
{
	struct recording_statistics sum = { 0 }, one;

	for (size_t i = 0; i < agent->source_count; i++) {
		agent_source_statistics(&agent->sources[i], &one);
		sum.received += one.received;
		sum.dropped_by_kernel += one.dropped_by_kernel + one.lost;
		sum.dropped_by_interface += one.dropped_by_interface;
	}
	return sum;
}

void agent_print_counts(struct agent *agent, const char *word)
{
	struct recording_statistics sum = sum_of_sources(agent);
	char conntrack[96] = "no connection tracking";

	if (agent->conntrack)
		snprintf(conntrack, sizeof conntrack, "%" PRIu64 " conntrack events, %" PRIu64 " losses",
			 conntrack_received(agent->conntrack), conntrack_overruns(agent->conntrack));
	agent_say(agent,
		  "%s%s%" PRIu64 " packets captured, %" PRIu64 " received by filter, %" PRIu64 " dropped by kernel, %" PRIu64
		  " dropped by interface; %s",
		  word, *word ? ": " : "", agent->packets, sum.received, sum.dropped_by_kernel, sum.dropped_by_interface,
		  conntrack);
}

/* A command has the terminal for itself. */
bool agent_shows_progress(const struct agent *agent)
{
	return !agent->options->quiet && !agent->options->command && isatty(STDERR_FILENO);
}

void agent_draw_progress(struct agent *agent)
{
	char amount[TEXT_SIZE];

	if (!agent_shows_progress(agent) || agent->phase != AGENT_RUNS)
		return;
	fprintf(stderr, "\r%" PRIu64 " packets, %s, %" PRIu64 " dropped by kernel\033[K", agent->packets,
		text_bytes(agent->bytes, amount), sum_of_sources(agent).dropped_by_kernel);
	agent->is_drawn = true;
}

void agent_erase_progress(struct agent *agent)
{
	if (agent->is_drawn)
		fputs("\r\033[K", stderr);
	agent->is_drawn = false;
}
