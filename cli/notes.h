/*
 * What is worth telling about inputs beside the error that is returned: found where they are read, told by whoever has them read.
 */
#ifndef NETTRACE_CLI_NOTES_H
#define NETTRACE_CLI_NOTES_H

enum note_kind {
	NOTE_OF_INPUT,  /* something of it was passed over; the reading goes on */
	NOTE_OF_FAILURE /* a part of the error that follows */
};

struct notes {
	void (*take)(void *context, enum note_kind kind, const char *text); /* without a newline; it lives during the call */
	void *context;
};

/* The text may hold anything (file names). */
void notes_add(const struct notes *notes, enum note_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
