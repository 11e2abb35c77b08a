/*
 * Requests and their responses on one connection, whatever the version of HTTP: from what the dissectors tell to request records.
 */
#ifndef NETTRACE_CORRELATE_EXCHANGE_H
#define NETTRACE_CORRELATE_EXCHANGE_H

#include "correlate/app.h"
#include "correlate/diagnose.h"
#include "dissect/http/http1.h"

/* One request and its response. */
struct exchange {
	struct exchange *next, *before;
	struct arena arena; /* what the record points to */
	struct trace_http_request record;
	uint32_t stream;                 /* HTTP/2 stream */
	struct exchange *next_in_bucket; /* of the table of streams */
	uint64_t request_ack;            /* how far the client had received when it sent the request; 0 unknown */
	const char *location;            /* of a redirect, NULL if none */
	uint64_t stalled;                /* of the connection, when the request began: nanoseconds */
	bool absolute_form;              /* the target was a whole URL: spoken to a proxy */
	bool is_first;                   /* on its connection */
	bool has_request, request_ended, response_begun, response_ended;
	bool held;                               /* all of it is here, but what the client makes of its fault is not */
	bool early;                              /* answered before the head of its request was complete, which is still to come */
	bool upgraded;                           /* asked in HTTP/1.1, answered in HTTP/2 */
	struct http_circumstances circumstances; /* for telling what went wrong */
	struct finding *told;                    /* of a stream that was reset, or given up with its connection; NULL if none */
	const struct connectivity_check *check;  /* that the request makes, NULL if none */
	struct buffer body_start;                /* of an answer that may say who gave it, or why */
	bool body_encoded;                       /* it cannot be read as it is */
	struct buffer dns[2];                    /* a DNS message in the request, and in the response: see doh.h */
	bool is_dns[2];
};

/* The exchanges of a connection that are not over, in the order of their requests. */
struct exchange_list {
	struct app *app;
	struct exchange *first, *last;
	size_t count;
	bool served;        /* there was a request */
	bool server_is_tls; /* the server answered with a TLS record */
	struct dns_talk *dns;
};

struct exchange *exchange_new(struct exchange_list *list); /* at the end of the list */

/* The first bytes of a request head: `target` is as sent, `fields` are its header, url and host live in the exchange's arena. */
void exchange_request(struct exchange_list *list, struct exchange *exchange, struct bytes target, const struct http1_field *fields,
		      size_t count);

/* A final response head came at `at`, whose first byte came at `begin`. */
void exchange_response(struct exchange_list *list, struct exchange *exchange, const struct http1_field *fields, size_t count);

/* A piece of a body, after transfer decoding. */
void exchange_content(struct exchange *exchange, bool by_server, struct bytes piece);

/* The response is complete. */
void exchange_end(struct exchange_list *list, struct exchange *exchange);

/* What the options let be seen of header fields, in `arena`. */
const struct trace_http_field *exchange_keep_fields(const struct correlate_options *options, struct arena *arena,
						    const struct http1_field *source, size_t source_count, size_t *count);

/* Out of one list, and at the end of another: what HTTP/1.1 was asked and HTTP/2 answers. */
struct exchange *exchange_take(struct exchange_list *list, struct exchange *exchange);
void exchange_adopt(struct exchange_list *list, struct exchange *exchange);

/* To the beginning of its list. */
void exchange_put_first(struct exchange_list *list, struct exchange *exchange);

/* Tells what went wrong, hands the record on, and takes the exchange out of the list. */
void exchange_report(struct exchange_list *list, struct exchange *exchange);

#endif
