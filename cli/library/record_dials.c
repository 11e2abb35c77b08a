#include "cli/library/records.h"

static const struct nettrace_resolver_dial *make_resolver_dial(struct nettrace *trace, const struct trace_resolver_dial *source)
{
	struct nettrace_resolver_dial *dial = record_room(trace, sizeof *dial);

	*dial = (struct nettrace_resolver_dial){
		.begin_ns = source->begin,
		.end_ns = source->end,
		.error = record_text(trace, source->error),
		.name_server = record_endpoint(trace, source->ip_version, &source->nameserver, source->nameserver_port),
		.connection = source->established_conn,
	};
	return dial;
}

const struct nettrace_dial *record_dial(struct nettrace *trace, const struct trace_dial *source)
{
	struct nettrace_dial *dial = record_room(trace, sizeof *dial);

	*dial = (struct nettrace_dial){
		.id = source->id,
		.begin_ns = source->begin,
		.end_ns = source->end,
		.error = record_text(trace, source->error),
		.host = record_text(trace, source->host),
		.port = source->port,
		.host_by = trace_evidence_text(source->host_by),
		.source = record_endpoint(trace, source->source_ip_version, &source->source, 0),
		.connection = source->established_conn,
		.attempts = source->attempts,
		.attempt_count = source->attempt_count,
		.resolver_dial_count = source->resolver_dial_count,
		.first_packet = record_packet(source->first_packet),
		.last_packet = record_packet(source->last_packet),
		.go_trace = record_go_trace(trace, source->seed),
		.context_close_ns = source->seed ? source->seed->context_close : NT_TIME_NONE,
	};
	if (source->seed) {
		dial->skipped_name_servers =
			record_texts(trace, source->seed->skipped_nameservers, source->seed->skipped_nameserver_count);
		dial->skipped_name_server_count = source->seed->skipped_nameserver_count;
	}
	RECORD_LIST(dial->resolver_dials, resolver_dial, source->resolver_dials, source->resolver_dial_count);
	return dial;
}
