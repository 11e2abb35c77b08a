#include "cli/store/store.h"

#include "cli/store/store_schema.h"
#include "cli/text.h"
#include "dissect/dns/dns.h"
#include "dissect/tls/tls.h"
#include "store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's own memory. */
#define CACHE_KIB "1024"

struct store {
	struct outfile file;
	char *path; /* as the user named it */
	struct sql *sql;
	struct sql_statement rows[STORE_ROWS];
	enum nt_status status; /* the first failure, whose sentence is in `error` */
	struct nt_error error;
	int64_t findings;
	struct buffer names; /* of the certificate that is being written */
};

/* ---- values ---- */

static struct sql_statement *row(struct store *store, enum store_row which)
{
	return &store->rows[which];
}

static void put(struct store *store, struct sql_statement *statement)
{
	struct nt_error error;
	enum nt_status status = store->status == NT_OK ? sql_do(statement, &error) : NT_OK;

	if (status == NT_OK)
		return;
	store->status = status;
	store->error = error;
}

static bool is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] < 0x20 || text.at[i] >= 0x7f)
			return false;
	return true;
}

/* As in JSON: bytes that are no UTF-8 become U+FFFD; so does 0, at which many readers of a database would stop. */
static void bind_string(struct sql_statement *s, struct bytes text)
{
	struct buffer valid = { .max = SIZE_MAX };

	if (is_plain(text)) {
		sql_bind_string(s, text);
		return;
	}
	while (text.size) {
		struct text_character next = text_next(&text);

		if (next.code)
			buffer_add(&valid, next.bytes.at, next.bytes.size);
		else
			buffer_add(&valid, "\xef\xbf\xbd", 3);
	}
	sql_bind_string(s, (struct bytes){ valid.at, valid.size });
	buffer_free(&valid);
}

/* NULL when it says nothing. */
static void bind_optional_string(struct sql_statement *s, struct bytes text)
{
	if (text.size)
		bind_string(s, text);
	else
		sql_bind_null(s);
}

static void bind_id(struct sql_statement *s, trace_id id)
{
	sql_bind_optional(s, id != 0, id);
}

static void bind_duration(struct sql_statement *s, int64_t microseconds)
{
	sql_bind_optional(s, microseconds >= 0, microseconds);
}

static void bind_input(struct sql_statement *s, struct packet_ref packet)
{
	sql_bind_optional(s, packet.number != 0, packet.file);
}

static void bind_packet(struct sql_statement *s, struct packet_ref packet)
{
	sql_bind_optional(s, packet.number != 0, (int64_t)packet.number);
}

static void bind_address(struct sql_statement *s, uint8_t ip_version, const struct ip_address *address,
			 char out[IP_ADDRESS_TEXT_SIZE])
{
	if (ip_version)
		sql_bind_text(s, ip_address_text(ip_version, address, out));
	else
		sql_bind_null(s);
}

/* ---- dials ---- */

static void put_attempts(struct store *store, const struct trace_dial *dial)
{
	for (size_t i = 0; i < dial->attempt_count; i++) {
		struct sql_statement *s = row(store, STORE_ATTEMPT);

		sql_bind_int(s, dial->id);
		sql_bind_int(s, (int64_t)i);
		sql_bind_int(s, dial->attempts[i]);
		put(store, s);
	}
}

static void put_resolver_dials(struct store *store, const struct trace_dial *dial)
{
	for (size_t i = 0; i < dial->resolver_dial_count; i++) {
		const struct trace_resolver_dial *resolver = &dial->resolver_dials[i];
		struct sql_statement *s = row(store, STORE_RESOLVER_DIAL);
		char text[IP_ADDRESS_TEXT_SIZE];

		sql_bind_int(s, dial->id);
		sql_bind_int(s, (int64_t)i);
		sql_bind_time(s, resolver->begin);
		sql_bind_time(s, resolver->end);
		bind_address(s, resolver->ip_version, &resolver->nameserver, text);
		sql_bind_int(s, resolver->nameserver_port);
		bind_optional_string(s, resolver->error);
		bind_id(s, resolver->established_conn);
		put(store, s);
	}
}

