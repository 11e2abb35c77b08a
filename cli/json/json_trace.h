/*
 * The parts of the JSON trace: one function for each kind of record, and what they share.  output_json() puts them together.
 */
#ifndef NETTRACE_CLI_JSON_TRACE_H
#define NETTRACE_CLI_JSON_TRACE_H

#include "cli/json/json.h"
#include "cli/output.h"

/* ---- records: each an object as an element of the array that is open, or as a line ---- */

void json_write_dial(struct json *json, const struct output *output, const struct trace_dial *dial);
void json_write_tcp_conn(struct json *json, const struct output *output, const struct trace_tcp_conn *conn);
void json_write_udp_conn(struct json *json, const struct output *output, const struct trace_udp_conn *conn);
void json_write_dns_query(struct json *json, const struct output *output, const struct trace_dns_query *query);
void json_write_tls_tunnel(struct json *json, const struct output *output, const struct trace_tls_tunnel *tunnel);
void json_write_http_request(struct json *json, const struct output *output, const struct trace_http_request *request);

void json_write_finding(struct json *json, const struct output *output, const struct trace_finding *finding);

/* Begins the object of a record; as a line it has the member "record", which names its kind. */
void json_begin_record(struct json *json, const struct output *output, const char *kind);

/* What is known of the trace when it begins, and what only when it ends. */
void json_write_begin(struct json *json, const struct output *output);
void json_write_end(struct json *json, const struct output *output);

/* The member "capture": where the packets came from, and what became of them. */
void json_write_capture(struct json *json, const struct output *output);

/* The member "session" of it; nothing if no recording was read. */
void json_write_recording(struct json *json, const struct output *output);

/* The member "context" of it; nothing if no archive says anything about the device. */
void json_write_context(struct json *json, const struct output *output);

/* ---- fields ---- */

/* "+12ms", "undefined" or absolute. */
void json_put_timestamp(struct json *json, const struct output *output, const char *name, nt_time time);

/* Absolute; left out when the time is not known. */
void json_put_absolute(struct json *json, const char *name, nt_time time);

/* Microseconds since the begin of the trace, negative before it; left out when the time is not known. */
void json_put_offset(struct json *json, const struct output *output, const char *name, nt_time time);

/* A duration; left out when it is not known (negative). */
void json_put_duration(struct json *json, const char *name, int64_t microseconds);

/* Microseconds from one time to another; left out unless both are known and in this order. */
void json_put_interval(struct json *json, const char *name, nt_time from, nt_time to);

/* "tid-7"; "" for 0. */
void json_put_id(struct json *json, const char *name, trace_id id);
void json_put_optional_id(struct json *json, const char *name, trace_id id); /* left out for 0 */

/* `id` where it stands for a record that is in the output, 0 where its kind is left out (--no-tcp, …) or it is beyond LIMIT_RECORDS. */
trace_id json_dial_shown(const struct output *output, trace_id id);
trace_id json_tcp_shown(const struct output *output, trace_id id);
trace_id json_udp_shown(const struct output *output, trace_id id);
trace_id json_tls_shown(const struct output *output, trace_id id);
trace_id json_http_shown(const struct output *output, trace_id id);
trace_id json_conn_shown(const struct output *output, trace_id id); /* of either kind of connection */

/* "host:port" as Go's net.JoinHostPort writes it; the host alone when port is 0. */
void json_put_host_port(struct json *json, const char *name, struct bytes host, uint16_t port);
void json_put_address_port(struct json *json, const char *name, uint8_t ip_version, const struct ip_address *address,
			   uint16_t port);

void json_put_tuple(struct json *json, const char *name, const struct address_tuple *tuple);
void json_put_evidence(struct json *json, const char *name, enum trace_evidence evidence); /* left out for TRACE_BY_NOTHING */

/* The array "views", left out when there are none. */
void json_put_views(struct json *json, const struct output *output, const struct trace_view *views, size_t count);

/* The name of the interface, or "interfaceId" where it has none and there are several; left out where neither tells anything. */
void json_put_interface(struct json *json, const struct output *output, uint32_t interface);

/* The member "conntrack", and in `wire` what is to be known about it; left out for NULL. */
void json_write_conntrack(struct json *json, const struct output *output, const struct conntrack_entry *entry);
void json_put_conntrack_doubts(struct json *json, const struct conntrack_entry *entry);

/* The last ICMP error about a connection: an object "icmp", left out when packet.number is 0. */
void json_put_icmp(struct json *json, const struct output *output, uint8_t type, uint8_t code, struct packet_ref packet);

/* The member "goTrace" of `wire`; left out for NULL. */
void json_put_seed(struct json *json, const struct output *output, const struct trace_seed *seed);

/* The member "socketTrace"; left out where it is not known. */
void json_write_socket_trace(struct json *json, const struct output *output, const struct trace_seed *seed);

struct json_packet {
	const char *name, *file_name;
	struct packet_ref packet;
};

/*
 * Packet numbers, as far as they are known.  With several inputs also "file", the index of the input of the first of them; a packet of
 * another input than that gets its own member `file_name`.
 */
void json_put_packets(struct json *json, const struct output *output, const struct json_packet *packets, size_t count);
void json_put_packet(struct json *json, const struct output *output, struct packet_ref packet); /* "packet" */
void json_put_request_packets(struct json *json, const struct output *output, const struct trace_http_request *request);
void json_put_first_last(struct json *json, const struct output *output, struct packet_ref first, struct packet_ref last);

#endif
