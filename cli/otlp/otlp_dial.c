/* The spans of a dial, and of its steps: lookups, connections, TLS handshakes. */
#include "cli/otlp/otlp_parts.h"
#include "cli/timestamp.h"
#include "dissect/dns/dns.h"
#include "dissect/tls/tls.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void begin_name(struct json *json, const char *what, struct bytes of)
{
	json_begin_string(json, "name");
	json_add_string(json, bytes_of(what));
	if (of.size)
		json_add_string(json, BYTES(" "));
	json_add_string(json, of);
}

static void add_port(struct json *json, uint16_t port)
{
	if (port) {
		json_add_string(json, BYTES(":"));
		json_add_uint(json, port);
	}
	json_end_string(json);
}

/* ---- lookups ---- */

/* The messages about one name, in one conversation. */
struct lookup {
	const struct trace_dns_query *talk;
	const size_t *messages; /* indices */
	size_t count;
};

static const struct trace_dns_message *message_at(const struct lookup *lookup, size_t i)
{
	return &lookup->talk->messages[lookup->messages[i]];
}

/* Without the final dot. */
static struct bytes question_of(const struct lookup *lookup)
{
	struct bytes name = dns_name_of(message_at(lookup, 0));

	return name.size > 1 && name.at[name.size - 1] == '.' ? (struct bytes){ name.at, name.size - 1 } : name;
}

static bool is_address(const struct trace_dns_answer *answer)
{
	return answer->type == DNS_TYPE_A || answer->type == DNS_TYPE_AAAA;
}

static size_t count_addresses(const struct lookup *lookup)
{
	size_t count = 0;

	for (size_t i = 0; i < lookup->count; i++)
		for (size_t j = 0; j < message_at(lookup, i)->answer_count; j++)
			count += is_address(&message_at(lookup, i)->answers[j]);
	return count;
}

static void put_addresses(struct json *json, const struct lookup *lookup)
{
	if (!count_addresses(lookup))
		return;
	otlp_begin_array(json, "dns.answers");
	for (size_t i = 0; i < lookup->count; i++)
		for (size_t j = 0; j < message_at(lookup, i)->answer_count; j++) {
			const struct trace_dns_answer *answer = &message_at(lookup, i)->answers[j];

			if (!is_address(answer))
				continue;
			json_begin_object(json, NULL);
			json_string(json, "stringValue", answer->value);
			json_end(json);
		}
	otlp_end_array(json);
}

/* What explains the failure of the dial, if that was a lookup. */
static const struct trace_finding *cause_of(const struct otlp *otlp, const struct lookup *lookup, const struct trace_dial *dial)
{
	const struct trace_finding *cause = causes_of(&otlp->causes, dial->id);

	if (cause && strncmp(finding_code_text(cause->code), "dns-", 4) == 0)
		return cause;
	return causes_naming(&otlp->causes, lookup->talk->id);
}

/* Why it brought nothing; NULL if it did, or nothing tells. */
static const char *error_of(const struct otlp *otlp, const struct lookup *lookup, const struct trace_dial *dial)
{
	const struct trace_finding *cause = cause_of(otlp, lookup, dial);
	const char *error = NULL;

	for (size_t i = 0; i < lookup->count; i++) {
		const struct trace_dns_message *reply = message_at(lookup, i);

		if (!reply->is_reply || reply->unmatched)
			continue;
		if (reply->rcode == 0)
			return NULL;
		error = dns_rcode_text(reply->rcode);
	}
	return cause ? finding_code_text(cause->code) : error;
}

static void put_lookup(struct otlp *otlp, const struct lookup *lookup, const char *error)
{
	const struct trace_dns_query *talk = lookup->talk;
	const struct trace_udp_conn *udp = trace_find_udp_conn(otlp->list, json_udp_shown(otlp->output, talk->connection));
	const struct trace_tcp_conn *tcp = trace_find_tcp_conn(otlp->list, json_tcp_shown(otlp->output, talk->connection));
	struct json *json = otlp->json;

	otlp_put_string(json, "dns.question.name", question_of(lookup));
	put_addresses(json, lookup);
	if (udp || tcp)
		otlp_put_connection(json, udp ? &udp->tuple : &tcp->tuple, udp ? "udp" : "tcp");
	otlp_put_text(json, "error.type", error);
	otlp_put_id(json, "nettrace.id", talk->id);
	otlp_put_packets(otlp, message_at(lookup, 0)->packet, message_at(lookup, lookup->count - 1)->packet);
}

