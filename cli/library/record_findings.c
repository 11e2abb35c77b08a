#include "cli/library/records.h"

_Static_assert((int)NETTRACE_ERROR == FINDING_ERROR && (int)NETTRACE_WARNING == FINDING_WARNING &&
		       (int)NETTRACE_INFO == FINDING_INFO,
	       "a severity is handed on as it is");

static const struct nettrace_proof *make_proof(struct nettrace *trace, const struct finding_packet *source)
{
	struct nettrace_proof *proof = record_room(trace, sizeof *proof);

	*proof = (struct nettrace_proof){ record_packet(source->packet), record_text(trace, source->shows) };
	return proof;
}

const struct nettrace_finding *record_finding(struct nettrace *trace, const struct trace_finding *source)
{
	struct nettrace_finding *finding = record_room(trace, sizeof *finding);

	*finding = (struct nettrace_finding){
		.code = finding_code_text(source->code),
		.severity = (enum nettrace_severity)source->severity,
		.is_root_cause = source->root_cause,
		.message = record_text(trace, source->message),
		.at_ns = source->at,
		.dial = source->dial,
		.request = source->request,
		.records = source->traces,
		.record_count = source->trace_count,
		.packet_count = source->packet_count,
		.more = source->more,
	};
	RECORD_LIST(finding->packets, proof, source->packets, source->packet_count);
	return finding;
}