static void put_dial(void *context, const struct trace_dial *dial)
{
	struct store *store = context;
	struct sql_statement *s = row(store, STORE_DIAL);
	char text[IP_ADDRESS_TEXT_SIZE];

	sql_bind_int(s, dial->id);
	sql_bind_time(s, dial->begin);
	sql_bind_time(s, dial->end);
	bind_string(s, dial->host);
	sql_bind_optional(s, dial->port != 0, dial->port);
	bind_optional_string(s, dial->error);
	bind_address(s, dial->source_ip_version, &dial->source, text);
	bind_id(s, dial->established_conn);
	sql_bind_text(s, trace_evidence_text(dial->host_by));
	bind_input(s, dial->first_packet);
	bind_packet(s, dial->first_packet);
	bind_packet(s, dial->last_packet);
	put(store, s);
	put_attempts(store, dial);
	put_resolver_dials(store, dial);
}

/* ---- connections ---- */

/* What both transports have in common. */
struct connection {
	trace_id id, dial;
	const char *transport;
	bool from_resolver;
	const struct address_tuple *tuple;
	nt_time begin, end;
	uint64_t sent_bytes, recv_bytes, sent_packets, recv_packets;
	struct bytes app_protocol;
	struct packet_ref first_packet, last_packet;
};

static void put_connection(struct store *store, const struct connection *conn)
{
	struct sql_statement *s = row(store, STORE_CONNECTION);
	char source[IP_ADDRESS_TEXT_SIZE], destination[IP_ADDRESS_TEXT_SIZE];

	sql_bind_int(s, conn->id);
	sql_bind_text(s, conn->transport);
	bind_id(s, conn->dial);
	sql_bind_int(s, conn->from_resolver);
	sql_bind_text(s, ip_address_text(conn->tuple->ip_version, &conn->tuple->source, source));
	sql_bind_int(s, conn->tuple->source_port);
	sql_bind_text(s, ip_address_text(conn->tuple->ip_version, &conn->tuple->destination, destination));
	sql_bind_int(s, conn->tuple->destination_port);
	sql_bind_time(s, conn->begin);
	sql_bind_time(s, conn->end);
	sql_bind_int(s, (int64_t)conn->sent_bytes);
	sql_bind_int(s, (int64_t)conn->recv_bytes);
	sql_bind_int(s, (int64_t)conn->sent_packets);
	sql_bind_int(s, (int64_t)conn->recv_packets);
	bind_optional_string(s, conn->app_protocol);
	bind_input(s, conn->first_packet);
	bind_packet(s, conn->first_packet);
	bind_packet(s, conn->last_packet);
	put(store, s);
}

static void put_tcp_conn(void *context, const struct trace_tcp_conn *conn)
{
	const struct connection common = { .id = conn->id,
					   .dial = conn->from_dial,
					   .transport = "tcp",
					   .from_resolver = conn->from_resolver,
					   .tuple = &conn->tuple,
					   .begin = conn->first,
					   .end = conn->last,
					   .sent_bytes = conn->sent_bytes,
					   .recv_bytes = conn->recv_bytes,
					   .sent_packets = conn->client.packets,
					   .recv_packets = conn->server.packets,
					   .app_protocol = conn->app_protocol,
					   .first_packet = conn->first_packet,
					   .last_packet = conn->last_packet };
	struct store *store = context;
	struct sql_statement *s = row(store, STORE_TCP_CONN);

	put_connection(store, &common);
	sql_bind_int(s, conn->id);
	sql_bind_time(s, conn->handshake_begin);
	sql_bind_time(s, conn->handshake_end);
	sql_bind_int(s, conn->connected);
	sql_bind_int(s, conn->reused);
	sql_bind_time(s, conn->close);
	sql_bind_text(s, trace_close_text(conn->close_reason));
	bind_duration(s, conn->rtt_us);
	bind_duration(s, conn->handshake_us);
	sql_bind_int(s, conn->syn_count);
	sql_bind_int(s, conn->client.retransmissions);
	sql_bind_int(s, conn->server.retransmissions);
	sql_bind_int(s, conn->client.zero_windows);
	sql_bind_int(s, conn->server.zero_windows);
	sql_bind_int(s, (int64_t)(conn->client.lost_bytes + conn->server.lost_bytes));
	put(store, s);
}

