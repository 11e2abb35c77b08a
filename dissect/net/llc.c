/*
 * IEEE 802.2, the SNAP header of RFC 1042, and the NLPIDs of ISO/IEC TR 9577.
 */
#include "dissect/net/decode.h"

enum sap { SAP_IP = 0x06, SAP_SNAP = 0xaa, SAP_ISO = 0xfe };
enum { CONTROL_UI = 0x03 };
enum oui { OUI_ETHERNET = 0x000000, OUI_BRIDGE_TUNNEL = 0x0000f8, OUI_BRIDGED = 0x0080c2 };
enum { BRIDGED_ETHERNET_WITH_FCS = 1, BRIDGED_ETHERNET = 7 }; /* RFC 2427 8.2 */

static enum net_result snap_decode(struct cursor c, struct net_packet *out)
{
	uint32_t oui = cur_u24(&c);
	uint16_t type = cur_u16(&c);

	if (c.state != CUR_OK)
		return net_failed(&c);
	if (oui == OUI_ETHERNET || oui == OUI_BRIDGE_TUNNEL)
		return net_next(NET_ETHERTYPE, type, c, out);
	if (oui == OUI_BRIDGED && (type == BRIDGED_ETHERNET_WITH_FCS || type == BRIDGED_ETHERNET))
		return net_next(NET_LINK_TYPE, LINKTYPE_ETHERNET, c, out);
	return net_stop(NET_NOT_IP, NET_LLC_SAP, SAP_SNAP, out);
}

enum net_result nlpid_decode(uint8_t nlpid, struct cursor c, struct net_packet *out)
{
	if (nlpid == NLPID_IPV4)
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV4, c, out);
	if (nlpid == NLPID_IPV6)
		return net_next(NET_ETHERTYPE, ETHERTYPE_IPV6, c, out);
	if (nlpid == NLPID_SNAP)
		return snap_decode(c, out);
	return net_stop(NET_NOT_IP, NET_LLC_SAP, SAP_ISO, out);
}

enum net_result llc_decode(struct cursor c, struct net_packet *out)
{
	uint8_t destination = cur_u8(&c), control;

	cur_u8(&c);
	control = cur_u8(&c);
	if (c.state != CUR_OK)
		return net_failed(&c);
	if (control == CONTROL_UI && destination == SAP_SNAP)
		return snap_decode(c, out);
	if (control == CONTROL_UI && destination == SAP_IP)
		return ip_decode(c, out);
	if (control == CONTROL_UI && destination == SAP_ISO) {
		uint8_t nlpid = cur_u8(&c);

		return c.state == CUR_OK ? nlpid_decode(nlpid, c, out) : net_failed(&c);
	}
	return net_stop(net_row_find(NET_LLC_SAP, destination) ? NET_NOT_IP : NET_UNKNOWN, NET_LLC_SAP, destination, out);
}
