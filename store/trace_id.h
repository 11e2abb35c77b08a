/*
 * How records and packets are named.
 */
#ifndef NETTRACE_STORE_TRACE_ID_H
#define NETTRACE_STORE_TRACE_ID_H

#include <stdint.h>

/* Unique among all records of a trace, counted from 1; printed as "tid-N".  0: none. */
typedef uint32_t trace_id;

/* A packet of an input, to be opened in Wireshark: frame `number` of input `file`.  Number 0: none. */
struct packet_ref {
	uint64_t file : 12;
	uint64_t number : 52;
};

#endif
