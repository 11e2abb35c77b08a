#include "store/schema.h"

#include "store/conntrack_names.h"
#include "store/recording.h"

#include <stdio.h>

/* clang-format off */
/* ---- pieces of SQL: s is the expression that they are about, in quotes ---- */

/* "2026-03-01T09:30:00.123456789Z" of nanoseconds, also of those before 1970. */
#define SQL_TIME(s) \
	"strftime('%Y-%m-%dT%H:%M:%S', (" s " - (" s " % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch')" \
	" || printf('.%09dZ', (" s " % 1000000000 + 1000000000) % 1000000000)"

#define SQL_WORD(number, word) " WHEN " #number " THEN '" word "'"
#define SQL_BIT(number, word) " || CASE WHEN c.status >> " #number " & 1 THEN '|" word "' ELSE '' END"

#define SQL_PROTOCOL(s) \
	"CASE " s " WHEN 1 THEN 'icmp' WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' WHEN 58 THEN 'icmpv6' WHEN 132 THEN 'sctp' ELSE " s \
	" END"

/* A byte of the packet as a number: its place among all bytes.  The place in the packet counts from 1. */
#define SQL_BYTE(place) "(instr(octets, substr(bytes, " place ", 1)) - 1)"
#define SQL_PORT(place) SQL_BYTE(place) " * 256 + " SQL_BYTE(place " + 1")
#define SQL_IPV4(place) \
	SQL_BYTE(place) " || '.' || " SQL_BYTE(place " + 1") " || '.' || " SQL_BYTE(place " + 2") " || '.' || " SQL_BYTE(place " + 3")

/*
 * ":fe80:0:0:0:1:2:3:4:" first, with all groups and without leading zeros; then RFC 5952 4.2: the first of the longest runs of
 * zeros is left out.
 */
#define SQL_GROUP(place, n) " || lower(hex(substr(bytes, " place " + " #n ", 2))) || ':'"
#define SQL_GROUPS(place) \
	"replace(replace(replace(replace(replace(':'" \
	SQL_GROUP(place, 0) SQL_GROUP(place, 2) SQL_GROUP(place, 4) SQL_GROUP(place, 6) \
	SQL_GROUP(place, 8) SQL_GROUP(place, 10) SQL_GROUP(place, 12) SQL_GROUP(place, 14) \
	", ':0000', ':z'), ':000', ':'), ':00', ':'), ':0', ':'), ':z', ':0')"
#define SQL_IPV6(place) \
	"(SELECT coalesce((SELECT ltrim(substr(a.text, 1, instr(a.text, zeros) - 1), ':') || '::'" \
	" || rtrim(substr(a.text, instr(a.text, zeros) + length(zeros)), ':')" \
	" FROM runs WHERE instr(a.text, zeros) ORDER BY length(zeros) DESC LIMIT 1), trim(a.text, ':'))" \
	" FROM (SELECT " SQL_GROUPS(place) " AS text) AS a)"

#define ALL_OF(x) x "0" x "1" x "2" x "3" x "4" x "5" x "6" x "7" x "8" x "9" x "A" x "B" x "C" x "D" x "E" x "F"
#define ALL_BYTES \
	ALL_OF("0") ALL_OF("1") ALL_OF("2") ALL_OF("3") ALL_OF("4") ALL_OF("5") ALL_OF("6") ALL_OF("7") \
	ALL_OF("8") ALL_OF("9") ALL_OF("A") ALL_OF("B") ALL_OF("C") ALL_OF("D") ALL_OF("E") ALL_OF("F")

/* ---- the schema ----
 * Rows of a session are appended while it runs, so they are in the order of writing; that is nearly the order of time.  There is no
 * index on the packets' time: it would cost the writer a third of its speed.  Foreign keys are not enforced while recording, but
 * with `PRAGMA foreign_keys = ON` one can delete a session with all that belongs to it.
 */