static void put_udp_conn(void *context, const struct trace_udp_conn *conn)
{
	const struct connection common = { .id = conn->id,
					   .dial = conn->from_dial,
					   .transport = "udp",
					   .from_resolver = conn->from_resolver,
					   .tuple = &conn->tuple,
					   .begin = conn->create,
					   .end = conn->close,
					   .sent_bytes = conn->sent_bytes,
					   .recv_bytes = conn->recv_bytes,
					   .sent_packets = conn->sent_packets,
					   .recv_packets = conn->recv_packets,
					   .app_protocol = conn->app_protocol,
					   .first_packet = conn->first_packet,
					   .last_packet = conn->last_packet };
	struct store *store = context;
	struct sql_statement *s = row(store, STORE_UDP_CONN);

	put_connection(store, &common);
	sql_bind_int(s, conn->id);
	sql_bind_optional(s, conn->quic != NULL, conn->quic ? conn->quic->version : 0);
	put(store, s);
}

/* ---- DNS ---- */

static void put_dns_names(struct store *store, trace_id query, size_t position, const struct trace_dns_message *message)
{
	struct sql_statement *s = row(store, STORE_DNS_QUESTION);
	char text[16];

	for (size_t i = 0; i < message->question_count; i++) {
		sql_bind_int(s, query);
		sql_bind_int(s, (int64_t)position);
		bind_string(s, message->questions[i].name);
		sql_bind_text(s, dns_type_text(message->questions[i].type, text));
		put(store, s);
	}
	s = row(store, STORE_DNS_ANSWER);
	for (size_t i = 0; i < message->answer_count; i++) {
		sql_bind_int(s, query);
		sql_bind_int(s, (int64_t)position);
		bind_string(s, message->answers[i].name);
		sql_bind_text(s, dns_type_text(message->answers[i].type, text));
		sql_bind_int(s, message->answers[i].ttl);
		bind_string(s, message->answers[i].value);
		put(store, s);
	}
}

static void put_dns_message(struct store *store, trace_id query, size_t position, const struct trace_dns_message *message)
{
	struct sql_statement *s = row(store, STORE_DNS_MESSAGE);

	sql_bind_int(s, query);
	sql_bind_int(s, (int64_t)position);
	sql_bind_int(s, message->is_reply);
	sql_bind_time(s, message->time);
	sql_bind_int(s, message->id);
	sql_bind_text(s, message->is_reply ? dns_rcode_text(message->rcode) : NULL);
	sql_bind_int(s, message->truncated);
	sql_bind_int(s, message->malformed);
	bind_duration(s, message->latency_us);
	sql_bind_int(s, message->size);
	bind_input(s, message->packet);
	bind_packet(s, message->packet);
	put(store, s);
	put_dns_names(store, query, position, message);
}

static void put_dns_query(void *context, const struct trace_dns_query *query)
{
	struct store *store = context;
	struct sql_statement *s = row(store, STORE_DNS_QUERY);

	sql_bind_int(s, query->id);
	bind_id(s, query->from_dial);
	bind_id(s, query->connection);
	bind_id(s, query->tls_tunnel);
	sql_bind_text(s, trace_dns_kind_text(query->kind));
	sql_bind_text(s, trace_dns_over_text(query->over));
	put(store, s);
	for (size_t i = 0; i < query->message_count; i++)
		put_dns_message(store, query->id, i, &query->messages[i]);
}

/* ---- TLS ---- */

