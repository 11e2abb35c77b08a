#include "tests/support/private_net.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOBODY = 65534 };

const char *private_net_missing(bool with_nft)
{
	pid_t child;
	int status = 1;

	if (geteuid() != 0)
		return "needs root";
	if (with_nft && system("command -v nft >/dev/null 2>&1") != 0)
		return "needs nft, of the package nftables";
	child = fork();
	if (child == 0)
		_exit(unshare(CLONE_NEWNET) != 0);
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
		return "needs a network namespace, which cannot be made here";
	return NULL;
}

void private_net(void)
{
	ck_assert_msg(unshare(CLONE_NEWNET) == 0, "unshare: %s", strerror(errno));
	private_net_set_up("lo", true);
}

void private_net_set_up(const char *interface, bool up)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
	ck_assert_msg(ioctl(fd, SIOCGIFFLAGS, &request) == 0, "%s: %s", interface, strerror(errno));
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	ck_assert_msg(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "%s: %s", interface, strerror(errno));
	close(fd);
}

static int open_tun(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	ck_assert_msg(tun >= 0 && ioctl(tun, TUNSETIFF, &request) == 0, "tun: %s", strerror(errno));
	return tun;
}

int private_net_tun(const char *name)
{
	int tun = open_tun(name);

	private_net_set_up(name, true);
	return tun;
}

int private_net_tun_of_type(const char *name, int hardware_type)
{
	int tun = open_tun(name);

	ck_assert_msg(ioctl(tun, TUNSETLINK, (unsigned long)hardware_type) == 0, "tun: %s", strerror(errno));
	return tun;
}

void private_net_nft(const char *rules)
{
	FILE *nft = popen("nft -f -", "we");

	ck_assert_ptr_nonnull(nft);
	fputs(rules, nft);
	ck_assert_msg(pclose(nft) == 0, "nft refused: %s", rules);
}

int private_net_udp(const char *from_address)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(inet_pton(AF_INET, from_address, &address.sin_addr), 1);
	ck_assert_msg(bind(udp, (struct sockaddr *)&address, sizeof address) == 0, "bind: %s", strerror(errno));
	return udp;
}

/* Nobody listens there: the refusal of an earlier datagram may be reported instead of sending this one. */
void private_net_send(int udp, const char *address, uint16_t port, const char *payload, size_t size)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	ssize_t sent;

	ck_assert_int_eq(inet_pton(AF_INET, address, &to.sin_addr), 1);
	do
		sent = sendto(udp, payload, size, 0, (struct sockaddr *)&to, sizeof to);
	while (sent < 0 && errno == ECONNREFUSED);
	ck_assert_msg(sent == (ssize_t)size, "sendto: %s", strerror(errno));
}

bool private_net_wait(int descriptor, int timeout_ms)
{
	struct pollfd wait = { .fd = descriptor, .events = POLLIN };

	return poll(&wait, 1, timeout_ms) > 0;
}

int private_net_as_nobody(int (*function)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
			_exit(99);
		_exit(function());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

nt_time private_net_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NT_SECOND + now.tv_nsec;
}
