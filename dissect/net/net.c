/*
 * Which header comes next: the rows, the limit of nesting, and the way in.
 */
#include "dissect/net/decode.h"

#include <stdio.h>

/* Known, and may well hold IP, but there is no decoder. */
static enum net_result unsupported(struct cursor c, struct net_packet *out)
{
	(void)c;
	(void)out;
	return NET_UNKNOWN;
}

/* The LINKTYPE_ registry; 11, 12, 14 and 16 are what some systems write for 100, 101, 101 and 112. */
static const struct net_row link_types[] = {
	{ 0, "NULL", null_decode },
	{ 1, "ETHERNET", ethernet_decode },
	{ 3, "AX25", unsupported },
	{ 6, "IEEE802_5", token_ring_decode },
	{ 7, "ARCNET_BSD", arcnet_bsd_decode },
	{ 8, "SLIP", slip_decode },
	{ 9, "PPP", ppp_decode },
	{ 10, "FDDI", fddi_decode },
	{ 11, "ATM_RFC1483", atm_decode },
	{ 12, "RAW", ip_decode },
	{ 14, "RAW", ip_decode },
	{ 19, "LINUX_CLIP", atm_clip_decode },
	{ 50, "PPP_HDLC", ppp_decode },
	{ 51, "PPP_ETHER", pppoe_decode },
	{ 99, "SYMANTEC_FIREWALL", symantec_decode },
	{ 100, "ATM_RFC1483", atm_decode },
	{ 101, "RAW", ip_decode },
	{ 104, "C_HDLC", chdlc_decode },
	{ 105, "IEEE802_11", ieee80211_decode },
	{ 106, "ATM_CLIP", atm_clip_decode },
	{ 107, "FRELAY", frame_relay_decode },
	{ 108, "LOOP", loop_decode },
	{ 109, "ENC", enc_decode },
	{ 112, "C_HDLC", chdlc_decode },
	{ 113, "LINUX_SLL", sll_decode },
	{ 114, "LTALK", NULL },
	{ 117, "PFLOG", pflog_decode },
	{ 119, "IEEE802_11_PRISM", prism_decode },
	{ 122, "IP_OVER_FC", fibre_channel_decode },
	{ 123, "SUNATM", sunatm_decode },
	{ 127, "IEEE802_11_RADIOTAP", radiotap_decode },
	{ 129, "ARCNET_LINUX", arcnet_linux_decode },
	{ 138, "APPLE_IP_OVER_IEEE1394", ieee1394_decode },
	{ 139, "MTP2_WITH_PHDR", NULL },
	{ 140, "MTP2", NULL },
	{ 141, "MTP3", NULL },
	{ 142, "SCCP", NULL },
	{ 143, "DOCSIS", unsupported },
	{ 144, "LINUX_IRDA", NULL },
	{ 163, "IEEE802_11_AVS", avs_decode },
	{ 165, "BACNET_MS_TP", NULL },
	{ 166, "PPP_PPPD", pppd_decode },
	{ 177, "LINUX_LAPD", NULL },
	{ 178, "JUNIPER_ETHER", juniper_ether_decode },
	{ 179, "JUNIPER_PPP", juniper_ppp_decode },
	{ 180, "JUNIPER_FRELAY", juniper_frame_relay_decode },
	{ 181, "JUNIPER_CHDLC", juniper_chdlc_decode },
	{ 182, "MFR", unsupported },
	{ 187, "BLUETOOTH_HCI_H4", NULL },
	{ 189, "USB_LINUX", unsupported },
	{ 190, "CAN20B", NULL },
	{ 192, "PPI", ppi_decode },
	{ 195, "IEEE802_15_4_WITHFCS", unsupported },
	{ 201, "BLUETOOTH_HCI_H4_WITH_PHDR", NULL },
	{ 204, "PPP_WITH_DIR", ppp_with_direction_decode },
	{ 205, "C_HDLC_WITH_DIR", chdlc_with_direction_decode },
	{ 206, "FRELAY_WITH_DIR", frame_relay_with_direction_decode },
	{ 219, "MPLS", mpls_decode },
	{ 220, "USB_LINUX_MMAPPED", unsupported },
	{ 226, "IPNET", ipnet_decode },
	{ 227, "CAN_SOCKETCAN", NULL },
	{ 228, "IPV4", ipv4_decode },
	{ 229, "IPV6", ipv6_decode },
	{ 230, "IEEE802_15_4_NOFCS", unsupported },
	{ 231, "DBUS", NULL },
	{ 239, "NFLOG", nflog_decode },
	{ 242, "IPOIB", ipoib_decode },
	{ 247, "INFINIBAND", unsupported },
	{ 249, "USBPCAP", unsupported },
	{ 251, "BLUETOOTH_LE_LL", NULL },
	{ 252, "WIRESHARK_UPPER_PDU", unsupported },
	{ 253, "NETLINK", NULL },
	{ 254, "BLUETOOTH_LINUX_MONITOR", NULL },
	{ 256, "BLUETOOTH_LE_LL_WITH_PHDR", NULL },
	{ 258, "PKTAP", pktap_decode },
	{ 271, "VSOCK", NULL },
	{ 274, "ETHERNET_MPACKET", mpacket_decode },
	{ 276, "LINUX_SLL2", sll2_decode },
	{ 280, "VPP_DISPATCH", unsupported },
	{ 281, "DSA_TAG_BRCM", brcm_tag_decode },
	{ 282, "DSA_TAG_BRCM_PREPEND", brcm_prepended_decode },
	{ 283, "IEEE802_15_4_TAP", unsupported },
	{ 284, "DSA_TAG_DSA", dsa_decode },
	{ 285, "DSA_TAG_EDSA", edsa_decode },
};

