#include "cli/sandbox.h"

#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* What reads and writes open files, and asks for memory, time or chance.  Names: what SQLite asks about the files that it has open. */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(close),
	SCMP_SYS(fcntl),
	SCMP_SYS(fcntl64),
	SCMP_SYS(fadvise64),
	SCMP_SYS(fadvise64_64),
	SCMP_SYS(arm_fadvise64_64),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(stat),
	SCMP_SYS(stat64),
	SCMP_SYS(lstat),
	SCMP_SYS(lstat64),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(setitimer),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(geteuid),
	SCMP_SYS(geteuid32),
	SCMP_SYS(tgkill), /* abort() */
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* What no analysis can come to want by an accident of a library: whoever asks for it is not our program any more. */
static const int deadly[] = {
	SCMP_SYS(execve),         SCMP_SYS(execveat),   SCMP_SYS(fork),        SCMP_SYS(vfork),
	SCMP_SYS(clone),          SCMP_SYS(clone3),     SCMP_SYS(socket),      SCMP_SYS(connect),
	SCMP_SYS(bind),           SCMP_SYS(socketpair), SCMP_SYS(ptrace),      SCMP_SYS(bpf),
	SCMP_SYS(mount),          SCMP_SYS(kexec_load), SCMP_SYS(init_module), SCMP_SYS(process_vm_writev),
	SCMP_SYS(io_uring_setup),
};

/* ---- rules ---- */

static bool allow_all(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) != 0)
			return false;
	for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0) != 0)
			return false;
	return true;
}

/* Memory that is never code, and never takes the place of other memory. */
static bool allow_memory(scmp_filter_ctx filter)
{
	static const int mmaps[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2) };

	for (size_t i = 0; i < sizeof mmaps / sizeof *mmaps; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, mmaps[i], 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_FIXED, 0)) != 0)
			return false;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, MREMAP_FIXED, 0)) == 0;
}

static struct scmp_arg_cmp equals(unsigned argument, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_EQ, .datum_a = value };
}

/* What stdio and isatty() ask of a terminal. */
static bool allow_terminal(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, equals(1, TCGETS)) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, equals(1, TIOCGWINSZ)) == 0;
}

/* A filter sees pointers, not what they point to: it is these pointers, and the memory is sealed. */
static bool allow_finishing(scmp_filter_ctx filter, const struct sandbox_file *file)
{
	const scmp_datum_t from = (scmp_datum_t)(uintptr_t)file->temporary, to = (scmp_datum_t)(uintptr_t)file->path;

	if (!file->temporary)
		return true;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(rename), 2, equals(0, from), equals(1, to)) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(renameat), 2, equals(1, from), equals(3, to)) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(renameat2), 2, equals(1, from), equals(3, to)) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(unlink), 1, equals(0, from)) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(unlinkat), 1, equals(1, from)) == 0;
}

static bool load(const struct sandbox_file *files, size_t count)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	bool good = filter && allow_all(filter) && allow_memory(filter) && allow_terminal(filter);

	for (size_t i = 0; good && i < count; i++)
		good = allow_finishing(filter, &files[i]);
	good = good && seccomp_load(filter) == 0; /* with no_new_privs, as it is set unless told otherwise */
	if (filter)
		seccomp_release(filter);
	return good;
}

/* ---- entering ---- */

/* Only what a signal handler may call. */
static void on_forbidden_call(int signal_number, siginfo_t *info, void *context)
{
	static const char before[] = "nettrace-analyze: the analysis asked the kernel for what it must not do (system call ",
			  after[] = ") and was ended: its input is hostile or this is a bug; --no-sandbox lets it\n";
	char digits[12];
	size_t at = sizeof digits;
	unsigned number = (unsigned)info->si_syscall;

	(void)signal_number;
	(void)context;
	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	if (write(STDERR_FILENO, before, sizeof before - 1) < 0 || write(STDERR_FILENO, digits + at, sizeof digits - at) < 0 ||
	    write(STDERR_FILENO, after, sizeof after - 1) < 0)
		signal_number = 0;
	outfile_abandon();
	_exit(1);
}

/*
 * What libraries read when it is used for the first time: OpenSSL its configuration, and the provider of old cipher suites (which is loaded
 * where they are decrypted, too, and stays for having been loaded here), the C library the time zone.
 */
static void warm_up(void)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	tzset();
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	(void)OSSL_PROVIDER_try_load(NULL, "legacy", 1);
	EVP_Digest("", 0, digest, NULL, EVP_sha1(), NULL);
}

enum nt_status sandbox_enter(const struct sandbox_file *files, size_t count, struct nt_error *error)
{
	struct sigaction action = { 0 };

	if (NT_MEMORY_WATCHED) /* sanitizers look at /proc and start a process when the program ends */
		return nt_fail(error, NT_ENOTSUP, "the analysis is not confined, as sanitizers need more");
	warm_up();
	action.sa_sigaction = on_forbidden_call;
	action.sa_flags = SA_SIGINFO;
	sigaction(SIGSYS, &action, NULL);
	if (!load(files, count))
		return nt_fail(
			error, NT_EIO,
			"the analysis is not confined, as the kernel takes no filter of system calls; analyse what you trust");
	return NT_OK;
}
