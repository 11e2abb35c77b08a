#include "capture/live.h"

#include "capture/live_links.h"
#include "capture/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	RING_DEFAULT = 8 * 1024 * 1024,
	RING_LEAST = 2 * 256 * 1024, /* two blocks of the kernel's ring: one to fill, one to read */
	WHOLE_PACKETS = 262144,      /* MAXIMUM_SNAPLEN of libpcap */
	/*
	 * A block of the ring is handed over when it is full or so old.  Shorter means more wake-ups in light traffic, and a ring that is
	 * sooner full of almost empty blocks when the reader is held up.
	 */
	BLOCK_MS = 50,
	BANK_EVERY = 1 << 28 /* packets; libpcap counts in 32 bits */
};

#define STEP (10 * NT_MILLISECOND) /* of the clock: more than it drifts in the life of a block, and than two readings of it take */

struct live {
	char *name, *filter;
	uint32_t snaplen, ring_bytes;
	bool promiscuous;

	pcap_t *pcap;
	uint32_t link_type;
	nt_time fraction; /* nanoseconds in a unit of tv_usec */
	int descriptor;   /* epoll: packets, and link changes */
	int links;        /* -1 for "any", which never goes away */
	unsigned index;   /* of the interface */
	bool away;        /* told by live_next(), and not yet back */
	bool stale;       /* the interface of `pcap` does not exist any more; what its ring holds can still be read */
	nt_time since;    /* packets before this were caught before the filter was complete; 0: all of those were skipped */
	nt_time ahead;    /* the clock of packets before the monotonic one, at that moment */

	struct live_statistics total;
	struct pcap_stat banked; /* what of the current handle's counters is in `total` */
	uint32_t unbanked;       /* packets read since */
};

/* ---- link types ---- */

/* What network interfaces of Linux have and nettrace reads.  The numbers are the same in memory and in files but for a few. */
static const struct {
	int dlt;
	uint32_t link_type;
} link_types[] = {
	{ DLT_EN10MB, 1 },
	{ DLT_IEEE802, 6 },
	{ DLT_PPP, 9 },
	{ DLT_FDDI, 10 },
	{ DLT_PPP_SERIAL, 50 },
	{ DLT_ATM_RFC1483, 100 },
	{ DLT_RAW, 101 },
	{ DLT_C_HDLC, 104 },
	{ DLT_IEEE802_11, 105 },
	{ DLT_ATM_CLIP, 106 },
	{ DLT_FRELAY, 107 },
	{ DLT_LINUX_SLL, 113 },
	{ DLT_PRISM_HEADER, 119 },
	{ DLT_IP_OVER_FC, 122 },
	{ DLT_IEEE802_11_RADIO, 127 },
	{ DLT_ARCNET_LINUX, 129 },
	{ DLT_IEEE802_11_RADIO_AVS, 163 },
	{ DLT_PPI, 192 },
	{ DLT_IPV4, 228 },
	{ DLT_IPV6, 229 },
	{ DLT_NFLOG, 239 },
	{ DLT_LINUX_SLL2, 276 },
	{ DLT_DSA_TAG_BRCM, 281 },
	{ DLT_DSA_TAG_BRCM_PREPEND, 282 },
	{ DLT_DSA_TAG_DSA, 284 },
	{ DLT_DSA_TAG_EDSA, 285 },
};

static bool find_link_type(int dlt, uint32_t *link_type)
{
	for (size_t i = 0; i < sizeof link_types / sizeof *link_types; i++)
		if (link_types[i].dlt == dlt) {
			*link_type = link_types[i].link_type;
			return true;
		}
	return false;
}

static enum nt_status check_link_type(pcap_t *pcap, const char *name, uint32_t *link_type, struct nt_error *error)
{
	int dlt = pcap_datalink(pcap);
	const char *dlt_name = pcap_datalink_val_to_name(dlt);

