#include "cli/otlp/otlp.h"

#include "cli/otlp/otlp_parts.h"
#include "cli/version.h"

#include <errno.h>
#include <stdlib.h>

/* The version of the semantic conventions whose names are used. */
#define SCHEMA_URL "https://opentelemetry.io/schemas/1.37.0"

/* ---- what belongs together ---- */

static void link_requests(struct otlp *otlp)
{
	const struct trace_list *list = otlp->list;

	links_reserve(&otlp->requests_of_conn, list->http_request_count);
	links_reserve(&otlp->requests_of_tunnel, list->http_request_count);
	for (size_t i = 0; i < list->http_request_count; i++) {
		if (!otlp_has_request(otlp, &list->http_requests[i]))
			continue;
		links_add(&otlp->requests_of_conn, list->http_requests[i].tcp_conn, i);
		links_add(&otlp->requests_of_tunnel, list->http_requests[i].tls_tunnel, i);
	}
	links_sort(&otlp->requests_of_conn);
	links_sort(&otlp->requests_of_tunnel);
}

static void link_tunnels(struct otlp *otlp)
{
	const struct trace_list *list = otlp->list;

	links_reserve(&otlp->tunnels_of_conn, list->tls_tunnel_count);
	for (size_t i = 0; i < list->tls_tunnel_count; i++) {
		const struct trace_tls_tunnel *tunnel = &list->tls_tunnels[i];

		links_add(&otlp->tunnels_of_conn, tunnel->tcp_conn ? tunnel->tcp_conn : tunnel->udp_conn, i);
	}
	links_sort(&otlp->tunnels_of_conn);
}

static void link_lookups(struct otlp *otlp)
{
	const struct trace_list *list = otlp->list;
	struct links of_conn;

	links_reserve(&of_conn, list->dns_query_count);
	otlp->shapes = nt_realloc_array(NULL, list->dns_query_count, sizeof *otlp->shapes);
	for (size_t i = 0; i < list->dns_query_count; i++) {
		links_add(&of_conn, list->dns_queries[i].connection, i);
		otlp->shapes[i] = dns_shape_of(&list->dns_queries[i]);
	}
	links_sort(&of_conn);
	dns_link_dials(&otlp->talks_of_dial, &of_conn, list);
	links_free(&of_conn);
}

/* The record whose span tells of a finding: what failed, else the first that it names; 0 if none of them has one. */
static trace_id told_by(const struct otlp *otlp, const struct trace_finding *finding)
{
	if (finding->request && otlp_has_span(otlp, finding->request))
		return finding->request;
	if (finding->dial && otlp_has_span(otlp, finding->dial))
		return finding->dial;
	for (size_t i = 0; i < finding->trace_count; i++)
		if (otlp_has_span(otlp, finding->traces[i]))
			return finding->traces[i];
	return 0;
}

static void link_findings(struct otlp *otlp)
{
	links_reserve(&otlp->events, otlp->list->finding_count);
	for (size_t i = 0; i < otlp->list->finding_count; i++)
		links_add(&otlp->events, told_by(otlp, &otlp->list->findings[i]), i);
	links_sort(&otlp->events);
}

/* A request is resent for a redirect, and where there was no answer. */
static void count_resends(struct otlp *otlp)
{
	const struct trace_list *list = otlp->list;

	otlp->resends = nt_zalloc((list->http_request_count + 1) * sizeof *otlp->resends);
	for (size_t i = 0; i < list->http_request_count; i++) {
		const struct trace_http_request *request = &list->http_requests[i];
		trace_id id = request->retry_of ? request->retry_of : request->redirected_from;
		const struct trace_http_request *before = id ? trace_find_http_request(list, id) : NULL;

		if (before && before < request)
			otlp->resends[i] = otlp->resends[before - list->http_requests] + 1;
	}
}

/* ---- spans ---- */

static void write_capture(struct otlp *otlp)
{
	const struct otlp_span span = otlp_span_of_capture(otlp);

	otlp_begin_span(otlp, &span);
	json_text(otlp->json, "name", "capture");
	otlp_put_times(otlp, &span);
	json_begin_array(otlp->json, "events");
	for (size_t i = 0; i < otlp->list->finding_count; i++)
		if (!told_by(otlp, &otlp->list->findings[i]))
			otlp_put_event(otlp, &otlp->list->findings[i], &span);
	json_end(otlp->json);
	json_end(otlp->json);
}

