#include "correlate/layers.h"

static void find_flow(struct packet_layers *out, uint16_t source_port, uint16_t destination_port, uint16_t vantage, uint64_t seed)
{
	const struct net_packet *net = &out->net;

	out->sender = (int8_t)flow_key_make(&out->key, net->ip_version, net->protocol, vantage, &net->source, source_port,
					    &net->destination, destination_port);
	out->hash = flow_hash(seed, &out->key);
	out->has_flow = true;
}

static void read_transport(struct packet_layers *out, uint16_t vantage, uint64_t seed)
{
	out->transport = CUR_OK;
	out->has_flow = false;
	if (out->result != NET_IP)
		return;
	if (out->net.protocol == IP_PROTOCOL_TCP) {
		out->transport = tcp_read(out->net.payload, &out->tcp);
		if (out->transport == CUR_OK || (out->transport == CUR_CUT && out->tcp.header_size != 0))
			find_flow(out, out->tcp.source_port, out->tcp.destination_port, vantage, seed);
	} else if (out->net.protocol == IP_PROTOCOL_UDP) {
		out->transport = udp_read(out->net.payload, &out->udp);
		if (out->transport == CUR_OK)
			find_flow(out, out->udp.source_port, out->udp.destination_port, vantage, seed);
	}
}

void layers_read(const struct packet *packet, uint64_t seed, struct packet_layers *out)
{
	out->result = net_decode(packet->interface->link_type,
				 cur_of(packet->data, packet->captured, packet->size - packet->captured), &out->net);
	read_transport(out, vantage_of(packet), seed);
}

void layers_read_whole(const struct net_packet *net, uint16_t vantage, uint64_t seed, struct packet_layers *out)
{
	out->net = *net;
	out->result = net_decode_payload(&out->net);
	read_transport(out, vantage, seed);
}
