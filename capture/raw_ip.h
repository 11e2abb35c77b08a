/*
 * Captures of modems that say Ethernet where the packets begin with IP: some libraries write no other link type.
 */
#ifndef NETTRACE_CAPTURE_RAW_IP_H
#define NETTRACE_CAPTURE_RAW_IP_H

#include "capture/source.h"

/*
 * Whether the first packets of a capture file, all of which are said to be Ethernet, are IP packets without a link layer: version and
 * lengths fit, and no EtherType does.
 */
bool raw_ip_looks_like(struct bytes capture);

#endif
