/*
 * What the analysis of a capture may still ask of the kernel: to read what is open, to write to what is open, memory, and the time.
 *
 * A parser that goes wrong on hostile bytes can then neither open files nor sockets, nor run programs (seccomp-bpf, through libseccomp).
 */
#ifndef NETTRACE_CLI_SANDBOX_H
#define NETTRACE_CLI_SANDBOX_H

#include "store/base.h"

/* A file that is to be given its name, or removed, when all is written: exactly these two strings, as struct outfile has them. */
struct sandbox_file {
	const char *temporary, *path; /* NULL: none */
};

/*
 * Confines this process, for ever; threads must not have been started.  Call it when everything is open.  Another call of the kernel than
 * those allowed ends the process: with a sentence and status 1, or at once (SIGSYS) if it would run a program, make a process or a socket.
 *
 * NT_ENOTSUP: the program was built with a sanitizer, which needs more than is allowed; NT_EIO: this kernel cannot.  Nothing is confined then.
 */
enum nt_status sandbox_enter(const struct sandbox_file *files, size_t count, struct nt_error *error);

#endif
