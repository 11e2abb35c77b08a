#include "tests/support/encapsulations.h"

#include <stdlib.h>

#define MACS " 020000000002 020000000001 "
#define SNAP " aaaa03 000000 0800 "
#define ADDRESSES " 0000 020000000001 020000000001 020000000001 1000 " /* IEEE 802.11: duration to sequence control */
#define DATA " 0801" ADDRESSES

enum { HEADER_MAX = 256 };

/* The sizes in these headers count the inner packet: 45 bytes (0x2d) of IPv4, 65 (0x41) of IPv6, 59 (0x3b) of Ethernet. */
const struct encapsulation encapsulations[] = {
	{ "BSD loopback, little endian", ON_LINK, 0, INNER_IPV4, "02000000", 0 },
	{ "BSD loopback, big endian", ON_LINK, 0, INNER_IPV4, "00000002", 0 },
	{ "BSD loopback, IPv6 of FreeBSD", ON_LINK, 0, INNER_IPV6, "1c000000", 0 },
	{ "BSD loopback, IPv6 of macOS", ON_LINK, 0, INNER_IPV6, "1e000000", 0 },
	{ "BSD loopback, IPv6 of OpenBSD", ON_LINK, 0, INNER_IPV6, "18000000", 0 },
	{ "OpenBSD loopback", ON_LINK, 108, INNER_IPV4, "00000002", 0 },
	{ "raw IPv4 as link type 12", ON_LINK, 12, INNER_IPV4, "", 0 },
	{ "raw IPv4 as link type 14", ON_LINK, 14, INNER_IPV4, "", 0 },
	{ "raw IPv4 as link type 101", ON_LINK, 101, INNER_IPV4, "", 0 },
	{ "raw IPv6", ON_LINK, 101, INNER_IPV6, "", 0 },
	{ "raw link type IPV4", ON_LINK, 228, INNER_IPV4, "", 0 },
	{ "raw link type IPV6", ON_LINK, 229, INNER_IPV6, "", 0 },
	{ "Ethernet", ON_LINK, 1, INNER_ETHERNET, "", 0 },
	{ "token ring", ON_LINK, 6, INNER_IPV4, "1040" MACS SNAP, 0 },
	{ "token ring, source routed", ON_LINK, 6, INNER_IPV4, "1040 020000000002 820000000001 0630 0011 0020" SNAP, 0 },
	{ "ARCNET of BSD", ON_LINK, 7, INNER_IPV4, "0102 d4 00 0001", 0 },
	{ "ARCNET of BSD, exception packet", ON_LINK, 7, INNER_IPV4, "0102d4ffffff00000100", 0 },
	{ "ARCNET of Linux, RFC 1051", ON_LINK, 129, INNER_IPV4, "0102 0000 f0", 0 },
	{ "ARCNET of Linux, RFC 1201", ON_LINK, 129, INNER_IPV4, "0102 0000 d4 00 0001", 0 },
	{ "ARCNET of Linux, IPv6", ON_LINK, 129, INNER_IPV6, "0102 0000 c4 00 0001", 0 },
	{ "SLIP", ON_LINK, 8, INNER_IPV4, "00 *15", 0 },
	{ "PPP in HDLC framing", ON_LINK, 9, INNER_IPV4, "ff03 0021", 0 },
	{ "PPP bare", ON_LINK, 9, INNER_IPV4, "0021", 0 },
	{ "PPP, compressed protocol", ON_LINK, 9, INNER_IPV4, "21", 0 },
	{ "PPP, IPv6", ON_LINK, 9, INNER_IPV6, "ff03 0057", 0 },
	{ "PPP link that carries Cisco HDLC", ON_LINK, 50, INNER_IPV4, "0f00 0800", 0 },
	{ "PPPoE without Ethernet", ON_LINK, 51, INNER_IPV4, "1100 0001 002f 0021", 0 },
	{ "pppd", ON_LINK, 166, INNER_IPV4, "0103 0021", 0 },
	{ "PPP with direction", ON_LINK, 204, INNER_IPV4, "01 ff03 0021", 0 },
	{ "PPP, MPLS", ON_LINK, 9, INNER_IPV4, "ff03 0281 00064140", 0 },
	{ "FDDI", ON_LINK, 10, INNER_IPV4, "50" MACS SNAP, 0 },
	{ "ATM, LLC", ON_LINK, 100, INNER_IPV4, SNAP, 0 },
	{ "ATM, LLC, bridged Ethernet", ON_LINK, 100, INNER_ETHERNET, "aaaa03 0080c2 0007 0000", 0 },
	{ "ATM, link type 11", ON_LINK, 11, INNER_IPV4, SNAP, 0 },
	{ "classical IP over ATM, bare", ON_LINK, 106, INNER_IPV4, "", 0 },
	{ "classical IP over ATM, LLC", ON_LINK, 19, INNER_IPV4, SNAP, 0 },
	{ "SunATM", ON_LINK, 123, INNER_IPV4, "02 00 0064" SNAP, 0 },
	{ "Cisco HDLC", ON_LINK, 104, INNER_IPV4, "0f00 0800", 0 },
	{ "Cisco HDLC with direction", ON_LINK, 205, INNER_IPV4, "01 0f00 0800", 0 },
	{ "frame relay, NLPID", ON_LINK, 107, INNER_IPV4, "1841 03 cc", 0 },
	{ "frame relay, NLPID of IPv6", ON_LINK, 107, INNER_IPV6, "1841 03 8e", 0 },
	{ "frame relay, EtherType", ON_LINK, 107, INNER_IPV4, "1841 0800", 0 },
	{ "frame relay, SNAP", ON_LINK, 107, INNER_IPV4, "1841 03 00 80 000000 0800", 0 },
	{ "frame relay, bridged Ethernet", ON_LINK, 107, INNER_ETHERNET, "1841 03 00 80 0080c2 0007", 0 },
	{ "frame relay with direction", ON_LINK, 206, INNER_IPV4, "00 1841 03 cc", 0 },
	{ "Linux cooked", ON_LINK, 113, INNER_IPV4, "0000 0001 0006 020000000001 0000 0800", 0 },
	{ "Linux cooked, IPv6", ON_LINK, 113, INNER_IPV6, "0004 0001 0006 020000000001 0000 86dd", 0 },
	{ "Linux cooked, LLC", ON_LINK, 113, INNER_IPV4, "0000 0001 0006 020000000001 0000 0004" SNAP, 0 },
	{ "Linux cooked, VLAN", ON_LINK, 113, INNER_IPV4, "0000 0001 0006 020000000001 0000 8100 0005 0800", 5 },
	{ "Linux cooked 2", ON_LINK, 276, INNER_IPV4, "0800 0000 00000003 0001 04 06 020000000001 0000", 0 },
	{ "pf log", ON_LINK, 117, INNER_IPV4, "3d 02 *62", 0 },
	{ "OpenBSD enc", ON_LINK, 109, INNER_IPV4, "00000002 *8", 0 },
	{ "Solaris IPNET", ON_LINK, 226, INNER_IPV4, "0102 *22", 0 },
	{ "IP over IEEE 1394", ON_LINK, 138, INNER_IPV4, "*16 0800", 0 },
	{ "IP over Fibre Channel", ON_LINK, 122, INNER_IPV4, "*16" SNAP, 0 },
	{ "IP over InfiniBand", ON_LINK, 242, INNER_IPV4, "*40 0800 0000", 0 },
	{ "Symantec 2", ON_LINK, 99, INNER_IPV4, "*6 0800 *36", 0 },
	{ "Symantec 3", ON_LINK, 99, INNER_IPV6, "*20 86dd *34", 0 },
	{ "MPLS link", ON_LINK, 219, INNER_IPV4, "00064140", 0 },
	{ "802.11", ON_LINK, 105, INNER_IPV4, DATA SNAP, 0 },
	{ "802.11, QoS", ON_LINK, 105, INNER_IPV4, "8801" ADDRESSES " 0000" SNAP, 0 },
	{ "802.11, four addresses", ON_LINK, 105, INNER_IPV4, "0803" ADDRESSES " 020000000009" SNAP, 0 },
	{ "802.11, QoS and HT control", ON_LINK, 105, INNER_IPV4, "8881" ADDRESSES " 0000 00000000" SNAP, 0 },
	{ "802.11, aggregated", ON_LINK, 105, INNER_IPV4, "8801" ADDRESSES " 8000" MACS "0035" SNAP, 0 },
	{ "802.11, aggregated behind another packet", ON_LINK, 105, INNER_IPV4,
	  "8801" ADDRESSES " 8000" MACS "0008 aaaa03 000000 0806 0000" MACS "0035" SNAP, 0 },
	{ "radiotap", ON_LINK, 127, INNER_IPV4, "0000 0800 00000000" DATA SNAP, 0 },
	{ "radiotap, padded header", ON_LINK, 127, INNER_IPV4, "0000 1100 03000000 *8 208801" ADDRESSES " 00000000" SNAP, 0 },
	{ "radiotap, two presence words", ON_LINK, 127, INNER_IPV4,
	  "0000 1900 03000080 00000000 *4 *8 208801" ADDRESSES " 00000000" SNAP, 0 },
	{ "Prism", ON_LINK, 119, INNER_IPV4, "*144" DATA SNAP, 0 },
	{ "AVS", ON_LINK, 163, INNER_IPV4, "80211001 00000040 *56" DATA SNAP, 0 },
	{ "AVS as Prism", ON_LINK, 119, INNER_IPV4, "80211001 00000040 *56" DATA SNAP, 0 },
	{ "PPI", ON_LINK, 192, INNER_IPV4, "00 00 0c00 69000000 00000000" DATA SNAP, 0 },
	{ "NFLOG, little endian", ON_LINK, 239, INNER_IPV4, "02 00 0000 0800 0100 08000100 0500 0a00 00 000000 3100 0900", 0 },
	{ "NFLOG, big endian", ON_LINK, 239, INNER_IPV4, "02 00 0000 0008 0001 08000100 0031 0009", 0 },
	{ "NFLOG, IPv6", ON_LINK, 239, INNER_IPV6, "0a 00 0000 4500 0900", 0 },
	{ "PKTAP", ON_LINK, 258, INNER_ETHERNET, "6c000000 01000000 01000000 *24 02000000 *68", 0 },
	{ "Juniper Ethernet", ON_LINK, 178, INNER_ETHERNET, "4d4743 81 0004 00000000", 0 },
	{ "Juniper without link layer", ON_LINK, 178, INNER_IPV4, "4d4743 82 0000 00000002", 0 },
	{ "Juniper PPP", ON_LINK, 179, INNER_IPV4, "4d4743 00 ff03 0021", 0 },
	{ "Juniper Cisco HDLC", ON_LINK, 181, INNER_IPV4, "4d4743 00 0f00 0800", 0 },
	{ "Juniper frame relay", ON_LINK, 180, INNER_IPV4, "4d4743 00 1841 03 cc", 0 },
	{ "Broadcom tag", ON_LINK, 281, INNER_IPV4, MACS "00000001 0800", 0 },
	{ "Broadcom tag in front", ON_LINK, 282, INNER_ETHERNET, "00000001", 0 },
	{ "Marvell DSA tag", ON_LINK, 284, INNER_IPV4, MACS "60000007 0800", 7 },
	{ "Marvell EDSA tag", ON_LINK, 285, INNER_IPV4, MACS "dada 0000 60000007 0800", 7 },
	{ "Marvell DSA tag, no VLAN", ON_LINK, 284, INNER_IPV4, MACS "40000007 0800", 0 },
	{ "mPacket", ON_LINK, 274, INNER_ETHERNET, "55555555555555d5", 0 },
	{ "802.1Q", ON_ETHERNET, 0x8100, INNER_IPV4, "0005 0800", 5 },
	{ "802.1Q, IPv6", ON_ETHERNET, 0x8100, INNER_IPV6, "0005 86dd", 5 },
	{ "802.1Q, priority only", ON_ETHERNET, 0x8100, INNER_IPV4, "e000 0800", 0 },
	{ "802.1Q, priority inside a VLAN", ON_ETHERNET, 0x88a8, INNER_IPV4, "0005 8100 e000 0800", 5 },
	{ "802.1ad and 802.1Q", ON_ETHERNET, 0x88a8, INNER_IPV4, "0064 8100 2005 0800", 5 },
	{ "QinQ 0x9100", ON_ETHERNET, 0x9100, INNER_IPV4, "0064 8100 0005 0800", 5 },
	{ "802.1Q, LLC", ON_ETHERNET, 0x8100, INNER_IPV4, "0005 0035" SNAP, 5 },
	{ "SNAP in 802.3", ON_ETHERNET, 0x0035, INNER_IPV4, SNAP, 0 },
	{ "LLC with SAP of IP", ON_ETHERNET, 0x0030, INNER_IPV4, "060603", 0 },
	{ "LLC with NLPID", ON_ETHERNET, 0x0031, INNER_IPV4, "fefe03cc", 0 },
	{ "PPPoE", ON_ETHERNET, 0x8864, INNER_IPV4, "1100 0001 002f 0021", 0 },
	{ "PPPoE, IPv6", ON_ETHERNET, 0x8864, INNER_IPV6, "1100 0001 0043 0057", 0 },
	{ "MPLS", ON_ETHERNET, 0x8847, INNER_IPV4, "00064140", 0 },
	{ "MPLS, IPv6", ON_ETHERNET, 0x8847, INNER_IPV6, "00064140", 0 },
	{ "MPLS, three labels", ON_ETHERNET, 0x8847, INNER_IPV4, "00064040 00065040 00066140", 0 },
	{ "MPLS, explicit null", ON_ETHERNET, 0x8847, INNER_IPV4, "00000140", 0 },
	{ "MPLS, explicit null of IPv6", ON_ETHERNET, 0x8847, INNER_IPV6, "00002140", 0 },
	{ "MPLS pseudowire", ON_ETHERNET, 0x8847, INNER_ETHERNET, "00064140", 0 },
	{ "MPLS pseudowire with control word", ON_ETHERNET, 0x8847, INNER_ETHERNET, "00064140 00000000", 0 },
	{ "802.1ah", ON_ETHERNET, 0x88e7, INNER_ETHERNET, "00001234", 0 },
	{ "FabricPath", ON_ETHERNET, 0x8903, INNER_ETHERNET, "0060", 0 },
	{ "TRILL", ON_ETHERNET, 0x22f3, INNER_ETHERNET, "0045 0001 0002 00000000", 0 },
	{ "Cisco MetaData", ON_ETHERNET, 0x8909, INNER_IPV4, "0101 0001 0007 0800", 0 },
	{ "802.1CB", ON_ETHERNET, 0xf1c1, INNER_IPV4, "0000 0001 0800", 0 },
	{ "HSR", ON_ETHERNET, 0x892f, INNER_IPV4, "0035 0001 0800", 0 },
	{ "VN-Tag", ON_ETHERNET, 0x8926, INNER_IPV4, "80010000 0800", 0 },
	{ "NSH", ON_ETHERNET, 0x894f, INNER_IPV4, "0fc20201 000001ff", 0 },
	{ "NSH, Ethernet", ON_ETHERNET, 0x894f, INNER_ETHERNET, "0fc60103 000001ff *16", 0 },
	{ "Realtek tag", ON_ETHERNET, 0x8899, INNER_IPV4, "a0000800", 0 },
	{ "Realtek tag of 8 bytes", ON_ETHERNET, 0x8899, INNER_IPV4, "0400 0000 0000 0800", 0 },
	{ "IPv4 in IPv4", ON_IP, 4, INNER_IPV4, "", 0 },
	{ "6in4", ON_IP, 41, INNER_IPV6, "", 0 },
	{ "GRE", ON_IP, 47, INNER_IPV4, "0000 0800", 0 },
	{ "GRE, IPv6", ON_IP, 47, INNER_IPV6, "0000 86dd", 0 },
	{ "GRE, checksum, key and sequence", ON_IP, 47, INNER_IPV4, "b000 0800 00000000 00000001 00000002", 0 },
	{ "GRE, routing", ON_IP, 47, INNER_IPV4, "4000 0800 00000000 0800 0004 01020304 00000000", 0 },
	{ "NVGRE", ON_IP, 47, INNER_ETHERNET, "2000 6558 00123456", 0 },
	{ "GRE, MPLS", ON_IP, 47, INNER_IPV4, "0000 8847 00064140", 0 },
	{ "GRE, VLAN", ON_IP, 47, INNER_IPV4, "0000 8100 0005 0800", 0 },
	{ "GRE, PPTP", ON_IP, 47, INNER_IPV4, "3081 880b 0031 0001 00000001 00000000 ff03 0021", 0 },
	{ "GRE, PPTP without acknowledgment", ON_IP, 47, INNER_IPV4, "3001 880b 002e 0001 00000001 21", 0 },
	{ "ERSPAN I", ON_IP, 47, INNER_ETHERNET, "0000 88be", 0 },
	{ "ERSPAN II", ON_IP, 47, INNER_ETHERNET, "1000 88be 00000001 1000 0001 00000000", 0 },
	{ "ERSPAN III", ON_IP, 47, INNER_ETHERNET, "1000 22eb 00000001 2000 0001 00000000 0000 0000", 0 },
	{ "ERSPAN III, platform header", ON_IP, 47, INNER_ETHERNET, "1000 22eb 00000001 2000 0001 00000000 0000 0001 *8", 0 },
	{ "ERSPAN III, IP", ON_IP, 47, INNER_IPV4, "1000 22eb 00000001 2000 0001 00000000 0000 0800", 0 },
	{ "WCCP", ON_IP, 47, INNER_IPV4, "0000 883e 00000000", 0 },
	{ "WCCP version 1", ON_IP, 47, INNER_IPV4, "0000 883e", 0 },
	{ "EtherIP", ON_IP, 97, INNER_ETHERNET, "3000", 0 },
	{ "MPLS in IP", ON_IP, 137, INNER_IPV4, "00064140", 0 },
	{ "Ethernet in IP", ON_IP, 143, INNER_ETHERNET, "", 0 },
	{ "VXLAN", ON_UDP, 4789, INNER_ETHERNET, "08000000 00123400", 0 },
	{ "VXLAN, group policy", ON_UDP, 4789, INNER_ETHERNET, "88000010 00123400", 0 },
	{ "VXLAN, port of Linux", ON_UDP, 8472, INNER_ETHERNET, "08000000 00123400", 0 },
	{ "VXLAN-GPE, IPv4", ON_UDP, 4790, INNER_IPV4, "0c000001 00123400", 0 },
	{ "VXLAN-GPE, Ethernet", ON_UDP, 4790, INNER_ETHERNET, "0c000003 00123400", 0 },
	{ "VXLAN-GPE, NSH", ON_UDP, 4790, INNER_IPV4, "0c000004 00123400 0fc20201 000001ff", 0 },
	{ "VXLAN-GPE, MPLS", ON_UDP, 4790, INNER_IPV4, "0c000005 00123400 00064140", 0 },
	{ "VXLAN-GPE on the port of VXLAN", ON_UDP, 4789, INNER_IPV6, "0c000002 00123400", 0 },
	{ "Geneve", ON_UDP, 6081, INNER_ETHERNET, "00006558 00123400", 0 },
	{ "Geneve, options", ON_UDP, 6081, INNER_IPV4, "02000800 00123400 0102030104050607", 0 },
	{ "Geneve, IPv6", ON_UDP, 6081, INNER_IPV6, "000086dd 00123400", 0 },
	{ "GTP-U", ON_UDP, 2152, INNER_IPV4, "30ff 002d 00000001", 0 },
	{ "GTP-U, sequence", ON_UDP, 2152, INNER_IPV4, "32ff 0031 00000001 00010000", 0 },
	{ "GTP-U, extension", ON_UDP, 2152, INNER_IPV4, "34ff 0035 00000001 00000085 01100100", 0 },
	{ "GTP-U, IPv6", ON_UDP, 2152, INNER_IPV6, "30ff 0041 00000001", 0 },
	{ "Teredo", ON_UDP, 3544, INNER_IPV6, "", 0 },
	{ "Teredo, origin", ON_UDP, 3544, INNER_IPV6, "0000 1234 01020304", 0 },
	{ "Teredo, authentication and origin", ON_UDP, 3544, INNER_IPV6, "0001 0000 *8 000000 1234 01020304", 0 },
	{ "AYIYA", ON_UDP, 5072, INNER_IPV6, "44 52 11 29 00000000 *16 *20", 0 },
	{ "L2TP", ON_UDP, 1701, INNER_IPV4, "4002 0039 0001 0002 ff03 0021", 0 },
	{ "L2TP, sequence", ON_UDP, 1701, INNER_IPV4, "0802 0001 0002 0000 0000 0021", 0 },
	{ "CAPWAP, 802.3", ON_UDP, 5247, INNER_ETHERNET, "00 10 0200 0000 0000", 0 },
	{ "CAPWAP, 802.11", ON_UDP, 5247, INNER_IPV4, "00 10 0300 0000 0000" DATA SNAP, 0 },
	{ "CAPWAP, 802.11 with swapped control field", ON_UDP, 5247, INNER_IPV4,
	  "00 10 0300 0000 00000108 00000200000000010200000000010200000000010010" SNAP, 0 },
	{ "GRE in UDP", ON_UDP, 4754, INNER_IPV4, "0000 0800", 0 },
	{ "MPLS in UDP", ON_UDP, 6635, INNER_IPV4, "00064140", 0 },
};
const size_t encapsulation_count = sizeof(encapsulations) / sizeof(encapsulations[0]);

