#include "cli/progress.h"

#include "cli/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

volatile sig_atomic_t progress_is_due;

static bool is_drawn;

static void on_alarm(int signal_number)
{
	(void)signal_number;
	progress_is_due = 1;
}

static void set_timer(suseconds_t interval_us, time_t first_s)
{
	const struct itimerval timer = { .it_interval = { 0, interval_us }, .it_value = { first_s, 0 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

void progress_start(void)
{
	const struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };

	if (!isatty(STDERR_FILENO) || sigaction(SIGALRM, &action, NULL) != 0)
		return;
	set_timer(200000, 1);
}

enum { BAR_WIDTH = 40 };

static void draw_bar(unsigned per_cent, char out[BAR_WIDTH + 1])
{
	unsigned full = per_cent * BAR_WIDTH / 100;

	memset(out, ' ', BAR_WIDTH);
	memset(out, '=', full);
	if (full < BAR_WIDTH)
		out[full] = '>';
	out[BAR_WIDTH] = 0;
}

void progress_line(uint64_t done, uint64_t total, uint64_t packets, char out[PROGRESS_LINE_SIZE])
{
	unsigned per_cent = total == 0 ? 0 : done >= total ? 100 : (unsigned)((double)done / (double)total * 100);
	char bar[BAR_WIDTH + 1], amount[TEXT_SIZE];

	draw_bar(per_cent, bar);
	if (total)
		snprintf(out, PROGRESS_LINE_SIZE, "[%s] %3u %%  %" PRIu64 " packets", bar, per_cent, packets);
	else
		snprintf(out, PROGRESS_LINE_SIZE, "%s read, %" PRIu64 " packets", text_bytes(done, amount), packets);
}

void progress_show(uint64_t done, uint64_t total, uint64_t packets)
{
	char line[PROGRESS_LINE_SIZE];

	progress_is_due = 0;
	progress_line(done, total, packets, line);
	fprintf(stderr, "\r%s\033[K", line);
	is_drawn = true;
}

void progress_draw(const struct capture_source *source)
{
	uint64_t done = 0, total = 0, packets = 0;
	bool all_known = true;

	for (size_t i = 0; i < capture_input_count(source); i++) {
		const struct capture_input *input = capture_input(source, i);

		done += input->bytes_on_disk;
		total += input->size_on_disk;
		packets += input->packets;
		all_known = all_known && input->size_on_disk > 0;
	}
	progress_show(done, all_known ? total : 0, packets);
}

void progress_stop(void)
{
	set_timer(0, 0);
	progress_is_due = 0;
	if (is_drawn)
		fputs("\r\033[K", stderr);
	is_drawn = false;
}
