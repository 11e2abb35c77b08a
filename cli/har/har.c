#include "cli/har/har.h"

#include "cli/har/har_parts.h"
#include "cli/timestamp.h"
#include "cli/version.h"

#include <errno.h>
#include <stdlib.h>

bool har_has(const struct har *har, const struct trace_http_request *request)
{
	return !har->output->omit.http && !request->resp_without_request && request->req_sent != NT_TIME_NONE;
}

/* ---- what belongs together ---- */

static trace_id entry_of(const struct har *har, trace_id id)
{
	const struct trace_http_request *request = id ? trace_find_http_request(har->list, id) : NULL;

	return request && har_has(har, request) ? id : 0;
}

static void link_findings(struct har *har)
{
	const struct trace_list *list = har->list;
	size_t count = 0;

	for (size_t i = 0; i < list->finding_count; i++)
		count += 1 + list->findings[i].trace_count;
	links_reserve(&har->findings, count);
	for (size_t i = 0; i < list->finding_count; i++) {
		const struct trace_finding *finding = &list->findings[i];

		links_add(&har->findings, entry_of(har, finding->request), i);
		for (size_t j = 0; j < finding->trace_count; j++)
			links_add(&har->findings, entry_of(har, finding->traces[j]), i);
	}
	links_sort_unique(&har->findings);
}

static void link_requests(struct har *har)
{
	const struct trace_list *list = har->list;

	links_reserve(&har->redirected, list->http_request_count);
	links_reserve(&har->inside, list->http_request_count);
	for (size_t i = 0; i < list->http_request_count; i++) {
		links_add(&har->redirected, list->http_requests[i].redirected_from, i);
		links_add(&har->inside, list->http_requests[i].tls_tunnel, i);
	}
	links_sort(&har->redirected);
	links_sort(&har->inside);
}

/* ---- entries, by when they started ---- */

struct start {
	nt_time time;
	size_t index; /* in list->http_requests */
};

static int compare_start(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Returns how many requests are no entry. */
static size_t write_entries(struct har *har)
{
	const struct trace_list *list = har->list;
	struct start *starts = nt_realloc_array(NULL, list->http_request_count, sizeof *starts);
	size_t count = 0;

	for (size_t i = 0; i < list->http_request_count; i++)
		if (har_has(har, &list->http_requests[i]))
			starts[count++] = (struct start){ har_times(har, &list->http_requests[i]).start, i };
	if (count)
		qsort(starts, count, sizeof *starts, compare_start);
	json_begin_array(har->json, "entries");
	for (size_t i = 0; i < count; i++)
		har_write_entry(har, &list->http_requests[starts[i].index]);
	json_end(har->json);
	free(starts);
	return har->output->omit.http ? 0 : list->http_request_count - count;
}

/* ---- the archive ---- */

static bool is_of_an_entry(const struct har *har, const struct trace_finding *finding)
{
	for (size_t i = 0; i < finding->trace_count; i++)
		if (entry_of(har, finding->traces[i]))
			return true;
	return entry_of(har, finding->request) != 0;
}

/* What no entry tells: a connection that was refused had no request. */
static void write_other_findings(struct har *har)
{
	json_begin_optional_array(har->json, "_findings");
	for (size_t i = 0; i < har->list->finding_count; i++)
		if (!is_of_an_entry(har, &har->list->findings[i]))
			json_write_finding(har->json, har->output, &har->list->findings[i]);
	json_end(har->json);
}

static void write_creator(struct json *json)
{
	json_begin_object(json, "creator");
	json_text(json, "name", "nettrace-analyze");
	json_text(json, "version", NETTRACE_VERSION);
	json_text(json, "comment", "Made from packets. Sizes of content are those of what was sent, before content decoding.");
	json_end(json);
}

static void write_log(struct har *har)
{
	const struct output *output = har->output;
	struct json *json = har->json;
	char text[TIMESTAMP_SIZE];

	json_begin_object(json, "log");
	json_text(json, "version", "1.2");
	write_creator(json);
	json_begin_array(json, "pages"); /* Firefox opens nothing without it */
	json_end(json);
	json_optional_uint(json, "_requestsLeftOut", write_entries(har));
	json_optional_text(json, "comment", output->description);
	if (output->begin != NT_TIME_NONE)
		json_text(json, "_traceBeginAt", timestamp_absolute_text(output->begin, text));
	write_other_findings(har);
	json_end(json);
}

bool har_write(FILE *out, const struct output *output)
{
	struct har har = { .output = output, .list = output->list, .json = json_new(out, JSON_INDENTED) };
	bool written;
	int why;

	causes_build(&har.causes, output);
	link_findings(&har);
	link_requests(&har);
	json_begin_object(har.json, NULL);
	write_log(&har);
	json_end(har.json);
	written = json_finish(har.json);
	why = errno;
	json_free(har.json);
	causes_free(&har.causes);
	links_free(&har.findings);
	links_free(&har.redirected);
	links_free(&har.inside);
	errno = why;
	return written;
}