static const struct net_row ethertypes[] = {
	{ 0x0800, "IPv4", ipv4_decode },
	{ 0x0806, "ARP", NULL },
	{ 0x0842, "Wake-on-LAN", NULL },
	{ 0x0bad, "VINES", NULL },
	{ 0x2000, "CDP", NULL },
	{ 0x22ea, "SRP", NULL },
	{ 0x22f0, "AVTP", NULL },
	{ 0x22f3, "TRILL", trill_decode },
	{ 0x22f4, "L2-IS-IS", NULL },
	{ 0x6000, "DEC", NULL },
	{ 0x6001, "DEC MOP dump", NULL },
	{ 0x6002, "DEC MOP console", NULL },
	{ 0x6003, "DECnet", NULL },
	{ 0x6004, "DEC LAT", NULL },
	{ 0x6558, "transparent Ethernet bridging", ethernet_decode },
	{ 0x8035, "RARP", NULL },
	{ 0x809b, "AppleTalk", NULL },
	{ 0x80f3, "AppleTalk ARP", NULL },
	{ 0x8100, "802.1Q", vlan_decode },
	{ 0x8137, "IPX", NULL },
	{ 0x86dd, "IPv6", ipv6_decode },
	{ 0x8808, "Ethernet flow control", NULL },
	{ 0x8809, "slow protocols", NULL },
	{ 0x880b, "PPP", ppp_decode },
	{ 0x8847, "MPLS", mpls_decode },
	{ 0x8848, "MPLS multicast", mpls_decode },
	{ 0x8863, "PPPoE discovery", NULL },
	{ 0x8864, "PPPoE", pppoe_decode },
	{ 0x887b, "HomePlug", NULL },
	{ 0x888e, "EAPOL", NULL },
	{ 0x8892, "PROFINET", NULL },
	{ 0x8899, "Realtek", realtek_decode },
	{ 0x88a2, "ATA over Ethernet", NULL },
	{ 0x88a4, "EtherCAT", NULL },
	{ 0x88a8, "802.1ad", vlan_decode },
	{ 0x88ab, "Powerlink", NULL },
	{ 0x88b8, "GOOSE", NULL },
	{ 0x88ba, "sampled values", NULL },
	{ 0x88c7, "802.11i pre-authentication", NULL },
	{ 0x88ca, "TIPC", NULL },
	{ 0x88cc, "LLDP", NULL },
	{ 0x88cd, "SERCOS III", NULL },
	{ 0x88d9, "LLTD", NULL },
	{ 0x88e1, "HomePlug AV", NULL },
	{ 0x88e3, "MRP", NULL },
	{ 0x88e5, "MACsec", unsupported },
	{ 0x88e7, "802.1ah", pbb_decode },
	{ 0x88f5, "MVRP", NULL },
	{ 0x88f6, "MMRP", NULL },
	{ 0x88f7, "PTP", NULL },
	{ 0x88fb, "PRP supervision", NULL },
	{ 0x8902, "CFM", NULL },
	{ 0x8903, "FabricPath", fabricpath_decode },
	{ 0x8906, "FCoE", NULL },
	{ 0x8909, "Cisco MetaData", cisco_metadata_decode },
	{ 0x890d, "802.11 management", NULL },
	{ 0x8914, "FCoE initialization", NULL },
	{ 0x8915, "RoCE", NULL },
	{ 0x8926, "VN-Tag", vntag_decode },
	{ 0x892f, "HSR", redundancy_tag_decode },
	{ 0x893a, "IEEE 1905", NULL },
	{ 0x894f, "NSH", nsh_decode },
	{ 0x9000, "loopback test", NULL },
	{ 0x9100, "QinQ", vlan_decode },
	{ 0x9200, "QinQ", vlan_decode },
	{ 0x9300, "QinQ", vlan_decode },
	{ 0xf1c1, "802.1CB", redundancy_tag_decode },
	{ 0xfefe, "ISO", NULL },
};

