/*
 * What the parts of the agent share.  Only agent*.c include it.
 */
#ifndef NETTRACE_CLI_AGENT_STATE_H
#define NETTRACE_CLI_AGENT_STATE_H

#include "capture/conntrack.h"
#include "capture/filter.h"
#include "capture/live.h"
#include "capture/nflog.h"
#include "cli/agent/agent.h"
#include "cli/agent/command.h"
#include "cli/agent/janitor.h"
#include "cli/agent/keylog.h"
#include "cli/agent/only_command.h"
#include "cli/agent/privileges.h"
#include "cli/agent/recorder.h"

#include <sys/utsname.h>

struct agent;

/* A descriptor that the agent waits for, and what is done when it is readable. */
struct watch {
	int descriptor;
	void (*ready)(struct agent *agent, void *context);
	void *context;
};

/* Where packets come from: one interface, or one group of NFLOG. */
struct source {
	struct live *live;
	struct nflog *nflog;
	struct filter *filter; /* of a group; an interface has it in the kernel */
	struct watch watch;
	struct capture_interface interface; /* as the recording knows it */
	char name[32];
	nt_time last_own_time; /* of a group: that of a packet without a time of the kernel's */
	bool away;             /* the interface is down or gone, and may come back */
	bool stopped;          /* no more is taken: `last` is the end of its counting */
	struct recording_statistics last;
	uint64_t captured;                /* packets recorded */
	struct recording_statistics told; /* as of the last event about drops */
};

enum { AGENT_SOURCES = CAPTURE_MAX_INTERFACES + CAPTURE_MAX_GROUPS, AGENT_MISSING = AGENT_SOURCES + 4 };

/* Something that could not be opened: said at once, recorded when there is a recording. */
struct missing {
	const char *kind;
	char subject[32];
	char *text; /* owned */
};

enum agent_phase {
	AGENT_RUNS,
	AGENT_WAITS_FOR_COMMAND, /* an end has come, but the command still runs */
	AGENT_LINGERS,           /* what is under way may still come */
	AGENT_DONE
};

struct agent {
	const struct capture_options *options;
	struct privileges privileges;
	char *filter; /* owned; the whole expression, or NULL */
	struct missing missing[AGENT_MISSING];
	size_t missing_count;

	struct source sources[AGENT_SOURCES];
	size_t source_count;
	struct conntrack *conntrack;
	uint64_t conntrack_taken, conntrack_told;
	struct watch *conntrack_watch;
	bool conntrack_lost; /* a dump is due */

	struct command command;
	struct keylog *keylog;
	struct only_command only;
	bool has_only;
	struct janitor janitor;

	struct recording *recording;
	struct recording_session session;
	struct utsname system; /* what the session's texts lead to */
	char *command_text;    /* owned; likewise */
	bool write_failed;     /* and it was said */
	struct recorder *recorder;
	struct ring *ring; /* the recorder's; NULL when nothing can be written any more */

	int epoll;
	int signals, end_timer, tick_timer, clock_timer;
	struct watch watches[8];
	size_t watch_count;
	bool ticking;            /* the tick timer is set */
	int64_t realtime_offset; /* of the clock that a user sets against the one since boot */
	unsigned ticks;

	enum agent_phase phase;
	nt_time end; /* packets after it are not wanted; NT_TIME_NONE: all are */
	bool full;   /* a limit lets no more packets in */
	uint64_t packets, bytes;
	bool is_drawn; /* a line of progress is on the terminal */
	int exit_status;
};

/* ---- agent.c ---- */

/* Says a sentence, unless --quiet; agent_complain() says it in any case. */
void agent_say(struct agent *agent, const char *format, ...) __attribute__((format(printf, 2, 3)));
void agent_complain(struct agent *agent, const char *format, ...) __attribute__((format(printf, 2, 3)));

void agent_note_missing(struct agent *agent, const char *kind, const char *subject, const struct nt_error *error);

/* Waits for it from now on; `watch` must not move.  false if the system refuses. */
bool agent_watch(struct agent *agent, struct watch *watch);
void agent_unwatch(struct agent *agent, struct watch *watch);

/* The same for one of agent->watches; NULL if the system refuses. */
struct watch *agent_watch_descriptor(struct agent *agent, int descriptor, void (*ready)(struct agent *agent, void *context));

/* An end has come, for a reason of struct recording_session.  The first one counts. */
void agent_end(struct agent *agent, const char *reason);

/* Records that something happened now. */
void agent_event(struct agent *agent, const char *kind, const char *subject, int64_t count, const char *text);

/* Of the recorder's descriptor: it can do no more. */
void agent_recorder_failed(struct agent *agent, void *context);

bool agent_watch_keylog(struct agent *agent);

/* ---- agent_setup.c ---- */

/* All that comes before the first packet.  What was opened when it fails is freed as ever. */
enum nt_status agent_prepare(struct agent *agent, struct nt_error *error);

/* The path of a key log that we made; NULL if there is none. */
const char *agent_private_keylog(const struct agent *agent);

/* ---- agent_sources.c ---- */

/* Opens what the options name.  Fails if nothing can be opened; what else cannot is a message. */
enum nt_status agent_open_sources(struct agent *agent, struct nt_error *error);
enum nt_status agent_put_interfaces(struct agent *agent, struct nt_error *error);
bool agent_watch_sources(struct agent *agent);
void agent_drain_sources(struct agent *agent); /* takes what waits now */
void agent_stop_packets(struct agent *agent);  /* takes no more */
void agent_close_sources(struct agent *agent);
bool agent_has_live(const struct agent *agent);

/* ---- agent_conntrack.c ---- */

void agent_open_conntrack(struct agent *agent); /* a failure is a message */
bool agent_watch_conntrack(struct agent *agent);
void agent_dump_conntrack(struct agent *agent);
void agent_drain_conntrack(struct agent *agent);

/* ---- agent_time.c ---- */

nt_time agent_now(void);
bool agent_open_times(struct agent *agent);
bool agent_set_end_timer(struct agent *agent, int64_t nanoseconds);
void agent_tick_soon(struct agent *agent); /* something came: look at the counters in a moment */

/* ---- agent_signals.c ---- */

/* From here SIGINT, SIGTERM and SIGHUP end the capture, a second one the process.  The descriptor to wait for, or -1 and errno. */
int agent_catch_signals(void);
void agent_signals_ready(struct agent *agent, void *context);

/* While a command runs it is the command that Ctrl-C is meant for: the terminal sends it to both. */
void agent_signals_leave_terminal(bool leave);

/* ---- agent_report.c ---- */

void agent_source_statistics(const struct source *source, struct recording_statistics *out);
void agent_check_drops(struct agent *agent); /* records what was lost since the last time */
void agent_record_statistics(struct agent *agent);
void agent_print_counts(struct agent *agent, const char *word);
bool agent_shows_progress(const struct agent *agent);
void agent_draw_progress(struct agent *agent);
void agent_erase_progress(struct agent *agent);

#endif