/* One a line: a line feed within a name would make two of it. */
static struct bytes names_of(struct store *store, const struct trace_certificate *certificate)
{
	buffer_clear(&store->names);
	for (size_t i = 0; i < certificate->name_count; i++) {
		const size_t begin = store->names.size + (i > 0);

		if (i)
			buffer_add(&store->names, "\n", 1);
		buffer_add(&store->names, certificate->names[i].at, certificate->names[i].size);
		for (size_t k = begin; k < store->names.size; k++)
			if (store->names.at[k] == '\n')
				store->names.at[k] = ' ';
	}
	return (struct bytes){ store->names.at, store->names.size };
}

static void put_chain(struct store *store, trace_id tunnel, bool by_client, const struct trace_certificate *chain, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct trace_certificate *certificate = &chain[i];
		struct sql_statement *s = row(store, STORE_CERTIFICATE);

		sql_bind_int(s, tunnel);
		sql_bind_int(s, by_client);
		sql_bind_int(s, (int64_t)i);
		bind_optional_string(s, certificate->subject);
		bind_optional_string(s, certificate->issuer);
		sql_bind_optional(s, certificate->not_before_s != INT64_MIN, certificate->not_before_s);
		sql_bind_optional(s, certificate->not_after_s != INT64_MIN, certificate->not_after_s);
		sql_bind_int(s, certificate->is_ca);
		bind_optional_string(s, certificate->serial);
		bind_optional_string(s, certificate->sha256);
		bind_optional_string(s, certificate->key_type);
		bind_optional_string(s, names_of(store, certificate));
		put(store, s);
	}
}

static void put_tls_tunnel(void *context, const struct trace_tls_tunnel *tunnel)
{
	struct store *store = context;
	struct sql_statement *s = row(store, STORE_TLS_TUNNEL);
	char text[16];

	sql_bind_int(s, tunnel->id);
	bind_id(s, tunnel->tcp_conn ? tunnel->tcp_conn : tunnel->udp_conn);
	sql_bind_time(s, tunnel->handshake_begin);
	sql_bind_time(s, tunnel->handshake_end);
	bind_optional_string(s, tunnel->error);
	bind_optional_string(s, tunnel->server_name);
	sql_bind_text(s, tunnel->version ? tls_version_text(tunnel->version, text) : NULL);
	sql_bind_text(s, tunnel->cipher_suite ? tls_cipher_text(tunnel->cipher_suite) : NULL);
	bind_optional_string(s, tunnel->negotiated_protocol);
	sql_bind_int(s, tunnel->did_resume);
	bind_optional_string(s, tunnel->verification);
	sql_bind_int(s, tunnel->decrypted);
	bind_optional_string(s, tunnel->ja3);
	bind_optional_string(s, tunnel->ja4);
	bind_input(s, tunnel->first_packet);
	bind_packet(s, tunnel->first_packet);
	bind_packet(s, tunnel->last_packet);
	put(store, s);
	put_chain(store, tunnel->id, false, tunnel->certificates, tunnel->certificate_count);
	put_chain(store, tunnel->id, true, tunnel->client_certificates, tunnel->client_certificate_count);
}

/* ---- HTTP ---- */

static void put_fields(struct store *store, trace_id request, bool in_response, const struct trace_http_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sql_statement *s = row(store, STORE_HTTP_FIELD);

		sql_bind_int(s, request);
		sql_bind_int(s, in_response);
		sql_bind_int(s, (int64_t)i);
		bind_string(s, fields[i].name);
		bind_optional_string(s, fields[i].value);
		put(store, s);
	}
}

static void bind_timing(struct sql_statement *s, const struct trace_http_timing *timing)
{
	const int64_t parts[] = { timing->dns,     timing->connect, timing->tls,      timing->idle,
				  timing->request, timing->server,  timing->transfer, timing->stalled };

	bind_duration(s, timing->total);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		bind_duration(s, parts[i]);
}

