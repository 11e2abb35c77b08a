#include "dissect/appid/appid.h"

#include <ndpi_api.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PACKETS = 8, MAX_NAMES = 4096 };

struct appid {
	struct ndpi_detection_module_struct *module;
	size_t flow_size;
	/* "MASTER.APP" texts that were handed out, by the pair of protocol numbers: few, and asked for once per flow. */
	struct {
		uint16_t master, app;
		char *text;
	} names[MAX_NAMES];
	size_t name_count;
};

struct appid_flow {
	unsigned packets;
	struct ndpi_flow_struct *ndpi;
};

struct appid *appid_new(void)
{
	struct ndpi_detection_module_struct *module = ndpi_init_detection_module(ndpi_no_prefs);
	NDPI_PROTOCOL_BITMASK all;
	struct appid *appid;

	if (!module)
		return NULL;
	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(module, &all);
	ndpi_finalize_initialization(module);
	appid = nt_zalloc(sizeof *appid);
	appid->module = module;
	appid->flow_size = ndpi_detection_get_sizeof_ndpi_flow_struct();
	return appid;
}

void appid_free(struct appid *appid)
{
	if (!appid)
		return;
	for (size_t i = 0; i < appid->name_count; i++)
		free(appid->names[i].text);
	ndpi_exit_detection_module(appid->module);
	free(appid);
}

static const char *name_of(struct appid *appid, ndpi_protocol protocol)
{
	char text[64];

	if (protocol.master_protocol == NDPI_PROTOCOL_UNKNOWN && protocol.app_protocol == NDPI_PROTOCOL_UNKNOWN)
		return "";
	for (size_t i = 0; i < appid->name_count; i++)
		if (appid->names[i].master == protocol.master_protocol && appid->names[i].app == protocol.app_protocol)
			return appid->names[i].text;
	if (appid->name_count == MAX_NAMES)
		return "";
	ndpi_protocol2name(appid->module, protocol, text, sizeof text);
	appid->names[appid->name_count].master = protocol.master_protocol;
	appid->names[appid->name_count].app = protocol.app_protocol;
	appid->names[appid->name_count].text = nt_strdup(text);
	return appid->names[appid->name_count++].text;
}

static void free_flow(struct appid_flow *flow)
{
	if (!flow)
		return;
	ndpi_free_flow(flow->ndpi);
	free(flow);
}

enum appid_result appid_packet(struct appid *appid, struct appid_flow **flow, struct bytes ip_packet, nt_time time,
			       const char **name)
{
	ndpi_protocol found;

	if (!*flow) {
		*flow = nt_zalloc(sizeof **flow);
		(*flow)->ndpi = ndpi_flow_malloc(appid->flow_size);
		if (!(*flow)->ndpi) {
			free(*flow);
			*flow = NULL;
			*name = "";
			return APPID_DECIDED;
		}
		memset((*flow)->ndpi, 0, appid->flow_size);
	}
	found = ndpi_detection_process_packet(appid->module, (*flow)->ndpi, ip_packet.at,
					      (unsigned short)(ip_packet.size > 65535 ? 65535 : ip_packet.size),
					      (uint64_t)(time / NT_MILLISECOND));
	if (found.app_protocol == NDPI_PROTOCOL_UNKNOWN && ++(*flow)->packets < MAX_PACKETS)
		return APPID_UNDECIDED;
	*name = found.app_protocol == NDPI_PROTOCOL_UNKNOWN ? appid_give_up(appid, *flow) : name_of(appid, found);
	if (found.app_protocol != NDPI_PROTOCOL_UNKNOWN)
		free_flow(*flow);
	*flow = NULL;
	return APPID_DECIDED;
}

const char *appid_give_up(struct appid *appid, struct appid_flow *flow)
{
	ndpi_protocol found;
	uint8_t guessed = 0;

	if (!flow)
		return "";
	/* No guess by port or address: only what nDPI saw counts. */
	found = ndpi_detection_giveup(appid->module, flow->ndpi, 0, &guessed);
	free_flow(flow);
	return name_of(appid, found);
}
