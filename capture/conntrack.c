#include "capture/conntrack.h"

#include "capture/conntrack_message.h"
#include "capture/netlink.h"
#include "capture/sysctls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER = 16 * 1024 * 1024, /* of the socket: some ten thousand events may wait while we are held up */
	DATAGRAM = 64 * 1024,      /* events come one by one, a listing in 32 KiB at most */
	ANSWER_SECONDS = 10        /* for the kernel to go on with a listing */
};

/* With nf_conntrack_events = 2, the default, connections that began before anybody listened never send events. */
static const struct sysctl_switch switches[] = {
	{ .path = "/proc/sys/net/netfilter/nf_conntrack_events", .wanted = "1" },
	{ .path = "/proc/sys/net/netfilter/nf_conntrack_acct", .wanted = "1" },
	{ .path = "/proc/sys/net/netfilter/nf_conntrack_timestamp", .wanted = "1" },
};
enum { SWITCHES = sizeof switches / sizeof *switches };

struct wanted_address {
	uint8_t version;
	struct ip_address address;
};

/* What one call of recv() brought. */
struct batch {
	uint8_t *datagram; /* DATAGRAM bytes */
	struct bytes rest; /* of it, not yet given out */
	nt_time received_at;
};

struct conntrack {
	struct nfct_handle *events;
	struct sysctl_switch switches[SWITCHES];
	char warning[256];
	struct wanted_address *wanted; /* sorted */
	size_t wanted_count;
	struct batch batch;
	uint64_t received, overruns;
};

/* ---- which entries ---- */

static int compare_wanted(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct wanted_address));
}

static void set_wanted(struct conntrack *conntrack, const struct conntrack_options *options)
{
	conntrack->wanted_count = options->address_count;
	conntrack->wanted = nt_realloc_array(NULL, options->address_count, sizeof *conntrack->wanted);
	for (size_t i = 0; i < options->address_count; i++)
		conntrack->wanted[i] = (struct wanted_address){ options->address_versions[i], options->addresses[i] };
	qsort(conntrack->wanted, conntrack->wanted_count, sizeof *conntrack->wanted, compare_wanted);
}

static bool is_wanted_address(const struct conntrack *conntrack, uint8_t version, const struct ip_address *address)
{
	struct wanted_address key = { version, *address };

	return bsearch(&key, conntrack->wanted, conntrack->wanted_count, sizeof key, compare_wanted) != NULL;
}

static bool touches(const struct conntrack *conntrack, const struct address_tuple *tuple)
{
	return is_wanted_address(conntrack, tuple->ip_version, &tuple->source) ||
	       is_wanted_address(conntrack, tuple->ip_version, &tuple->destination);
}

static bool is_wanted(const struct conntrack *conntrack, const struct conntrack_entry *entry)
{
	return conntrack->wanted_count == 0 || touches(conntrack, &entry->original) || touches(conntrack, &entry->reply);
}

/* ---- opening ---- */

static enum nt_status failed(const char *what, int why, struct nt_error *error)
{
	switch (why) {
	case EPERM:
	case EACCES:
		return nt_fail(error, NT_EIO, "no permission to %s: " NETLINK_PERMISSION_ADVICE, what);
	case EINVAL: /* what nfnetlink says when there is no such subsystem */
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
		return nt_fail(error, NT_ENOTSUP, "cannot %s: this kernel has none (modprobe nf_conntrack_netlink)", what);
	default:
		return nt_fail(error, NT_EIO, "cannot %s: %s", what, strerror(why));
	}
}

/*
 * Asks for an entry that nobody has, between addresses of documentation (RFC 5737).  A kernel with connection tracking finds none; the
 * question also makes it load the module, whose switches can be set only then.
 */
static enum nt_status probe(struct nt_error *error)
{
	struct nfct_handle *handle = nfct_open(CONNTRACK, 0);
	struct nf_conntrack *ct = nfct_new();
	int why = errno;

	if (handle && ct) {
		nfct_set_attr_u8(ct, ATTR_L3PROTO, AF_INET);
		nfct_set_attr_u32(ct, ATTR_IPV4_SRC, htonl(0xc0000201));
		nfct_set_attr_u32(ct, ATTR_IPV4_DST, htonl(0xc6336401));
		nfct_set_attr_u8(ct, ATTR_L4PROTO, IPPROTO_UDP);
		nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(9));
		nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(9));
		why = nfct_query(handle, NFCT_Q_GET, ct) == 0 ? 0 : errno;
	}
	if (handle)
		nfct_close(handle);
	if (ct)
		nfct_destroy(ct);
	return why == 0 || why == ENOENT ? NT_OK : failed("read connection tracking", why, error);
}

/* Goes on without: events come still, though with less in them. */
static void switch_on(struct conntrack *conntrack, bool keep)
{
	size_t used = 0;

	for (size_t i = 0; i < SWITCHES; i++) {
		struct sysctl_switch *s = &conntrack->switches[i];

		*s = switches[i];
		errno = 0;
		if (keep ? sysctl_is_on(s) : sysctl_switch_on(s))
			continue;
		used += (size_t)snprintf(conntrack->warning + used, sizeof conntrack->warning - used, "%s%s is not %s%s%s",
					 used ? "; " : "", strrchr(s->path, '/') + 1, s->wanted, keep ? "" : ": ",
					 keep ? "" : strerror(errno));
		if (used >= sizeof conntrack->warning)
			return;
	}
}