static void write_lookup(struct otlp *otlp, const struct trace_dial *dial, const struct lookup *lookup)
{
	const struct otlp_span span =
		otlp_span_of_lookup(otlp, dial, lookup->talk, message_at(lookup, 0), message_at(lookup, lookup->count - 1));
	const char *error = error_of(otlp, lookup, dial);
	struct json *json = otlp->json;

	otlp_begin_span(otlp, &span);
	begin_name(json, "DNS lookup", question_of(lookup));
	json_end_string(json);
	otlp_put_times(otlp, &span);
	json_begin_array(json, "attributes");
	put_lookup(otlp, lookup, error);
	json_end(json);
	if (error)
		otlp_put_failure(json, BYTES(""));
	json_end(json);
}

static size_t select_messages(const struct otlp *otlp, const struct trace_dns_query *talk, const struct trace_dial *dial,
			      size_t **messages)
{
	const struct dns_range range = dns_range_of(&otlp->shapes[talk - otlp->list->dns_queries], talk, dial);
	const bool whole = dns_is_its_own(talk, dial);
	size_t count = 0;

	*messages = nt_realloc_array(NULL, range.to > range.from ? range.to - range.from : 1, sizeof **messages);
	for (size_t i = range.from; i < range.to; i++)
		if ((whole || dns_belongs_to(&talk->messages[i], dial)) && otlp_is_time(talk->messages[i].time))
			(*messages)[count++] = i;
	return count;
}

/* What the dial needed of a conversation, a span for each name. */
static void write_lookups(struct otlp *otlp, const struct trace_dial *dial, const struct trace_dns_query *talk)
{
	size_t *messages, count = select_messages(otlp, talk, dial, &messages);

	dns_sort_by_name(talk, messages, count);
	for (size_t i = 0, end; i < count; i = end) {
		const struct bytes name = dns_name_of(&talk->messages[messages[i]]);

		for (end = i + 1; end < count; end++)
			if (dns_compare_names(name, dns_name_of(&talk->messages[messages[end]])) != 0)
				break;
		write_lookup(otlp, dial, &(struct lookup){ talk, messages + i, end - i });
	}
	free(messages);
}

/* ---- dials ---- */

void otlp_write_dial(struct otlp *otlp, const struct trace_dial *dial)
{
	const struct otlp_span span = otlp_span_of_dial(otlp, dial);
	const struct links talks = links_children(&otlp->talks_of_dial, dial->id);
	const struct trace_finding *cause = causes_of(&otlp->causes, dial->id);
	struct json *json = otlp->json;

	otlp_begin_span(otlp, &span);
	begin_name(json, "dial", dial->host);
	add_port(json, dial->port);
	otlp_put_times(otlp, &span);
	json_begin_array(json, "attributes");
	otlp_put_server(json, dial->host, dial->port);
	if (dial->error.size || cause)
		otlp_put_error_type(json, cause);
	otlp_put_id(json, "nettrace.id", dial->id);
	otlp_put_packets(otlp, dial->first_packet, dial->last_packet);
	json_end(json);
	otlp_put_events(otlp, dial->id, &span);
	if (dial->error.size || cause)
		otlp_put_failure(json, dial->error.size ? dial->error : cause->message);
	json_end(json);
	for (size_t i = 0; !otlp->output->omit.dns && i < talks.count; i++)
		write_lookups(otlp, dial, &otlp->list->dns_queries[talks.at[i].index]);
}

/* ---- connections ---- */

void otlp_write_connect(struct otlp *otlp, const struct trace_tcp_conn *conn)
{
	const struct otlp_span span = otlp_span_of_connect(otlp, conn);
	const struct trace_finding *cause = conn->connected ? NULL : causes_naming(&otlp->causes, conn->id);
	const bool failed = cause || conn->close_reason == TRACE_CLOSE_REFUSED || conn->close_reason == TRACE_CLOSE_ICMP;
	char address[IP_ADDRESS_TEXT_SIZE];
	struct json *json = otlp->json;

	otlp_begin_span(otlp, &span);
	begin_name(json, "TCP connect", bytes_of(ip_address_text(conn->tuple.ip_version, &conn->tuple.destination, address)));
	add_port(json, conn->tuple.destination_port);
	otlp_put_times(otlp, &span);
	json_begin_array(json, "attributes");
	otlp_put_connection(json, &conn->tuple, "tcp");
	if (cause)
		otlp_put_error_type(json, cause);
	else if (failed)
		otlp_put_text(json, "error.type", trace_close_text(conn->close_reason));
	otlp_put_id(json, "nettrace.id", conn->id);
	otlp_put_packets(otlp, conn->first_packet, conn->last_packet);
	json_end(json);
	otlp_put_events(otlp, conn->id, &span);
	if (failed)
		otlp_put_failure(json, cause ? cause->message : BYTES(""));
	json_end(json);
}

