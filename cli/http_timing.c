#include "cli/http_timing.h"

#include <string.h>

struct timing_part {
	size_t offset; /* in struct trace_http_timing */
	const char *name;
};

static const struct timing_part parts[HTTP_TIMING_PARTS] = {
	{ offsetof(struct trace_http_timing, dns), "dns" },           { offsetof(struct trace_http_timing, connect), "connect" },
	{ offsetof(struct trace_http_timing, tls), "tls" },           { offsetof(struct trace_http_timing, idle), "idle" },
	{ offsetof(struct trace_http_timing, request), "request" },   { offsetof(struct trace_http_timing, server), "server" },
	{ offsetof(struct trace_http_timing, transfer), "transfer" }, { offsetof(struct trace_http_timing, stalled), "stalled" },
};

enum { NEGLIGIBLE = 50 };

const char *http_timing_name(size_t part)
{
	return parts[part].name;
}

int64_t http_timing_part(const struct trace_http_timing *timing, size_t part)
{
	int64_t value;

	memcpy(&value, (const char *)timing + parts[part].offset, sizeof value);
	return value;
}

bool http_timing_is_negligible(const struct trace_http_timing *timing, int64_t part)
{
	return part <= 0 || part < timing->total / NEGLIGIBLE;
}