static void write_spans(struct otlp *otlp)
{
	const struct trace_list *list = otlp->list;
	const struct output_omit *omit = &otlp->output->omit;

	json_begin_array(otlp->json, "spans");
	for (size_t i = 0; i < list->http_request_count; i++)
		if (otlp_has_request(otlp, &list->http_requests[i]))
			otlp_write_request(otlp, &list->http_requests[i]);
		else
			otlp->left_out += !omit->http;
	for (size_t i = 0; i < list->dial_count; i++)
		if (otlp_has_dial(otlp, &list->dials[i]))
			otlp_write_dial(otlp, &list->dials[i]);
		else
			otlp->left_out += !omit->dials;
	for (size_t i = 0; i < list->tcp_conn_count; i++)
		if (otlp_has_connect(otlp, &list->tcp_conns[i]))
			otlp_write_connect(otlp, &list->tcp_conns[i]);
	for (size_t i = 0; i < list->tls_tunnel_count; i++)
		if (otlp_has_tunnel(otlp, &list->tls_tunnels[i]))
			otlp_write_tunnel(otlp, &list->tls_tunnels[i]);
		else
			otlp->left_out += !omit->tls;
	if (otlp->events.count < list->finding_count)
		write_capture(otlp);
	json_end(otlp->json);
}

/* ---- the request ---- */

static void write_resource(struct otlp *otlp)
{
	const struct output_recording *recording = otlp->output->recording;
	struct json *json = otlp->json;
	char uuid[UUID_SIZE];

	json_begin_object(json, "resource");
	json_begin_array(json, "attributes");
	otlp_put_text(json, "service.name", "nettrace");
	otlp_put_text(json, "service.version", NETTRACE_VERSION);
	if (recording)
		otlp_put_text(json, "host.name", recording->session->host);
	otlp_put_text(json, "nettrace.uuid", output_uuid_text(otlp->output, uuid));
	otlp_put_text(json, "nettrace.description", otlp->output->description);
	json_end(json);
	json_end(json);
}

/* It comes behind the spans: what was left out is known then. */
static void write_scope(struct otlp *otlp)
{
	json_begin_object(otlp->json, "scope");
	json_text(otlp->json, "name", "nettrace-analyze");
	json_text(otlp->json, "version", NETTRACE_VERSION);
	json_begin_optional_array(otlp->json, "attributes");
	if (otlp->left_out)
		otlp_put_int(otlp->json, "nettrace.records_without_span", otlp->left_out);
	json_end(otlp->json);
	json_end(otlp->json);
}

static void write_all(struct otlp *otlp)
{
	struct json *json = otlp->json;

	json_begin_object(json, NULL);
	json_begin_array(json, "resourceSpans");
	json_begin_object(json, NULL);
	write_resource(otlp);
	json_begin_array(json, "scopeSpans");
	json_begin_object(json, NULL);
	write_spans(otlp);
	write_scope(otlp);
	json_text(json, "schemaUrl", SCHEMA_URL);
	json_end(json);
	json_end(json);
	json_end(json);
	json_end(json);
	json_end(json);
}

static void clear(struct otlp *otlp)
{
	json_free(otlp->json);
	causes_free(&otlp->causes);
	links_free(&otlp->requests_of_conn);
	links_free(&otlp->requests_of_tunnel);
	links_free(&otlp->tunnels_of_conn);
	links_free(&otlp->talks_of_dial);
	free(otlp->shapes);
	links_free(&otlp->events);
	free(otlp->resends);
}

bool otlp_write(FILE *out, const struct output *output)
{
	struct otlp otlp = { .output = output, .list = output->list, .json = json_new(out, JSON_COMPACT) };
	bool written;
	int why;

	output_uuid(output, otlp.uuid);
	causes_build(&otlp.causes, output);
	link_requests(&otlp);
	link_tunnels(&otlp);
	link_lookups(&otlp);
	link_findings(&otlp);
	count_resends(&otlp);
	write_all(&otlp);
	written = json_finish(otlp.json);
	why = errno;
	clear(&otlp);
	errno = why;
	return written;
}