	if (find_link_type(dlt, link_type))
		return NT_OK;
	return nt_fail(error, NT_ENOTSUP, "cannot capture on %s: nettrace does not read packets of its link type %s (%d)", name,
		       dlt_name ? dlt_name : "without a name", dlt);
}

/* ---- counting ---- */

/* The counters of the current handle go into the total.  That of the interface's own drops jumps back when the interface vanishes. */
static void bank_statistics(struct live *live)
{
	struct pcap_stat now;
	int32_t at_interface;

	if (pcap_stats(live->pcap, &now) != 0)
		return;
	at_interface = (int32_t)(now.ps_ifdrop - live->banked.ps_ifdrop);
	live->total.received += (uint32_t)(now.ps_recv - live->banked.ps_recv);
	live->total.dropped_by_kernel += (uint32_t)(now.ps_drop - live->banked.ps_drop);
	live->total.dropped_by_interface += at_interface > 0 ? (uint32_t)at_interface : 0;
	live->banked = now;
	live->unbanked = 0;
}

void live_statistics(struct live *live, struct live_statistics *out)
{
	bank_statistics(live);
	*out = live->total;
}

/* ---- opening ---- */

static bool is_any(const struct live *live)
{
	return strcmp(live->name, "any") == 0;
}

static pcap_t *create(const struct live *live, struct nt_error *error)
{
	uint32_t ring = live->ring_bytes ? live->ring_bytes : RING_DEFAULT;
	uint32_t snaplen = live->snaplen && live->snaplen < WHOLE_PACKETS ? live->snaplen : WHOLE_PACKETS;
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_create(live->name, text);

	if (!pcap) {
		nt_fail(error, NT_EIO, "cannot capture on %s: %s", live->name, text);
		return NULL;
	}
	if (ring < RING_LEAST)
		ring = RING_LEAST;
	pcap_set_snaplen(pcap, (int)snaplen);
	pcap_set_buffer_size(pcap, ring > INT_MAX ? INT_MAX : (int)ring);
	pcap_set_promisc(pcap, live->promiscuous && !is_any(live));
	pcap_set_timeout(pcap, BLOCK_MS);
	pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO); /* else microseconds: attach() asks */
	return pcap;
}

static enum nt_status activation_failed(int code, const char *name, const char *text, struct nt_error *error)
{
	switch (code) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return nt_fail(error, NT_EIO, "no permission to capture on %s: " NETLINK_PERMISSION_ADVICE, name);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return nt_fail(error, NT_EIO, "there is no interface %s; ip link shows what there is", name);
	case PCAP_ERROR_IFACE_NOT_UP:
		return nt_fail(error, NT_EIO, "the interface %s is down; ip link set %s up starts it", name, name);
	default:
		return nt_fail(error, NT_EIO, "cannot capture on %s: %s", name, *text ? text : pcap_statustostr(code));
	}
}

static enum nt_status activate(pcap_t *pcap, const struct live *live, struct nt_error *error)
{
	int code = pcap_activate(pcap);

	if (code < 0)
		return activation_failed(code, live->name, pcap_geterr(pcap), error);
	if (is_any(live))
		(void)pcap_set_datalink(pcap, DLT_LINUX_SLL2); /* tells the interface; the default, SLL, will do too */
	return NT_OK;
}

/* The kernel cuts packets only by the result of a filter, so there is one even for "all": fewer bytes go through the ring. */
static enum nt_status set_filter(pcap_t *pcap, const char *filter, struct nt_error *error)
{
	struct bpf_program program;
	int code;

	if (pcap_compile(pcap, &program, filter ? filter : "", 1, PCAP_NETMASK_UNKNOWN) != 0)
		return nt_fail(error, NT_EUSAGE, "cannot compile the filter '%s': %s; see man 7 pcap-filter", filter ? filter : "",
			       pcap_geterr(pcap));
	code = pcap_setfilter(pcap, &program);
	pcap_freecode(&program);
	return code == 0 ? NT_OK
			 : nt_fail(error, NT_EIO, "cannot set the filter '%s': %s", filter ? filter : "", pcap_geterr(pcap));
}

