/*
 * libnettrace: what a network client tried, what failed, and which packets prove it, out of a capture.
 *
 *     struct nettrace *trace = nettrace_new();
 *     if (nettrace_add_input(trace, "capture.pcapng") < 0 || nettrace_read(trace) < 0)
 *         fprintf(stderr, "%s\n", nettrace_error(trace));
 *     for (size_t i = 0; i < nettrace_finding_count(trace); i++)
 *         puts(nettrace_finding_at(trace, i)->code);
 *     nettrace_free(trace);
 *
 * A handle is made, told what to read and how, reads once, and is then asked for its records, which are those of the JSON trace of
 * nettrace-analyze.
 *
 * Lifetime.  All that a handle gives out, texts and lists included, is const, belongs to it, and lives until nettrace_free(); only
 * nettrace_error() is for as long as it says.  What is given to a handle is copied, but for the context of a callback.  A record is made
 * when it is asked for first, and the same pointer is given out again.
 *
 * Errors.  What can fail returns an enum nettrace_status: negative is failure, and nettrace_error() has the sentence.  Damage of an input
 * is no failure: what stands before it is read, and struct nettrace_input tells of it.  A handle must not be NULL, but for nettrace_free().
 *
 * What the library does not do: print, end the process (but without memory, see nettrace_set_out_of_memory()), change the working
 * directory, the locale, signal handlers or the rights of the process, start threads or processes, use the network.  It opens the files
 * that it was told of and the trust store, and copies a recording that was left unfinished on a read-only medium to a file without a name
 * in $TMPDIR, /var/tmp or /tmp.
 *
 * Threads.  A handle is for one thread at a time, reading its records included, as these are made when asked for; different handles may be
 * used in different threads at the same time, but not for "-".
 *
 * Captures come from strangers, and so does every struct nettrace_text: names, URLs, certificates, and messages with these in them, may hold
 * any bytes.  nettrace_text_safe() makes them harmless for a terminal.  A const char * is in the library's own words, with at most paths that
 * the caller gave; only nettrace_error() may have the name of a file in an archive in it, too.  nettrace-analyze confines itself before it
 * reads a capture; the library cannot do that to its caller: who reads captures of strangers with rights or secrets should do so in a
 * process of its own.
 *
 * Compatibility.  All of this is as of libnettrace.so.0.  Structs are made by the library alone: later versions add members at their end,
 * each marked with its version, so do not copy them by value, embed them, or take their size.  Who may meet an older library than the
 * header asks nettrace_version_number() before it reads such a member.  Only struct nettrace_text, nettrace_endpoint and nettrace_packet
 * are for copying: they never change.  Words that name something ("fin", "tls-hello", codes of findings) may become more, as may the
 * values of enums that are given out; those that there are keep their meaning.
 */
#ifndef NETTRACE_H
#define NETTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version ---- */

#define NETTRACE_VERSION_MAJOR 0
#define NETTRACE_VERSION_MINOR 1
#define NETTRACE_VERSION_PATCH 0
#define NETTRACE_VERSION "0.1.0"
#define NETTRACE_VERSION_NUMBER (NETTRACE_VERSION_MAJOR * 10000 + NETTRACE_VERSION_MINOR * 100 + NETTRACE_VERSION_PATCH)

/* Those of the library that runs. */
const char *nettrace_version(void);
int nettrace_version_number(void);

/* ---- values ---- */

enum nettrace_status {
	NETTRACE_OK = 0,
	NETTRACE_STOPPED = 1,   /* by the callback of nettrace_set_progress() */
	NETTRACE_EUSAGE = -1,   /* wrong use, or a filter or session that makes no sense */
	NETTRACE_EIO = -2,      /* opening or reading failed */
	NETTRACE_EFORMAT = -3,  /* not a format that can be read */
	NETTRACE_EDAMAGED = -4, /* so badly that nothing can be read: a recording */
	NETTRACE_ELIMIT = -5,   /* more than is ever read */
	NETTRACE_ENOTSUP = -6   /* of a version or kind that is not supported */
};