static void put_http_request(void *context, const struct trace_http_request *request)
{
	struct store *store = context;
	struct sql_statement *s = row(store, STORE_HTTP_REQUEST);
	char proto[16];

	snprintf(proto, sizeof proto, "%u.%u", request->proto_major, request->proto_minor);
	sql_bind_int(s, request->id);
	bind_id(s, request->tcp_conn);
	bind_id(s, request->tls_tunnel);
	sql_bind_text(s, proto);
	bind_optional_string(s, request->network_proxy);
	bind_optional_string(s, request->method);
	bind_optional_string(s, request->url);
	bind_optional_string(s, request->host);
	sql_bind_optional(s, request->status != 0, request->status);
	bind_optional_string(s, request->error);
	sql_bind_time(s, request->req_sent);
	sql_bind_time(s, request->resp_recv);
	sql_bind_time(s, request->resp_end);
	sql_bind_int(s, (int64_t)request->req_content_size);
	sql_bind_int(s, (int64_t)request->resp_content_size);
	bind_timing(s, &request->timing);
	bind_id(s, request->redirected_from);
	bind_id(s, request->retry_of);
	bind_input(s, request->req_packet.number ? request->req_packet : request->resp_packet);
	bind_packet(s, request->req_packet);
	bind_packet(s, request->resp_packet);
	bind_packet(s, request->last_packet);
	put(store, s);
	put_fields(store, request->id, false, request->req_fields, request->req_field_count);
	put_fields(store, request->id, true, request->resp_fields, request->resp_field_count);
}

/* ---- findings ---- */

static void put_evidence(struct store *store, const struct trace_finding *finding)
{
	for (size_t i = 0; i < finding->trace_count; i++) {
		struct sql_statement *s = row(store, STORE_FINDING_RECORD);

		sql_bind_int(s, store->findings);
		sql_bind_int(s, (int64_t)i);
		sql_bind_int(s, finding->traces[i]);
		put(store, s);
	}
	for (size_t i = 0; i < finding->packet_count; i++) {
		struct sql_statement *s = row(store, STORE_FINDING_PACKET);

		sql_bind_int(s, store->findings);
		sql_bind_int(s, (int64_t)i);
		bind_input(s, finding->packets[i].packet);
		sql_bind_int(s, (int64_t)finding->packets[i].packet.number);
		bind_optional_string(s, finding->packets[i].shows);
		put(store, s);
	}
}

static void put_finding(void *context, const struct trace_finding *finding)
{
	struct store *store = context;
	struct sql_statement *s = row(store, STORE_FINDING);

	sql_bind_int(s, ++store->findings);
	sql_bind_text(s, finding_code_text(finding->code));
	sql_bind_text(s, finding_severity_text(finding->severity));
	sql_bind_int(s, finding->root_cause);
	bind_string(s, finding->message);
	sql_bind_time(s, finding->at);
	bind_id(s, finding->dial);
	bind_id(s, finding->request);
	sql_bind_int(s, (int64_t)finding->more);
	put(store, s);
	put_evidence(store, finding);
}

const struct trace_sink store_sink = { .dial = put_dial,
				       .tcp_conn = put_tcp_conn,
				       .udp_conn = put_udp_conn,
				       .dns_query = put_dns_query,
				       .tls_tunnel = put_tls_tunnel,
				       .http_request = put_http_request,
				       .finding = put_finding };

/* ---- the whole ---- */

/* SQLite's header, with the id of the program that made the file: nobody's database is replaced but our own. */
static enum nt_status check_replaced(const char *path, struct nt_error *error)
{
	static const uint8_t ours[4] = { STORE_APPLICATION_ID >> 24, STORE_APPLICATION_ID >> 16 & 0xff,
					 STORE_APPLICATION_ID >> 8 & 0xff, STORE_APPLICATION_ID & 0xff };
	uint8_t header[72];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(header, 1, sizeof header, file) : 0;

	if (file)
		fclose(file);
	if (size == 0 || (size == sizeof header && memcmp(header, "SQLite format 3", 16) == 0 && memcmp(header + 68, ours, 4) == 0))
		return NT_OK;
	return nt_fail(error, NT_EUSAGE, "%s is no trace that --store made: it would be overwritten; name another file", path);
}

