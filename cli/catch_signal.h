/* Signals that end the work in good order. */
#ifndef NETTRACE_CLI_CATCH_SIGNAL_H
#define NETTRACE_CLI_CATCH_SIGNAL_H

#include <signal.h>

/* `handler` is called, and a call that waits is not begun again; but a signal that was ignored from the start stays so. */
void catch_signal(int signal_number, void (*handler)(int signal_number));

#endif