/* Only those whose payload is looked into or that are worth a name. */
static const struct net_row ip_protocols[] = {
	{ 1, "ICMP", NULL },       { 2, "IGMP", NULL },          { 4, "IPv4", ipv4_decode },
	{ 6, "TCP", NULL },        { 17, "UDP", NULL },          { 41, "IPv6", ipv6_decode },
	{ 47, "GRE", gre_decode }, { 50, "ESP", NULL },          { 51, "AH", ah_decode },
	{ 58, "ICMPv6", NULL },    { 89, "OSPF", NULL },         { 97, "EtherIP", etherip_decode },
	{ 132, "SCTP", NULL },     { 137, "MPLS", mpls_decode }, { 143, "Ethernet", ethernet_decode },
};

static const struct net_row udp_ports[] = {
	{ 1701, "L2TP", l2tp_decode },
	{ 2152, "GTP-U", gtp_decode },
	{ 3544, "Teredo", teredo_decode },
	{ 4754, "GRE in UDP", gre_decode },
	{ 4789, "VXLAN", vxlan_decode },
	{ 4790, "VXLAN-GPE", vxlan_gpe_decode },
	{ 5072, "AYIYA", ayiya_decode },
	{ 5247, "CAPWAP data", capwap_decode },
	{ 6081, "Geneve", geneve_decode },
	{ 6635, "MPLS in UDP", mpls_decode },
	{ 8472, "VXLAN of Linux", vxlan_decode },
};

static const struct net_row ppp_protocols[] = {
	{ 0x0021, "IPv4", ipv4_decode },
	{ 0x0023, "OSI", NULL },
	{ 0x002b, "IPX", NULL },
	{ 0x002d, "Van Jacobson compressed TCP", unsupported },
	{ 0x002f, "Van Jacobson uncompressed TCP", unsupported },
	{ 0x0031, "bridging", unsupported },
	{ 0x003d, "multilink", unsupported },
	{ 0x0057, "IPv6", ipv6_decode },
	{ 0x00fd, "compressed or encrypted", NULL },
	{ 0x0207, "CDP", NULL },
	{ 0x0281, "MPLS", mpls_decode },
	{ 0x0283, "MPLS multicast", mpls_decode },
	{ 0x8021, "IPCP", NULL },
	{ 0x8023, "OSINLCP", NULL },
	{ 0x802b, "IPXCP", NULL },
	{ 0x8031, "BCP", NULL },
	{ 0x8053, "ECP", NULL },
	{ 0x8057, "IPV6CP", NULL },
	{ 0x80fd, "CCP", NULL },
	{ 0x8207, "CDPCP", NULL },
	{ 0x8281, "MPLSCP", NULL },
	{ 0xc021, "LCP", NULL },
	{ 0xc023, "PAP", NULL },
	{ 0xc025, "LQR", NULL },
	{ 0xc02b, "BACP", NULL },
	{ 0xc02d, "BAP", NULL },
	{ 0xc223, "CHAP", NULL },
	{ 0xc227, "EAP", NULL },
};

static const struct net_row llc_saps[] = {
	{ 0x00, "null", NULL },           { 0x06, "IP", NULL },  { 0x42, "STP", NULL },
	{ 0x7e, "X.25", NULL },           { 0x98, "ARP", NULL }, { 0xaa, "SNAP", NULL },
	{ 0xbc, "VINES", NULL },          { 0xe0, "IPX", NULL }, { 0xf0, "NetBIOS", NULL },
	{ 0xf4, "LAN management", NULL }, { 0xfe, "ISO", NULL }, { 0xff, "IPX without LLC", NULL },
};

#define ROWS(array) \
	{ \
		array, sizeof(array) / sizeof((array)[0]) \
	}
static const struct net_rows registries[] = {
	[NET_LINK_TYPE] = ROWS(link_types), [NET_ETHERTYPE] = ROWS(ethertypes),       [NET_IP_PROTOCOL] = ROWS(ip_protocols),
	[NET_UDP_PORT] = ROWS(udp_ports),   [NET_PPP_PROTOCOL] = ROWS(ppp_protocols), [NET_LLC_SAP] = ROWS(llc_saps),
};

