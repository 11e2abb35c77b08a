/* Where the time of a request went, in the phases of HAR. */
#include "cli/har/har_parts.h"

/* 0 unless both are known and in this order. */
static int64_t between(nt_time from, nt_time to)
{
	int64_t nanoseconds;

	if (from == NT_TIME_NONE || to == NT_TIME_NONE || to < from || __builtin_sub_overflow(to, from, &nanoseconds))
		return 0;
	return nanoseconds / NT_MICROSECOND;
}

static int64_t if_any(int64_t microseconds)
{
	return microseconds > 0 ? microseconds : -1;
}

static void take_set_up(struct har_times *times, const struct trace_http_timing *timing)
{
	times->blocked = if_any(timing->idle);
	times->dns = if_any(timing->dns);
	times->connect = if_any(timing->connect + timing->tls);
	times->ssl = if_any(timing->tls);
}

/* The handshake behind a proxy was made for the first request in it. */
static void take_inner_handshake(const struct har *har, const struct trace_http_request *request, struct har_times *times)
{
	const struct trace_tls_tunnel *tunnel = trace_find_tls_tunnel(har->list, request->tls_tunnel);
	const struct links inside = links_children(&har->inside, request->tls_tunnel);

	if (!tunnel || !request->network_proxy.size || &har->list->http_requests[inside.at[0].index] != request)
		return;
	times->ssl = times->connect = if_any(between(tunnel->handshake_begin, tunnel->handshake_end));
	times->blocked = if_any(between(tunnel->handshake_end, request->req_sent));
}

static int64_t known(int64_t microseconds)
{
	return microseconds > 0 ? microseconds : 0;
}

static int64_t set_up(const struct har_times *times)
{
	return known(times->blocked) + known(times->dns) + known(times->connect);
}

struct har_times har_times(const struct har *har, const struct trace_http_request *request)
{
	struct har_times times;
	const nt_time end = causes_end_of_request(&har->causes, request);
	nt_time asked = request->req_end, begun = request->resp_begin;

	if (begun == NT_TIME_NONE)
		begun = end;
	if (asked == NT_TIME_NONE && request->req_complete) /* nothing tells when: all of it is waiting */
		asked = request->req_sent;
	if (asked == NT_TIME_NONE || asked > begun)
		asked = begun;
	take_set_up(&times, &request->timing);
	if (set_up(&times) == 0)
		take_inner_handshake(har, request, &times);
	times.send = between(request->req_sent, asked);
	times.wait = between(asked, begun);
	times.receive = between(begun, end);
	if (__builtin_sub_overflow(request->req_sent, set_up(&times) * NT_MICROSECOND, &times.start))
		times.start = request->req_sent;
	return times;
}

int64_t har_total(const struct har_times *times)
{
	return set_up(times) + times->send + times->wait + times->receive;
}

static void put(struct json *json, const char *name, int64_t microseconds)
{
	if (microseconds < 0)
		json_int(json, name, -1);
	else
		json_thousandths(json, name, microseconds);
}

void har_write_times(struct json *json, const struct har_times *times)
{
	json_begin_object(json, "timings");
	put(json, "blocked", times->blocked);
	put(json, "dns", times->dns);
	put(json, "connect", times->connect);
	put(json, "ssl", times->ssl);
	put(json, "send", times->send);
	put(json, "wait", times->wait);
	put(json, "receive", times->receive);
	json_end(json);
}
