/*
 * Files given beside the capture: whether they can be what the user says they are.  Asked before a long run, not after it.
 */
#ifndef NETTRACE_CLI_KEY_FILES_H
#define NETTRACE_CLI_KEY_FILES_H

#include "store/base.h"

/* NT_OK, or NT_EIO (cannot be read) or NT_EFORMAT (is something else), with the sentence in *error. */

/* A file, or a directory with a file, that holds a PEM certificate. */
enum nt_status key_files_check_ca(const char *path, struct nt_error *error);

/* An NSS key log: a line of the form "LABEL 64-hex-digits hex-digits", or nothing but comments.  A pipe is not looked into. */
enum nt_status key_files_check_keylog(const char *path, struct nt_error *error);

/* Anything but a directory that may be read. */
enum nt_status key_files_check_readable(const char *path, struct nt_error *error);

#endif