const char schema_sql[] =
"CREATE TABLE sessions ( -- one run of nettrace-capture, or one imported file\n"
"  id INTEGER PRIMARY KEY,\n"
"  begin_ns INTEGER,         -- start; all columns _ns are nanoseconds since 1970-01-01 00:00 UTC\n"
"  end_ns INTEGER,           -- NULL: still running, or it did not come to its end\n"
"  end_reason TEXT,          -- 'signal', 'duration', 'count', 'size', 'command', 'disk-full', ...\n"
"  source TEXT,              -- 'live', or the name of the imported file\n"
"  host TEXT,                -- name of the machine\n"
"  kernel TEXT,              -- its kernel, as uname -sr\n"
"  program_version TEXT,     -- of nettrace-capture\n"
"  filter TEXT,              -- pcap-filter expression, NULL: everything\n"
"  command TEXT,             -- command line that was run meanwhile (nettrace-capture ... -- COMMAND)\n"
"  command_begin_ns INTEGER,\n"
"  command_end_ns INTEGER,\n"
"  exit_status INTEGER,      -- of the command; 128 + signal if a signal ended it\n"
"  first_packet INTEGER NOT NULL DEFAULT 1, -- packets.id from which the session's packets are, up to the next session's\n"
"  disorder_ns INTEGER NOT NULL DEFAULT 0   -- no packet is earlier than one before it (by id) by more than this\n"
");\n"

"CREATE TABLE interfaces ( -- where the packets of a session come from\n"
"  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,\n"
"  id INTEGER NOT NULL,      -- number within the session: packets.interface\n"
"  name TEXT,                -- 'eth0', 'nflog:5'\n"
"  description TEXT,\n"
"  link_type INTEGER NOT NULL, -- LINKTYPE_ value: 1 Ethernet, 101 raw IP, 113 and 276 Linux cooked, ...\n"
"  snaplen INTEGER NOT NULL, -- bytes kept of a packet; 0: all\n"
"  PRIMARY KEY (session, id)\n"
") WITHOUT ROWID;\n"

"CREATE TABLE packets (\n"
"  id INTEGER PRIMARY KEY,   -- in the order of writing, over all sessions of the file\n"
"  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,\n"
"  number INTEGER NOT NULL,  -- counts from 1 in its session\n"
"  time_ns INTEGER,          -- when the kernel saw it\n"
"  interface INTEGER NOT NULL, -- interfaces.id of the same session\n"
"  captured INTEGER NOT NULL, -- number of bytes kept\n"
"  size INTEGER NOT NULL,    -- number of bytes on the wire\n"
"  nflog INTEGER REFERENCES nflog(id), -- what a firewall rule told about it, NULL for packets of an interface\n"
"  bytes BLOB NOT NULL       -- from the link-layer header on\n"
");\n"

"CREATE TABLE nflog ( -- what NFLOG tells beside the bytes; equal rows are shared by packets\n"
"  id INTEGER PRIMARY KEY,\n"
"  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,\n"
"  prefix TEXT,              -- of the rule (nft: log prefix, iptables: --nflog-prefix)\n"
"  mark INTEGER NOT NULL,\n"
"  uid INTEGER,              -- user and group of the local socket, NULL if there is none\n"
"  gid INTEGER,\n"
"  hook INTEGER NOT NULL,    -- 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting, 255 unknown\n"
"  in_interface INTEGER NOT NULL, -- the kernel's interface indices, 0 none\n"
"  out_interface INTEGER NOT NULL\n"
");\n"

