/*
 * The trusted certificates of a file, a directory or the system, as a store of OpenSSL.
 */
#ifndef NETTRACE_DISSECT_TLS_TRUST_STORE_H
#define NETTRACE_DISSECT_TLS_TRUST_STORE_H

#include "store/base.h"

#include <openssl/x509_vfy.h>

struct trust_store; /* handle */

/*
 * `path` is a PEM file, a directory of certificates, or NULL for the system's store.  All files are read now, later none is opened; but
 * OpenSSL reads the certificates of the system when a chain asks for their names.  On failure *out is NULL and *error has the sentence; errors of
 * OpenSSL may be left in its queue.
 */
enum nt_status trust_store_new(struct trust_store **out, const char *path, struct nt_error *error);
void trust_store_free(struct trust_store *store); /* NULL is fine */

X509_STORE *trust_store_openssl(const struct trust_store *store); /* lives as long as the store */

#endif
