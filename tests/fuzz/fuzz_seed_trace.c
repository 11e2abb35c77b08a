#include "correlate/seed_join.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* Everything that is in the list has to be found by its ID, and the lists are in order. */
static void check(const struct trace_list *list)
{
	for (size_t i = 0; i < list->tcp_conn_count; i++)
		if (trace_find_tcp_conn(list, list->tcp_conns[i].id) != &list->tcp_conns[i] ||
		    (list->tcp_conns[i].from_dial && !trace_find_dial(list, list->tcp_conns[i].from_dial)))
			abort();
	for (size_t i = 1; i < list->http_request_count; i++)
		if (list->http_requests[i - 1].id >= list->http_requests[i].id)
			abort();
	for (size_t i = 0; i < list->finding_count; i++)
		if (!list->findings[i].message.size)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct correlate_options options = { .headers = CORRELATE_HEADERS_VALUES, .hash_seed = 1 };
	struct limit_hits hits = { { 0 } };
	struct seed_traces traces;
	struct trace_list list = { .hits = &hits };
	struct nt_error error;

	if (seed_traces_read(&traces, (struct bytes){ data, size }, &options, &hits, &error) == NT_OK)
		for (size_t i = 0; i < traces.count; i++)
			seed_join(&list, &traces.at[i], (uint32_t)i);
	seed_findings(&list);
	check(&list);
	trace_list_free(&list);
	seed_traces_free(&traces);
	return 0;
}