/* Names a record; it is "tid-N" in the JSON trace.  0: none. */
typedef uint32_t nettrace_id;

/* Nanoseconds since 1970-01-01T00:00:00Z. */
typedef int64_t nettrace_time_ns;
#define NETTRACE_TIME_NONE INT64_MIN /* not known */

/* A member whose name ends in _us is a duration in microseconds, -1 if it is not known; in _s, seconds since 1970, INT64_MIN if not known. */

/* Any bytes, as they were on the wire: not harmless for a terminal.  A 0 follows that `size` does not count; `at` is never NULL. */
struct nettrace_text {
	const char *at;
	size_t size; /* bytes */
};

/*
 * Writes a text for a terminal: UTF-8 as it is, but control characters, those that turn the direction of writing, and bytes that are no
 * UTF-8 as \xNN.  As of snprintf(): at most `size` bytes with a final 0, no character in parts; returns how many bytes the whole needs
 * without that 0.
 */
size_t nettrace_text_safe(struct nettrace_text text, char *out, size_t size);

struct nettrace_endpoint {
	uint8_t ip_version;       /* 4 or 6; 0 if not known, and all else is then empty */
	uint8_t address[16];      /* in network byte order; IPv4 fills the first 4 */
	const char *address_text; /* "192.0.2.1", "2001:db8::1" (RFC 5952) */
	uint16_t port;            /* 0 if there is none */
};

/* Frame `number` of an input, as Wireshark counts them; 0: none. */
struct nettrace_packet {
	uint64_t number;
	size_t input; /* index, as of nettrace_input_at() */
};

/* ---- a handle, and what it is told ---- */

struct nettrace; /* handle */

struct nettrace *nettrace_new(void);        /* never NULL */
void nettrace_free(struct nettrace *trace); /* NULL is fine */

/* The sentence of the last failure, without a newline; "" before the first.  Lives until the next failure. */
const char *nettrace_error(const struct nettrace *trace);

/*
 * There is no error to return from a failed allocation deep in an analysis: `handler` is called, for all handles of the process, and
 * when it returns the process aborts.  NULL, the default: it aborts at once.  To be set before other threads use the library.
 */
void nettrace_set_out_of_memory(void (*handler)(void));

/* All of these come before nettrace_read(); NETTRACE_EUSAGE after it.  A path or name must not be NULL where that is not explained. */

/*
 * A capture (pcap, pcapng; plain, gzip or zstd), an archive of a device or a trace of the Go library, or a recording of
 * nettrace-capture.  Several are merged by time, but a recording is read alone.  "-" is standard input.  Opened by nettrace_read().
 */
enum nettrace_status nettrace_add_input(struct nettrace *trace, const char *path);

/* Only packets that match, in the syntax of pcap-filter(7). */
enum nettrace_status nettrace_set_filter(struct nettrace *trace, const char *expression);

/* Of a recording: the number of a session, or "last", which is the default. */
enum nettrace_status nettrace_set_session(struct nettrace *trace, const char *session);

/* What is kept of HTTP header fields.  Even then credentials are left out, in URLs too, unless nettrace_set_secrets(). */
enum nettrace_headers { NETTRACE_HEADERS_NONE, NETTRACE_HEADERS_NAMES, NETTRACE_HEADERS_LENGTHS, NETTRACE_HEADERS_VALUES };
enum nettrace_status nettrace_set_headers(struct nettrace *trace, enum nettrace_headers headers); /* default: NONE */
enum nettrace_status nettrace_exclude_header(struct nettrace *trace, const char *name);           /* case does not matter */
enum nettrace_status nettrace_set_secrets(struct nettrace *trace, bool secrets);                  /* default: false */

/*
 * Hosts that are clients: "192.0.2.1" or "2001:db8::/32".  Only their connections are told; several may be added.  Without one all are told.
 */
enum nettrace_status nettrace_add_client(struct nettrace *trace, const char *prefix);

/* An NSS key log (SSLKEYLOGFILE); keys in recordings and pcapng files serve without it.  It is looked at now, and read by nettrace_read(). */
enum nettrace_status nettrace_add_key_log(struct nettrace *trace, const char *path);

