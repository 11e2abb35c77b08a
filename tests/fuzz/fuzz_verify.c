#include "dissect/tls/verify.h"
#include "dissect/cursor.h"
#include "store/limits.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Issued the chains of the corpus. */
static const char root[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBBjCBuaADAgECAgFnMAUGAytlcDAPMQ0wCwYDVQQDDARSb290MB4XDTIzMDgw\n"
			   "NjIyMTMyMFoXDTI0MDIyMjIyMTMyMFowDzENMAsGA1UEAwwEUm9vdDAqMAUGAytl\n"
			   "cAMhABERDq6Oa/3uG24ZaTfg7AaZ8Gm60UDYO6RtPiAgojE8ozowODAMBgNVHRME\n"
			   "BTADAQH/MB0GA1UdDgQWBBR+At9LamwrAsVu9CixD5Wc4tcyizAJBgNVHSMEAjAA\n"
			   "MAUGAytlcANBALMqSPEqsTiAthK1rXz3dfu/UDxCgSQGLNvMovd+9UgT1IX5rs4O\n"
			   "MREB1ohYsUHpxw7ZQCCmc24F0A71FgvrVAo=\n"
			   "-----END CERTIFICATE-----\n";

static struct verifier *trust_root(void)
{
	struct verifier *verifier = NULL;
	int fd = memfd_create("root", 0);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, root, sizeof(root) - 1) != (ssize_t)(sizeof(root) - 1) || lseek(fd, 0, SEEK_SET) != 0 ||
	    verifier_new(&verifier, path, NULL) != NT_OK)
		abort();
	close(fd);
	return verifier;
}

/* The input: seconds since 1970 in 8 bytes, a name and certificates, with a length before each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct verifier *verifier;
	struct cursor input = cur_of(data, size, 0);
	int64_t time_s = (int64_t)cur_u64(&input);
	struct cursor name = cur_sub(&input, cur_u8(&input));
	struct bytes der[LIMIT_TLS_CERTIFICATES + 1];
	struct verify_outcome first, second;
	size_t count = 0;

	verifier = verifier ? verifier : trust_root();
	while (count < LIMIT_TLS_CERTIFICATES + 1 && cur_left(&input) > 0) {
		size_t length = cur_u16(&input);
		struct cursor certificate = cur_sub(&input, length);

		der[count++] = cur_rest(&certificate);
	}
	verifier_check(verifier, der, count, cur_rest(&name), time_s, &first);
	verifier_check(verifier, der, count, cur_rest(&name), time_s, &second);
	if (first.result != second.result || first.depth != second.depth || strcmp(first.text, second.text) != 0 ||
	    (first.result == VERIFY_OK) != (first.text[0] == 0))
		abort();
	return 0;
}
