#include "cli/json/json_trace.h"
#include "dissect/dns/dns.h"

/* The last that the trace has a word for, and what stands for one that was told without its number. */
enum { RCODE_REFUSED = 5, UNKNOWN_RCODE = 0xffff };

static void write_type(struct json *json, uint16_t type, uint16_t class)
{
	char text[16];

	json_text(json, "type", dns_type_text(type, text));
	json_uint(json, "class", class);
}

static void write_questions(struct json *json, const struct trace_dns_message *message)
{
	for (size_t i = 0; i < message->question_count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "name", message->questions[i].name);
		write_type(json, message->questions[i].type, message->questions[i].class);
		json_end(json);
	}
}

static void write_answers(struct json *json, const struct trace_dns_message *message)
{
	json_begin_array(json, "answers");
	for (size_t i = 0; i < message->answer_count; i++) {
		const struct trace_dns_answer *answer = &message->answers[i];

		json_begin_object(json, NULL);
		json_string(json, "name", answer->name);
		write_type(json, answer->type, answer->class);
		json_uint(json, "ttl", answer->ttl);
		json_optional_string(json, "resolvedVal", answer->value);
		json_end(json);
	}
	json_end(json);
}

/* What replies and queries have in common. */
static void write_message_wire(struct json *json, const struct output *output, const struct trace_dns_message *message)
{
	json_put_packet(json, output, message->packet);
	if (!message->told)
		json_put_offset(json, output, message->is_reply ? "recvUs" : "sentUs", message->time);
	json_optional_bool(json, "told", message->told);
	json_optional_bool(json, "malformed", message->malformed);
	json_optional_bool(json, "cut", message->cut);
	json_optional_uint(json, "opcode", message->opcode);
}

static void write_query_message(struct json *json, const struct output *output, const struct trace_dns_message *message)
{
	json_begin_object(json, NULL);
	json_put_timestamp(json, output, "sentAt", message->time);
	json_uint(json, "id", message->id);
	json_bool(json, "recursionDesired", message->recursion_desired);
	json_bool(json, "truncated", message->truncated);
	json_uint(json, "size", message->size);
	json_begin_array(json, "questions");
	write_questions(json, message);
	json_end(json);
	json_optional_uint(json, "optUDPPayloadSize", message->edns_udp_size);
	json_begin_optional_object(json, "wire");
	write_message_wire(json, output, message);
	json_end(json);
	json_end(json);
}

static void write_reply_wire(struct json *json, const struct output *output, const struct trace_dns_message *message)
{
	json_begin_optional_object(json, "wire");
	write_message_wire(json, output, message);
	json_put_duration(json, "latencyUs", message->latency_us);
	if (message->rcode > RCODE_REFUSED && !(message->told && message->rcode == UNKNOWN_RCODE))
		json_uint(json, "rcode", message->rcode);
	json_optional_bool(json, "unmatched", message->unmatched);
	json_begin_optional_array(json, "questions");
	if (message->unmatched)
		write_questions(json, message);
	json_end(json);
	json_end(json);
}

static void write_reply_message(struct json *json, const struct output *output, const struct trace_dns_message *message)
{
	json_begin_object(json, NULL);
	json_put_timestamp(json, output, "recvAt", message->time);
	json_uint(json, "id", message->id);
	json_bool(json, "authoritative", message->authoritative);
	json_bool(json, "recursionAvailable", message->recursion_available);
	json_bool(json, "truncated", message->truncated);
	json_uint(json, "size", message->size);
	json_text(json, "rCode", dns_rcode_text(message->rcode));
	write_answers(json, message);
	write_reply_wire(json, output, message);
	json_end(json);
}

static void write_messages(struct json *json, const struct output *output, const struct trace_dns_query *query, bool replies)
{
	json_begin_array(json, replies ? "dnsReplyMsgs" : "dnsQueryMsgs");
	for (size_t i = 0; i < query->message_count; i++) {
		if (query->messages[i].is_reply != replies)
			continue;
		if (replies)
			write_reply_message(json, output, &query->messages[i]);
		else
			write_query_message(json, output, &query->messages[i]);
	}
	json_end(json);
}

void json_write_dns_query(struct json *json, const struct output *output, const struct trace_dns_query *query)
{
	json_begin_record(json, output, "dnsQuery");
	json_put_id(json, "traceID", query->id);
	json_put_id(json, "fromDial", json_dial_shown(output, query->from_dial));
	json_put_id(json, "connection", json_conn_shown(output, query->connection));
	write_messages(json, output, query, false);
	write_messages(json, output, query, true);
	json_begin_optional_object(json, "wire");
	if (query->kind != TRACE_DNS)
		json_text(json, "kind", trace_dns_kind_text(query->kind));
	json_optional_bool(json, "overTcp", query->over != TRACE_OVER_UDP);
	json_optional_bool(json, "overTls", query->over == TRACE_OVER_TLS);
	json_optional_bool(json, "overHttps", query->over == TRACE_OVER_HTTPS);
	json_put_optional_id(json, "tlsTunnel", json_tls_shown(output, query->tls_tunnel));
	json_put_seed(json, output, query->seed);
	json_end(json);
	json_end(json);
}