/* The conntrack table of the time, or its events, as conntrack(8) or /proc/net/nf_conntrack print them; read by nettrace_read(). */
enum nettrace_status nettrace_add_conntrack(struct nettrace *trace, const char *path);

/* Whether nDPI is asked what the application protocol of a connection is.  It costs time and memory.  Default: true. */
enum nettrace_status nettrace_set_app_protocol(struct nettrace *trace, bool app_protocol);

/* What certificate chains are verified against: a PEM file or a directory, looked at now; NULL, the default: the system's store. */
enum nettrace_status nettrace_set_trust_store(struct nettrace *trace, const char *path);
enum nettrace_status nettrace_set_verify(struct nettrace *trace, bool verify); /* default: true */

/* Keys the hash tables, so that nobody can prepare collisions; no record depends on it.  Default: random. */
enum nettrace_status nettrace_set_seed(struct nettrace *trace, uint64_t seed);

/* Called after each packet that the filter took, with how many these are.  It should do little, and nothing to the handle.  false: stop. */
typedef bool nettrace_progress(void *context, uint64_t packets);
enum nettrace_status nettrace_set_progress(struct nettrace *trace, nettrace_progress *progress, void *context);

/*
 * Opens the inputs, and reads them to their end; they are closed by nettrace_free().  NETTRACE_OK, or NETTRACE_STOPPED: the records of what
 * was read until then are there, and a connection that was still open is told as if the capture had ended.  After a failure there are no
 * records.  A handle reads once, also if that failed.
 */
enum nettrace_status nettrace_read(struct nettrace *trace);

/* ---- what was read ---- */

struct nettrace_input {
	struct nettrace_text name; /* as it was given; of a file in an archive "ARCHIVE:NAME" */
	const char *format;        /* "pcap", "pcapng", "recording", "go-trace", … */
	const char *compression;   /* "gzip", "zstd" or "" */
	uint64_t packets;          /* read, whether or not the filter took them */
	uint64_t bytes;            /* read, uncompressed */
	uint64_t cut_packets;      /* of which the snaplen cut something */
	uint64_t dropped_packets;  /* that the capturing program says it lost */
	nettrace_time_ns first_ns, last_ns;
	bool damaged;
	struct nettrace_text damage;  /* what is wrong with it; empty if nothing is */
	uint64_t damage_after_packet; /* the last that was read before the damage */
	uint64_t damage_offset;       /* where it begins, in the uncompressed input */
	uint64_t lost_bytes;          /* by damage */
};
size_t nettrace_input_count(const struct nettrace *trace);
const struct nettrace_input *nettrace_input_at(struct nettrace *trace, size_t index);

struct nettrace_interface {
	struct nettrace_text name, description; /* empty if the capture does not say */
	uint32_t link_type;                     /* LINKTYPE_ value, as of tcpdump.org */
	uint32_t snaplen;                       /* 0: none */
	size_t input;                           /* index */
};
size_t nettrace_interface_count(const struct nettrace *trace);
const struct nettrace_interface *nettrace_interface_at(struct nettrace *trace, size_t index);

/* What was passed over, a sentence each: lines of a key log or a conntrack log that are none, links in an archive. */
size_t nettrace_note_count(const struct nettrace *trace);
const char *nettrace_note_at(const struct nettrace *trace, size_t index); /* NULL behind the last */

/* What is kept while reading has maxima; those that were reached, so that records are not what they would be. */
struct nettrace_limit {
	const char *name; /* "flows", … as in capture.limitsReached of the JSON trace */
	uint64_t times;
};
size_t nettrace_limit_count(const struct nettrace *trace);
const struct nettrace_limit *nettrace_limit_at(struct nettrace *trace, size_t index);

/* Packets of a kind that is not looked into. */
struct nettrace_unknown {
	const char *registry; /* of the number: "linkType", "etherType", "ipProtocol", "udpPort", "pppProtocol", "llcSap" */
	const char *name;     /* "LINUX_SLL2", "EtherType 0x88cc (LLDP)", … */
	uint32_t number;
	uint64_t packets;
};

