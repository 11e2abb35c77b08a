#include "cli/agent/recorder.h"

#include "cli/agent/privileges.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* The time is looked at only so often; in a transaction of RECORDING_BATCH rows that is often enough. */
enum { LOOK_EVERY = 256 };

struct recorder {
	struct recording *recording;
	struct ring *ring;
	uint64_t ring_bytes;
	int failed; /* eventfd */
	pthread_t thread;
	int64_t deadline; /* when what was written is to be committed; RING_FOREVER: nothing is */
	int64_t begun;    /* when the first of it was taken, by both clocks */
	nt_time begun_wall;
	unsigned records; /* since the time was looked at */
	struct nt_error error;
};

static int64_t now_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * NT_SECOND + time.tv_nsec;
}

static int64_t now_monotonic(void)
{
	return now_of(CLOCK_MONOTONIC);
}

/* A clock that was set makes a record older or younger than it is: that costs no more than an early commit. */
int64_t recorder_commit_due(int64_t monotonic, nt_time wall, nt_time seen)
{
	const int64_t longest = RECORDING_DELAY - RECORDING_DELAY / 4;
	int64_t waited = 0;

	if (seen != NT_TIME_NONE && seen < wall)
		waited = seen > wall - longest ? wall - seen : longest;
	return monotonic + RECORDING_DELAY - waited;
}

static enum nt_status commit(struct recorder *recorder)
{
	recorder->deadline = RING_FOREVER;
	return recording_commit(recorder->recording, now_monotonic(), true, &recorder->error);
}

/* Drops somewhat more than needed, so that it is not done for every packet. */
static enum nt_status keep_to_size(struct recorder *recorder)
{
	if (recorder->ring_bytes == 0 || recording_packet_bytes(recorder->recording) <= recorder->ring_bytes)
		return NT_OK;
	return recording_trim(recorder->recording, recorder->ring_bytes - recorder->ring_bytes / 16, &recorder->error);
}

/* Records of several sources come one source after the other: the oldest need not be the first. */
static void note_due(struct recorder *recorder, const void *record)
{
	int64_t due;

	if (recorder->deadline == RING_FOREVER) {
		recorder->begun = now_monotonic();
		recorder->begun_wall = now_of(CLOCK_REALTIME);
	}
	due = recorder_commit_due(recorder->begun, recorder->begun_wall, record_time(record));
	if (due < recorder->deadline)
		recorder->deadline = due;
}

static enum nt_status write_one(struct recorder *recorder, const void *record)
{
	enum nt_status status = record_write(recorder->recording, record, &recorder->error);

	if (status == NT_OK)
		status = keep_to_size(recorder);
	note_due(recorder, record);
	if (++recorder->records % LOOK_EVERY == 0 && status == NT_OK && now_monotonic() >= recorder->deadline)
		status = commit(recorder);
	return status;
}

static enum nt_status write_all(struct recorder *recorder)
{
	enum nt_status status = NT_OK;
	void *record;
	size_t size;

	while (status == NT_OK) {
		enum nt_status next = ring_next(recorder->ring, recorder->deadline, &record, &size);

		if (next == NT_END)
			return commit(recorder);
		status = next == NT_OK ? write_one(recorder, record) : commit(recorder);
	}
	return status;
}

static void *run(void *context)
{
	struct recorder *recorder = context;

	privileges_drop_all();
	if (write_all(recorder) != NT_OK) {
		ring_give_up(recorder->ring);
		eventfd_write(recorder->failed, 1);
	}
	return NULL;
}

/* Signals are the other thread's. */
static int create_thread(struct recorder *recorder)
{
	sigset_t all, old;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	code = pthread_create(&recorder->thread, NULL, run, recorder);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return code;
}

static void clear(struct recorder *recorder)
{
	if (recorder->failed >= 0)
		close(recorder->failed);
	ring_free(recorder->ring);
	free(recorder);
}

enum nt_status recorder_start(struct recorder **out, struct recording *recording, uint64_t ring_bytes, struct nt_error *error)
{
	struct recorder *recorder = nt_zalloc(sizeof *recorder);
	int code;

	*out = NULL;
	recorder->recording = recording;
	recorder->ring = ring_new(RECORD_RING_SIZE);
	recorder->ring_bytes = ring_bytes;
	recorder->deadline = RING_FOREVER;
	recorder->failed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	code = recorder->failed < 0 ? errno : create_thread(recorder);
	if (code == 0) {
		*out = recorder;
		return NT_OK;
	}
	clear(recorder);
	return nt_fail(error, NT_EIO, "cannot start a thread: %s", strerror(code));
}

struct ring *recorder_ring(struct recorder *recorder)
{
	return recorder->ring;
}

int recorder_descriptor(const struct recorder *recorder)
{
	return recorder->failed;
}

enum nt_status recorder_finish(struct recorder *recorder, struct nt_error *error)
{
	enum nt_status status;

	ring_close(recorder->ring);
	pthread_join(recorder->thread, NULL);
	status = recorder->error.status;
	if (status != NT_OK && error)
		*error = recorder->error;
	clear(recorder);
	return status;
}
