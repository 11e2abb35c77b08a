#include "capture/filter.h"

#include "store/limits.h"

#include <pcap/pcap.h>
#include <stdlib.h>

/* An expression for one link type. */
struct program {
	uint32_t link_type;
	bool works;
	struct bpf_program code;
};

struct filter {
	char *expression;
	struct program **programs;
	size_t count, capacity;
	struct program **by_interface; /* NULL: not looked up yet */
	size_t interface_count;
};

/* Link types in files and the numbers that libpcap uses in memory are the same but for these, which differ between systems. */
static int dlt_of(uint32_t link_type)
{
	static const struct {
		uint32_t link_type;
		int dlt;
	} different[] = {
		{ 100, DLT_ATM_RFC1483 }, { 101, DLT_RAW },      { 102, DLT_SLIP_BSDOS },
		{ 103, DLT_PPP_BSDOS },   { 106, DLT_ATM_CLIP }, { 246, DLT_PFSYNC },
	};

	for (size_t i = 0; i < sizeof different / sizeof *different; i++)
		if (different[i].link_type == link_type)
			return different[i].dlt;
	return (int)link_type;
}

static bool compile(struct program *program, const char *expression, uint32_t link_type, struct nt_error *error)
{
	pcap_t *dead = pcap_open_dead(dlt_of(link_type), 262144);

	program->link_type = link_type;
	program->works = false;
	if (!dead) {
		nt_fail(error, NT_EUSAGE, "cannot compile the filter '%s': out of memory", expression);
		return false;
	}
	program->works = pcap_compile(dead, &program->code, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
	if (!program->works)
		nt_fail(error, NT_EUSAGE, "cannot compile the filter '%s': %s; see man 7 pcap-filter", expression,
			pcap_geterr(dead));
	pcap_close(dead);
	return program->works;
}

static struct program *add_program(struct filter *filter, uint32_t link_type, struct nt_error *error)
{
	struct program *program = nt_zalloc(sizeof *program);

	compile(program, filter->expression, link_type, error);
	if (filter->count == filter->capacity) {
		filter->capacity = filter->capacity ? filter->capacity * 2 : 4;
		filter->programs = nt_realloc_array(filter->programs, filter->capacity, sizeof(struct program *));
	}
	filter->programs[filter->count++] = program;
	return program;
}

static struct program *find_program(struct filter *filter, uint32_t link_type, struct nt_error *error)
{
	for (size_t i = 0; i < filter->count; i++)
		if (filter->programs[i]->link_type == link_type)
			return filter->programs[i];
	return add_program(filter, link_type, error);
}

enum nt_status filter_new(struct filter **out, const char *expression, const uint32_t *link_types, size_t count,
			  struct nt_error *error)
{
	enum { LINKTYPE_ETHERNET = 1 };
	struct filter *filter = nt_zalloc(sizeof *filter);
	struct nt_error wrong = { .status = NT_OK };
	bool works;

	*out = NULL;
	filter->expression = nt_strdup(expression);
	works = find_program(filter, LINKTYPE_ETHERNET, &wrong)->works;
	for (size_t i = 0; i < count; i++)
		works |= find_program(filter, link_types[i], &wrong)->works;
	if (!works) {
		filter_free(filter);
		return nt_fail(error, wrong.status, "%s", wrong.text);
	}
	*out = filter;
	return NT_OK;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->programs[i]->works)
			pcap_freecode(&filter->programs[i]->code);
		free(filter->programs[i]);
	}
	free(filter->programs);
	free(filter->by_interface);
	free(filter->expression);
	free(filter);
}

static struct program *program_of(struct filter *filter, const struct capture_interface *interface)
{
	if (interface->id >= filter->interface_count) {
		size_t count = (size_t)interface->id + 16;

		filter->by_interface = nt_realloc_array(filter->by_interface, count, sizeof(struct program *));
		for (size_t i = filter->interface_count; i < count; i++)
			filter->by_interface[i] = NULL;
		filter->interface_count = count;
	}
	if (!filter->by_interface[interface->id])
		filter->by_interface[interface->id] = find_program(filter, interface->link_type, NULL);
	return filter->by_interface[interface->id];
}

bool filter_takes(struct filter *filter, const struct packet *packet)
{
	const struct program *program = program_of(filter, packet->interface);

	return program->works && bpf_filter(program->code.bf_insns, packet->data, packet->size, packet->captured) != 0;
}
