/*
 * A unit test is one file check_X.c that defines this function; tests/unit/main.c runs it.
 */
#ifndef NETTRACE_TESTS_UNIT_SUITE_H
#define NETTRACE_TESTS_UNIT_SUITE_H

#include <check.h>

Suite *nettrace_suite(void);

#endif
