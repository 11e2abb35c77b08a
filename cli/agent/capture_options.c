#include "cli/agent/capture_options.h"

#include "cli/option_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

/* The digits that `text` begins with; *rest is what follows them. */
static bool parse_digits(const char *text, uint64_t *out, const char **rest)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	*rest = end;
	return errno == 0;
}

static bool parse_number(const char *text, uint64_t largest, uint64_t *out)
{
	const char *rest;

	return parse_digits(text, out, &rest) && !*rest && *out <= largest;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* A number and the name of one of the units; the first unit is that of a number alone. */
static bool parse_amount(const char *text, const struct unit *units, size_t count, uint64_t largest, uint64_t *out)
{
	uint64_t number;
	const char *rest;

	if (!parse_digits(text, &number, &rest))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rest, units[i].name) != 0)
			continue;
		*out = number * units[i].factor;
		return number <= largest / units[i].factor;
	}
	return false;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

bool capture_options_parse_size(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 },        { "k", 1 << 10 },   { "K", 1 << 10 },   { "M", 1 << 20 },
		{ "G", 1 << 30 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
	};

	return parse_amount(text, units, COUNT(units), INT64_MAX, out);
}

bool capture_options_parse_duration(const char *text, int64_t *out)
{
	static const struct unit units[] = {
		{ "", (uint64_t)NT_SECOND },         { "s", (uint64_t)NT_SECOND },          { "ms", (uint64_t)NT_MILLISECOND },
		{ "m", (uint64_t)(60 * NT_SECOND) }, { "h", (uint64_t)(3600 * NT_SECOND) },
	};
	uint64_t duration;

	if (!parse_amount(text, units, COUNT(units), INT64_MAX, &duration))
		return false;
	*out = (int64_t)duration;
	return true;
}

/* ---- handlers ---- */

static enum nt_status take_size(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	if (!capture_options_parse_size(argument, option_target(target, row)))
		return nt_fail(error, NT_EUSAGE, "--%s %s: not a number of bytes, such as 500k, 64M or 1G", row->name, argument);
	return NT_OK;
}

static enum nt_status take_duration(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	int64_t *duration = option_target(target, row);

	if (!capture_options_parse_duration(argument, duration) || *duration == 0)
		return nt_fail(error, NT_EUSAGE, "--%s %s: not a duration, such as 10, 500ms, 5m or 1h", row->name, argument);
	return NT_OK;
}

static enum nt_status take_count(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	uint64_t *count = option_target(target, row);

	if (!parse_number(argument, UINT64_MAX, count) || *count == 0)
		return nt_fail(error, NT_EUSAGE, "--%s %s: not a number of packets", row->name, argument);
	return NT_OK;
}

static enum nt_status take_snaplen(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	uint64_t bytes;

	/* As tcpdump: more than fits into any packet is the whole packet. */
	if (!parse_number(argument, UINT32_MAX, &bytes))
		return nt_fail(error, NT_EUSAGE, "--%s %s: not a number of bytes", row->name, argument);
	*(uint32_t *)option_target(target, row) = (uint32_t)bytes;
	return NT_OK;
}

static enum nt_status take_interface(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct capture_options *options = target;

	if (!*argument)
		return nt_fail(error, NT_EUSAGE, "--%s needs the name of an interface; -D lists them", row->name);
	for (size_t i = 0; i < options->interface_count; i++)
		if (strcmp(options->interfaces[i], argument) == 0)
			return nt_fail(error, NT_EUSAGE, "--%s %s is given twice", row->name, argument);
	if (options->interface_count == CAPTURE_MAX_INTERFACES)
		return nt_fail(error, NT_EUSAGE, "more than %d interfaces; \"any\" takes all of them", CAPTURE_MAX_INTERFACES);
	option_append(&options->interfaces, &options->interface_count, argument);
	return NT_OK;
}

