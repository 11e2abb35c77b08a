/*
 * From the bytes of a frame to the addresses and the payload of an IP packet, through any encapsulation that has a row in net.c.
 *
 * Pure functions: bytes in, values out.  IP fragments are recognised here and put together elsewhere.
 */
#ifndef NETTRACE_DISSECT_NET_NET_H
#define NETTRACE_DISSECT_NET_NET_H

#include "dissect/cursor.h"
#include "store/address.h"
#include "store/limits.h"

/* IANA protocol numbers that nettrace looks into. */
enum ip_protocol {
	IP_PROTOCOL_ICMP = 1,
	IP_PROTOCOL_IPV4 = 4,
	IP_PROTOCOL_TCP = 6,
	IP_PROTOCOL_UDP = 17,
	IP_PROTOCOL_IPV6 = 41,
	IP_PROTOCOL_GRE = 47,
	IP_PROTOCOL_ICMPV6 = 58
};

enum net_result {
	NET_IP,        /* the packet holds an IP packet whose upper-layer payload is in `payload` */
	NET_FRAGMENT,  /* an IP fragment: `fragment` and `payload` are set */
	NET_NOT_IP,    /* understood, and no IP inside (ARP, STP, LLDP, …): `unknown` names what it is */
	NET_UNKNOWN,   /* a link type, EtherType or protocol below IP without a row: `unknown` says which */
	NET_CUT,       /* the snaplen cut a header */
	NET_MALFORMED, /* a header that lies about lengths or versions */
	NET_TOO_DEEP   /* more than LIMIT_NESTING headers */
};

/* The registry in which the next header's number is looked up. */
enum net_registry {
	NET_LINK_TYPE,    /* LINKTYPE_ values of pcap files */
	NET_ETHERTYPE,    /* IEEE 802 EtherType */
	NET_IP_PROTOCOL,  /* IANA protocol numbers */
	NET_UDP_PORT,     /* IANA port numbers */
	NET_PPP_PROTOCOL, /* IANA PPP protocol numbers */
	NET_LLC_SAP       /* IEEE 802.2 SAP */
};

struct net_fragment {
	uint32_t id;     /* IPv4 identification or IPv6 fragment header's */
	uint32_t offset; /* bytes */
	bool more;       /* the more-fragments flag */
};

struct net_packet {
	uint8_t ip_version;       /* 4 or 6 */
	uint8_t protocol;         /* of the payload: IANA protocol number */
	uint8_t ttl;              /* or hop limit */
	uint8_t tunnels;          /* how many IP headers were passed on the way in: 0 when the frame's own IP packet is meant */
	uint16_t vlan;            /* innermost VLAN id of the outermost frame, 0 if none */
	bool jumbo_guess;         /* IP total length was 0 (segmentation offload): the frame's length was used */
	bool length_beyond_frame; /* the IP length said more than the frame held: the frame counts */
	struct ip_address source, destination;
	struct net_fragment fragment; /* valid with NET_FRAGMENT */
	const uint8_t *ip;           /* the first byte of the innermost IP header: a view; NULL after fragments were put together */
	struct cursor payload;       /* upper-layer header and data; its `cut` says what the snaplen took */
	uint32_t captured_interface; /* interface index out of the link header (Linux cooked v2), 0 if none */
	int8_t direction;            /* out of the link header: 1 outgoing, -1 incoming, 0 not known */
	struct {
		enum net_registry registry;
		uint32_t number;
	} unknown;       /* valid with NET_UNKNOWN and NET_NOT_IP */
	uint8_t headers; /* headers passed so far, for LIMIT_NESTING */
};

/*
 * Decodes a frame of `link_type`.  Always fills *out as far as it got.  On NET_IP the payload is that of the innermost IP packet, unless
 * that is a fragment.  Checksums are not looked at: offloading makes them wrong in captures.
 */
enum net_result net_decode(uint32_t link_type, struct cursor frame, struct net_packet *out);

/*
 * Goes on with a datagram that was put together from fragments: `inout` is the packet of its first fragment with `payload` now the whole
 * datagram's.  Looks into tunnels as net_decode() does.
 */
enum net_result net_decode_payload(struct net_packet *inout);

/*
 * Decodes the IP packet that an ICMP error quotes.  Quotes are cut by design: a payload shorter than the header says is no damage.
 */
enum net_result net_decode_quoted(uint8_t ip_version, struct cursor quoted, struct net_packet *out);

/* "linkType", "etherType", …: where the numbers are from, in the words of the JSON trace. */
const char *net_registry_text(enum net_registry registry);

/* "LINUX_SLL2", "EtherType 0x88cc (LLDP)", …; a static string or one in `out` (64 bytes). */
const char *net_unknown_text(enum net_registry registry, uint32_t number, char out[64]);

/* ---- upper layers ---- */

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32, TCP_ECE = 64, TCP_CWR = 128 };

/* RFC 9293 3.1, options of RFC 9293 3.2, RFC 7323, RFC 2018. */
struct tcp_segment {
	uint16_t source_port, destination_port;
	uint32_t sequence, acknowledgment;
	uint16_t window; /* as on the wire, not scaled */
	uint16_t urgent;
	uint8_t flags;       /* of enum tcp_flag */
	uint8_t header_size; /* bytes */
	uint16_t mss;        /* 0 if the option is absent */
	int8_t window_scale; /* -1 if absent */
	bool sack_permitted;
	uint8_t sack_count; /* of the blocks below: the first two of the option */
	struct {
		uint32_t left, right; /* first byte, and the first behind the last */
	} sack[2];
	bool has_timestamps;
	uint32_t timestamp_value, timestamp_echo;
	struct cursor payload; /* its wire length is the segment's length, cut or not */
};
/* RFC 2883 4: the first block tells of bytes that came although they were there already. */
bool tcp_reports_duplicate(const struct tcp_segment *segment);
enum cur_state tcp_read(struct cursor c,
			struct tcp_segment *out); /* CUR_CUT with ports and sequence set if only options were cut */
/*
 * Whether the checksum of a whole TCP segment shows that it was damaged on its way.  One that the network card was still to fill in, as in
 * captures where the sender runs, does not.
 */
bool tcp_is_damaged(const struct net_packet *packet);

struct udp_datagram {
	uint16_t source_port, destination_port;
	struct cursor payload;
};
enum cur_state udp_read(struct cursor c, struct udp_datagram *out);

/* RFC 792, RFC 4443. */
struct icmp_message {
	uint8_t type, code;
	/* The four bytes after the checksum: the MTU of "packet too big"; that of "fragmentation needed" is their low half. */
	uint32_t rest;
	bool is_error;        /* it quotes a packet */
	struct cursor quoted; /* valid if is_error */
};
enum cur_state icmp_read(uint8_t ip_version, struct cursor c, struct icmp_message *out);

#endif
