/*
 * What the files of dissect/net/ share: the form of a row's function, and the way from one header to the next.
 *
 * To add an encapsulation: write one function that reads its header and ends in net_next(), declare it here, and give it a row in
 * net.c.
 */
#ifndef NETTRACE_DISSECT_NET_DECODE_H
#define NETTRACE_DISSECT_NET_DECODE_H

#include "dissect/net/net.h"

/* One number of a registry.  `c` is what follows the header that named the number. */
struct net_row {
	uint32_t number;
	const char *name;
	enum net_result (*decode)(struct cursor c, struct net_packet *out); /* NULL: known to hold no IP */
};

/* The rows of a registry, ascending by number. */
struct net_rows {
	const struct net_row *at;
	size_t count;
};

struct net_rows net_rows_of(enum net_registry registry);
const struct net_row *net_row_find(enum net_registry registry, uint32_t number); /* NULL if there is none */

/* Decodes `c` as what the registry says that `number` is. */
enum net_result net_next(enum net_registry registry, uint32_t number, struct cursor c, struct net_packet *out);
/* Counts a header; false when LIMIT_NESTING is reached. */
bool net_count_header(struct net_packet *out);
/* Ends with NET_UNKNOWN or NET_NOT_IP at this number. */
enum net_result net_stop(enum net_result result, enum net_registry registry, uint32_t number, struct net_packet *out);
/* What a cursor that could not be read means: NET_CUT or NET_MALFORMED. */
enum net_result net_failed(const struct cursor *c);

static inline uint8_t net_peek_u8(struct cursor c) /* 0 if there is nothing */
{
	return cur_u8(&c);
}