static enum nt_status take_group(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	struct capture_options *options = target;
	uint64_t group;

	if (!parse_number(argument, UINT16_MAX, &group))
		return nt_fail(error, NT_EUSAGE, "--%s %s: not a group from 0 to 65535", row->name, argument);
	for (size_t i = 0; i < options->group_count; i++)
		if (options->groups[i] == group)
			return nt_fail(error, NT_EUSAGE, "--%s %s is given twice", row->name, argument);
	if (options->group_count == CAPTURE_MAX_GROUPS)
		return nt_fail(error, NT_EUSAGE, "more than %d groups of NFLOG", CAPTURE_MAX_GROUPS);
	options->groups = nt_realloc_array(options->groups, options->group_count + 1, sizeof *options->groups);
	options->groups[options->group_count++] = (uint16_t)group;
	return NT_OK;
}

/* ---- the table ---- */

#define SETS(member) offsetof(struct capture_options, member)

static const struct option_row rows[] = {
	{ "interface", 'i', "NAME", "capture on this interface, or on \"any\" (the default); repeatable", take_interface, 0 },
	{ "nflog", 0, "GROUP", "record what the firewall logs to this NFLOG group; repeatable", take_group, 0 },
	{ "read", 'r', "FILE", "import a capture (pcap, pcapng) instead; - is standard input", option_take_file, SETS(input) },
	{ "output", 'o', "FILE", "the recording, an SQLite file; a new session is added to an old one", option_take_file,
	  SETS(output) },
	{ "filter", 'f', "FILTER", "only packets that match, in the syntax of pcap-filter(7)", option_take_text, SETS(filter) },
	{ "icmp", 0, NULL, "take ICMP and ICMPv6 (the default)", option_take_flag, SETS(icmp) },
	{ "no-icmp", 0, NULL, "leave out ICMP and ICMPv6", option_clear_flag, SETS(icmp) },
	{ "arp", 0, NULL, "take ARP (the default)", option_take_flag, SETS(arp) },
	{ "no-arp", 0, NULL, "leave out ARP", option_clear_flag, SETS(arp) },
	{ "no-payload", 0, NULL, "of TCP only segments without payload", option_take_flag, SETS(no_payload) },
	{ "snapshot-length", 's', "BYTES", "keep so much of each packet (0: all of it, the default)", take_snaplen, SETS(snaplen) },
	{ "count", 'c', "COUNT", "stop after so many packets", take_count, SETS(count) },
	{ "duration", 0, "SECONDS", "stop after this time; also 500ms, 5m, 1h", take_duration, SETS(duration) },
	{ "max-size", 0, "BYTES",
	  "stop when it holds so much of packets: 500k, 64M (the default), 1G;\n0: no limit (the default of --read)", take_size,
	  SETS(max_size) },
	{ "ring", 0, NULL,
	  "drop the oldest packets instead of stopping at --max-size; of this session only:\neach start adds one to the file, and "
	  "the older ones stay",
	  option_take_flag, SETS(ring) },
	{ "no-conntrack", 0, NULL, "do not record connection tracking", option_take_flag, SETS(no_conntrack) },
	{ "keep-sysctls", 0, NULL, "do not switch on nf_conntrack_acct, _timestamp and _events meanwhile", option_take_flag,
	  SETS(keep_sysctls) },
	{ "keylog", 0, "FILE", "record the TLS keys that appear in this NSS key log", option_take_file, SETS(keylog) },
	{ "no-keylog", 0, NULL, "record no TLS keys, neither of the command nor of an imported capture", option_take_flag,
	  SETS(no_keylog) },
	{ "only-command", 0, NULL, "only packets of the command and its children (root; nftables, cgroup v2)", option_take_flag,
	  SETS(only_command) },
	{ "relinquish-privileges", 'Z', "USER", "run as this user once all is open (sudo's caller, else nobody)", option_take_text,
	  SETS(user) },
	{ "list-interfaces", 'D', NULL, "print the interfaces and end", option_take_flag, SETS(list_interfaces) },
	{ "numeric", 'n', NULL, "no effect: names are never looked up", option_take_flag, SETS(numeric) },
	{ "quiet", 'q', NULL, "no progress and no messages but errors", option_take_flag, SETS(quiet) },
	{ "verbose", 'v', NULL, "say what is opened and done", option_take_flag, SETS(verbose) },
	{ "help", 'h', NULL, "print this text", option_take_flag, SETS(help) },
	{ "version", 'V', NULL, "print the version, and those of the libraries", option_take_flag, SETS(version) },
};

static const struct option_table table = { rows, COUNT(rows), true };

