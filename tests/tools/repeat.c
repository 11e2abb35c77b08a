/*
 * A capture many times over, as one long one: repeat FILE TIMES writes it to standard output.
 *
 * Each copy begins a second after the one before it, and its IPv4 addresses differ from those of all others (in their third byte).  Reads
 * pcap with microseconds in this machine's byte order, over Ethernet, as tests/bench records it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAGIC = 0xa1b2c3d4,
	FILE_HEADER = 24,
	RECORD_HEADER = 16,
	ETHERNET_HEADER = 14,
	SOURCE = 12,
	DESTINATION = 16,
	LONGEST = 262144
};

static uint32_t number_at(const uint8_t *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof number);
	return number;
}

static void fail(const char *what)
{
	fprintf(stderr, "repeat: %s\n", what);
	exit(1);
}

static int64_t time_of(const uint8_t *record)
{
	return (int64_t)number_at(record) * 1000000 + number_at(record + 4);
}

static void set_time(uint8_t *record, int64_t microseconds)
{
	uint32_t seconds = (uint32_t)(microseconds / 1000000), rest = (uint32_t)(microseconds % 1000000);

	memcpy(record, &seconds, sizeof seconds);
	memcpy(record + 4, &rest, sizeof rest);
}

/* The next record with its packet; 0 at the end. */
static size_t read_record(FILE *in, uint8_t *record)
{
	uint32_t size;

	if (fread(record, 1, RECORD_HEADER, in) != RECORD_HEADER)
		return 0;
	size = number_at(record + 8);
	if (size > LONGEST || fread(record + RECORD_HEADER, 1, size, in) != size)
		fail("the capture is cut, or not what tests/bench records");
	return RECORD_HEADER + size;
}

/* Writes one copy; returns the time of its last packet. */
static int64_t copy(FILE *in, int64_t shift, uint8_t number)
{
	static uint8_t record[RECORD_HEADER + LONGEST];
	const size_t third_byte = RECORD_HEADER + ETHERNET_HEADER + 2;
	int64_t last = 0;
	size_t size;

	fseek(in, FILE_HEADER, SEEK_SET);
	while ((size = read_record(in, record))) {
		last = time_of(record) + shift;
		set_time(record, last);
		if (size >= third_byte + DESTINATION + 2) {
			record[third_byte + SOURCE] ^= number;
			record[third_byte + DESTINATION] ^= number;
		}
		if (fwrite(record, 1, size, stdout) != size)
			fail("whoever reads has gone");
	}
	return last;
}

int main(int argc, char **argv)
{
	uint8_t header[FILE_HEADER + RECORD_HEADER];
	FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
	int times = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
	int64_t first, shift = 0;

	if (!in || times < 1 || times > 256 || fread(header, 1, sizeof header, in) != sizeof header || number_at(header) != MAGIC)
		fail("usage: repeat FILE TIMES (1 to 256), with a pcap as tests/bench records it");
	first = time_of(header + FILE_HEADER);
	if (fwrite(header, 1, FILE_HEADER, stdout) != FILE_HEADER)
		fail("whoever reads has gone");
	for (int i = 0; i < times; i++)
		shift = copy(in, shift, (uint8_t)i) + 1000000 - first;
	return 0;
}
