#include "capture/nflog.h"

#include "capture/netlink.h"
#include "capture/nflog_message.h"

/* The library has a nflog_open() too.  It only opens the netlink socket for nflog_open_nfnl(), which we do ourselves. */
#define nflog_open nflog_open_of_library
#include <libnetfilter_log/libnetfilter_log.h>
#undef nflog_open

#include <errno.h>
#include <fcntl.h>
#include <libnfnetlink/libnfnetlink.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER = 16 * 1024 * 1024,     /* of the socket: what may wait while we are held up */
	BATCH_BYTES = 64 * 1024 - 512, /* the kernel sends when so much is together (with its own data it fills a power of two), */
	BATCH_PACKETS = 4096,          /* or so many packets, */
	BATCH_TIME = 5                 /* or the first is so old, in 1/100 s */
};

struct nflog {
	uint16_t number;
	struct nflog_handle *handle;
	struct nflog_g_handle *group;
	uint8_t *datagram; /* NETLINK_LARGEST bytes */
	struct bytes rest; /* of the datagram, not yet given out */
	nt_time received_at;

	bool holds; /* `held` came after a gap that was told first */
	struct nflog_packet held;
	uint32_t expected; /* sequence number */
	uint64_t received, lost;
	uint32_t presumed; /* of `lost`: after overruns, until the next sequence number tells how many it were */
};

/* ---- opening ---- */

/* The kernel says EPERM both to those who may not, and when the group belongs to another program. */
static bool may_administer(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & 1U << CAP_NET_ADMIN) != 0;
}

static enum nt_status bind_failed(const struct nflog *nflog, int why, struct nt_error *error)
{
	switch (why) {
	case EPERM:
	case EACCES:
		if (!may_administer())
			return nt_fail(error, NT_EIO, "no permission to read NFLOG group %u: " NETLINK_PERMISSION_ADVICE,
				       nflog->number);
		/* fallthrough */
	case EBUSY:
		return nt_fail(error, NT_EIO,
			       "NFLOG group %u is taken by another program; /proc/net/netfilter/nfnetlink_log tells which",
			       nflog->number);
	case EINVAL:
	case ENOENT:
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
		return nt_fail(error, NT_EIO,
			       "cannot read NFLOG group %u: this kernel has no nfnetlink_log (modprobe nfnetlink_log)",
			       nflog->number);
	default:
		return nt_fail(error, NT_EIO, "cannot read NFLOG group %u: %s", nflog->number, strerror(why));
	}
}

static enum nt_status open_socket(struct nflog *nflog, struct nt_error *error)
{
	struct nfnl_handle *netlink = nfnl_open();

	if (!netlink)
		return bind_failed(nflog, errno, error);
	nfnl_unset_sequence_tracking(netlink);
	nfnl_set_rcv_buffer_size(netlink, NETLINK_LARGEST); /* packets may come between the answers to our questions */
	nflog->handle = nflog_open_nfnl(netlink);
	if (!nflog->handle) {
		nfnl_close(netlink);
		return bind_failed(nflog, errno, error);
	}
	(void)fcntl(nflog_fd(nflog->handle), F_SETFD, FD_CLOEXEC);
	return NT_OK;
}

/* Sequence numbers come last: what the library swallows while it waits for answers is from before the beginning. */
static enum nt_status bind_group(struct nflog *nflog, uint32_t snaplen, struct nt_error *error)
{
	nflog->group = nflog_bind_group(nflog->handle, nflog->number);
	if (!nflog->group)
		return bind_failed(nflog, errno, error);
	if (nflog_set_mode(nflog->group, NFULNL_COPY_PACKET, snaplen) < 0 || nflog_set_nlbufsiz(nflog->group, BATCH_BYTES) < 0 ||
	    nflog_set_qthresh(nflog->group, BATCH_PACKETS) < 0 || nflog_set_timeout(nflog->group, BATCH_TIME) < 0 ||
	    nflog_set_flags(nflog->group, NFULNL_CFG_F_SEQ) < 0)
		return nt_fail(error, NT_EIO, "cannot configure NFLOG group %u: %s", nflog->number, strerror(errno));
	netlink_set_buffer(nflog_fd(nflog->handle), BUFFER); /* after nflog_set_nlbufsiz(), which sets it to ten batches */
	return NT_OK;
}

