/*
 * What certificates say: servers send the same ones with every connection, so that those of the last connections are not read again.
 */
#ifndef NETTRACE_CORRELATE_CERTIFICATES_H
#define NETTRACE_CORRELATE_CERTIFICATES_H

#include "store/trace.h"

struct certificates; /* handle: the last ones that were read */

struct certificates *certificates_new(void);
void certificates_free(struct certificates *certificates); /* NULL is fine */

/* Fills in *out from a certificate in DER; its texts live in `arena`. */
void certificates_read(struct certificates *certificates, struct bytes der, struct arena *arena, struct trace_certificate *out);

#endif