"CREATE TABLE conntrack ( -- states of the kernel's connection tracking entries; conntrack_readable has the words\n"
"  id INTEGER PRIMARY KEY,\n"
"  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,\n"
"  kind INTEGER NOT NULL,    -- 0 new, 1 update, 2 destroy, 3 from a listing of the table\n"
"  time_ns INTEGER,\n"
"  time_is_kernels INTEGER NOT NULL, -- 1: the kernel's time of the event, 0: when it was received\n"
"  entry INTEGER NOT NULL,   -- the kernel's id of the entry, 0 unknown\n"
"  zone INTEGER NOT NULL,\n"
"  protocol INTEGER NOT NULL, -- IANA number: 1 ICMP, 6 TCP, 17 UDP, ...\n"
"  source TEXT,              -- the original direction, as the client sees it\n"
"  source_port INTEGER,\n"
"  destination TEXT,\n"
"  destination_port INTEGER,\n"
"  reply_source TEXT,        -- the reply direction: whom the client reached,\n"
"  reply_source_port INTEGER,\n"
"  reply_destination TEXT,   -- and as whom; other than above where addresses are translated\n"
"  reply_destination_port INTEGER,\n"
"  status INTEGER NOT NULL,  -- bits of enum ip_conntrack_status\n"
"  tcp_state INTEGER,        -- enum tcp_conntrack, NULL if it is not TCP\n"
"  mark INTEGER NOT NULL,\n"
"  packets INTEGER,          -- original direction; NULL: the kernel did not count (nf_conntrack_acct)\n"
"  bytes INTEGER,\n"
"  reply_packets INTEGER,\n"
"  reply_bytes INTEGER,\n"
"  start_ns INTEGER,         -- of the connection, NULL: not told (nf_conntrack_timestamp)\n"
"  stop_ns INTEGER,\n"
"  timeout_s INTEGER NOT NULL -- until the kernel forgets it; 0 not told\n"
");\n"

"CREATE TABLE keys ( -- TLS secrets; in the order of id, put together, they are an SSLKEYLOGFILE\n"
"  id INTEGER PRIMARY KEY,\n"
"  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,\n"
"  text TEXT NOT NULL\n"
");\n"

"CREATE TABLE events ( -- what the recording misses, and what its reader must know\n"
"  id INTEGER PRIMARY KEY,\n"
"  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,\n"
"  time_ns INTEGER,\n"
"  kind TEXT,                -- 'kernel-drops', 'conntrack-overrun', 'interface-down', 'clock-step', 'ring-dropped', ...\n"
"  subject TEXT,             -- interface, NFLOG group, ...\n"
"  count INTEGER NOT NULL,   -- packets or events lost, nanoseconds of a clock step; 0 if it does not apply\n"
"  text TEXT                 -- one sentence\n"
");\n"

"CREATE TABLE statistics ( -- counts since the session's begin\n"
"  id INTEGER PRIMARY KEY,\n"
"  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,\n"
"  time_ns INTEGER,\n"
"  subject TEXT,             -- interface, 'conntrack', 'nflog:5'\n"
"  received INTEGER NOT NULL,\n"
"  captured INTEGER NOT NULL,\n"
"  dropped_by_kernel INTEGER NOT NULL,\n"
"  dropped_by_interface INTEGER NOT NULL,\n"
"  lost INTEGER NOT NULL     -- by nettrace-capture itself\n"
");\n"

"CREATE VIEW sessions_readable AS -- times as text, and how many packets there are\n"
"SELECT s.id, " SQL_TIME("s.begin_ns") " AS begin, " SQL_TIME("s.end_ns") " AS end, s.end_reason, s.source, s.host, s.filter,\n"
"  s.command, s.exit_status, (SELECT count(*) FROM packets AS p WHERE p.session = s.id AND p.id >= s.first_packet) AS packets\n"
"FROM sessions AS s;\n"

"CREATE VIEW events_readable AS\n"
"SELECT id, session, " SQL_TIME("time_ns") " AS time, kind, subject, count, text FROM events;\n"

"CREATE VIEW conntrack_readable AS\n"
"SELECT c.id, c.session, " SQL_TIME("c.time_ns") " AS time,\n"
"  CASE c.kind" CONNTRACK_KIND_LIST(SQL_WORD) " END AS kind,\n"
"  " SQL_PROTOCOL("c.protocol") " AS protocol,\n"
"  c.source, c.source_port, c.destination, c.destination_port,\n"
"  c.reply_source, c.reply_source_port, c.reply_destination, c.reply_destination_port,\n"
"  CASE c.tcp_state" CONNTRACK_TCP_STATE_LIST(SQL_WORD) " END AS tcp_state,\n"
"  substr(''" CONNTRACK_STATUS_LIST(SQL_BIT) ", 2) AS status,\n"
"  c.packets, c.bytes, c.reply_packets, c.reply_bytes, c.mark, c.zone, c.entry,\n"
"  " SQL_TIME("c.start_ns") " AS start, " SQL_TIME("c.stop_ns") " AS stop\n"
"FROM conntrack AS c;\n"