/* What became of the packets.  Look here before concluding anything from an absence. */
struct nettrace_counts {
	uint64_t read;         /* of all inputs */
	uint64_t filtered_out; /* not taken by the filter */
	uint64_t ip, tcp, udp, icmp;
	uint64_t cut; /* by the snaplen */
	uint64_t fragments, reassembled, conflicting_fragments;
	uint64_t time_went_backwards; /* packets older than one before them */
	/* could not be used, by reason */
	uint64_t not_ip, unknown_kind, cut_headers, malformed, too_deep, unfinished_fragments, other_protocol;
	const struct nettrace_unknown *const *unknown;
	size_t unknown_count;
};
const struct nettrace_counts *nettrace_capture_counts(struct nettrace *trace); /* NULL unless it was read */

/* What the recording program noted: "kernel-drops", "conntrack-overrun", "interface-down", "clock-step", … */
struct nettrace_session_event {
	nettrace_time_ns time_ns;
	struct nettrace_text kind;
	struct nettrace_text subject; /* an interface, …; empty if there is none */
	struct nettrace_text text;    /* a sentence; may be empty */
	int64_t count;                /* lost packets or events, nanoseconds of a clock step; 0 if it does not apply */
};

struct nettrace_session_statistics {
	struct nettrace_text subject; /* an interface, "conntrack", "nflog:5" */
	uint64_t received, captured, dropped_by_kernel, dropped_by_interface, lost;
};

/* The session of a recording; what is not known is empty. */
struct nettrace_session {
	int64_t number;
	nettrace_time_ns begin_ns, end_ns; /* end_ns: NETTRACE_TIME_NONE if it is still written, or was never ended */
	struct nettrace_text end_reason;   /* "signal", "duration", "count", "size", "command", … */
	struct nettrace_text host, kernel, program_version;
	struct nettrace_text source; /* "live", or the name of an imported file */
	struct nettrace_text filter;
	struct nettrace_text program; /* that was recorded, without its arguments */
	struct nettrace_text command; /* with them, but only with nettrace_set_secrets() */
	nettrace_time_ns command_begin_ns, command_end_ns;
	bool has_exit_status;
	int exit_status; /* 128 + signal if a signal ended it */
	const struct nettrace_session_event *const *events;
	size_t event_count;
	const struct nettrace_session_statistics *const *statistics;
	size_t statistics_count;
};
const struct nettrace_session *nettrace_recorded_session(struct nettrace *trace); /* NULL if no recording was read */

/* What all times lie between, as far as is known: of a live recording its session, else the packets. */
nettrace_time_ns nettrace_begin_ns(const struct nettrace *trace);
nettrace_time_ns nettrace_end_ns(const struct nettrace *trace);

/* What an ID names. */
enum nettrace_kind {
	NETTRACE_NOTHING,
	NETTRACE_DIAL,
	NETTRACE_TCP_CONNECTION,
	NETTRACE_UDP_CONNECTION,
	NETTRACE_DNS_CONVERSATION,
	NETTRACE_TLS_TUNNEL,
	NETTRACE_HTTP_REQUEST
};
enum nettrace_kind nettrace_kind_of(const struct nettrace *trace, nettrace_id id);

/*
 * Of each kind of record: how many there are, the one at an index, in the order of IDs, and the one with an ID.  NULL if there is none:
 * behind the last index, or for an ID of another kind.  Of more than 16777216 of a kind those beyond are not kept (see
 * nettrace_limit_at()); IDs of such find nothing.
 */
#define NETTRACE_RECORDS(kind) \
	size_t nettrace_##kind##_count(const struct nettrace *trace); \
	const struct nettrace_##kind *nettrace_##kind##_at(struct nettrace *trace, size_t index); \
	const struct nettrace_##kind *nettrace_find_##kind(struct nettrace *trace, nettrace_id id)

/* ---- what several kinds have ---- */

