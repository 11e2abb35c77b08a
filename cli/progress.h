/*
 * A progress bar on standard error for runs that take longer than a second.
 *
 * A timer raises progress_is_due at most five times a second; the reading loop looks at it and draws, so that a packet costs no clock call.
 */
#ifndef NETTRACE_CLI_PROGRESS_H
#define NETTRACE_CLI_PROGRESS_H

#include "capture/source.h"

#include <signal.h>

extern volatile sig_atomic_t progress_is_due;

/* Does nothing if standard error is no terminal. */
void progress_start(void);
void progress_draw(const struct capture_source *source);
void progress_show(uint64_t done, uint64_t total, uint64_t packets); /* the same by numbers; total 0: not known */
void progress_stop(void);                                            /* erases the bar */

enum { PROGRESS_LINE_SIZE = 80 };
/* "[=====>     ]  42 %  12345 packets"; without a known total (0) the bytes read so far instead of the bar. */
void progress_line(uint64_t done, uint64_t total, uint64_t packets, char out[PROGRESS_LINE_SIZE]);

#endif
