/*
 * DNS over HTTPS (RFC 8484): requests and responses of type application/dns-message are DNS queries and replies too.
 */
#ifndef NETTRACE_CORRELATE_DOH_H
#define NETTRACE_CORRELATE_DOH_H

#include "correlate/exchange.h"

/* The request head of an exchange; `target` as it was sent.  Through a proxy the resolver's address is not known: that is no DNS then. */
void doh_request(const struct exchange_list *list, struct exchange *exchange, struct bytes target, const struct http1_field *fields,
		 size_t count);
void doh_response(struct exchange *exchange, const struct http1_field *fields, size_t count);

/* A piece of the body; kept if it is DNS and not too long for that. */
void doh_content(struct exchange *exchange, bool by_server, struct bytes piece);

/*
 * The response is complete: with its request it becomes a part of the connection's DNS conversation, which this begins if need be.  A query
 * without a reply does not, as the HTTP request says what became of it.
 */
void doh_end(struct exchange_list *list, struct exchange *exchange);

/* The connection is over: reports the conversation. */
void doh_close(struct exchange_list *list);

#endif