static nt_time read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NT_SECOND + now.tv_nsec;
}

static nt_time clock_ahead(void)
{
	return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
}

/*
 * The socket catches packets from its activation on, but none while libpcap exchanges the filter.  The first few would stand before a gap
 * that nobody counts: the capture begins after it.
 */
static void begin_here(struct live *live)
{
	live->since = read_clock(CLOCK_REALTIME);
	live->ahead = clock_ahead();
}

/* Once the clock was set, times do not tell any more. */
static bool is_from_before(struct live *live, nt_time time)
{
	nt_time step;

	if (live->since == 0)
		return false;
	step = clock_ahead() - live->ahead;
	if (time < live->since && step < STEP && step > -STEP)
		return true;
	live->since = 0;
	return false;
}

/* What goes out on the loopback comes in on it: libpcap skips the first, but it would fill the ring and be counted. */
static void skip_outgoing_on_loopback(pcap_t *pcap, const char *name)
{
	const int fd = pcap_fileno(pcap), on = 1;
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0 && request.ifr_flags & IFF_LOOPBACK)
		(void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
}

static enum nt_status prepare(pcap_t *pcap, const struct live *live, uint32_t *link_type, struct nt_error *error)
{
	char text[PCAP_ERRBUF_SIZE];
	enum nt_status status = activate(pcap, live, error);

	if (status == NT_OK)
		skip_outgoing_on_loopback(pcap, live->name);
	if (status == NT_OK)
		status = check_link_type(pcap, live->name, link_type, error);
	if (status == NT_OK && (live->filter || live->snaplen))
		status = set_filter(pcap, live->filter, error);
	if (status == NT_OK && pcap_setnonblock(pcap, 1, text) != 0)
		status = nt_fail(error, NT_EIO, "cannot capture on %s: %s", live->name, text);
	return status;
}

/* A command that the caller starts must not inherit the capture. */
static enum nt_status watch(int descriptor, int fd, struct nt_error *error)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || epoll_ctl(descriptor, EPOLL_CTL_ADD, fd, &event) != 0)
		return nt_fail(error, NT_EIO, "cannot wait for packets: %s", strerror(errno));
	return NT_OK;
}

/* Replaces the handle by a new one on the interface of this name as it is now. */
static enum nt_status attach(struct live *live, struct nt_error *error)
{
	unsigned index = is_any(live) ? 0 : if_nametoindex(live->name);
	pcap_t *pcap = create(live, error);
	uint32_t link_type;
	enum nt_status status;

	if (!pcap)
		return NT_EIO;
	status = prepare(pcap, live, &link_type, error);
	if (status == NT_OK)
		status = watch(live->descriptor, pcap_get_selectable_fd(pcap), error);
	if (status != NT_OK) {
		pcap_close(pcap);
		return status;
	}
	if (live->pcap) {
		bank_statistics(live);
		pcap_close(live->pcap);
	}
	live->pcap = pcap;
	live->link_type = link_type;
	live->fraction = pcap_get_tstamp_precision(pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : NT_MICROSECOND;
	live->index = index;
	live->stale = false;
	live->since = 0;
	if (live->filter || live->snaplen)
		begin_here(live);
	memset(&live->banked, 0, sizeof live->banked);
	return NT_OK;
}

static enum nt_status open_descriptors(struct live *live, struct nt_error *error)
{
	live->descriptor = epoll_create1(EPOLL_CLOEXEC);
	if (live->descriptor < 0)
		return nt_fail(error, NT_EIO, "cannot wait for packets: %s", strerror(errno));
	if (is_any(live))
		return NT_OK;
	live->links = live_links_open();
	if (live->links < 0)
		return nt_fail(error, NT_EIO, "cannot watch the state of %s: %s", live->name, strerror(errno));
	return watch(live->descriptor, live->links, error);
}

enum nt_status live_open(struct live **out, const struct live_options *options, struct nt_error *error)
{
	struct live *live = nt_zalloc(sizeof *live);
	enum nt_status status;

