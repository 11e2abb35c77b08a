/*
 * soak [options] FILE...   Every capture cut at many places and changed in many ways, each read twice by the whole of nettrace-analyze,
 * in this process, so that sanitizers look on.
 *
 * For each there must be no crash, no word of a sanitizer, an end within the time allowed, and, unless the file is refused, valid JSON:
 * the same bytes both times, whatever the seed of the hash tables.  Some are also read in the other ways there are: as a report, as lines,
 * for other programs (HAR, OTLP, HTML), with packets written, with nDPI and certificates verified.
 *
 * A file is one process, so that what crashes on one input goes on with the next.  A case is a file, a number and a seed: the same three
 * give the same bytes.
 */
#include "store/base.h"
#include "tests/support/mutate.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
static int __lsan_do_recoverable_leak_check(void)
{
	return 0;
}
#endif

enum {
	MAX_JOBS = 64,
	MOST_CHANGES = 6, /* of one mutation */
	OTHER_WAYS = 8,   /* one case in as many is read in one of the other ways, too */
	FOUND_STATUS = 3, /* of a worker: the check failed, and its reason is in its messages */
	LEAK_STATUS = 4,
	START_COST = 20000, /* bytes that could be read while a run begins and ends: for the estimate */
	REPORT_EVERY = 20,  /* seconds */
	TOO_LATE = SIGUSR1
};

int analyze_main(int argc, char **argv); /* main() of cli/analyze.c, compiled under this name */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "hard_rss_limit_mb=3072:detect_stack_use_after_return=1";
}

struct settings {
	uint64_t seed;
	unsigned cuts, mutations, jobs, seconds, sample;
	long only; /* case, -1: all */
	const char *folder;
	char **files;
	size_t file_count;
};

/* Of a worker and its file; shared, so that it survives the worker. */
struct progress {
	pid_t worker;
	size_t file;
	unsigned next; /* case that is under way */
	uint64_t runs;
	double slowest;
	unsigned slowest_case;
};

static struct settings settings = { .seed = 1, .cuts = 200, .mutations = 200, .jobs = 1, .seconds = 10, .only = -1, .folder = "." };
static struct progress *slots;
static uint64_t findings, work_all, work_done, runs_done;
static size_t files_done;
static double began, slowest;
static char slowest_name[PATH_MAX];

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct buffer read_file(const char *path)
{
	struct buffer out = { .max = SIZE_MAX };
	FILE *file = fopen(path, "rb");
	char block[65536];
	size_t size;

	if (!file)
		die(path);
	while ((size = fread(block, 1, sizeof block, file)))
		buffer_add(&out, block, size);
	fclose(file);
	return out;
}

static void write_file(const char *path, struct bytes bytes)
{
	FILE *file = fopen(path, "wb");

	if (!file || (bytes.size && fwrite(bytes.at, 1, bytes.size, file) != bytes.size) || fclose(file) != 0)
		die(path);
}

/* ---- cases ---- */

static unsigned case_count(void)
{
	return 1 + settings.cuts + settings.mutations;
}

/* 0: as it is; then the cuts; then the mutations. */
static void make_case(struct buffer *out, struct bytes file, const char *path, unsigned number)
{
	struct dice dice = { dice_seed(settings.seed + number, path) };
	const bool is_cut = number > 0 && number <= settings.cuts;

	out->max = file.size + file.size / 2 + 4096;
	buffer_clear(out);
	buffer_add(out, file.at, is_cut ? file.size * (number - 1) / settings.cuts : file.size);
	if (number <= settings.cuts)
		return;
	for (size_t i = 1 + dice_below(&dice, MOST_CHANGES); i > 0; i--)
		mutate(out, &dice);
	if (number % 4) /* else the segments that were changed stay damaged */
		mutate_checksums(out);
}

static const char *case_text(unsigned number, char text[32])
{
	if (number == 0)
		snprintf(text, 32, "whole");
	else if (number <= settings.cuts)
		snprintf(text, 32, "cut %u of %u", number, settings.cuts);
	else
		snprintf(text, 32, "mutation %u", number - settings.cuts);
	return text;
}

