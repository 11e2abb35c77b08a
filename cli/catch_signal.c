#include "cli/catch_signal.h"

#include <stddef.h>

void catch_signal(int signal_number, void (*handler)(int signal_number))
{
	const struct sigaction action = { .sa_handler = handler };
	struct sigaction old;

	/* A shell that runs us in the background has SIGINT ignored: so it stays. */
	if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(signal_number, &action, NULL);
}
