/*
 * DNS over HTTPS (RFC 8484): requests and responses of type application/dns-message are DNS queries and replies too.
 */
#ifndef NETTRACE_CORRELATE_DOH_H
#define NETTRACE_CORRELATE_DOH_H

#include "correlate/exchange.h"

/* The request head of an exchange; `target` as it was sent. */
void doh_request(struct exchange *exchange, struct bytes target, const struct http1_field *fields, size_t count);
void doh_response(struct exchange *exchange, const struct http1_field *fields, size_t count);

/* A piece of the body; kept if it is DNS and not too long for that. */
void doh_content(struct exchange *exchange, bool by_server, struct bytes piece);

/* The request or the response ended: its message is one of the connection's DNS conversation, which this begins if need be. */
void doh_end(struct exchange_list *list, struct exchange *exchange, bool by_server);

/* The connection is over: reports the conversation. */
void doh_close(struct exchange_list *list);

#endif
