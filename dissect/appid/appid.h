/*
 * The application protocol of a flow, named by nDPI ("TLS.Google", "DNS", "SSH").
 */
#ifndef NETTRACE_DISSECT_APPID_APPID_H
#define NETTRACE_DISSECT_APPID_APPID_H

#include "store/base.h"

struct appid;      /* handle: nDPI's module */
struct appid_flow; /* handle: what nDPI knows of one flow; exists only while the flow is undecided */

struct appid *appid_new(void); /* NULL if nDPI cannot be set up */
void appid_free(struct appid *appid);

enum appid_result { APPID_UNDECIDED, APPID_DECIDED };

/*
 * Shows nDPI the next packet of a flow, from its IP header on.  *flow is NULL for the first one.  With APPID_DECIDED (a protocol was found,
 * or enough packets were shown) *flow is freed and set to NULL, and *name is the protocol: "" if unknown; it lives as long as `appid`.
 */
enum appid_result appid_packet(struct appid *appid, struct appid_flow **flow, struct bytes ip_packet, nt_time time,
			       const char **name);

/*
 * The protocol of a flow that ended undecided, by what its packets showed (never by port or address): "" if unknown; it lives as long as
 * `appid`.  Frees the flow; NULL is fine, and unknown.
 */
const char *appid_give_up(struct appid *appid, struct appid_flow *flow);

#endif