struct net_rows net_rows_of(enum net_registry registry)
{
	return registries[registry];
}

const struct net_row *net_row_find(enum net_registry registry, uint32_t number)
{
	const struct net_row *at = registries[registry].at;
	size_t count = registries[registry].count;

	while (count > 1) {
		size_t half = count / 2;

		if (at[half].number <= number)
			at += half;
		count -= half;
	}
	return at->number == number ? at : NULL;
}

bool net_count_header(struct net_packet *out)
{
	if (out->headers >= LIMIT_NESTING)
		return false;
	out->headers++;
	return true;
}

enum net_result net_stop(enum net_result result, enum net_registry registry, uint32_t number, struct net_packet *out)
{
	out->unknown.registry = registry;
	out->unknown.number = number;
	return result;
}

enum net_result net_failed(const struct cursor *c)
{
	return c->state == CUR_BAD ? NET_MALFORMED : NET_CUT;
}

enum net_result net_next(enum net_registry registry, uint32_t number, struct cursor c, struct net_packet *out)
{
	const struct net_row *row;

	if (!net_count_header(out))
		return NET_TOO_DEEP;
	if (registry == NET_ETHERTYPE && number == ETHERTYPE_IPV4)
		return ipv4_decode(c, out);
	if (registry == NET_ETHERTYPE && number == ETHERTYPE_IPV6)
		return ipv6_decode(c, out);
	row = net_row_find(registry, number);
	net_stop(NET_UNKNOWN, registry, number, out);
	if (!row)
		return NET_UNKNOWN;
	return row->decode ? row->decode(c, out) : NET_NOT_IP;
}

/* What almost every frame is, without searching rows: goes behind its header then. */
static bool holds_ipv4(struct cursor *ethernet)
{
	enum { HEADER_SIZE = 14, TYPE_AT = 12 };
	const uint8_t *h = ethernet->at;

	return cur_left(ethernet) >= HEADER_SIZE && net_get_u16(h + TYPE_AT) == ETHERTYPE_IPV4 && cur_take(ethernet, HEADER_SIZE);
}

enum net_result net_decode(uint32_t link_type, struct cursor frame, struct net_packet *out)
{
	*out = (struct net_packet){ 0 };
	if (link_type == LINKTYPE_ETHERNET && holds_ipv4(&frame)) {
		out->headers = 2;
		return ipv4_decode(frame, out);
	}
	return net_next(NET_LINK_TYPE, link_type, frame, out);
}

enum net_result net_decode_payload(struct net_packet *inout)
{
	inout->fragment = (struct net_fragment){ 0 };
	return ip_payload_decode(inout);
}

enum net_result net_decode_quoted(uint8_t ip_version, struct cursor quoted, struct net_packet *out)
{
	const size_t largest_packet = 65535;

	*out = (struct net_packet){ 0 };
	quoted.cut += largest_packet; /* what the router left out was in the packet */
	return net_next(NET_ETHERTYPE, ip_version == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4, quoted, out);
}

const char *net_registry_text(enum net_registry registry)
{
	static const char *const texts[] = {
		[NET_LINK_TYPE] = "linkType", [NET_ETHERTYPE] = "etherType",      [NET_IP_PROTOCOL] = "ipProtocol",
		[NET_UDP_PORT] = "udpPort",   [NET_PPP_PROTOCOL] = "pppProtocol", [NET_LLC_SAP] = "llcSap",
	};

	return (size_t)registry < sizeof texts / sizeof texts[0] ? texts[registry] : "other";
}

const char *net_unknown_text(enum net_registry registry, uint32_t number, char out[64])
{
	static const char *const formats[] = {
		[NET_LINK_TYPE] = "link type %u", [NET_ETHERTYPE] = "EtherType 0x%04x",       [NET_IP_PROTOCOL] = "IP protocol %u",
		[NET_UDP_PORT] = "UDP port %u",   [NET_PPP_PROTOCOL] = "PPP protocol 0x%04x", [NET_LLC_SAP] = "LLC SAP 0x%02x",
	};
	const struct net_row *row = net_row_find(registry, number);
	int size;

	if (row && registry == NET_LINK_TYPE)
		return row->name;
	size = snprintf(out, 64, formats[registry], number);
	if (row)
		snprintf(out + size, 64 - (size_t)size, " (%s)", row->name);
	return out;
}
