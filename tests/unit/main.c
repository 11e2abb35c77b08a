/*
 * The main() of every unit test: runs the suite that the test's file defines.
 */
#include "tests/unit/suite.h"

#include <stdlib.h>

int main(void)
{
	SRunner *runner = srunner_create(nettrace_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
