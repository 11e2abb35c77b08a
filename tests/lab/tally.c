/* How many different datagrams of blast are in a capture file: tally FILE COUNT; of the numbers 0 to COUNT - 1. */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS = 14 + 20 + 8, DIGITS = 10 };

static int read_number(const struct pcap_pkthdr *header, const u_char *bytes, uint64_t *number)
{
	char digits[DIGITS + 1] = "", *end;

	if (header->caplen < HEADERS + DIGITS)
		return 0;
	memcpy(digits, bytes + HEADERS, DIGITS);
	*number = strtoull(digits, &end, 10);
	return end == digits + DIGITS;
}

static uint64_t tally(pcap_t *file, uint64_t count)
{
	unsigned char *seen = calloc(count, 1);
	struct pcap_pkthdr *header;
	const u_char *bytes;
	uint64_t different = 0, number;

	while (seen && pcap_next_ex(file, &header, &bytes) == 1) {
		if (!read_number(header, bytes, &number) || number >= count || seen[number])
			continue;
		seen[number] = 1;
		different++;
	}
	free(seen);
	return different;
}

int main(int argc, char **argv)
{
	char text[PCAP_ERRBUF_SIZE] = "usage: tally FILE COUNT";
	pcap_t *file = argc == 3 ? pcap_open_offline(argv[1], text) : NULL;

	if (!file) {
		fprintf(stderr, "tally: %s\n", text);
		return 1;
	}
	printf("%llu\n", (unsigned long long)tally(file, strtoull(argv[2], NULL, 10)));
	pcap_close(file);
	return 0;
}