/* That a trace of the Go library lf-edge/eve-libs/nettrace, which was read as well, has the record, too.  Its times are whole milliseconds. */
struct nettrace_go_trace {
	nettrace_id id;            /* there; 0 if it has none */
	size_t input;              /* index */
	bool alone;                /* no packet shows the record: all of it is as that trace tells it */
	const char *const *filled; /* else: what was taken from there, by the names of the JSON trace: "peerCerts", … */
	size_t filled_count;
	struct nettrace_text error; /* of a dial, handshake or request, as the program got it */
};

/* A call of the program, as the Go trace tells it. */
struct nettrace_socket_call {
	const char *type; /* "read", "read-from", "write", "write-to" */
	nettrace_time_ns call_ns, return_ns;
	struct nettrace_text error, remote_address;
	uint64_t bytes;
};

/* What connection tracking told of a connection last. */
struct nettrace_conntrack {
	nettrace_time_ns time_ns;
	struct nettrace_endpoint source, destination; /* as the client sees them */
	/* as the server does; where they are not those of the client turned round, addresses were translated */
	struct nettrace_endpoint reply_source, reply_destination;
	uint32_t status;         /* bits of enum ip_conntrack_status of Linux */
	const char *status_text; /* "seen-reply|assured|confirmed" */
	const char *tcp_state;   /* "established", …; "" if not told */
	uint32_t mark;
	bool has_counters; /* else the four counters are 0 */
	uint64_t sent_packets, received_packets, sent_bytes, received_bytes;
};

/* Another place where the same connection was captured, with other addresses: the far side of a translation. */
struct nettrace_view {
	struct nettrace_endpoint client, server;
	size_t interface; /* index */
	struct nettrace_packet first_packet, last_packet;
};

/* ---- dials: attempts of a client to reach a host and port, with all lookups and connections ---- */

struct nettrace_resolver_dial {
	nettrace_time_ns begin_ns, end_ns;
	struct nettrace_text error; /* empty if there is none, as everywhere */
	struct nettrace_endpoint name_server;
	nettrace_id connection; /* UDP or TCP */
};

struct nettrace_dial {
	nettrace_id id;
	nettrace_time_ns begin_ns, end_ns;
	struct nettrace_text error;      /* "dial tcp 192.0.2.1:443: connect: connection refused" */
	struct nettrace_text host;       /* a name or an address */
	uint16_t port;                   /* 0: it never got past DNS */
	const char *host_by;             /* where the host is known from: "tls-hello", "http", "dns", … */
	struct nettrace_endpoint source; /* its port is 0 */
	nettrace_id connection;          /* the one that was established, TCP or UDP with QUIC */
	const nettrace_id *attempts;     /* all connections, in order */
	size_t attempt_count;
	const struct nettrace_resolver_dial *const *resolver_dials;
	size_t resolver_dial_count;
	struct nettrace_packet first_packet, last_packet;
	const struct nettrace_go_trace *go_trace; /* here and below: NULL if only packets tell of it */
	/* what only a Go trace tells */
	nettrace_time_ns context_close_ns;
	const struct nettrace_text *skipped_name_servers;
	size_t skipped_name_server_count;
};
NETTRACE_RECORDS(dial);

/* ---- connections ---- */

/* What one side of a TCP connection sent. */
struct nettrace_tcp_side {
	uint64_t packets, payload_packets;
	uint64_t wire_bytes; /* TCP headers and data, retransmissions too */
	uint32_t retransmissions, out_of_order, zero_windows, keep_alives, duplicate_acks, conflicting_overlaps;
	uint64_t lost_bytes;             /* acknowledged, but not in the capture */
	uint64_t cut_bytes;              /* by the snaplen */
	uint16_t mss;                    /* of its SYN; 0 if not seen */
	int8_t window_scale;             /* of its SYN; -1 if not seen, or without */
	nettrace_time_ns fin_ns, rst_ns; /* of the first */
};

