/*
 * QUIC handshakes that came to nothing: no answer, an ICMP error, no common version, CONNECTION_CLOSE.
 */
#include "correlate/diagnose.h"
#include "correlate/dials.h"
#include "dissect/quic/quic.h"
#include "store/trace.h"

struct case_file {
	struct correlator *c;
	const struct quic_attempt *attempt;
	trace_id dial;
	const struct trace_tls_tunnel *tunnel;
	const struct quic_circumstances *facts;
	const struct trace_quic *quic;
};

static struct finding *begin(const struct case_file *file, enum finding_code code, nt_time at)
{
	struct finding *f = finding_begin(file->c, code, at);

	finding_trace(f, file->tunnel->client_hello || file->tunnel->server_hello ? file->tunnel->id : 0);
	finding_trace(f, file->attempt->conn);
	finding_root(f, file->dial, 0);
	finding_packet(f, file->facts->first_hello, "ClientHello");
	return f;
}

static void say_server(struct finding *f, const struct case_file *file)
{
	say_peer(f, &file->attempt->tuple, file->tunnel->server_name);
}

/* UDP to port 443 is what many firewalls drop: but the capture cannot tell that from a server that has no QUIC. */
static struct finding *nobody_answered(const struct case_file *file)
{
	struct finding *f = begin(file, FINDING_TLS_TIMEOUT, file->attempt->begin);
	char text[24];

	say_server(f, file);
	finding_say(f,
		    " never answered over QUIC: %u ClientHellos in %s, and no datagram back. Either UDP to this port is dropped, "
		    "or nothing speaks QUIC there.",
		    file->facts->flights, duration_text(file->facts->last_hello_at - file->attempt->begin, text));
	finding_packet(f, file->facts->last_hello, "ClientHello, sent again");
	return f;
}

static struct finding *icmp_error(const struct case_file *file)
{
	const struct quic_circumstances *facts = file->facts;
	enum finding_code code = icmp_finding_code(file->attempt->tuple.ip_version, facts->icmp_type, facts->icmp_code);
	struct finding *f = begin(file, code, facts->icmp_at);

	finding_say(f, "Connecting to ");
	say_server(f, file);
	finding_say(f, " over QUIC failed: an ICMP error (type %u, code %u) says that %s.", facts->icmp_type, facts->icmp_code,
		    icmp_finding_words(code));
	finding_packet(f, facts->icmp_packet, "ICMP error that quotes the datagram");
	return f;
}

static struct finding *no_common_version(const struct case_file *file)
{
	struct finding *f = begin(file, FINDING_TLS_VERSION_MISMATCH, file->facts->versions_at);
	char text[16];

	say_server(f, file);
	finding_say(f, " does not speak version %s of QUIC, which the client offered; it speaks",
		    quic_version_text(file->quic->version, text));
	for (size_t i = 0; i < file->quic->server_version_count; i++)
		finding_say(f, "%s %s", i ? "," : "", quic_version_text(file->quic->server_versions[i], text));
	finding_say(f, ".");
	finding_packet(f, file->facts->versions, "Version Negotiation by the server");
	return f;
}

static struct finding *closed(const struct case_file *file)
{
	const struct trace_quic_close *close = &file->quic->closes[0];
	const char *name = quic_error_text(close->code);
	struct finding *f =
		begin(file, close->by_server ? FINDING_TLS_CLOSED_DURING_HANDSHAKE : FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT,
		      close->time);

	if (close->by_server) {
		say_server(f, file);
		finding_say(f, " closed the QUIC connection during the handshake");
	} else {
		finding_say(f, "The client broke off the QUIC handshake with ");
		say_server(f, file);
	}
	finding_say(f, ", with the error %s%s0x%llx%s", name && !close->by_application ? name : "",
		    name && !close->by_application ? " (" : "", (unsigned long long)close->code,
		    name && !close->by_application ? ")" : "");
	if (close->reason.size)
		finding_say(f, " and the reason \"%.*s\"", (int)(close->reason.size < 120 ? close->reason.size : 120),
			    (const char *)close->reason.at);
	finding_say(f, ".");
	finding_packet(f, close->packet, close->by_server ? "CONNECTION_CLOSE by the server" : "CONNECTION_CLOSE by the client");
	return f;
}

static struct finding *explain(const struct case_file *file, const struct tls_circumstances *tls)
{
	switch (file->facts->fault) {
	case QUIC_FAULT_SILENCE:
		return nobody_answered(file);
	case QUIC_FAULT_ICMP:
		return icmp_error(file);
	case QUIC_FAULT_VERSION:
		return no_common_version(file);
	case QUIC_FAULT_ALERT:
		return diagnose_quic_tls(file->c, file->attempt, file->dial, file->tunnel, tls);
	case QUIC_FAULT_CLOSE:
		return closed(file);
	case QUIC_FAULT_UNKNOWN:
		break;
	}
	return NULL;
}

void diagnose_quic_failure(struct correlator *c, const struct quic_attempt *attempt, trace_id dial,
			   const struct trace_tls_tunnel *tunnel, const struct tls_circumstances *tls,
			   const struct quic_circumstances *circumstances, const struct trace_quic *quic)
{
	const struct case_file file = {
		.c = c, .attempt = attempt, .dial = dial, .tunnel = tunnel, .facts = circumstances, .quic = quic
	};
	struct finding *f = explain(&file, tls);

	if (!dial)
		finding_soften(f, FINDING_WARNING, " The client reached the server in another way.");
}
