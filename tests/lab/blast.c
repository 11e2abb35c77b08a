/*
 * Sends numbered UDP datagrams at a steady rate: blast ADDRESS PORT SIZE RATE COUNT; rate 0 is as fast as it goes, count 0 without end.
 * With FIRST-LAST for the port they go to these in turn.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, LARGEST = 1472, DIGITS = 10 };

static char payloads[BATCH][LARGEST + DIGITS + 1];
static struct iovec pieces[BATCH];
static struct mmsghdr messages[BATCH];
static struct sockaddr_in targets[BATCH];
static unsigned first_port, ports;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void wait_until(int64_t moment)
{
	const struct timespec time = { moment / 1000000000, moment % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0)
		continue;
}

static void read_ports(const char *text)
{
	char *end;

	first_port = (unsigned)strtoul(text, &end, 10);
	ports = *end == '-' ? (unsigned)strtoul(end + 1, NULL, 10) - first_port + 1 : 1;
}

static int open_socket(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)first_port) };
	int out = socket(AF_INET, SOCK_DGRAM, 0);

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(out, (struct sockaddr *)&to, sizeof to) != 0)
		return -1;
	for (int i = 0; i < BATCH; i++)
		targets[i] = to;
	return out;
}

static void prepare(size_t size)
{
	for (int i = 0; i < BATCH; i++) {
		memset(payloads[i], 'x', sizeof payloads[i]);
		pieces[i] = (struct iovec){ payloads[i], size };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
		if (ports > 1) {
			messages[i].msg_hdr.msg_name = &targets[i];
			messages[i].msg_hdr.msg_namelen = sizeof targets[i];
		}
	}
}

static void number(uint64_t first, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char digits[24];

		snprintf(digits, sizeof digits, "%010llu", (unsigned long long)(first + i));
		memcpy(payloads[i], digits, DIGITS);
		targets[i].sin_port = htons((uint16_t)(first_port + (first + i) % ports));
	}
}

/* Datagrams that are to have been sent by now. */
static uint64_t due(uint64_t rate, int64_t begin)
{
	return rate ? (uint64_t)(now() - begin) * rate / 1000000000 + 1 : UINT64_MAX;
}

static void send_all(int out, uint64_t rate, uint64_t count)
{
	int64_t begin = now();
	uint64_t sent = 0;

	while (!count || sent < count) {
		uint64_t waiting = due(rate, begin) - sent, most = count && count - sent < BATCH ? count - sent : BATCH;
		int done;

		if (waiting < most && waiting < 1) {
			wait_until(begin + (int64_t)((sent + 1) * 1000000000 / rate));
			continue;
		}
		number(sent, (unsigned)(waiting < most ? waiting : most));
		done = sendmmsg(out, messages, (unsigned)(waiting < most ? waiting : most), 0);
		if (done > 0)
			sent += (uint64_t)done;
	}
	printf("%llu datagrams in %.3f s\n", (unsigned long long)sent, (double)(now() - begin) / 1e9);
}

int main(int argc, char **argv)
{
	size_t size = argc == 6 ? strtoul(argv[3], NULL, 10) : 0;
	int out;

	if (size < DIGITS || size > LARGEST) {
		fputs("usage: blast ADDRESS PORT[-LAST] SIZE RATE COUNT\n", stderr);
		return 1;
	}
	read_ports(argv[2]);
	out = open_socket(argv[1]);
	if (out < 0) {
		perror("blast");
		return 1;
	}
	prepare(size);
	send_all(out, strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	return 0;
}
