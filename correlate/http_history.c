#include "correlate/http_history.h"

#include "correlate/diagnose.h"
#include "store/hash.h"
#include "correlate/http_redirect.h"
#include "store/trace.h"

#include <stdlib.h>
#include <string.h>

/* Browsers and libraries follow between 10 and 50 redirects; one that comes back to the same URL so often goes round in circles. */
enum { REMEMBERED = 16, MAX_ASKED = 8, MAX_REDIRECTS = 10, MAX_SAME_URL = 3 };
static const nt_time memory_time = 60 * NT_SECOND;
/* A program that repeats a request by itself does it at once; what comes later is another try of its user. */
static const nt_time retry_time = 2 * NT_SECOND;

enum event_kind { EVENT_NONE, EVENT_REDIRECT, EVENT_FAILED, EVENT_CHALLENGED };

struct event {
	enum event_kind kind;
	uint64_t url; /* hash: for a redirect, of where it leads; else of what was asked for */
	trace_id request;
	nt_time time;
	uint16_t status;
	struct finding *finding; /* of a challenge or failure */
	nt_time ended;           /* of a failure: the connection */
};

/* A request without an outcome yet. */
struct asked {
	trace_id request; /* 0: the place is free */
	const struct tcp_conn *conn;
	uint64_t url;
	bool repeated; /* and then answered */
};

struct client {
	uint8_t ip_version;
	struct ip_address address;
	nt_time last;
	struct event events[REMEMBERED]; /* a ring */
	size_t event_count;
	nt_time redirect_remembered;     /* when last; NT_TIME_NONE: never */
	unsigned redirects;              /* in a row */
	uint64_t redirected[REMEMBERED]; /* URLs that were answered by them */
	bool loop_told;
	struct asked asked[MAX_ASKED];
	size_t asked_next; /* the place that is given up when all are taken */
};

struct http_history {
	struct client clients[LIMIT_HTTP_CLIENTS];
	size_t count, recent; /* recent: the client of the last call, who mostly comes again */
	uint64_t seed;
	struct limit_hits *hits;
};

struct http_history *http_history_new(uint64_t seed, struct limit_hits *hits)
{
	struct http_history *history = nt_zalloc(sizeof *history);

	history->seed = seed;
	history->hits = hits;
	return history;
}

void http_history_free(struct http_history *history)
{
	free(history);
}

static bool is_client(const struct client *client, const struct address_tuple *tuple)
{
	return client->ip_version == tuple->ip_version && memcmp(&client->address, &tuple->source, sizeof client->address) == 0;
}

static struct client *client_of(struct http_history *history, const struct address_tuple *tuple)
{
	struct client *oldest = &history->clients[0];

	if (is_client(&history->clients[history->recent], tuple))
		return &history->clients[history->recent];
	for (size_t i = 0; i < history->count; i++) {
		struct client *client = &history->clients[i];

		if (is_client(client, tuple)) {
			history->recent = i;
			return client;
		}
		if (client->last < oldest->last)
			oldest = client;
	}
	if (history->count < LIMIT_HTTP_CLIENTS)
		oldest = &history->clients[history->count++];
	else
		limit_hit(history->hits, LIMIT_HTTP_CLIENTS_HIT);
	memset(oldest, 0, sizeof *oldest);
	history->recent = (size_t)(oldest - history->clients);
	oldest->ip_version = tuple->ip_version;
	oldest->address = tuple->source;
	oldest->redirect_remembered = NT_TIME_NONE;
	return oldest;
}

static uint64_t hash_of(const struct http_history *history, struct bytes method, struct bytes url)
{
	return hash_bytes(hash_bytes(history->seed, method.at, method.size), url.at, url.size);
}

/* Of what a redirect with this Location leads to; of the URL itself if it is empty. */
static uint64_t hash_of_target(const struct http_history *history, struct bytes url, struct bytes location)
{
	struct buffer target = { .max = LIMIT_HTTP_HEAD * 4u };
	uint64_t hash;

	http_redirect_target(&target, url, location);
	hash = hash_of(history, BYTES(""), (struct bytes){ target.at, target.size });
	buffer_free(&target);
	return hash;
}