/* "folder/kind/project-name-12.suffix": the last two parts of the path, as names alone are not unique */
static void kept_name(char out[PATH_MAX], const char *kind, const char *path, unsigned number, const char *suffix)
{
	const char *name = path + strlen(path);
	int size;

	for (int parts = 0; name > path && (name[-1] != '/' || ++parts < 2); name--)
		continue;
	size = snprintf(out, PATH_MAX, "%s/%s/%.200s-%u%s", settings.folder, kind, name, number, suffix);
	if (size >= PATH_MAX)
		die(path);
	for (char *at = out + strlen(settings.folder) + strlen(kind) + 2; (at = strchr(at, '/'));)
		*at = '-';
}

/* ---- a worker: in a folder of its own, with "input" and what is made of it ---- */

static void fail(const char *why)
{
	fflush(stdout);
	fprintf(stderr, "%s\n", why);
	_exit(FOUND_STATUS);
}

/* A signal that ends the process comes after as many seconds, or not at all.  nettrace-analyze has the use of alarm() itself. */
static void allow(unsigned seconds)
{
	static timer_t timer;
	static bool is_made;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = TOO_LATE };

	if (!is_made && timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
		die("timer_create");
	is_made = true;
	timer_settime(timer, 0, &(struct itimerspec){ .it_value.tv_sec = seconds }, NULL);
}

/* The exit status of nettrace-analyze with these options, which end in NULL. */
static int analyze(const char *const *options)
{
	const char *arguments[32] = { "nettrace-analyze", "-q", "--no-sandbox" };
	int count = 3, status;

	while (*options)
		arguments[count++] = *options++;
	arguments[count++] = "input";
	allow(settings.seconds);
	status = analyze_main(count, (char **)arguments);
	allow(0);
	if (status < 0 || status > 2)
		fail("an exit status that does not exist");
	return status;
}

static void must_be_json(struct bytes text)
{
	json_error_t error;
	json_t *json = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	char why[256];

	if (!json) {
		snprintf(why, sizeof why, "not JSON at line %d, column %d: %.*s", error.line, error.column, 160, error.text);
		fail(why);
	}
	json_decref(json);
}

static void must_be_json_lines(struct bytes text)
{
	while (text.size) {
		const uint8_t *end = memchr(text.at, '\n', text.size);
		size_t size = end ? (size_t)(end - text.at) : text.size;

		if (!end)
			fail("the last line of --ndjson has no end");
		must_be_json((struct bytes){ text.at, size });
		text = (struct bytes){ text.at + size + 1, text.size - size - 1 };
	}
}

/* What a terminal may be given. */
static void must_be_plain(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((text.at[i] < ' ' && text.at[i] != '\n' && text.at[i] != '\t') || text.at[i] == 0x7f)
			fail("a text has control characters");
}

static struct buffer result(const char *name)
{
	struct buffer out = read_file(name);

	unlink(name);
	return out;
}

static void run_twice(unsigned number, bool keep)
{
	const char *const first_options[] = { "--json", "--no-ndpi", "--no-verify", "--seed=1", "-o", "first", NULL };
	const char *const second_options[] = {
		"--json", "--no-ndpi", "--no-verify", "--seed=0x5eed5eed5eed", "-o", "second", NULL
	};
	int status = analyze(first_options);
	struct buffer first, second;

	if (analyze(second_options) != status)
		fail("another exit status the second time");
	if (status == 1)
		return;
	first = result("first");
	second = result("second");
	if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
		fail("other bytes the second time");
	must_be_json((struct bytes){ first.at, first.size });
	if (keep) {
		char name[PATH_MAX];

		kept_name(name, "sample", settings.files[slots->file], number, ".json");
		write_file(name, (struct bytes){ first.at, first.size });
	}
	buffer_free(&first);
	buffer_free(&second);
}

