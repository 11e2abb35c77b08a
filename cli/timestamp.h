/*
 * Times as the trace writes them.
 */
#ifndef NETTRACE_CLI_TIMESTAMP_H
#define NETTRACE_CLI_TIMESTAMP_H

#include "store/base.h"

enum { TIMESTAMP_SIZE = 32 };

/*
 * A timestamp of a trace that begins at `begin`: "+1241ms" (whole milliseconds, rounded down), "undefined" for NT_TIME_NONE, and absolute
 * when it lies before the begin, more than 2^32-1 ms after it, or when the begin is NT_TIME_NONE.  Returns out.
 */
char *timestamp_text(nt_time begin, nt_time time, char out[TIMESTAMP_SIZE]);

/* "2022-12-23T10:17:45.260618344Z" (RFC 3339).  Returns out. */
char *timestamp_absolute_text(nt_time time, char out[TIMESTAMP_SIZE]);

/*
 * Seconds since 1970 as "2022-12-23T10:17:45Z"; times outside the years 0 to 9999, which RFC 3339 cannot write, become the nearest that
 * it can; INT64_MIN is "undefined".  Returns out.
 */
char *timestamp_seconds_text(int64_t seconds, char out[TIMESTAMP_SIZE]);

#endif