static struct event *find(struct client *client, enum event_kind kind, uint64_t url, nt_time now)
{
	for (size_t n = 0; n < REMEMBERED && n < client->event_count; n++) {
		struct event *event = &client->events[(client->event_count - 1 - n) % REMEMBERED];

		if (event->kind == kind && event->url == url && now - event->time <= memory_time)
			return event;
	}
	return NULL;
}

static void remember(struct client *client, struct event event)
{
	client->events[client->event_count++ % REMEMBERED] = event;
	client->last = event.time;
}

/* ---- requests that are repeated ---- */

static struct asked *asked_of(struct client *client, trace_id request)
{
	for (size_t i = 0; i < MAX_ASKED; i++)
		if (client->asked[i].request == request)
			return &client->asked[i];
	return NULL;
}

static void note_asked(struct client *client, const struct asked *asked)
{
	struct asked *at = asked_of(client, 0);

	if (!at)
		at = &client->asked[client->asked_next++ % MAX_ASKED];
	*at = *asked;
}

/* Saves asking for the ending of many connections that have none. */
static bool is_ending(const struct tcp_conn *conn)
{
	const struct trace_tcp_side *a = &conn->side[0].counts, *b = &conn->side[1].counts;

	return a->fin != NT_TIME_NONE || b->fin != NT_TIME_NONE || a->rst != NT_TIME_NONE || b->rst != NT_TIME_NONE;
}

/* The same request on a connection that has ended just before. */
static trace_id unanswered(const struct correlator *c, const struct client *client, const struct asked *again, nt_time now)
{
	for (size_t i = 0; i < MAX_ASKED; i++) {
		const struct asked *asked = &client->asked[i];
		struct ending ending;

		if (!asked->request || asked->url != again->url || asked->conn == again->conn || !is_ending(asked->conn))
			continue;
		ending = connection_ending(c, asked->conn);
		if (ending.kind != ENDING_OPEN && now >= ending.at && now - ending.at <= retry_time)
			return asked->request;
	}
	return 0;
}

static void soften(struct finding *f, nt_time cost)
{
	finding_soften(f, cost < NT_SECOND ? FINDING_INFO : FINDING_WARNING, " The client sent it again, and was answered.");
}

/* A request that repeats another one was answered: the other one's failure cost time only. */
static void repetition_answered(struct client *client, const struct trace_http_request *request)
{
	struct asked *asked = asked_of(client, request->retry_of);

	if (asked)
		asked->repeated = true;
	for (size_t i = 0; i < REMEMBERED && i < client->event_count; i++) {
		struct event *event = &client->events[i];

		if (event->kind == EVENT_FAILED && event->request == request->retry_of && event->finding &&
		    request->req_sent - event->ended <= retry_time) {
			soften(event->finding, event->ended - event->time);
			event->finding = NULL;
		}
	}
}

/* The redirect that led to this request. */
static struct event *find_redirect(const struct correlator *c, struct client *client, const struct trace_http_request *request)
{
	if (client->redirect_remembered == NT_TIME_NONE || request->req_sent - client->redirect_remembered > memory_time)
		return NULL;
	return find(client, EVENT_REDIRECT, hash_of_target(c->http_history, request->url, BYTES("")), request->req_sent);
}

void http_history_request(struct correlator *c, const struct tcp_conn *conn, struct trace_http_request *request)
{
	struct address_tuple tuple = tcp_tuple(conn);
	struct client *client = client_of(c->http_history, &tuple);
	struct asked asked = { .request = request->id,
			       .conn = conn,
			       .url = hash_of(c->http_history, request->method, request->url) };
	struct event *event = find_redirect(c, client, request);

	if (event)
		request->redirected_from = event->request;
	event = find(client, EVENT_FAILED, asked.url, request->req_sent);
	request->retry_of = event ? event->request : unanswered(c, client, &asked, request->req_sent);
	note_asked(client, &asked);
}

void http_history_forget(struct correlator *c, const struct tcp_conn *conn, trace_id request)
{
	struct address_tuple tuple = tcp_tuple(conn);
	struct asked *asked = asked_of(client_of(c->http_history, &tuple), request);

	if (asked)
		asked->request = 0;
}

/* ---- redirects ---- */