	*out = NULL;
	live->name = nt_strdup(options->interface);
	live->filter = options->filter ? nt_strdup(options->filter) : NULL;
	live->snaplen = options->snaplen;
	live->ring_bytes = options->ring_bytes;
	live->promiscuous = options->promiscuous;
	live->descriptor = live->links = -1;
	status = open_descriptors(live, error);
	if (status == NT_OK)
		status = attach(live, error);
	if (status == NT_OK)
		*out = live;
	else
		live_free(live);
	return status;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	if (live->pcap)
		pcap_close(live->pcap);
	if (live->links >= 0)
		close(live->links);
	if (live->descriptor >= 0)
		close(live->descriptor);
	free(live->filter);
	free(live->name);
	free(live);
}

/* ---- what is known ---- */

int live_descriptor(const struct live *live)
{
	return live->descriptor;
}

uint32_t live_link_type(const struct live *live)
{
	return live->link_type;
}

const char *live_name(const struct live *live)
{
	return live->name;
}

/* ---- reading ---- */

static enum nt_status tell_away(struct live *live, enum link_state state, struct nt_error *error)
{
	live->away = true;
	switch (state) {
	case LINK_DOWN:
		return nt_fail(error, NT_EIO, "the interface %s went down", live->name);
	case LINK_GONE:
		return nt_fail(error, NT_EIO, "the interface %s went away", live->name);
	default:
		return nt_fail(error, NT_EIO, "capturing on %s failed: %s", live->name, pcap_geterr(live->pcap));
	}
}

static enum link_state read_links(struct live *live)
{
	enum link_state state = live->links >= 0 ? live_links_read(live->links, live->index) : LINK_UP;

	if (state == LINK_GONE)
		live->stale = true;
	return state;
}

/* The kernel's ring is empty.  That of an interface that went away was read to its end: the last block comes after the news. */
static enum nt_status nothing_waits(struct live *live, bool failed, struct nt_error *error)
{
	enum link_state state = read_links(live);

	if (failed && !live->stale) {
		live->stale = true;
		if (live->links >= 0)
			state = live_links_state(live->links, live->index);
		if (state != LINK_GONE) /* who knows: it must not wake us for ever */
			(void)epoll_ctl(live->descriptor, EPOLL_CTL_DEL, pcap_get_selectable_fd(live->pcap), NULL);
	}
	if (live->away || (state == LINK_UP && !failed))
		return NT_AGAIN;
	return tell_away(live, state, error);
}

enum nt_status live_next(struct live *live, struct packet *out, struct nt_error *error)
{
	struct pcap_pkthdr *header;
	const u_char *data;

	do {
		int code = pcap_next_ex(live->pcap, &header, &data);

		if (code != 1)
			return nothing_waits(live, code < 0, error);
		out->time = header->ts.tv_sec * NT_SECOND + header->ts.tv_usec * live->fraction;
	} while (is_from_before(live, out->time));
	out->captured = header->caplen;
	out->size = header->len > header->caplen ? header->len : header->caplen;
	out->data = data;
	if (++live->unbanked >= BANK_EVERY)
		bank_statistics(live);
	return NT_OK;
}

/* ---- coming back ---- */

static bool is_up(const struct live *live, unsigned index)
{
	return live->links < 0 || (index != 0 && live_links_state(live->links, index) == LINK_UP);
}

/* An interface that was only down is bound still, and packets come again by themselves: no privilege is needed. */
enum nt_status live_reopen(struct live *live, struct nt_error *error)
{
	enum nt_status status = NT_OK;

	if (!live->away)
		return NT_OK;
	(void)read_links(live);
	if (!is_up(live, live->stale ? if_nametoindex(live->name) : live->index))
		return NT_AGAIN;
	if (live->stale)
		status = attach(live, error);
	if (status == NT_EIO && !is_up(live, if_nametoindex(live->name)))
		return NT_AGAIN; /* it went again */
	live->away = status != NT_OK;
	return status;
}
