/*
 * What the command says on standard error: one line, with the command's name in front.
 */
#ifndef NETTRACE_CLI_MESSAGE_H
#define NETTRACE_CLI_MESSAGE_H

/* The command's name, "nettrace-analyze" unless told otherwise; it must live on. */
void message_set_program(const char *name);

/* The text may hold anything (file names): it is made harmless for a terminal. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