static void run_another_way(unsigned which)
{
	static const struct {
		const char *options[12];
		struct {
			const char *name;
			void (*must)(struct bytes);
		} results[3];
	} ways[] = {
		{ { "--no-ndpi", "--no-verify", "-v", "-o", "first" }, { { "first", must_be_plain } } },
		{ { "--no-ndpi", "--no-verify", "--ndjson", "-o", "first" }, { { "first", must_be_json_lines } } },
		{ { "--no-ndpi", "--no-verify", "--json", "--headers=values", "--secrets", "-w", "packets", "-o", "first" },
		  { { "first", must_be_json } } },
		{ { "--no-ndpi", "--no-verify", "--headers=values", "--har=har", "--otlp=otlp", "--html=html", "-o", "first" },
		  { { "har", must_be_json }, { "otlp", must_be_json }, { "html", must_be_plain } } },
		{ { "--json", "--headers=lengths", "-o", "first" }, { { "first", must_be_json } } },
	};

	which %= sizeof ways / sizeof *ways;
	if (analyze(ways[which].options) == 1)
		return;
	for (size_t i = 0; i < 3 && ways[which].results[i].name; i++) {
		struct buffer text = result(ways[which].results[i].name);

		ways[which].results[i].must((struct bytes){ text.at, text.size });
		buffer_free(&text);
	}
}

static void run_case(struct progress *mine, unsigned number)
{
	const bool another = number % OTHER_WAYS == 0;
	double start = now(), took;

	if (ftruncate(STDERR_FILENO, 0) != 0)
		die("messages");
	run_twice(number, settings.sample && number % settings.sample == 0);
	took = (now() - start) / 2;
	if (took > mine->slowest) {
		mine->slowest = took;
		mine->slowest_case = number;
	}
	if (another)
		run_another_way(number / OTHER_WAYS);
	mine->runs += another ? 3 : 2;
}

static void enter_folder(size_t slot)
{
	char name[PATH_MAX];
	int messages;

	if (chdir(settings.folder) != 0)
		die(settings.folder);
	snprintf(name, sizeof name, "worker-%zu", slot);
	if ((mkdir(name, 0777) != 0 && errno != EEXIST) || chdir(name) != 0)
		die(name);
	messages = open("messages", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0666);
	if (messages < 0 || dup2(messages, STDERR_FILENO) < 0)
		die("messages");
	close(messages);
}

static void work(size_t slot)
{
	struct progress *mine = &slots[slot];
	const char *path = settings.files[mine->file];
	struct buffer file = read_file(path), bytes = { .max = 0 };

	slots = mine; /* all that a worker knows of */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter_folder(slot);
	for (; mine->next < case_count(); mine->next++) {
		if (settings.only >= 0 && mine->next != (unsigned)settings.only)
			continue;
		make_case(&bytes, (struct bytes){ file.at, file.size }, path, mine->next);
		write_file("input", (struct bytes){ bytes.at, bytes.size });
		run_case(mine, mine->next);
	}
	buffer_free(&file);
	buffer_free(&bytes);
	_exit(__lsan_do_recoverable_leak_check() ? LEAK_STATUS : 0);
}

/* ---- the parent ---- */

static uint64_t cost_of(size_t file)
{
	struct stat info;

	return stat(settings.files[file], &info) == 0 ? (uint64_t)info.st_size + START_COST : START_COST;
}

static void start(size_t slot)
{
	pid_t worker = fork();

	if (worker < 0)
		die("fork");
	if (worker == 0)
		work(slot);
	slots[slot].worker = worker;
}

static void show_messages(size_t slot)
{
	char name[PATH_MAX];
	struct buffer text;

	snprintf(name, sizeof name, "%s/worker-%zu/messages", settings.folder, slot);
	text = read_file(name);
	printf("%.*s\n", (int)(text.size < 6000 ? text.size : 6000), (const char *)text.at);
	buffer_free(&text);
}

static void show_finding(size_t slot, int status)
{
	const struct progress *of = &slots[slot];
	const char *path = settings.files[of->file];
	struct buffer file = read_file(path), bytes = { .max = 0 };
	char kept[PATH_MAX], text[32];

	findings++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == LEAK_STATUS) {
		printf("FOUND %s: memory is leaked by one of its cases\n", path);
	} else {
		kept_name(kept, "found", path, of->next, "");
		make_case(&bytes, (struct bytes){ file.at, file.size }, path, of->next);
		write_file(kept, (struct bytes){ bytes.at, bytes.size });
		printf("FOUND %s, case %u (%s), seed %" PRIu64 "; kept as %s\n", path, of->next, case_text(of->next, text),
		       settings.seed, kept);
		if (WIFSIGNALED(status))
			printf("%s\n", WTERMSIG(status) == TOO_LATE ? "takes too long" : strsignal(WTERMSIG(status)));
	}
	show_messages(slot);
	fflush(stdout);
	buffer_free(&file);
	buffer_free(&bytes);
}

