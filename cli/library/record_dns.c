#include "cli/library/records.h"

#include "dissect/dns/dns.h"

static const char *type_name(struct nettrace *trace, uint16_t type)
{
	char text[16];

	return record_string(trace, dns_type_text(type, text));
}

static const struct nettrace_dns_question *make_dns_question(struct nettrace *trace, const struct trace_dns_question *source)
{
	struct nettrace_dns_question *question = record_room(trace, sizeof *question);

	*question = (struct nettrace_dns_question){
		.name = record_text(trace, source->name),
		.type = source->type,
		.dns_class = source->class,
		.type_name = type_name(trace, source->type),
	};
	return question;
}

static const struct nettrace_dns_answer *make_dns_answer(struct nettrace *trace, const struct trace_dns_answer *source)
{
	struct nettrace_dns_answer *answer = record_room(trace, sizeof *answer);

	*answer = (struct nettrace_dns_answer){
		.name = record_text(trace, source->name),
		.type = source->type,
		.dns_class = source->class,
		.ttl_s = source->ttl,
		.value = record_text(trace, source->value),
		.type_name = type_name(trace, source->type),
	};
	return answer;
}

static const struct nettrace_dns_message *make_dns_message(struct nettrace *trace, const struct trace_dns_message *source)
{
	struct nettrace_dns_message *message = record_room(trace, sizeof *message);

	*message = (struct nettrace_dns_message){
		.is_reply = source->is_reply,
		.time_ns = source->time,
		.id = source->id,
		.opcode = source->opcode,
		.rcode = source->rcode,
		.rcode_name = source->is_reply ? dns_rcode_text(source->rcode) : "",
		.truncated = source->truncated,
		.recursion_desired = source->recursion_desired,
		.authoritative = source->authoritative,
		.recursion_available = source->recursion_available,
		.malformed = source->malformed,
		.cut = source->cut,
		.unmatched = source->unmatched,
		.told = source->told,
		.edns_udp_size = source->edns_udp_size,
		.size_bytes = source->size,
		.latency_us = source->latency_us,
		.question_count = source->question_count,
		.answer_count = source->answer_count,
		.packet = record_packet(source->packet),
	};
	RECORD_LIST(message->questions, dns_question, source->questions, source->question_count);
	RECORD_LIST(message->answers, dns_answer, source->answers, source->answer_count);
	return message;
}

const struct nettrace_dns_conversation *record_dns_conversation(struct nettrace *trace, const struct trace_dns_query *source)
{
	struct nettrace_dns_conversation *conversation = record_room(trace, sizeof *conversation);

	*conversation = (struct nettrace_dns_conversation){
		.id = source->id,
		.dial = source->from_dial,
		.connection = source->connection,
		.tls_tunnel = source->tls_tunnel,
		.kind = trace_dns_kind_text(source->kind),
		.over = trace_dns_over_text(source->over),
		.message_count = source->message_count,
		.go_trace = record_go_trace(trace, source->seed),
	};
	RECORD_LIST(conversation->messages, dns_message, source->messages, source->message_count);
	return conversation;
}