struct nettrace_tcp_connection {
	nettrace_id id, dial;
	bool is_resolver; /* to a name server */
	struct nettrace_endpoint client, server;
	const char *client_by; /* how the client is known: "syn", … */
	nettrace_time_ns handshake_begin_ns, handshake_end_ns, close_ns, first_packet_ns, last_packet_ns;
	bool connected;
	bool reused;                         /* open before the capture began */
	uint64_t sent_bytes, received_bytes; /* payload of client and server, each sequence number once */
	/*
	 * "fin": by both sides; "half": FIN by one; "rst-client", "rst-server"; "refused": RST in answer to the SYN; "icmp": an ICMP error in
	 * answer to the SYN; "evicted": there were more connections than are kept; "none": still open, or silent, when the capture ended
	 */
	const char *close_reason;
	bool unanswered;      /* a SYN without any answer */
	int64_t rtt_us;       /* SYN to SYN-ACK, or SYN-ACK to ACK: the part that the network made */
	int64_t handshake_us; /* SYN to the final ACK */
	uint32_t syn_count;   /* of the client */
	const struct nettrace_tcp_side *client_side, *server_side;
	uint8_t icmp_type, icmp_code; /* of the last ICMP error about it, if icmp_packet.number is not 0 */
	struct nettrace_packet icmp_packet;
	struct nettrace_text app_protocol; /* empty if not known */
	size_t interface;                  /* index */
	uint16_t vlan;                     /* 0: none */
	uint8_t tunnels;                   /* that the packets came in, one in the other */
	const struct nettrace_view *const *views;
	size_t view_count;
	const struct nettrace_conntrack *conntrack; /* NULL if there is none */
	const struct nettrace_socket_call *const *socket_calls;
	size_t socket_call_count;
	struct nettrace_packet first_packet, last_packet;
	const struct nettrace_go_trace *go_trace;
};
NETTRACE_RECORDS(tcp_connection);

/* A CONNECTION_CLOSE (RFC 9000 19.19) that could be read. */
struct nettrace_quic_close {
	bool by_server, by_application;
	uint64_t code;               /* RFC 9000 20.1, unless by_application */
	const char *code_name;       /* "CONNECTION_REFUSED", …; "" if it has none */
	struct nettrace_text reason; /* as it was sent */
	nettrace_time_ns time_ns;
	struct nettrace_packet packet;
};

/* What QUIC says of itself in its handshake; the TLS in it is a nettrace_tls_tunnel. */
struct nettrace_quic {
	uint32_t version;         /* in use at last; 0x00000001 is RFC 9000 */
	uint32_t offered_version; /* of the first Initial packet */
	const char *version_name; /* "1", "2", "draft-29", else the number */
	bool answered, retry;
	const uint32_t *server_versions; /* of Version Negotiation */
	size_t server_version_count;
	const struct nettrace_quic_close *const *closes; /* the first of either side */
	size_t close_count;
};

struct nettrace_udp_connection {
	nettrace_id id, dial;
	bool is_resolver;
	struct nettrace_endpoint client, server;
	const char *client_by;
	nettrace_time_ns first_packet_ns, last_packet_ns;
	uint64_t sent_bytes, received_bytes, sent_packets, received_packets;
	const struct nettrace_quic *quic; /* NULL if it is none, as far as is known */
	uint8_t icmp_type, icmp_code;
	struct nettrace_packet icmp_packet;
	struct nettrace_text app_protocol;
	size_t interface;
	uint16_t vlan;
	uint8_t tunnels;
	const struct nettrace_view *const *views;
	size_t view_count;
	const struct nettrace_conntrack *conntrack;
	const struct nettrace_socket_call *const *socket_calls;
	size_t socket_call_count;
	struct nettrace_packet first_packet, last_packet;
	const struct nettrace_go_trace *go_trace;
};
NETTRACE_RECORDS(udp_connection);

/* ---- DNS: the conversation with one name server on one connection ---- */

struct nettrace_dns_question {
	struct nettrace_text name; /* with the final dot */
	uint16_t type, dns_class;  /* numbers of IANA */
	const char *type_name;     /* "AAAA", "TYPE1234" */
};

struct nettrace_dns_answer {
	struct nettrace_text name;
	uint16_t type, dns_class;
	uint32_t ttl_s;             /* the time to live, in seconds */
	struct nettrace_text value; /* in presentation form */
	const char *type_name;
};