_Static_assert(COUNT(rows) <= OPTION_TABLE_ROWS, "the table is too long");

/* ---- reading ---- */

#define SIZE_NOT_GIVEN UINT64_MAX /* larger than can be given */

/* What stands after "--" is the command; before it there is nothing but options. */
static enum nt_status take_command(struct capture_options *options, int argc, char **argv, int operands, struct nt_error *error)
{
	bool after_dashes = operands > 1 && strcmp(argv[operands - 1], "--") == 0;

	if (operands == argc && after_dashes)
		return nt_fail(error, NT_EUSAGE, "there is no command after --");
	if (operands == argc)
		return NT_OK;
	if (!after_dashes)
		return nt_fail(error, NT_EUSAGE, "unexpected %s: a filter is given with -f, a command after --", argv[operands]);
	options->command = argv + operands;
	return NT_OK;
}

/* Pairs of options of which the second makes no sense beside the first. */
static enum nt_status check_import(const struct capture_options *options, struct nt_error *error)
{
	const char *beside = options->interface_count ? "--interface"
			     : options->group_count   ? "--nflog"
			     : options->command       ? "a command"
			     : options->duration      ? "--duration"
			     : options->ring          ? "--ring"
			     : options->only_command  ? "--only-command"
						      : NULL;

	return beside ? nt_fail(error, NT_EUSAGE, "--read imports a file: it cannot be used with %s", beside) : NT_OK;
}

static enum nt_status check(const struct capture_options *options, struct nt_error *error)
{
	if (!options->output)
		return nt_fail(error, NT_EUSAGE, "no output: name the recording with -o FILE");
	if (strcmp(options->output, "-") == 0)
		return nt_fail(error, NT_EUSAGE, "a recording is a database and cannot be written to standard output");
	if (options->only_command && !options->command)
		return nt_fail(error, NT_EUSAGE, "--only-command needs a command after --");
	if (options->only_command && options->group_count)
		return nt_fail(error, NT_EUSAGE, "--only-command uses an NFLOG group of its own: it cannot be used with --nflog");
	if (options->ring && options->max_size == 0)
		return nt_fail(error, NT_EUSAGE, "--ring needs a --max-size");
	if (options->keylog && options->no_keylog)
		return nt_fail(error, NT_EUSAGE, "--keylog and --no-keylog contradict each other");
	return options->input ? check_import(options, error) : NT_OK;
}

enum nt_status capture_options_read(struct capture_options *options, int argc, char **argv, struct nt_error *error)
{
	enum nt_status status;
	int operands;

	*options = (struct capture_options){ .icmp = true, .arp = true, .max_size = SIZE_NOT_GIVEN };
	status = option_table_read(&table, options, argc, argv, &operands, error);
	if (status != NT_OK || options->help || options->version || options->list_interfaces)
		return status;
	status = take_command(options, argc, argv, operands, error);
	if (options->max_size == SIZE_NOT_GIVEN)
		options->max_size = options->input ? 0 : CAPTURE_DEFAULT_SIZE;
	if (status == NT_OK)
		status = check(options, error);
	if (status == NT_OK && !options->interface_count && !options->group_count && !options->input && !options->only_command)
		option_append(&options->interfaces, &options->interface_count, "any");
	return status;
}

void capture_options_clear(struct capture_options *options)
{
	free(options->interfaces);
	free(options->groups);
	*options = (struct capture_options){ 0 };
}

/* ---- help ---- */

void capture_options_print_help(FILE *out)
{
	fputs("nettrace-capture [options] -o FILE [-- COMMAND [ARGUMENT]...]\n"
	      "Records packets and connection tracking into FILE, which nettrace-analyze reads, until it is interrupted or a "
	      "limit\n"
	      "is reached; with a command while that runs, with its TLS keys.\n\n",
	      out);
	option_table_print(out, &table);
	fputs("\nSIGINT and SIGTERM end it cleanly, a second one at once; SIGUSR1 prints the counts so far.\n"
	      "Exit status: 0 done; 1 wrong use, or nothing could be captured or written; 2 an imported file is damaged or cut, "
	      "and\n"
	      "what stands before the damage was imported; with a command its own status, 128 + N if signal N ended it.\n",
	      out);
}
