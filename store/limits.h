/*
 * Every maximum of the program, in one place.
 *
 * Each row is: name, value, unit, what happens when it is reached.  Reaching one is counted in a struct limit_hits, and the counts are
 * shown in the `capture` part of the trace: nothing is dropped in silence.
 */
#ifndef NETTRACE_STORE_LIMITS_H
#define NETTRACE_STORE_LIMITS_H

#include <stdint.h>

#define LIMIT_LIST(X) \
	X(LIMIT_PACKET_SIZE, 16 * 1024 * 1024, "bytes", "a larger record in a capture file is damage, as no writer makes such") \
	X(LIMIT_BLOCK_OPTIONS, 1024 * 1024, "bytes", \
	  "more beside a packet, or about an interface or a section, in a pcapng block is damage") \
	X(LIMIT_INTERFACES, 4096, "interfaces", "further interface descriptions of a file are counted, their packets skipped") \
	X(LIMIT_SECRETS, 64 * 1024 * 1024, "bytes", "further secrets blocks of a file are skipped") \
	X(LIMIT_NESTING, 16, "headers", "a packet with more encapsulations is reported as too deep") \
	X(LIMIT_FRAGMENT_DATAGRAMS, 4096, "datagrams", "the oldest unfinished IP datagram is dropped") \
	X(LIMIT_FRAGMENT_BYTES, 16 * 1024 * 1024, "bytes", "the oldest unfinished IP datagram is dropped") \
	X(LIMIT_FLOWS, 1 << 20, "connections", "the connection that was silent longest is closed and reported as it is") \
	X(LIMIT_HALF_OPEN, 4096, "connections", \
	  "of further ones that nobody answered yet, only the packets are kept: it is not seen when another attempt makes good " \
	  "for one") \
	X(LIMIT_CLOSED_CONNECTIONS, 2048, "connections", \
	  "those that closed before are reported at once; packets that came later than that for one of them are not in its " \
	  "counts") \
	X(LIMIT_DNS_CONVERSATIONS, 4096, "conversations", \
	  "with a reply to each query are open; the one silent longest is reported, and what comes later on that flow in another " \
	  "record") \
	X(LIMIT_SEGMENTS_AHEAD, 4 * 1024 * 1024, "bytes", "waiting for a lost segment ends: the hole becomes a gap") \
	X(LIMIT_SEGMENTS_AHEAD_ALL, 256 * 1024 * 1024, "bytes", "no more segments are kept ahead of a hole: it becomes a gap") \
	X(LIMIT_SEGMENTS_HELD, 4096, "segments", "as many wait for a hole in one direction; then it becomes a gap") \
	X(LIMIT_SEQUENCE_RANGES, 4096, "ranges", "the two ranges that are nearest are counted as one") \
	X(LIMIT_DNS_RECORDS, 4096, "records", "further records of one DNS message are left out") \
	X(LIMIT_DNS_POINTERS, 128, "jumps", "a DNS name with more compression pointers is malformed") \
	X(LIMIT_DNS_MESSAGES, 8192, "messages", "a DNS conversation record ends, another is begun on the same connection") \
	X(LIMIT_DNS_TALK_BYTES, 4 * 1024 * 1024, "bytes", "of kept texts: as for LIMIT_DNS_MESSAGES") \
	X(LIMIT_TLS_ALERTS, 32, "alerts", "further alerts of one tunnel are not listed") \
	X(LIMIT_TLS_HANDSHAKE_MESSAGE, 1024 * 1024, "bytes", "a longer handshake message is skipped") \
	X(LIMIT_TLS_CERTIFICATES, 64, "certificates", "further certificates of one chain are left out") \
	X(LIMIT_TLS_COMPRESSED_CERTIFICATES, 8, "messages", \
	  "further compressed Certificate messages of one side are not decompressed") \
	X(LIMIT_TLS_UNCOMPRESSED_CERTIFICATE, 256 * 1024, "bytes", \
	  "a compressed Certificate message that would be longer is skipped") \
	X(LIMIT_KEYLOG_CONNECTIONS, 1 << 22, "connections", "secrets of further connections of a key log are not kept") \
	X(LIMIT_QUIC_HANDSHAKES, 16384, "handshakes", "the unfinished QUIC handshake that began first is reported as it is") \
	X(LIMIT_QUIC_TRIES, 8, "datagrams", \
	  "a UDP flow with as many Initial packets that do not verify is not looked at any more") \
	X(LIMIT_QUIC_CRYPTO, 64 * 1024, "bytes", "of a QUIC handshake ahead of a hole; further ones are not kept") \
	X(LIMIT_QUIC_PIECES, 256, "pieces", "of a QUIC handshake ahead of a hole; further ones are not kept") \
	X(LIMIT_STREAM_START, 16 * 1024, "bytes", "a stream whose protocol is not clear by then is opaque") \
	X(LIMIT_HTTP_HEAD, 1024 * 1024, "bytes", "a longer HTTP message head is malformed") \
	X(LIMIT_HTTP_FIELDS, 1000, "fields", "further header fields are left out") \
	X(LIMIT_HTTP_PIPELINE, 10000, "requests", "the oldest request without response is reported as unanswered") \
	X(LIMIT_HTTP_NESTING, 4, "tunnels", "what runs in a deeper CONNECT tunnel is not looked at") \
	X(LIMIT_HTTP2_STREAMS, 4096, "streams", "of one HTTP/2 connection; the one that was opened first is forgotten") \
	X(LIMIT_HTTP2_TABLE, 64 * 1024, "bytes", \
	  "of a larger HTTP/2 header table the oldest entries are not known, nor fields that refer to them") \
	X(LIMIT_HTTP2_GOAWAYS, 16, "frames", "further GOAWAY frames of one HTTP/2 connection end no requests") \
	X(LIMIT_NAMES, 1 << 15, "names and addresses", "of clients, as DNS told them: the one told longest ago is forgotten") \
	X(LIMIT_LOOKUP_FLOWS, 16, "flows", "that one name was looked up on: further ones are not in its dial") \
	X(LIMIT_LOOKUPS, 1 << 16, "lookups", "of names, without an outcome yet: that which was silent longest gets it early") \
	X(LIMIT_HTTP_CLIENTS, 256, "clients", \
	  "whose redirects and failed requests are remembered; then those of the one silent longest go") \
	X(LIMIT_PROXIES, 64, "proxies", "the endpoint that was first seen to be a proxy is not known as one any more") \
	X(LIMIT_RECORDS, 1 << 24, "records", \
	  "of a kind (connections, requests, …); further ones are not in the trace, nor references to them") \
	X(LIMIT_FINDINGS, 200, "findings", "of one code; further ones are only counted, in the last one") \
	X(LIMIT_CONNTRACK, 1 << 18, "entries", "the connection tracking entry that was not told of for longest is forgotten") \
	X(LIMIT_CONNTRACK_LINES, 1 << 20, "lines", "further lines of connection tracking logs are not read") \
	X(LIMIT_SESSIONS, 65536, "sessions", "further sessions of a recording are not read") \
	X(LIMIT_ROWS_AHEAD, 4 * 1024 * 1024, "rows", \
	  "of a recording wait for an earlier one; then the earliest is taken, whatever comes") \
	X(LIMIT_RECORDING_EVENTS, 4096, "events", "further events of a recording are not listed") \
	X(LIMIT_ARCHIVE_MEMBERS, 4096, "files", "further ones of an archive are not read") \
	X(LIMIT_ARCHIVE_MEMBER, 256 * 1024 * 1024, "bytes", "a longer file in an archive is cut there") \
	X(LIMIT_ARCHIVE_SIZE, 512 * 1024 * 1024, "bytes", \
	  "of all files in an archive, and of what compressed ones among them hold; what comes after them is not read") \
	X(LIMIT_ARCHIVE_READ, 1024 * 1024 * 1024, "bytes", "of an archive after decompression; what comes after them is not read") \
	X(LIMIT_ARCHIVE_NAME, 1024, "bytes", "a longer name of a file in an archive is cut") \
	X(LIMIT_CONTEXT_FILES, 256, "files", "about a device, in an archive; further ones are not shown") \
	X(LIMIT_CONTEXT_LINES, 256, "lines", "further ones of such a file are only counted") \
	X(LIMIT_CONTEXT_TEXT, 512, "bytes", "a longer line of such a file is cut") \
	X(LIMIT_LOG_LINES, 1 << 19, "lines", "further ones of a log in an archive are not read") \
	X(LIMIT_SEED_TRACE, 64 * 1024 * 1024, "bytes", "a longer trace of the Go library is read up to there") \
	X(LIMIT_SEED_TEXT, 64 * 1024, "bytes", "a longer text in a trace of the Go library is cut") \
	X(LIMIT_SEED_TRACES, 128, "traces", "of the Go library; further ones are not read") \
	X(LIMIT_JSON_VALUES, 2 * 1024 * 1024, "values", "what comes after them in a JSON text is not read") \
	X(LIMIT_JSON_NESTING, 32, "levels", "what is nested deeper in a JSON text, and all after it, is not read") \
	X(LIMIT_UNKNOWN_KINDS, 64, "kinds", "further unknown link types and EtherTypes are counted together")

enum limit {
#define X(name, value, unit, effect) name##_HIT,
	LIMIT_LIST(X)
#undef X
		LIMIT_COUNT
};

enum limit_value {
#define X(name, value, unit, effect) name = value,
	LIMIT_LIST(X)
#undef X
};

/* How often each limit was reached.  Zeroed memory is a fresh set. */
struct limit_hits {
	uint64_t count[LIMIT_COUNT];
};

static inline void limit_hit(struct limit_hits *hits, enum limit which)
{
	if (hits)
		hits->count[which]++;
}

/* "dnsRecords" for LIMIT_DNS_RECORDS_HIT: the name in the trace. */
const char *limit_name(enum limit which);

#endif