"CREATE VIEW packets_readable AS -- addresses of plain IPv4 and IPv6 over Ethernet (one VLAN tag), raw IP and Linux cooked;\n"
"  -- ports without IPv6 extension headers, NULL in later fragments\n"
"WITH runs(zeros) AS (VALUES (':0:0:0:0:0:0:0:0:'), (':0:0:0:0:0:0:0:'), (':0:0:0:0:0:0:'), (':0:0:0:0:0:'),\n"
"    (':0:0:0:0:'), (':0:0:0:'), (':0:0:')),\n"
"linked AS (SELECT p.id, p.session, p.number, p.time_ns, p.interface, i.name, p.captured, p.size, p.nflog, p.bytes, b.octets,\n"
"    CASE i.link_type WHEN 1 THEN CASE WHEN hex(substr(p.bytes, 13, 2)) IN ('8100', '88A8') THEN 17 ELSE 13 END WHEN 113 THEN 15\n"
"      WHEN 276 THEN 1 END AS type_at, -- of the EtherType\n"
"    CASE i.link_type WHEN 1 THEN CASE WHEN hex(substr(p.bytes, 13, 2)) IN ('8100', '88A8') THEN 19 ELSE 15 END WHEN 113 THEN 17\n"
"      WHEN 276 THEN 21 WHEN 101 THEN 1 WHEN 228 THEN 1 WHEN 229 THEN 1 END AS at -- of the IP header\n"
"  FROM packets AS p CROSS JOIN (SELECT X'" ALL_BYTES "' AS octets) AS b\n"
"  LEFT JOIN interfaces AS i ON i.session = p.session AND i.id = p.interface),\n"
"typed AS (SELECT *, hex(substr(bytes, type_at, 2)) AS type, CASE\n"
"    WHEN type_at IS NULL OR hex(substr(bytes, type_at, 2)) IN ('0800', '86DD')\n"
"    THEN (instr(octets, substr(bytes, at, 1)) - 1) / 16\n"
"  END AS version FROM linked),\n"
"located AS (SELECT *,\n"
"    CASE version WHEN 4 THEN " SQL_BYTE("at + 9") " WHEN 6 THEN " SQL_BYTE("at + 6") " END AS upper,\n"
"    CASE version WHEN 4 THEN CASE WHEN " SQL_PORT("at + 6") " & 8191 = 0 THEN at + " SQL_BYTE("at") " % 16 * 4 END\n"
"      WHEN 6 THEN at + 40 END AS upper_at\n"
"  FROM typed)\n"
"SELECT l.id, l.session, l.number, " SQL_TIME("l.time_ns") " AS time, l.name AS interface,\n"
"  CASE WHEN l.version IN (4, 6) THEN " SQL_PROTOCOL("l.upper") " WHEN l.type = '0806' THEN 'arp' ELSE l.type END AS protocol,\n"
"  CASE l.version WHEN 4 THEN " SQL_IPV4("at + 12") "\n"
"    WHEN 6 THEN " SQL_IPV6("at + 8") " END AS source,\n"
"  CASE WHEN l.upper IN (6, 17, 132) THEN " SQL_PORT("upper_at") " END AS source_port,\n"
"  CASE l.version WHEN 4 THEN " SQL_IPV4("at + 16") "\n"
"    WHEN 6 THEN " SQL_IPV6("at + 24") " END AS destination,\n"
"  CASE WHEN l.upper IN (6, 17, 132) THEN " SQL_PORT("upper_at + 2") " END AS destination_port,\n"
"  l.captured, l.size, n.prefix AS nflog_prefix, l.bytes\n"
"FROM located AS l LEFT JOIN nflog AS n ON n.id = l.nflog;\n";
/* clang-format on */

/*
 * Version 1 is the first, so there is nothing to do yet.  A step may rely on nothing but SQL: constants here change with the
 * program.
 */
const struct schema_migration schema_migrations[] = {
	{ 0, NULL },
};

/* ---- versions ---- */

static enum nt_status read_identity(struct sql *sql, int64_t *application, int64_t *version, int64_t *objects,
				    struct nt_error *error)
{
	enum nt_status status = sql_query_int(sql, "PRAGMA application_id", application, error);