/* ---- TLS ---- */

/* "TLS 1.3" is the protocol "tls" and the version "1.3". */
static void put_version(struct json *json, uint16_t version)
{
	char text[16], name[16] = "";
	const char *known, *space;

	if (!version)
		return;
	known = tls_version_text(version, text);
	space = strchr(known, ' ');
	if (!space)
		return;
	for (size_t i = 0; i < (size_t)(space - known); i++)
		name[i] = (char)tolower((unsigned char)known[i]);
	otlp_put_text(json, "tls.protocol.name", name);
	otlp_put_text(json, "tls.protocol.version", space + 1);
}

/* In upper case, as the conventions want it. */
static void put_digest(struct json *json, struct bytes digest)
{
	char text[65];
	size_t size = digest.size < sizeof text ? digest.size : sizeof text - 1;

	for (size_t i = 0; i < size; i++)
		text[i] = (char)toupper(digest.at[i]);
	text[size] = 0;
	otlp_put_text(json, "tls.server.hash.sha256", text);
}

static void put_certificate(struct json *json, const struct trace_certificate *certificate)
{
	char text[TIMESTAMP_SIZE];

	otlp_put_string(json, "tls.server.subject", certificate->subject);
	otlp_put_string(json, "tls.server.issuer", certificate->issuer);
	if (certificate->not_before_s != INT64_MIN)
		otlp_put_text(json, "tls.server.not_before", timestamp_seconds_text(certificate->not_before_s, text));
	if (certificate->not_after_s != INT64_MIN)
		otlp_put_text(json, "tls.server.not_after", timestamp_seconds_text(certificate->not_after_s, text));
	put_digest(json, certificate->sha256);
}

static void put_connection(struct otlp *otlp, const struct trace_tls_tunnel *tunnel)
{
	const struct trace_tcp_conn *tcp = trace_find_tcp_conn(otlp->list, json_tcp_shown(otlp->output, tunnel->tcp_conn));
	const struct trace_udp_conn *udp = trace_find_udp_conn(otlp->list, json_udp_shown(otlp->output, tunnel->udp_conn));

	otlp_put_string(otlp->json, "server.address", tunnel->server_name);
	if (tcp)
		otlp_put_connection(otlp->json, &tcp->tuple, "tcp");
	else if (udp)
		otlp_put_connection(otlp->json, &udp->tuple, "quic");
}

static void put_parameters(struct json *json, const struct trace_tls_tunnel *tunnel)
{
	put_version(json, tunnel->version);
	if (tunnel->cipher_suite)
		otlp_put_text(json, "tls.cipher", tls_cipher_text(tunnel->cipher_suite));
	if (tunnel->group)
		otlp_put_text(json, "tls.curve", tls_group_text(tunnel->group));
	otlp_put_string(json, "tls.next_protocol", tunnel->negotiated_protocol);
	otlp_put_bool(json, "tls.established", tunnel->done);
	if (tunnel->did_resume)
		otlp_put_bool(json, "tls.resumed", true);
	otlp_put_string(json, "tls.client.ja3", tunnel->ja3);
	if (tunnel->certificate_count)
		put_certificate(json, &tunnel->certificates[0]);
}

void otlp_write_tunnel(struct otlp *otlp, const struct trace_tls_tunnel *tunnel)
{
	const struct otlp_span span = otlp_span_of_tunnel(otlp, tunnel);
	struct json *json = otlp->json;

	otlp_begin_span(otlp, &span);
	begin_name(json, "TLS handshake", tunnel->server_name);
	json_end_string(json);
	otlp_put_times(otlp, &span);
	json_begin_array(json, "attributes");
	put_connection(otlp, tunnel);
	put_parameters(json, tunnel);
	if (tunnel->error.size)
		otlp_put_error_type(json, causes_naming(&otlp->causes, tunnel->id));
	otlp_put_id(json, "nettrace.id", tunnel->id);
	otlp_put_packets(otlp, tunnel->first_packet, tunnel->last_packet);
	json_end(json);
	otlp_put_events(otlp, tunnel->id, &span);
	if (tunnel->error.size)
		otlp_put_failure(json, tunnel->error);
	json_end(json);
}
