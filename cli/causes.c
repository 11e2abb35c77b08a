#include "cli/causes.h"

void causes_build(struct causes *causes, const struct output *output)
{
	const struct trace_list *list = output->list;
	size_t count = 0;

	for (size_t i = 0; i < list->finding_count; i++)
		count += 2 + list->findings[i].trace_count;
	causes->output = output;
	links_reserve(&causes->naming, count);
	for (size_t i = 0; i < list->finding_count; i++) {
		const struct trace_finding *finding = &list->findings[i];

		if (!finding->root_cause)
			continue;
		links_add(&causes->naming, finding->request, i);
		links_add(&causes->naming, finding->dial, i);
		for (size_t j = 0; j < finding->trace_count; j++)
			links_add(&causes->naming, finding->traces[j], i);
	}
	links_sort_unique(&causes->naming);
}

void causes_free(struct causes *causes)
{
	links_free(&causes->naming);
}

const struct trace_finding *causes_of(const struct causes *causes, trace_id id)
{
	const struct links naming = links_children(&causes->naming, id);

	for (size_t i = 0; i < naming.count; i++) {
		const struct trace_finding *finding = &causes->output->list->findings[naming.at[i].index];

		if (finding->request == id || finding->dial == id)
			return finding;
	}
	return NULL;
}

const struct trace_finding *causes_naming(const struct causes *causes, trace_id id)
{
	const struct links naming = links_children(&causes->naming, id);

	return naming.count ? &causes->output->list->findings[naming.at[0].index] : NULL;
}

nt_time causes_end_of_request(const struct causes *causes, const struct trace_http_request *request)
{
	const struct trace_finding *cause = causes_of(causes, request->id);
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(causes->output->list, request->tcp_conn);

	if (request->resp_end != NT_TIME_NONE)
		return request->resp_end;
	if (request->resp_complete && request->resp_recv != NT_TIME_NONE) /* a trace of the Go library tells no more */
		return request->resp_recv;
	if (cause && cause->at != NT_TIME_NONE && cause->at >= request->req_sent)
		return cause->at;
	if (conn && conn->close != NT_TIME_NONE && conn->close >= request->req_sent)
		return conn->close;
	return causes->output->end;
}