	if (status == NT_OK)
		status = sql_query_int(sql, "PRAGMA user_version", version, error);
	if (status == NT_OK)
		status = sql_query_int(sql, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)", objects, error);
	return status;
}

enum nt_status schema_look(struct sql *sql, enum schema_state *out, struct nt_error *error)
{
	int64_t application, version, objects;
	enum nt_status status = read_identity(sql, &application, &version, &objects, error);

	if (status != NT_OK)
		return status;
	*out = SCHEMA_EMPTY;
	if (application == 0 && version == 0 && objects == 0)
		return NT_OK;
	if (application != RECORDING_APPLICATION_ID)
		return nt_fail(error, NT_EFORMAT,
			       "%s: it is an SQLite database of another program, not a recording of nettrace-capture",
			       sql_path(sql));
	if (version < 0 || version > RECORDING_VERSION)
		return nt_fail(error, NT_ENOTSUP,
			       "%s: it was written by a newer nettrace (recording version %d, this one knows %d): update nettrace",
			       sql_path(sql), (int)version, RECORDING_VERSION);
	*out = version == RECORDING_VERSION ? SCHEMA_CURRENT : SCHEMA_OLDER;
	return NT_OK;
}

/* A virtual table has no root page; a generated column is hidden. */
enum nt_status schema_check(struct sql *sql, struct nt_error *error)
{
	static const char *const names[] = { "sessions",  "interfaces", "packets", "nflog",
					     "conntrack", "keys",       "events",  "statistics" };
	char text[320];
	int64_t found;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		enum nt_status status;

		snprintf(text, sizeof text,
			 "SELECT (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '%s' AND rootpage > 0)"
			 " - (SELECT count(*) FROM pragma_table_xinfo('%s') WHERE hidden)",
			 names[i], names[i]);
		status = sql_query_int(sql, text, &found, error);
		if (status != NT_OK)
			return status;
		if (found != 1)
			return nt_fail(error, NT_EDAMAGED, "%s: its table \"%s\" is missing or not that of a recording",
				       sql_path(sql), names[i]);
	}
	return NT_OK;
}

static enum nt_status set_version(struct sql *sql, int version, struct nt_error *error)
{
	char text[96];

	snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d", RECORDING_APPLICATION_ID, version);
	return sql_run(sql, text, error);
}

/* Ends a transaction: commits if all went well. */
static enum nt_status finish(struct sql *sql, enum nt_status status, struct nt_error *error)
{
	if (status == NT_OK)
		status = sql_commit(sql, error);
	if (status != NT_OK && sql_depth(sql) > 0)
		sql_rollback(sql);
	return status;
}

enum nt_status schema_install(struct sql *sql, struct nt_error *error)
{
	enum nt_status status = sql_begin(sql, error);

	if (status != NT_OK)
		return status;
	status = sql_run(sql, schema_sql, error);
	if (status == NT_OK)
		status = set_version(sql, RECORDING_VERSION, error);
	return finish(sql, status, error);
}

static const char *step_from(const struct schema_migration *list, int64_t version)
{
	for (; list->sql; list++)
		if (list->from == version)
			return list->sql;
	return NULL;
}

static enum nt_status take_steps(struct sql *sql, const struct schema_migration *list, struct nt_error *error)
{
	int64_t version;
	enum nt_status status = sql_query_int(sql, "PRAGMA user_version", &version, error);

	for (; status == NT_OK && version < RECORDING_VERSION; version++) {
		const char *step = step_from(list, version);

		if (!step)
			return nt_fail(error, NT_ENOTSUP, "%s: recording version %d is too old for this nettrace", sql_path(sql),
				       (int)version);
		status = sql_run(sql, step, error);
		if (status == NT_OK)
			status = set_version(sql, (int)version + 1, error);
	}
	return status;
}

enum nt_status schema_upgrade(struct sql *sql, const struct schema_migration *list, struct nt_error *error)
{
	enum nt_status status = sql_begin(sql, error);

	if (status != NT_OK)
		return status;
	return finish(sql, take_steps(sql, list, error), error);
}