static unsigned times_redirected(const struct client *client, uint64_t url)
{
	unsigned times = 0;

	for (size_t i = 0; i < REMEMBERED; i++)
		times += i < client->redirects && client->redirected[i] == url;
	return times;
}

static void tell_loop(struct correlator *c, struct client *client, const struct trace_http_request *request)
{
	struct finding *f = finding_begin(c, FINDING_HTTP_REDIRECT_LOOP, request->resp_recv);

	client->loop_told = true;
	finding_say(f, "%.*s %.*s is redirected round in circles: %u redirects in a row.", (int)request->method.size,
		    (const char *)request->method.at, (int)(request->url.size < 160 ? request->url.size : 160),
		    (const char *)request->url.at, client->redirects);
	finding_trace(f, request->id);
	finding_packet(f, request->req_packet, "request");
	finding_packet(f, request->resp_packet, "one more redirect");
	finding_root(f, 0, request->id);
}

static void note_redirect(struct correlator *c, struct client *client, const struct trace_http_request *request,
			  struct bytes location)
{
	uint64_t asked = hash_of_target(c->http_history, request->url, BYTES(""));

	if (!request->redirected_from) { /* it follows none of those before: a chain of its own */
		client->redirects = 0;
		client->loop_told = false;
	}
	client->redirected[client->redirects++ % REMEMBERED] = asked;
	if (!client->loop_told && (client->redirects >= MAX_REDIRECTS || times_redirected(client, asked) >= MAX_SAME_URL))
		tell_loop(c, client, request);
	client->redirect_remembered = request->resp_recv;
	remember(client, (struct event){ .kind = EVENT_REDIRECT,
					 .url = hash_of_target(c->http_history, request->url, location),
					 .request = request->id,
					 .time = request->resp_recv });
}

/* ---- challenges: 401, 407 (RFC 9110 11) ---- */

static bool is_challenge(uint16_t status)
{
	return status == 401 || status == 407;
}

static void challenge_answered(struct client *client, uint64_t url, const struct trace_http_request *request)
{
	struct event *event = find(client, EVENT_CHALLENGED, url, request->resp_recv);

	if (!event || request->resp_recv == NT_TIME_NONE)
		return;
	finding_take_back(event->finding, event->status == 407 ? FINDING_PROXY_AUTH_CHALLENGE : FINDING_HTTP_4XX,
			  " The client then answered the challenge.");
	event->kind = EVENT_NONE;
}

static void remember_failure(const struct correlator *c, struct client *client, const struct tcp_conn *conn,
			     const struct trace_http_request *request, struct finding *finding)
{
	remember(client, (struct event){ .kind = EVENT_FAILED,
					 .url = hash_of(c->http_history, request->method, request->url),
					 .request = request->id,
					 .time = request->req_sent,
					 .finding = finding,
					 .ended = connection_ending(c, conn).at });
}

void http_history_outcome(struct correlator *c, const struct tcp_conn *conn, const struct trace_http_request *request,
			  struct bytes location, struct finding *refusal)
{
	struct address_tuple tuple = tcp_tuple(conn);
	struct client *client = client_of(c->http_history, &tuple);
	struct asked *asked = asked_of(client, request->id);
	bool repeated = asked && asked->repeated;
	uint64_t url = hash_of(c->http_history, request->method, request->url);
	bool redirect = request->status >= 300 && request->status < 400 && location.size;

	if (asked)
		asked->request = 0;
	if (request->retry_of && request->status && request->status < 400)
		repetition_answered(client, request);
	if (request->status) /* also with the next challenge: the first ones were parts of one negotiation (NTLM) */
		challenge_answered(client, url, request);
	if (redirect) {
		note_redirect(c, client, request, location);
		return;
	}
	client->redirects = 0;
	client->loop_told = false;
	if (is_challenge(request->status)) {
		remember(client, (struct event){ .kind = EVENT_CHALLENGED,
						 .url = url,
						 .request = request->id,
						 .time = request->resp_recv,
						 .status = request->status,
						 .finding = refusal });
	} else if (request->req_sent != NT_TIME_NONE && (!request->status || (refusal && request->status < 400))) {
		if (repeated)
			soften(refusal, connection_ending(c, conn).at - request->req_sent);
		remember_failure(c, client, conn, request, repeated ? NULL : refusal);
	}
}
