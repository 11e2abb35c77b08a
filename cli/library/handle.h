/*
 * What is behind the handle of libnettrace: shared by the files of cli/library/ alone.
 */
#ifndef NETTRACE_CLI_LIBRARY_HANDLE_H
#define NETTRACE_CLI_LIBRARY_HANDLE_H

#include "cli/inputs.h"
#include "cli/library/nettrace.h"

enum handle_kind {
	HANDLE_DIAL,
	HANDLE_TCP,
	HANDLE_UDP,
	HANDLE_DNS,
	HANDLE_TLS,
	HANDLE_HTTP,
	HANDLE_FINDING,
	HANDLE_INPUT,
	HANDLE_INTERFACE,
	HANDLE_LIMIT,
	HANDLE_COUNTS,
	HANDLE_SESSION,
	HANDLE_KINDS
};

struct nettrace {
	struct nt_error error;
	struct options options;
	const char **inputs; /* of the options */
	nettrace_progress *progress;
	void *progress_context;
	struct notes notes;
	const char **noted; /* in `settings` */
	size_t note_count;
	bool begun; /* nettrace_read() was called */
	bool good;  /* and there are records */
	struct limit_hits hits;
	struct inputs *opened;
	struct tls_keylog *keylog; /* NULL without keys */
	struct verifier *verifier; /* NULL without verification */
	struct correlator *correlator;
	struct trace_list list;
	struct output output;
	struct arena settings;           /* texts of the options, and notes */
	struct arena views;              /* records as they were given out */
	const void **made[HANDLE_KINDS]; /* of each kind, by index; NULL until somebody asks for it */
};

#endif