enum nt_status nflog_open(struct nflog **out, uint16_t group, uint32_t snaplen, struct nt_error *error)
{
	struct nflog *nflog = nt_zalloc(sizeof *nflog);
	enum nt_status status;

	*out = NULL;
	nflog->number = group;
	nflog->datagram = nt_alloc(NETLINK_LARGEST);
	status = open_socket(nflog, error);
	if (status == NT_OK)
		status = bind_group(nflog, snaplen, error); /* a copy range of 0 is the largest possible */
	if (status == NT_OK)
		*out = nflog;
	else
		nflog_free(nflog);
	return status;
}

void nflog_free(struct nflog *nflog)
{
	if (!nflog)
		return;
	if (nflog->group)
		nflog_unbind_group(nflog->group);
	if (nflog->handle)
		nflog_close(nflog->handle);
	free(nflog->datagram);
	free(nflog);
}

int nflog_descriptor(const struct nflog *nflog)
{
	return nflog_fd(nflog->handle);
}

/* ---- reading ---- */

static enum nt_status receive(struct nflog *nflog, struct nt_error *error)
{
	struct timespec now;
	ssize_t size;

	do
		size = recv(nflog_descriptor(nflog), nflog->datagram, NETLINK_LARGEST, MSG_DONTWAIT);
	while (size < 0 && errno == EINTR);
	if (size >= 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		nflog->received_at = now.tv_sec * NT_SECOND + now.tv_nsec;
		nflog->rest = (struct bytes){ nflog->datagram, (size_t)size };
		return NT_OK;
	}
	if (errno == EAGAIN)
		return NT_AGAIN;
	if (errno != ENOBUFS)
		return nt_fail(error, NT_EIO, "reading NFLOG group %u failed: %s", nflog->number, strerror(errno));
	nflog->presumed++;
	nflog->lost++;
	return nt_fail(error, NT_ELIMIT, "NFLOG group %u: the kernel had to drop packets, as they were not read in time",
		       nflog->number);
}

/* How many messages are missing before this one, beyond what overruns made us presume. */
static uint32_t count_gap(struct nflog *nflog, const struct nflog_sequence *sequence)
{
	uint32_t missing = sequence->told ? sequence->number - nflog->expected : 0;
	uint32_t known = missing < nflog->presumed ? missing : nflog->presumed;

	if (sequence->told)
		nflog->expected = sequence->number + 1;
	nflog->presumed -= known;
	return missing - known;
}

static enum nt_status deliver(struct nflog *nflog, const struct nflog_packet *packet, struct nflog_packet *out)
{
	nflog->received++;
	nflog->holds = false;
	*out = *packet;
	return NT_OK;
}

enum nt_status nflog_next(struct nflog *nflog, struct nflog_packet *out, struct nt_error *error)
{
	struct nflog_sequence sequence;
	struct netlink_message message;
	enum nt_status status = NT_OK;
	uint32_t gap;

	if (nflog->holds)
		return deliver(nflog, &nflog->held, out);
	for (; status == NT_OK; status = receive(nflog, error)) {
		while (netlink_next_message(&nflog->rest, &message)) {
			if (!nflog_message_read(&message, nflog->received_at, &nflog->held, &sequence))
				continue;
			gap = count_gap(nflog, &sequence);
			if (gap == 0)
				return deliver(nflog, &nflog->held, out);
			nflog->lost += gap;
			nflog->holds = true;
			return nt_fail(error, NT_ELIMIT, "NFLOG group %u: the kernel had to drop %u packets", nflog->number, gap);
		}
	}
	return status;
}

uint64_t nflog_received(const struct nflog *nflog)
{
	return nflog->received;
}

uint64_t nflog_lost(const struct nflog *nflog)
{
	return nflog->lost;
}
