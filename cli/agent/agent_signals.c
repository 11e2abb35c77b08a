/* Signals: caught in a handler, so that a second one ends the process whatever it is doing, and looked at in the loop. */
#include "cli/agent/agent_state.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t ends, end_signal, counts_wanted, terminal_left;
static int wake_descriptor = -1;

static void on_end(int signal_number, siginfo_t *info, void *context)
{
	(void)context;
	if (terminal_left && info->si_code == SI_KERNEL)
		return;
	if (ends) {
		signal(signal_number, SIG_DFL);
		raise(signal_number);
		return;
	}
	ends = 1;
	end_signal = signal_number;
	eventfd_write(wake_descriptor, 1);
}

static void on_counts(int signal_number)
{
	(void)signal_number;
	counts_wanted = 1;
	eventfd_write(wake_descriptor, 1);
}

/* What a shell or nohup has us ignore stays ignored. */
static void catch_end(int signal_number)
{
	struct sigaction action = { .sa_sigaction = on_end, .sa_flags = SA_SIGINFO | SA_RESTART }, old;

	if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(signal_number, &action, NULL);
}

int agent_catch_signals(void)
{
	const struct sigaction action = { .sa_handler = on_counts, .sa_flags = SA_RESTART };

	wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_descriptor < 0)
		return -1;
	catch_end(SIGINT);
	catch_end(SIGTERM);
	catch_end(SIGHUP);
	sigaction(SIGUSR1, &action, NULL);
	return wake_descriptor;
}

void agent_signals_leave_terminal(bool leave)
{
	terminal_left = leave;
}

void agent_signals_ready(struct agent *agent, void *context)
{
	eventfd_t value;

	(void)context;
	eventfd_read(wake_descriptor, &value);
	if (counts_wanted) {
		counts_wanted = 0;
		agent_print_counts(agent, "so far");
	}
	if (!ends)
		return;
	/* A signal that was meant for us goes on to the command, and we wait for what it does about it. */
	if (agent->command.pid > 0)
		command_signal(&agent->command, end_signal);
	agent_end(agent, "signal");
}