struct nettrace_dns_message {
	bool is_reply;
	nettrace_time_ns time_ns;
	uint16_t id;
	uint8_t opcode;
	uint16_t rcode;         /* of replies; 0xffff: a Go trace told of one that it has no word for */
	const char *rcode_name; /* in the words of the JSON trace: "no-error", "server-failure", …; "" in a query */
	bool truncated, recursion_desired, authoritative, recursion_available;
	bool malformed, cut;
	bool unmatched;         /* a reply to no query of this conversation */
	bool told;              /* by a Go trace; no packet shows it */
	uint16_t edns_udp_size; /* of queries (RFC 6891); 0: none */
	uint32_t size_bytes;
	int64_t latency_us; /* of a reply: since its query */
	const struct nettrace_dns_question *const *questions;
	size_t question_count;
	const struct nettrace_dns_answer *const *answers;
	size_t answer_count;
	struct nettrace_packet packet;
};

struct nettrace_dns_conversation {
	nettrace_id id, dial, connection, tls_tunnel;
	const char *kind;                                   /* "dns", "mdns", "llmnr" */
	const char *over;                                   /* "udp", "tcp", "tls", "https" */
	const struct nettrace_dns_message *const *messages; /* queries and replies, in the order of the wire */
	size_t message_count;
	const struct nettrace_go_trace *go_trace;
};
NETTRACE_RECORDS(dns_conversation);

/* ---- TLS: a handshake, complete or not ---- */

struct nettrace_certificate {
	struct nettrace_text subject, issuer;
	int64_t not_before_s, not_after_s;
	bool is_ca;
	bool unreadable; /* its DER; what could be read is there */
	struct nettrace_text serial, sha256, key_type;
	const struct nettrace_text *names; /* subjectAltName */
	size_t name_count;
};

struct nettrace_tls_alert {
	bool by_server;
	bool encrypted;               /* level and description are not known */
	uint8_t level, description;   /* RFC 8446 6 */
	const char *description_name; /* "handshake failure", …; "" if encrypted, or it has none */
	nettrace_time_ns time_ns;
	struct nettrace_packet packet;
};

struct nettrace_tls_tunnel {
	nettrace_id id, tcp_connection, udp_connection; /* udp_connection: QUIC */
	nettrace_time_ns handshake_begin_ns, handshake_end_ns;
	int64_t handshake_us;
	struct nettrace_text error;
	bool client_hello, server_hello, done; /* how far the handshake got */
	bool resumed;
	bool decrypted; /* the content was read with logged keys; of QUIC the handshake */
	bool malformed;
	bool hello_retry, early_data, early_data_refused, encrypted_client_hello, certificate_requested, ocsp_stapled;
	bool mid_stream;          /* began after other bytes of the connection: STARTTLS, SOCKS, CONNECT */
	uint16_t version;         /* 0x0304 is TLS 1.3; 0 if there was no ServerHello */
	const char *version_name; /* "TLS 1.3"; "" for 0 */
	uint16_t offered_version; /* the highest of the ClientHello */
	uint16_t cipher_suite;    /* number of IANA */
	const char *cipher_suite_name;
	uint16_t group;                   /* of the key exchange, number of IANA; 0 if not known */
	const char *group_name;           /* "x25519", …; "" if it has none here */
	struct nettrace_text server_name; /* of the ClientHello */
	struct nettrace_text alpn;        /* what was negotiated */
	const struct nettrace_text *offered_alpn;
	size_t offered_alpn_count;
	struct nettrace_text verification; /* of the chain: "ok", "expired", …; empty if it was not verified */
	struct nettrace_text verification_detail;
	struct nettrace_text ja3, ja4;
	const struct nettrace_certificate *const *certificates; /* of the server, in the order sent */
	size_t certificate_count;
	bool certificates_cut; /* the end of a chain is not in the capture, or it could not be decompressed */
	const struct nettrace_certificate *const *client_certificates;
	size_t client_certificate_count;
	const struct nettrace_tls_alert *const *alerts;
	size_t alert_count;
	uint64_t client_data_bytes, server_data_bytes;    /* of application data, encrypted */
	uint64_t unverified_records;                      /* that did not verify although keys were known */
	struct nettrace_packet first_packet, last_packet; /* of the handshake */
	const struct nettrace_go_trace *go_trace;
};
NETTRACE_RECORDS(tls_tunnel);