static inline uint16_t net_get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t net_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t net_get_u16_little(const uint8_t *p)
{
	return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t net_get_u32_little(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* ---- numbers that more than one file needs ---- */

enum net_ethertype {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_TRANSPARENT_BRIDGING = 0x6558,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_PPP = 0x880b,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_NSH = 0x894f
};

enum { ETHERNET_LENGTH_MAX = 1500, ETHERTYPE_MIN = 0x0600 }; /* IEEE 802.3 3.2.6 */

enum net_link_type {
	LINKTYPE_NULL = 0,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_IEEE802_11 = 105,
	LINKTYPE_LOOP = 108,
	LINKTYPE_LINUX_SLL = 113,
	LINKTYPE_PFLOG = 117,
	LINKTYPE_SUNATM = 123,
	LINKTYPE_NFLOG = 239
};

/* NLPIDs of ISO/IEC TR 9577 behind LLC SAP 0xfe and in frame relay. */
enum net_nlpid { NLPID_PADDING = 0x00, NLPID_SNAP = 0x80, NLPID_IPV6 = 0x8e, NLPID_IPV4 = 0xcc };

/* ---- the rows' functions, by file ---- */

/* ip.c */
enum net_result ip_decode(struct cursor c, struct net_packet *out); /* IPv4 or IPv6 as the version says */
enum net_result ip_payload_decode(struct net_packet *out);          /* goes on with out->payload, of out->protocol */
bool ip_plausible(struct cursor c);                                 /* starts with an IP header whose lengths fit */

/* Counts an IP header that was passed. */
static inline void ip_enter(struct net_packet *out, uint8_t version, const uint8_t *header)
{
	out->ip = header;
	if (out->ip_version)
		out->tunnels++;
	out->ip_version = version;
}

/* Sets the payload's length on the wire.  A length beyond the frame is a lie: what was not in the frame was not sent. */
static inline void ip_limit(struct cursor *payload, size_t size, struct net_packet *out)
{
	out->length_beyond_frame = size > cur_left_on_wire(payload);
	if (!out->length_beyond_frame)
		cur_limit(payload, size);
}

/* ipv4.c, ipv6.c */
enum net_result ipv4_decode(struct cursor c, struct net_packet *out);
enum net_result ipv6_decode(struct cursor c, struct net_packet *out);
bool ipv6_is_extension(uint8_t protocol);
enum net_result ipv6_extensions_decode(struct net_packet *out); /* from out->payload, of out->protocol */
enum net_result ah_decode(struct cursor c, struct net_packet *out);

/* ethernet.c */
enum net_result ethernet_decode(struct cursor c, struct net_packet *out);
enum net_result ethernet_type_decode(uint16_t type_or_length, struct cursor c, struct net_packet *out);
bool ethernet_plausible(struct cursor c); /* starts with a MAC header whose type has a row */
void ethernet_note_vlan(uint16_t tag, struct net_packet *out);
enum net_result vlan_decode(struct cursor c, struct net_packet *out);
enum net_result mpacket_decode(struct cursor c, struct net_packet *out);
/* llc.c */
enum net_result llc_decode(struct cursor c, struct net_packet *out);
enum net_result nlpid_decode(uint8_t nlpid, struct cursor c, struct net_packet *out);
/* ethernet_tags.c */
enum net_result pbb_decode(struct cursor c, struct net_packet *out);
enum net_result fabricpath_decode(struct cursor c, struct net_packet *out);
enum net_result trill_decode(struct cursor c, struct net_packet *out);
enum net_result cisco_metadata_decode(struct cursor c, struct net_packet *out);
enum net_result redundancy_tag_decode(struct cursor c, struct net_packet *out);
enum net_result vntag_decode(struct cursor c, struct net_packet *out);
/* switch_tags.c */
enum net_result brcm_tag_decode(struct cursor c, struct net_packet *out);
enum net_result brcm_prepended_decode(struct cursor c, struct net_packet *out);
enum net_result dsa_decode(struct cursor c, struct net_packet *out);
enum net_result edsa_decode(struct cursor c, struct net_packet *out);
enum net_result realtek_decode(struct cursor c, struct net_packet *out);

/* cooked.c, loopback.c, nflog.c */
enum net_result sll_decode(struct cursor c, struct net_packet *out);
enum net_result sll2_decode(struct cursor c, struct net_packet *out);
enum net_result null_decode(struct cursor c, struct net_packet *out);
enum net_result loop_decode(struct cursor c, struct net_packet *out);
enum net_result enc_decode(struct cursor c, struct net_packet *out);
enum net_result pflog_decode(struct cursor c, struct net_packet *out);
enum net_result ipnet_decode(struct cursor c, struct net_packet *out);
enum net_result slip_decode(struct cursor c, struct net_packet *out);
enum net_result nflog_decode(struct cursor c, struct net_packet *out);
/* old_lans.c, wan.c */
enum net_result token_ring_decode(struct cursor c, struct net_packet *out);
enum net_result fddi_decode(struct cursor c, struct net_packet *out);
enum net_result arcnet_bsd_decode(struct cursor c, struct net_packet *out);
enum net_result arcnet_linux_decode(struct cursor c, struct net_packet *out);
enum net_result ieee1394_decode(struct cursor c, struct net_packet *out);
enum net_result fibre_channel_decode(struct cursor c, struct net_packet *out);
enum net_result ipoib_decode(struct cursor c, struct net_packet *out);
enum net_result atm_decode(struct cursor c, struct net_packet *out);
enum net_result atm_clip_decode(struct cursor c, struct net_packet *out);
enum net_result sunatm_decode(struct cursor c, struct net_packet *out);
enum net_result frame_relay_decode(struct cursor c, struct net_packet *out);
enum net_result frame_relay_with_direction_decode(struct cursor c, struct net_packet *out);
/* vendors.c */
enum net_result symantec_decode(struct cursor c, struct net_packet *out);
enum net_result pktap_decode(struct cursor c, struct net_packet *out);
enum net_result juniper_ether_decode(struct cursor c, struct net_packet *out);
enum net_result juniper_ppp_decode(struct cursor c, struct net_packet *out);
enum net_result juniper_frame_relay_decode(struct cursor c, struct net_packet *out);
enum net_result juniper_chdlc_decode(struct cursor c, struct net_packet *out);
/* ieee80211.c, radio.c */
enum net_result ieee80211_decode(struct cursor c, struct net_packet *out);
enum net_result ieee80211_padded_decode(struct cursor c, struct net_packet *out);
enum net_result ieee80211_swapped_decode(struct cursor c, struct net_packet *out);
enum net_result radiotap_decode(struct cursor c, struct net_packet *out);
enum net_result prism_decode(struct cursor c, struct net_packet *out);
enum net_result avs_decode(struct cursor c, struct net_packet *out);
enum net_result ppi_decode(struct cursor c, struct net_packet *out);
/* ppp.c */
enum net_result ppp_decode(struct cursor c, struct net_packet *out);
enum net_result ppp_with_direction_decode(struct cursor c, struct net_packet *out);
enum net_result pppd_decode(struct cursor c, struct net_packet *out);
enum net_result pppoe_decode(struct cursor c, struct net_packet *out);
enum net_result chdlc_decode(struct cursor c, struct net_packet *out);
enum net_result chdlc_with_direction_decode(struct cursor c, struct net_packet *out);
bool net_read_direction(struct cursor *c, struct net_packet *out); /* the byte in front of …_WITH_DIR link types */

/* mpls.c, gre.c, erspan.c, etherip.c, nsh.c */
enum net_result mpls_decode(struct cursor c, struct net_packet *out);
enum net_result gre_decode(struct cursor c, struct net_packet *out);
enum net_result erspan2_decode(struct cursor c, struct net_packet *out);
enum net_result erspan3_decode(struct cursor c, struct net_packet *out);
enum net_result etherip_decode(struct cursor c, struct net_packet *out);
enum net_result nsh_decode(struct cursor c, struct net_packet *out);
enum net_result nsh_next_decode(uint8_t protocol, struct cursor c, struct net_packet *out);
/* The UDP payload of tunnels: each says NET_UNKNOWN unless it is sure that the bytes are its own. */
enum net_result vxlan_decode(struct cursor c, struct net_packet *out);
enum net_result vxlan_gpe_decode(struct cursor c, struct net_packet *out);
enum net_result geneve_decode(struct cursor c, struct net_packet *out);
enum net_result gtp_decode(struct cursor c, struct net_packet *out);
enum net_result teredo_decode(struct cursor c, struct net_packet *out);
enum net_result ayiya_decode(struct cursor c, struct net_packet *out);
enum net_result capwap_decode(struct cursor c, struct net_packet *out);
enum net_result l2tp_decode(struct cursor c, struct net_packet *out);

#endif
