/*
 * Attempts to connect that come to nothing: syns COUNT [answered] writes so many as a pcap to standard output, each from an address of its
 * own to one server; "answered": with the server's SYN-ACK.  A hundred thousand a second, as a flood brings them.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYN = 0x02, SYN_ACK = 0x12, CLIENTS = 0x0a000000, SERVER = 0xc0000201, SERVER_PORT = 443, HALF_INTERVAL_US = 5 };

/* libpcap's file format, Ethernet, IPv4 and TCP with an MSS: what does not change is in place. */
struct frame {
	uint32_t seconds, microseconds, captured, size;
	uint8_t ethernet[14], ip[20], tcp[24];
} __attribute__((packed));

static const struct frame plain = {
	.captured = 58,
	.size = 58,
	.ethernet = { [12] = 0x08 },
	.ip = { 0x45, 0, 0, 44, 0, 0, 0, 0, 64, 6 },
	.tcp = { [12] = 0x60, [14] = 0xfa, [15] = 0xf0, [20] = 2, [21] = 4, [22] = 0x05, [23] = 0xb4 },
};

static void put32(uint8_t *at, uint32_t number)
{
	number = htonl(number);
	memcpy(at, &number, sizeof number);
}

static void put16(uint8_t *at, uint16_t number)
{
	number = htons(number);
	memcpy(at, &number, sizeof number);
}

static void write_frame(uint64_t microseconds, uint32_t client, uint16_t port, uint32_t sequence, int flags)
{
	struct frame frame = plain;
	int by_server = flags == SYN_ACK;

	frame.seconds = (uint32_t)(1700000000 + microseconds / 1000000);
	frame.microseconds = (uint32_t)(microseconds % 1000000);
	put32(frame.ip + 12, by_server ? SERVER : client);
	put32(frame.ip + 16, by_server ? client : SERVER);
	put16(frame.tcp, by_server ? SERVER_PORT : port);
	put16(frame.tcp + 2, by_server ? port : SERVER_PORT);
	put32(frame.tcp + 4, by_server ? ~sequence : sequence);
	put32(frame.tcp + 8, by_server ? sequence + 1 : 0);
	frame.tcp[13] = (uint8_t)flags;
	fwrite(&frame, sizeof frame, 1, stdout);
}

int main(int argc, char **argv)
{
	static const uint32_t header[] = { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 };
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	if (count == 0 || count > 0xffffff || argc > 3 || (argc == 3 && strcmp(argv[2], "answered") != 0)) {
		fputs("usage: syns COUNT [answered], COUNT up to 16777215\n", stderr);
		return 1;
	}
	fwrite(header, sizeof header, 1, stdout);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t port = (uint16_t)(1024 + i % 60000);
		uint32_t sequence = i * UINT32_C(2654435761);

		write_frame(i * 2 * HALF_INTERVAL_US, CLIENTS + i, port, sequence, SYN);
		if (argc == 3)
			write_frame(i * 2 * HALF_INTERVAL_US + HALF_INTERVAL_US, CLIENTS + i, port, sequence, SYN_ACK);
	}
	return fflush(stdout) != 0 || ferror(stdout) != 0;
}