static void end_file(struct progress *of)
{
	char text[32];

	files_done++;
	work_done += cost_of(of->file);
	runs_done += of->runs;
	if (of->slowest > slowest) {
		slowest = of->slowest;
		snprintf(slowest_name, sizeof slowest_name, "%s, %s", settings.files[of->file], case_text(of->slowest_case, text));
	}
	of->worker = 0;
}

static void report(void)
{
	double share = (double)work_done, took = now() - began;
	uint64_t runs = runs_done;

	for (unsigned i = 0; i < settings.jobs; i++)
		if (slots[i].worker) {
			share += (double)cost_of(slots[i].file) * slots[i].next / case_count();
			runs += slots[i].runs;
		}
	share /= (double)work_all;
	printf("%zu of %zu files, %" PRIu64 " runs, %.1f %% of the work in %.1f min, about %.0f min left, %" PRIu64
	       " findings, slowest run %.2f s\n",
	       files_done, settings.file_count, runs, 100 * share, took / 60, share > 0 ? took / 60 * (1 - share) / share : 0.0,
	       findings, slowest);
	fflush(stdout);
}

static void wait_for_one(size_t *next)
{
	static double reported;
	int status;
	pid_t ended = waitpid(-1, &status, WNOHANG);

	for (size_t i = 0; ended > 0 && i < settings.jobs; i++) {
		if (slots[i].worker != ended)
			continue;
		if (status != 0)
			show_finding(i, status);
		if (slots[i].next + 1 < case_count() && settings.only < 0) {
			slots[i].next++;
			start(i);
		} else {
			end_file(&slots[i]);
		}
	}
	for (size_t i = 0; i < settings.jobs && *next < settings.file_count; i++)
		if (!slots[i].worker) {
			slots[i] = (struct progress){ .file = (*next)++ };
			start(i);
		}
	if (now() - reported > REPORT_EVERY) {
		reported = now();
		report();
	}
	if (ended == 0)
		usleep(2000);
}

static void soak(void)
{
	size_t next = 0;

	slots = mmap(NULL, MAX_JOBS * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < settings.file_count; i++)
		work_all += cost_of(i);
	began = now();
	while (files_done < settings.file_count)
		wait_for_one(&next);
	report();
	if (slowest_name[0])
		printf("slowest: %s\n", slowest_name);
}

static void make_folders(void)
{
	static const char *const names[] = { "", "/found", "/sample" };
	static char whole[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char name[PATH_MAX];

		snprintf(name, sizeof name, "%s%s", settings.folder, names[i]);
		if (mkdir(name, 0777) != 0 && errno != EEXIST)
			die(name);
	}
	if (!realpath(settings.folder, whole))
		die(settings.folder);
	settings.folder = whole;
}

static void read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "s:c:m:j:t:k:o:n:")) != -1)
		switch (option) {
		case 's':
			settings.seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			settings.cuts = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'm':
			settings.mutations = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'j':
			settings.jobs = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 't':
			settings.seconds = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'k':
			settings.sample = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'n':
			settings.only = strtol(optarg, NULL, 0);
			break;
		case 'o':
			settings.folder = optarg;
			break;
		default:
			exit(1);
		}
	settings.files = argv + optind;
	settings.file_count = (size_t)(argc - optind);
	if (!settings.file_count || !settings.jobs || settings.jobs > MAX_JOBS || settings.file_count > UINT_MAX) {
		fprintf(stderr,
			"usage: %s [-s SEED] [-c CUTS] [-m MUTATIONS] [-n CASE] [-j JOBS] [-t SECONDS] [-k KEEP_EACH] [-o FOLDER] "
			"FILE...\n",
			argv[0]);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	make_folders();
	soak();
	return findings ? 1 : 0;
}
