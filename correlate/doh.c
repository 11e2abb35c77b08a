#include "correlate/doh.h"

#include "correlate/dns_talk.h"

#include <string.h>

enum { HEADER_SIZE = 12, MAX_MESSAGE = 65535 };

static bool is_dns(const struct http1_field *fields, size_t count)
{
	static const char type[] = "application/dns-message";

	for (size_t i = 0; i < count; i++) {
		struct bytes value = fields[i].value;

		if (!bytes_equal_nocase(fields[i].name, BYTES("Content-Type")) || value.size < sizeof type - 1)
			continue;
		if (value.size > sizeof type - 1 && !memchr("; \t", value.at[sizeof type - 1], 3))
			return false;
		value.size = sizeof type - 1;
		return bytes_equal_nocase(value, BYTES(type));
	}
	return false;
}

/* ---- GET: base64url without padding (RFC 4648 5) in the parameter "dns" ---- */

static int base64url_digit(uint8_t c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '-'             ? 62
	       : c == '_'             ? 63
				      : -1;
}

/* False, and an empty buffer, if it is none. */
static bool decode(struct buffer *out, struct bytes text)
{
	uint32_t bits = 0;
	unsigned count = 0;

	for (size_t i = 0; i < text.size; i++) {
		int digit = base64url_digit(text.at[i]);
		uint8_t byte;

		if (digit < 0) {
			buffer_clear(out);
			return false;
		}
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		byte = (uint8_t)(bits >> count);
		if (!buffer_add(out, &byte, 1))
			return false;
	}
	return out->size != 0;
}

static struct bytes dns_parameter(struct bytes target)
{
	const uint8_t *query = target.size ? memchr(target.at, '?', target.size) : NULL, *end, *next;

	if (!query)
		return (struct bytes){ NULL, 0 };
	end = target.at + target.size;
	for (const uint8_t *at = query + 1; at < end; at = next + 1) {
		next = memchr(at, '&', (size_t)(end - at));
		if (!next)
			next = end;
		if (next - at > 4 && memcmp(at, "dns=", 4) == 0)
			return (struct bytes){ at + 4, (size_t)(next - at) - 4 };
	}
	return (struct bytes){ NULL, 0 };
}

/* ---- collecting ---- */

void doh_request(const struct exchange_list *list, struct exchange *exchange, struct bytes target, const struct http1_field *fields,
		 size_t count)
{
	struct bytes parameter = dns_parameter(target);

	if (list->app->in.proxy.size) /* what is at the other end is the proxy, not the resolver */
		return;
	exchange->dns[0].max = exchange->dns[1].max = MAX_MESSAGE;
	exchange->is_dns[0] = is_dns(fields, count);
	if (!exchange->is_dns[0] && parameter.size)
		exchange->is_dns[0] = decode(&exchange->dns[0], parameter);
}

void doh_response(struct exchange *exchange, const struct http1_field *fields, size_t count)
{
	exchange->is_dns[1] = exchange->is_dns[0] && is_dns(fields, count);
}

void doh_content(struct exchange *exchange, bool by_server, struct bytes piece)
{
	if (exchange->is_dns[by_server] && !buffer_add(&exchange->dns[by_server], piece.at, piece.size))
		exchange->is_dns[by_server] = false; /* longer than any message */
}

/* ---- the conversation ---- */

static struct dns_talk *talk_of(struct exchange_list *list)
{
	const struct app *app = list->app;
	struct address_tuple tuple = tcp_tuple(app->conn);
	const struct resolver_flow flow = { .connection = app->conn->record.id,
					    .ip_version = tuple.ip_version,
					    .client = tuple.source,
					    .nameserver = tuple.destination,
					    .nameserver_port = tuple.destination_port,
					    .client_port = tuple.source_port,
					    .over = TRACE_OVER_HTTPS,
					    .tls_tunnel = app->in.tls_tunnel };

	if (!list->dns)
		list->dns = dns_talk_new(app->c, &flow, TRACE_DNS, false);
	app->conn->record.from_resolver = true;
	return list->dns;
}

static void tell(struct exchange_list *list, struct buffer *message, nt_time time, struct packet_ref packet)
{
	dns_talk_message(talk_of(list), cur_of(message->at, message->size, 0), time, packet);
	buffer_clear(message);
}

void doh_end(struct exchange_list *list, struct exchange *exchange)
{
	const struct trace_http_request *record = &exchange->record;

	if (!exchange->is_dns[1] || exchange->dns[0].size < HEADER_SIZE || exchange->dns[1].size < HEADER_SIZE ||
	    record->gap_bytes || list->app->in.refused)
		return;
	tell(list, &exchange->dns[0], record->req_sent, record->req_packet);
	tell(list, &exchange->dns[1], record->resp_recv, record->resp_packet);
}

void doh_close(struct exchange_list *list)
{
	dns_talk_end(list->dns);
	list->dns = NULL;
}