static enum nt_status subscribe(struct conntrack *conntrack, struct nt_error *error)
{
	conntrack->events = nfct_open(CONNTRACK, NFCT_ALL_CT_GROUPS);
	if (!conntrack->events)
		return failed("listen to connection tracking", errno, error);
	(void)fcntl(nfct_fd(conntrack->events), F_SETFD, FD_CLOEXEC);
	netlink_set_buffer(nfct_fd(conntrack->events), BUFFER);
	return NT_OK;
}

enum nt_status conntrack_open(struct conntrack **out, const struct conntrack_options *options, struct nt_error *error)
{
	struct conntrack *conntrack;
	enum nt_status status = probe(error);

	*out = NULL;
	if (status != NT_OK)
		return status;
	conntrack = nt_zalloc(sizeof *conntrack);
	conntrack->batch.datagram = nt_alloc(DATAGRAM);
	set_wanted(conntrack, options);
	switch_on(conntrack, options->keep_sysctls);
	status = subscribe(conntrack, error);
	if (status == NT_OK)
		*out = conntrack;
	else
		conntrack_free(conntrack);
	return status;
}

void conntrack_free(struct conntrack *conntrack)
{
	if (!conntrack)
		return;
	for (size_t i = SWITCHES; i-- > 0;)
		sysctl_put_back(&conntrack->switches[i]);
	if (conntrack->events)
		nfct_close(conntrack->events);
	free(conntrack->wanted);
	free(conntrack->batch.datagram);
	free(conntrack);
}

int conntrack_descriptor(const struct conntrack *conntrack)
{
	return nfct_fd(conntrack->events);
}

const char *conntrack_warning(const struct conntrack *conntrack)
{
	return conntrack->warning[0] ? conntrack->warning : NULL;
}

/* ---- events ---- */

/* 0, or why there is nothing. */
static int receive(struct batch *batch, int fd, int flags)
{
	struct timespec now;
	ssize_t size;

	do
		size = recv(fd, batch->datagram, DATAGRAM, flags);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno;
	clock_gettime(CLOCK_REALTIME, &now);
	batch->received_at = now.tv_sec * NT_SECOND + now.tv_nsec;
	batch->rest = (struct bytes){ batch->datagram, (size_t)size };
	return 0;
}

static enum nt_status receive_event(struct conntrack *conntrack, struct nt_error *error)
{
	int why = receive(&conntrack->batch, conntrack_descriptor(conntrack), MSG_DONTWAIT);

	switch (why) {
	case 0:
		return NT_OK;
	case EAGAIN:
		return NT_AGAIN;
	case ENOBUFS:
		conntrack->overruns++;
		return nt_fail(error, NT_ELIMIT, "the kernel lost connection tracking events, as they were not read in time");
	default:
		return failed("read connection tracking events", why, error);
	}
}

enum nt_status conntrack_next(struct conntrack *conntrack, struct conntrack_entry *out, struct nt_error *error)
{
	struct netlink_message message;
	enum nt_status status = NT_OK;

	for (; status == NT_OK; status = receive_event(conntrack, error)) {
		while (netlink_next_message(&conntrack->batch.rest, &message)) {
			if (!conntrack_message_read(&message, conntrack->batch.received_at, out) || !is_wanted(conntrack, out))
				continue;
			conntrack->received++;
			return NT_OK;
		}
	}
	return status;
}

uint64_t conntrack_received(const struct conntrack *conntrack)
{
	return conntrack->received;
}

uint64_t conntrack_overruns(const struct conntrack *conntrack)
{
	return conntrack->overruns;
}

/* ---- listing ---- */

struct listing {
	const struct conntrack *conntrack;
	void (*entry)(void *context, const struct conntrack_entry *entry);
	void *context;
};

/* 0 when the listing ends here, EINPROGRESS when it goes on, else why it failed. */
static int list_message(const struct listing *listing, const struct netlink_message *message, nt_time received)
{
	struct conntrack_entry entry;
	int32_t code = 0;

	if (message->type == NLMSG_DONE || message->type == NLMSG_ERROR) {
		if (message->payload.size >= sizeof code)
			memcpy(&code, message->payload.at, sizeof code);
		return -code;
	}
	if (conntrack_message_read(message, received, &entry) && is_wanted(listing->conntrack, &entry)) {
		entry.kind = CONNTRACK_DUMP;
		listing->entry(listing->context, &entry);
	}
	return EINPROGRESS;
}

static int list(const struct listing *listing, struct nfct_handle *handle, struct batch *batch)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	const uint32_t family = AF_UNSPEC;
	struct netlink_message message;
	int why;

	(void)setsockopt(nfct_fd(handle), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (nfct_send(handle, NFCT_Q_DUMP, &family) < 0)
		return errno;
	for (;;) {
		why = receive(batch, nfct_fd(handle), 0);
		if (why != 0)
			return why;
		while (netlink_next_message(&batch->rest, &message)) {
			why = list_message(listing, &message, batch->received_at);
			if (why != EINPROGRESS)
				return why;
		}
	}
}

/* On a socket of its own: what a listing that failed halfway leaves unread goes with it. */
enum nt_status conntrack_dump(struct conntrack *conntrack, void (*entry)(void *context, const struct conntrack_entry *entry),
			      void *context, struct nt_error *error)
{
	struct listing listing = { conntrack, entry, context };
	struct nfct_handle *handle = nfct_open(CONNTRACK, 0);
	struct batch batch = { .datagram = nt_alloc(DATAGRAM) };
	int why = handle ? list(&listing, handle, &batch) : errno;

	free(batch.datagram);
	if (handle)
		nfct_close(handle);
	return why == 0 ? NT_OK : failed("list connection tracking", why, error);
}
