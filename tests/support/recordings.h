/*
 * Recordings for tests: a directory of their own, sessions, packets that can be told apart, and a look at the file with SQLite
 * itself.
 */
#ifndef NETTRACE_TESTS_SUPPORT_RECORDINGS_H
#define NETTRACE_TESTS_SUPPORT_RECORDINGS_H

#include "store/recording.h"

/*
 * A directory that everybody may look into; give it back to recordings_remove(), which removes what is in it, too.  In one buffer.
 */
const char *recordings_make(void);
void recordings_remove(void);
const char *recordings_path(const char *name); /* a file in it; lives until the next call */

/* All of these fail the test when something goes wrong. */
struct recording *writer_of(const char *path);
struct recording *writer_with_session(const char *path); /* interface 0 is Ethernet, "eth0" */
void begin_session(struct recording *r, struct recording_session *session);
void close_recording(struct recording *r);
struct recording *reader_of(const char *path); /* its first session is selected */

/* Packet `number` of a session: number - 1 milliseconds after PACKETS_BEGIN, its bytes depend on its number. */
#define PACKETS_BEGIN INT64_C(1700000000000000000)
enum { LARGEST_TEST_PACKET = 65536 };
struct recording_packet test_packet(uint64_t number, uint32_t size);
enum nt_status put_packet(struct recording *r, uint64_t number, uint32_t size, struct nt_error *error);
void put_packets(struct recording *r, uint64_t first, uint64_t count, uint32_t size);

/*
 * Reads all packets of the selected session: each must be test_packet(number), and the numbers without a gap from `first`.  How
 * many.
 */
uint64_t count_packets(struct recording *r, uint64_t first);

/* The first column of the first row, as text, of the file that no reader or writer of ours opens; lives until the next call. */
const char *ask_sqlite(const char *path, const char *query);

/* Runs all statements; true if none failed. */
bool tell_sqlite(const char *path, const char *script);

#endif
