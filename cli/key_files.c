#include "cli/key_files.h"

#include "dissect/tls/x509.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum nt_status cannot_read(const char *path, struct nt_error *error)
{
	return nt_fail(error, NT_EIO, "cannot read %s: %s", path, strerror(errno));
}

static enum nt_status look_at(const char *path, struct stat *out, struct nt_error *error)
{
	if (stat(path, out) != 0 || access(path, R_OK) != 0)
		return cannot_read(path, error);
	return NT_OK;
}

/* ---- certificates ---- */

/* OpenSSL appends its trust settings to the certificate in the third form, so its bytes are not only the certificate. */
static bool is_certificate(const char *name, struct bytes der)
{
	struct arena arena = { 0 };
	struct x509_summary summary;
	bool good = strcmp(name, PEM_STRING_X509_TRUSTED) == 0;

	if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
		good = x509_summarise(der, &arena, &summary);
	arena_free(&arena);
	return good;
}

static bool next_is_certificate(BIO *bio, bool *more)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long size = 0;
	bool found = false;

	*more = PEM_read_bio(bio, &name, &header, &data, &size) == 1;
	if (*more)
		found = is_certificate(name, (struct bytes){ data, (size_t)size });
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return found;
}

static bool holds_certificate(const char *path)
{
	BIO *bio = BIO_new_file(path, "r");
	bool found = false, more = bio != NULL;

	while (more && !found)
		found = next_is_certificate(bio, &more);
	BIO_free(bio);
	ERR_clear_error();
	return found;
}

static bool entry_holds_certificate(const char *directory, const char *name)
{
	struct arena arena = { 0 };
	const char *path = arena_printf(&arena, "%s/%s", directory, name);
	struct stat about;
	bool found = stat(path, &about) == 0 && S_ISREG(about.st_mode) && holds_certificate(path);

	arena_free(&arena);
	return found;
}

static enum nt_status check_ca_directory(const char *path, struct nt_error *error)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	bool found = false;

	if (!directory)
		return cannot_read(path, error);
	while (!found && (entry = readdir(directory)) != NULL)
		found = entry_holds_certificate(path, entry->d_name);
	closedir(directory);
	if (!found)
		return nt_fail(error, NT_EFORMAT, "no file in %s holds a PEM certificate", path);
	return NT_OK;
}

enum nt_status key_files_check_ca(const char *path, struct nt_error *error)
{
	struct stat about;
	enum nt_status status = look_at(path, &about, error);

	if (status != NT_OK)
		return status;
	if (S_ISDIR(about.st_mode))
		return check_ca_directory(path, error);
	/* The file will be read again when it is needed, which a pipe does not allow. */
	if (!S_ISREG(about.st_mode))
		return nt_fail(error, NT_EFORMAT, "%s is neither a file nor a directory", path);
	if (!holds_certificate(path))
		return nt_fail(error, NT_EFORMAT, "%s holds no PEM certificate", path);
	return NT_OK;
}

/* ---- key logs ---- */

enum { KEYLOG_LINE = 4096, KEYLOG_SEARCHED = 1024 * 1024 };

static size_t hex_digits(const char *text)
{
	size_t count = 0;

	while (isxdigit((unsigned char)text[count]))
		count++;
	return count;
}

/* "CLIENT_RANDOM <64 digits> <digits>" and the like, and the older "RSA <16 digits> <96 digits>". */
static bool is_key_line(const char *line)
{
	size_t label = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	size_t first;

	if (label == 0 || line[label] != ' ')
		return false;
	line += label + 1;
	first = hex_digits(line);
	if ((first != 64 && first != 16) || line[first] != ' ')
		return false;
	return hex_digits(line + first + 1) >= 2;
}

static bool is_comment(const char *line)
{
	return line[0] == '#' || line[strspn(line, " \t\r\n")] == 0;
}

static bool looks_like_keylog(FILE *file)
{
	char line[KEYLOG_LINE];
	size_t searched = 0;
	bool other = false;

	while (searched < KEYLOG_SEARCHED && fgets(line, sizeof line, file)) {
		if (is_key_line(line))
			return true;
		other = other || !is_comment(line);
		searched += strlen(line) + 1;
	}
	return !other;
}

enum nt_status key_files_check_keylog(const char *path, struct nt_error *error)
{
	enum nt_status status = key_files_check_readable(path, error);
	struct stat about;
	FILE *file;
	bool good;

	if (status != NT_OK || stat(path, &about) != 0 || !S_ISREG(about.st_mode))
		return status;
	file = fopen(path, "re");
	if (!file)
		return cannot_read(path, error);
	good = looks_like_keylog(file);
	fclose(file);
	if (!good)
		return nt_fail(error, NT_EFORMAT, "%s is no NSS key log: no line is of the form LABEL RANDOM SECRET", path);
	return NT_OK;
}

enum nt_status key_files_check_readable(const char *path, struct nt_error *error)
{
	struct stat about;
	enum nt_status status = look_at(path, &about, error);

	if (status == NT_OK && S_ISDIR(about.st_mode)) {
		errno = EISDIR;
		return cannot_read(path, error);
	}
	return status;
}
