#include "cli/agent/only_command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup" /* where nft looks for the paths in its rules */
#define NAME_PREFIX "nettrace-"

/* ---- the cgroup ---- */

/* The directory where cgroup v2 is mounted: the caller frees it; NULL if there is none that nft can name. */
static char *find_cgroups(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *mount;
	char *found = NULL;

	while (mounts && !found && (mount = getmntent(mounts)) != NULL)
		if (strcmp(mount->mnt_type, "cgroup2") == 0 && strncmp(mount->mnt_dir, CGROUP_ROOT, strlen(CGROUP_ROOT)) == 0)
			found = nt_strdup(mount->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return found;
}

static char *cgroup_path(const char *cgroups, pid_t pid)
{
	size_t size = strlen(cgroups) + 32;
	char *path = nt_alloc(size);

	snprintf(path, size, "%s/" NAME_PREFIX "%ld", cgroups, (long)pid);
	return path;
}

enum nt_status only_command_begin(struct only_command *only, struct nt_error *error)
{
	char *cgroups;
	pid_t pid = getpid();

	*only = (struct only_command){ 0 };
	if (geteuid() != 0)
		return nt_fail(error, NT_EIO, "--only-command needs root: it makes a cgroup and firewall rules");
	cgroups = find_cgroups();
	if (!cgroups)
		return nt_fail(error, NT_EIO,
			       "--only-command needs cgroup v2 under " CGROUP_ROOT ", which is not mounted"
			       " (ip netns exec hides it, nsenter --net= does not)");
	/* Process ids have at most 22 bits; the first byte tells whose mark it is. */
	*only = (struct only_command){ cgroup_path(cgroups, pid), pid, 0x4e000000u | ((uint32_t)pid & 0xffffffu),
				       (uint16_t)(20000 + pid % 20000) };
	free(cgroups);
	if (mkdir(only->cgroup, 0755) == 0)
		return NT_OK;
	nt_fail(error, NT_EIO, "cannot make the cgroup %s: %s", only->cgroup, strerror(errno));
	only_command_clear(only);
	return NT_EIO;
}

void only_command_clear(struct only_command *only)
{
	free(only->cgroup);
	*only = (struct only_command){ 0 };
}

bool only_command_enter(const struct only_command *only)
{
	char path[512];
	int file;
	bool good;

	snprintf(path, sizeof path, "%s/cgroup.procs", only->cgroup);
	file = open(path, O_WRONLY | O_CLOEXEC);
	good = file >= 0 && write(file, "0", 1) == 1;
	if (file >= 0)
		close(file);
	return good;
}

/* Processes that have just ended leave their cgroup a moment later. */
static void remove_cgroup(const char *path)
{
	const struct timespec moment = { .tv_nsec = 20 * NT_MILLISECOND };

	for (int i = 0; i < 10 && rmdir(path) != 0 && errno == EBUSY; i++)
		nanosleep(&moment, NULL);
}

/* ---- nft ---- */

/* In memory: a full disk must neither leave rules behind nor make a capture that is empty. */
static FILE *temporary_file(const char *text)
{
	int descriptor = memfd_create("nettrace-nft", MFD_CLOEXEC);
	FILE *file = descriptor >= 0 ? fdopen(descriptor, "w+") : NULL;

	if (!file && descriptor >= 0)
		close(descriptor);
	if (file && (fputs(text, file) < 0 || fflush(file) != 0)) {
		fclose(file);
		return NULL;
	}
	if (file)
		rewind(file);
	return file;
}

static const char *find_nft(void)
{
	static const char *const places[] = { "/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft", "/usr/bin/nft" };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* Runs it with the script as its input and the file for what it says; its status as waitpid() gives it, or -1 and errno. */
static int run_nft(const char *program, FILE *script, FILE *says)
{
	char *const argv[] = { (char *)"nft", (char *)"-f", (char *)"-", NULL };
	char *const environment[] = { (char *)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(says), STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(says), STDERR_FILENO);
	errno = posix_spawn(&pid, program, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	if (errno != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static void first_line(FILE *file, char *out, size_t size)
{
	out[0] = 0;
	rewind(file);
	if (fgets(out, (int)size, file))
		out[strcspn(out, "\n")] = 0;
}

static enum nt_status nft(const char *script, struct nt_error *error)
{
	const char *program = find_nft();
	FILE *input = temporary_file(script), *says = temporary_file("");
	enum nt_status status = NT_EIO;
	char line[200];

	if (!program) {
		nt_fail(error, NT_EIO, "--only-command needs the program nft (Debian: nftables), which is not there");
	} else if (!input || !says) {
		nt_fail(error, NT_EIO, "cannot make a temporary file: %s", strerror(errno));
	} else if (run_nft(program, input, says) != 0) {
		first_line(says, line, sizeof line);
		nt_fail(error, NT_EIO, "cannot change the firewall's rules for --only-command: %s", line);
	} else {
		status = NT_OK;
	}
	if (input)
		fclose(input);
	if (says)
		fclose(says);
	return status;
}

/* ---- the rules ---- */

static bool takes_all(const char *const *interfaces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(interfaces[i], "any") == 0)
			return true;
	return count == 0;
}

/* `oifname { "eth0", "wlan0" } `, or nothing. */
static const char *interface_match(struct arena *arena, const char *keyword, const char *const *interfaces, size_t count)
{
	const char *text = "";

	if (takes_all(interfaces, count))
		return text;
	for (size_t i = 0; i < count; i++)
		text = arena_printf(arena, "%s%s\"%s\"", text, i ? ", " : "", interfaces[i]);
	return arena_printf(arena, "%s { %s } ", keyword, text);
}

/* Names go into a script, so none may end its quotes. */
static enum nt_status check_names(const char *const *interfaces, size_t count, struct nt_error *error)
{
	for (size_t i = 0; i < count; i++)
		if (interfaces[i][strcspn(interfaces[i], "\"\\\n")])
			return nt_fail(error, NT_EUSAGE, "%s cannot be the name of an interface", interfaces[i]);
	return NT_OK;
}

/*
 * In front of the user's filters (priority 0), behind the translation of destinations (-100): addresses in both directions are those on the
 * wire, and what a filter drops is seen.  On the loopback each packet goes out and in: once is enough.
 */
static const char *rules(struct arena *arena, const struct only_command *only, const char *const *interfaces, size_t count)
{
	return arena_printf(arena,
			    "table inet nettrace_%ld {\n"
			    "	chain output {\n"
			    "		type filter hook output priority -5\n"
			    "		socket cgroupv2 level 1 \"%s\" ct mark set 0x%x\n"
			    "		%sct mark 0x%x log group %u queue-threshold 1\n"
			    "	}\n"
			    "	chain input {\n"
			    "		type filter hook input priority -5\n"
			    "		%siifname != \"lo\" ct mark 0x%x log group %u queue-threshold 1\n"
			    "	}\n"
			    "}\n",
			    (long)only->pid, only->cgroup + strlen(CGROUP_ROOT "/"), only->mark,
			    interface_match(arena, "oifname", interfaces, count), only->mark, only->group,
			    interface_match(arena, "iifname", interfaces, count), only->mark, only->group);
}

enum nt_status only_command_set_rules(const struct only_command *only, const char *const *interfaces, size_t count,
				      struct nt_error *error)
{
	struct arena arena = { 0 };
	enum nt_status status = check_names(interfaces, count, error);

	if (status == NT_OK)
		status = nft(rules(&arena, only, interfaces, count), error);
	arena_free(&arena);
	return status;
}

static void remove_rules(pid_t pid)
{
	char script[64];

	snprintf(script, sizeof script, "delete table inet nettrace_%ld\n", (long)pid);
	nft(script, NULL);
}

void only_command_remove(const struct only_command *only)
{
	remove_rules(only->pid);
	remove_cgroup(only->cgroup);
}

/* ---- what a crashed run left ---- */

/* The process id in the name of one of our cgroups, 0 for any other. */
static pid_t owner_of(const char *name)
{
	char *end;
	long pid;

	if (strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) != 0)
		return 0;
	pid = strtol(name + strlen(NAME_PREFIX), &end, 10);
	return *end || pid <= 0 || pid > INT32_MAX ? 0 : (pid_t)pid;
}

static bool is_dead(pid_t pid)
{
	return kill(pid, 0) != 0 && errno == ESRCH;
}

void only_command_sweep(void)
{
	char *cgroups = geteuid() == 0 ? find_cgroups() : NULL;
	DIR *directory = cgroups ? opendir(cgroups) : NULL;
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)) != NULL) {
		struct only_command left = { .pid = owner_of(entry->d_name) };

		if (left.pid == 0 || !is_dead(left.pid))
			continue;
		left.cgroup = cgroup_path(cgroups, left.pid);
		only_command_remove(&left);
		only_command_clear(&left);
	}
	if (directory)
		closedir(directory);
	free(cgroups);
}