/* No journal on disk: nobody sees the file before it is whole.  No file but the one that is open. */
static enum nt_status prepare(struct store *store, struct nt_error *error)
{
	static const char settings[] = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
				       "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cache_size = -" CACHE_KIB;
	char version[96];
	enum nt_status status = sql_run(store->sql, settings, error);

	snprintf(version, sizeof version, "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION_ID,
		 STORE_VERSION);
	if (status == NT_OK)
		status = sql_run(store->sql, version, error);
	if (status == NT_OK)
		status = sql_run(store->sql, store_schema, error);
	for (int i = 0; i < STORE_ROWS && status == NT_OK; i++)
		status = sql_prepare(&store->rows[i], store->sql, store_inserts[i], error);
	return status == NT_OK ? sql_begin(store->sql, error) : status;
}

enum nt_status store_open(struct store **out, const char *path, struct nt_error *error)
{
	struct store *store = nt_zalloc(sizeof *store);
	enum nt_status status = check_replaced(path, error);

	store->names.max = SIZE_MAX; /* of one certificate, whose size was bounded where it was read */
	store->path = nt_strdup(path);
	if (status == NT_OK)
		status = outfile_open(&store->file, path, 0666, error);
	if (status == NT_OK && !store->file.temporary)
		status = nt_fail(error, NT_EUSAGE, "--store %s: a database needs a file, not a device or a pipe", path);
	if (status == NT_OK)
		status = sql_open(&store->sql, store->file.temporary, SQL_WRITE, error);
	if (status == NT_OK) {
		sql_show_as(store->sql, path);
		status = prepare(store, error);
	}
	if (status == NT_OK) {
		*out = store;
		return NT_OK;
	}
	store_free(store);
	return status;
}

static void close_database(struct store *store)
{
	for (int i = 0; i < STORE_ROWS; i++)
		sql_finalize(&store->rows[i]);
	if (store->sql && sql_depth(store->sql))
		sql_rollback(store->sql);
	sql_close(store->sql);
	store->sql = NULL;
}

void store_free(struct store *store)
{
	struct nt_error ignored;

	if (!store)
		return;
	close_database(store);
	if (store->file.file)
		(void)outfile_finish(&store->file, false, &ignored);
	buffer_free(&store->names);
	free(store->path);
	free(store);
}

const struct outfile *store_file(const struct store *store)
{
	return &store->file;
}

static void put_inputs(struct store *store, const struct output *output)
{
	for (size_t i = 0; i < output_input_count(output); i++) {
		const struct capture_input *input = output_input(output, i);
		struct sql_statement *s = row(store, STORE_INPUT);

		sql_bind_int(s, (int64_t)i);
		sql_bind_text(s, input->name);
		sql_bind_text(s, input->format);
		sql_bind_int(s, (int64_t)input->packets);
		sql_bind_text(s, input->damage.damaged ? input->damage.text : NULL);
		put(store, s);
	}
}

static void put_trace(struct store *store, const struct output *output)
{
	struct sql_statement *s = row(store, STORE_TRACE);
	char uuid[UUID_SIZE];

	sql_bind_text(s, output_uuid_text(output, uuid));
	sql_bind_text(s, output->description);
	sql_bind_time(s, output->begin);
	sql_bind_time(s, output->end);
	sql_bind_int(s, (int64_t)output_packets_read(output));
	sql_bind_text(s, output->headers);
	put(store, s);
}

enum nt_status store_finish(struct store *store, const struct output *output, struct nt_error *error)
{
	enum nt_status status;

	put_trace(store, output);
	put_inputs(store, output);
	status = store->status;
	if (status != NT_OK)
		*error = store->error;
	if (status == NT_OK)
		status = sql_run(store->sql, store_tidy, error);
	if (status == NT_OK)
		status = sql_commit(store->sql, error);
	close_database(store);
	if (status == NT_OK)
		return outfile_finish(&store->file, true, error);
	(void)outfile_finish(&store->file, false, &(struct nt_error){ 0 });
	return status;
}