/* ---- HTTP: a request with its response, or either alone ---- */

struct nettrace_http_field {
	struct nettrace_text name, value; /* value: with NETTRACE_HEADERS_VALUES */
	uint32_t value_bytes;             /* its length, with NETTRACE_HEADERS_LENGTHS or _VALUES */
};

/* Where the time of a request went; the parts add up to the total.  total_us is -1 if the end is not known: the parts to idle_us count. */
struct nettrace_http_timing {
	int64_t total_us;                   /* from the first query of its dial, else from its first byte */
	int64_t dns_us, connect_us, tls_us; /* 0 on a connection that was open already */
	int64_t idle_us;                    /* between the set-up and the first byte of the request */
	int64_t request_us, server_us, transfer_us;
	int64_t stalled_us; /* taken out of the two before it: waiting for segments sent again, or for a window to open */
};

struct nettrace_http_request {
	nettrace_id id, tcp_connection, tls_tunnel, proxy_tls_tunnel;
	uint8_t version_major, version_minor;
	struct nettrace_text method, url, host; /* empty in a response without its request */
	struct nettrace_text proxy;             /* its URL; empty without one */
	uint16_t status;                        /* 0 without a response */
	struct nettrace_text reason;            /* of the status line (RFC 9112 4) */
	struct nettrace_text error;             /* "EOF", "read tcp A->B: read: connection reset by peer", … */
	nettrace_time_ns request_begin_ns, request_end_ns;
	nettrace_time_ns response_begin_ns, response_received_ns; /* the first byte; the header was complete */
	nettrace_time_ns response_end_ns;
	const struct nettrace_http_timing *timing;
	uint64_t request_body_bytes, response_body_bytes;
	const struct nettrace_http_field *const *request_fields;
	size_t request_field_count;
	const struct nettrace_http_field *const *response_fields;
	size_t response_field_count;
	bool is_connect;
	bool response_without_request;
	bool request_complete, response_complete;
	bool truncated; /* the body ended before its announced end */
	bool malformed;
	bool suspicious_framing;     /* lengths that contradict each other, and the like */
	uint16_t interim_status;     /* the last 1xx before the answer; 0 if none */
	uint64_t gap_bytes;          /* of the counted bodies: not in the capture */
	nettrace_id redirected_from; /* the request whose redirect led here */
	nettrace_id retry_of;        /* the request without an answer that this one repeats */
	bool has_parent; /* traceparent (W3C Trace Context): the span of the program's own tracing that made the request */
	uint8_t parent_flags;
	uint8_t parent_trace_id[16], parent_span_id[8];
	struct nettrace_packet request_packet, response_packet, last_packet;
	const struct nettrace_go_trace *go_trace;
};
NETTRACE_RECORDS(http_request);

/* ---- findings: what went wrong or slow; root causes first, then by severity, then by time ---- */

enum nettrace_severity { NETTRACE_ERROR, NETTRACE_WARNING, NETTRACE_INFO };

struct nettrace_proof {
	struct nettrace_packet packet;
	struct nettrace_text shows; /* "SYN", "RST in answer to the SYN", … */
};

struct nettrace_finding {
	const char *code; /* "tcp-refused", …; nettrace-analyze --list-codes prints all */
	enum nettrace_severity severity;
	bool is_root_cause;           /* it explains the failure of `dial` or `request` */
	struct nettrace_text message; /* a plain sentence */
	nettrace_time_ns at_ns;
	nettrace_id dial, request;
	const nettrace_id *records; /* concerned; the one that failed first, first */
	size_t record_count;
	const struct nettrace_proof *const *packets;
	size_t packet_count;
	uint64_t more; /* further ones of this code that are only counted */
};
size_t nettrace_finding_count(const struct nettrace *trace);
const struct nettrace_finding *nettrace_finding_at(struct nettrace *trace, size_t index);

#undef NETTRACE_RECORDS

#ifdef __cplusplus
}
#endif

#endif
