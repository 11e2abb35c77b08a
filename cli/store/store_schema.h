/*
 * What is in the database of --store: its tables, and the statements that fill them.
 */
#ifndef NETTRACE_CLI_STORE_STORE_SCHEMA_H
#define NETTRACE_CLI_STORE_STORE_SCHEMA_H

enum { STORE_APPLICATION_ID = 0x4e547472, /* "NTtr" */ STORE_VERSION = 1 };

extern const char store_schema[];

/* Run at the end: no reference to a record that is not there, as it was not wanted. */
extern const char store_tidy[];

enum store_row {
	STORE_TRACE,
	STORE_INPUT,
	STORE_CONNECTION,
	STORE_DIAL,
	STORE_ATTEMPT,
	STORE_RESOLVER_DIAL,
	STORE_TCP_CONN,
	STORE_UDP_CONN,
	STORE_DNS_QUERY,
	STORE_DNS_MESSAGE,
	STORE_DNS_QUESTION,
	STORE_DNS_ANSWER,
	STORE_TLS_TUNNEL,
	STORE_CERTIFICATE,
	STORE_HTTP_REQUEST,
	STORE_HTTP_FIELD,
	STORE_FINDING,
	STORE_FINDING_RECORD,
	STORE_FINDING_PACKET,
	STORE_ROWS
};

/* INSERT INTO table VALUES (?, …), with a parameter for each column in the order of the schema. */
extern const char *const store_inserts[STORE_ROWS];

#endif
