/* Timers: the end, the look at the counters, and steps of the clock. */
#include "cli/agent/agent_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * NT_SECOND + time.tv_nsec;
}

nt_time agent_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

static bool set_timer(int timer, int64_t nanoseconds)
{
	struct itimerspec value = { .it_value = { (time_t)(nanoseconds / NT_SECOND), (long)(nanoseconds % NT_SECOND) } };

	return timerfd_settime(timer, 0, &value, NULL) == 0;
}

static void take_expiry(int timer)
{
	uint64_t times;

	if (read(timer, &times, sizeof times) < 0)
		errno = 0;
}

/* ---- the end ---- */

static void end_ready(struct agent *agent, void *context)
{
	(void)context;
	take_expiry(agent->end_timer);
	if (agent->phase == AGENT_LINGERS)
		agent->phase = AGENT_DONE;
	else
		agent_end(agent, "duration");
}

bool agent_set_end_timer(struct agent *agent, int64_t nanoseconds)
{
	return set_timer(agent->end_timer, nanoseconds);
}

/* ---- the counters ---- */

enum { STATISTICS_EVERY_S = 10 };
#define TICK (NT_SECOND / 2)

void agent_tick_soon(struct agent *agent)
{
	agent->ticking = set_timer(agent->tick_timer, TICK);
}

/* A tick follows activity, and nothing follows a tick: who is idle sleeps. */
static void tick_ready(struct agent *agent, void *context)
{
	(void)context;
	take_expiry(agent->tick_timer);
	agent->ticking = false;
	agent_check_drops(agent);
	if (++agent->ticks % (STATISTICS_EVERY_S * NT_SECOND / TICK) == 0)
		agent_record_statistics(agent);
	agent_draw_progress(agent);
}

/* ---- the clock ---- */

/* Against the time since boot, which goes on while the machine sleeps, as the clock does. */
static int64_t measure_offset(void)
{
	int64_t boot = read_clock(CLOCK_BOOTTIME);

	return read_clock(CLOCK_REALTIME) - boot;
}

/* The kernel ends the wait for this time when the clock is set. */
static bool watch_clock(struct agent *agent)
{
	const struct itimerspec never = { .it_value = { .tv_sec = INT32_MAX } };

	return timerfd_settime(agent->clock_timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0;
}

static void clock_ready(struct agent *agent, void *context)
{
	int64_t offset, step;
	char text[96];

	(void)context;
	take_expiry(agent->clock_timer);
	watch_clock(agent);
	offset = measure_offset();
	step = offset - agent->realtime_offset;
	agent->realtime_offset = offset;
	/* Less is the time between two readings, or of no matter. */
	if (step > -NT_MILLISECOND && step < NT_MILLISECOND)
		return;
	snprintf(text, sizeof text, "the clock was set %s by %.3f s", step < 0 ? "back" : "forward",
		 (double)(step < 0 ? -step : step) / 1e9);
	agent_event(agent, "clock-step", "CLOCK_REALTIME", step, text);
	agent_say(agent, "%s", text);
}

/* ---- all ---- */

static bool open_timer(struct agent *agent, int *timer, clockid_t clock, void (*ready)(struct agent *agent, void *context))
{
	*timer = timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK);
	return *timer >= 0 && agent_watch_descriptor(agent, *timer, ready);
}

bool agent_open_times(struct agent *agent)
{
	agent->realtime_offset = measure_offset();
	return open_timer(agent, &agent->end_timer, CLOCK_MONOTONIC, end_ready) &&
	       open_timer(agent, &agent->tick_timer, CLOCK_MONOTONIC, tick_ready) &&
	       open_timer(agent, &agent->clock_timer, CLOCK_REALTIME, clock_ready) && watch_clock(agent);
}