static const struct test_packet inner_ipv4 = { .source = "192.0.2.1",
					       .destination = "192.0.2.2",
					       .source_port = INNER_SOURCE_PORT,
					       .destination_port = INNER_DESTINATION_PORT,
					       .flags = 0x18,
					       .sequence = 1000 };
static const struct test_packet inner_ipv6 = { .source = "2001:db8::1",
					       .destination = "2001:db8::2",
					       .source_port = INNER_SOURCE_PORT,
					       .destination_port = INNER_DESTINATION_PORT,
					       .flags = 0x18,
					       .sequence = 1000 };

/* Hexadecimal digits with spaces; "*8" is 8 bytes of 0. */
static size_t read_hex(const char *text, uint8_t out[HEADER_MAX])
{
	char digits[3] = "", *end;
	size_t size = 0;

	while (*text && size < HEADER_MAX) {
		if (*text == ' ') {
			text++;
		} else if (*text == '*') {
			for (long zeros = strtol(text + 1, &end, 10); zeros > 0 && size < HEADER_MAX; zeros--)
				out[size++] = 0;
			text = end;
		} else {
			digits[0] = text[0];
			digits[1] = text[1];
			out[size++] = (uint8_t)strtol(digits, NULL, 16);
			text += text[1] ? 2 : 1;
		}
	}
	return size;
}

uint32_t encapsulation_link_type(const struct encapsulation *e)
{
	return e->carrier == ON_LINK ? e->number : 1;
}

void encapsulation_build(const struct encapsulation *e, struct frame_builder *f)
{
	uint8_t header[HEADER_MAX];
	const struct test_packet *inner = e->inner == INNER_IPV6 ? &inner_ipv6 : &inner_ipv4;
	struct test_packet outer = { .source_port = 50000, .destination_port = (uint16_t)e->number };

	frame_begin(f, "hello", INNER_PAYLOAD_SIZE);
	frame_tcp(f, inner);
	frame_ip(f, inner, 6);
	if (e->inner == INNER_ETHERNET)
		frame_ethernet(f, NULL, frame_ip_ethertype(inner));
	frame_push(f, header, read_hex(e->header, header));
	if (e->carrier == ON_UDP)
		frame_udp(f, &outer);
	if (e->carrier == ON_UDP || e->carrier == ON_IP)
		frame_ip(f, &outer, e->carrier == ON_UDP ? 17 : (uint8_t)e->number);
	if (e->carrier != ON_LINK)
		frame_ethernet(f, NULL, e->carrier == ON_ETHERNET ? (uint16_t)e->number : 0x0800);
}
