/*
 * Files that are recognised only to be refused by name.
 */
#include "capture/reader.h"

#include <string.h>

#define CONVERT "; convert it with: editcap -F pcapng IN OUT"
#define DECOMPRESS "; decompress it first"
#define MAGIC(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static const struct {
	const char *what;
	size_t offset;
	struct bytes magic;
} refused[] = {
	/* captures of other programs */
	{ "a Sun snoop capture" CONVERT, 0, MAGIC("snoop\0\0\0") },
	{ "a Microsoft Network Monitor 1 capture" CONVERT, 0, MAGIC("RTSS") },
	{ "a Microsoft Network Monitor 2 capture" CONVERT, 0, MAGIC("GMBU") },
	{ "a NetXRay or Windows Sniffer capture" CONVERT, 0, MAGIC("XCP\0") },
	{ "an old NetXRay capture" CONVERT, 0, MAGIC("VL\0\0") },
	{ "a DOS Sniffer capture" CONVERT, 0, MAGIC("TRSNIFF data    \x1a") },
	{ "an AIX iptrace capture" CONVERT, 0, MAGIC("iptrace 1.0") },
	{ "an AIX iptrace capture" CONVERT, 0, MAGIC("iptrace 2.0") },
	{ "an HP-UX nettl trace" CONVERT, 0, MAGIC("TR\0d\0") },
	{ "an HP-UX nettl trace" CONVERT, 0, MAGIC("\0\0\0\1\0\0\0\0\0\x07\xd0\0") },
	{ "a Novell LANalyzer capture" CONVERT, 0, MAGIC("\x01\x10\x4c\0") },
	{ "a Visual Networks capture" CONVERT, 0, MAGIC("\5VNF") },
	{ "an Accellent 5Views capture" CONVERT, 0, MAGIC("\xaa\xaa\xaa\xaa") },
	{ "a Network Instruments Observer capture" CONVERT, 0, MAGIC("ObserverPktBuffe") },
	{ "a Tektronix K12 text capture" CONVERT, 0, MAGIC("+---------+---------------+----------+") },
	{ "a Tektronix K12 capture" CONVERT, 0, MAGIC("\0\0\2\0\x12\5\0\x10") },
	{ "an EyeSDN capture" CONVERT, 0, MAGIC("EyeSDN") },
	{ "an EtherPeek or OmniPeek capture" CONVERT, 0, MAGIC("\177ver") },
	{ "a NetScaler trace" CONVERT, 0, MAGIC("NetScaler Performance Data") },
	{ "a Bluetooth btsnoop capture" CONVERT, 0, MAGIC("btsnoop\0") },
	{ "a Navtel capture" CONVERT, 0, MAGIC("\xa1\xe2\xcb\x12") },
	{ "a Navtel capture" CONVERT, 0, MAGIC("\x12\xcb\xe2\xa1") },
	{ "a Windows event trace (ETL)"
	  "; convert it with: etl2pcapng IN OUT",
	  0, MAGIC("\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\x4a") },
	{ "an Android log; only captures can be read", 0, MAGIC("--------- beginning of") },
	/* a pcapng file begins with a section header (draft-ietf-opsawg-pcapng 4.1) */
	{ "a pcapng file without its first block, the section header; give the whole file", 0, MAGIC("\1\0\0\0\x14\0\0\0") },
	{ "a pcapng file without its first block, the section header; give the whole file", 0, MAGIC("\0\0\0\1\0\0\0\x14") },
	{ "a pcapng file without its first block, the section header; give the whole file", 0, MAGIC("\x06\0\0\0") },
	{ "a pcapng file without its first block, the section header; give the whole file", 0, MAGIC("\0\0\0\x06") },
	/* compressed files and archives */
	{ "a bzip2 file" DECOMPRESS, 0, MAGIC("BZh") },
	{ "an xz file" DECOMPRESS, 0,
	  MAGIC("\xfd"
		"7zXZ\0") },
	{ "an LZ4 file" DECOMPRESS, 0, MAGIC("\x04\x22\x4d\x18") },
	{ "a compress (.Z) file" DECOMPRESS, 0, MAGIC("\x1f\x9d") },
	{ "a zip archive; nettrace-analyze reads it as a plain file, not through a pipe", 0, MAGIC("PK\3\4") },
	{ "a 7z archive; unpack it first", 0, MAGIC("7z\xbc\xaf\x27\x1c") },
	{ "a tar archive; nettrace-analyze reads it as a plain file, not through a pipe", 257, MAGIC("ustar") },
	/* a recording that came through a pipe, is compressed, or is to be imported; its application id (store/recording.h) */
	{ "a recording of nettrace-capture; nettrace-analyze reads it as a plain file, not through a pipe", 68, MAGIC("NTRC") },
	/* no captures at all */
	{ "an SQLite database, but no recording of nettrace-capture; give a pcap or pcapng file", 0, MAGIC("SQLite format 3\0") },
	{ "a PDF document; give a pcap or pcapng file", 0, MAGIC("%PDF") },
	{ "a program; give a pcap or pcapng file", 0, MAGIC("\177ELF") },
};

const char *formats_refused(struct bytes first)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const struct bytes *magic = &refused[i].magic;

		if (first.size >= refused[i].offset + magic->size &&
		    memcmp(first.at + refused[i].offset, magic->at, magic->size) == 0)
			return refused[i].what;
	}
	return NULL;
}
