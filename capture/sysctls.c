#include "capture/sysctls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool read_value(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);

	out[got > 0 ? got : 0] = 0;
	out[strcspn(out, "\n")] = 0;
	if (fd >= 0)
		close(fd);
	return got > 0;
}

static bool write_value(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), why;
	ssize_t size = (ssize_t)strlen(value), put;

	if (fd < 0)
		return false;
	put = write(fd, value, (size_t)size);
	why = errno;
	close(fd);
	errno = why;
	return put == size;
}

bool sysctl_is_on(struct sysctl_switch *s)
{
	return read_value(s->path, s->found, sizeof s->found) && strcmp(s->found, s->wanted) == 0;
}

bool sysctl_switch_on(struct sysctl_switch *s)
{
	if (sysctl_is_on(s))
		return true;
	s->changed = write_value(s->path, s->wanted);
	return s->changed;
}

void sysctl_put_back(struct sysctl_switch *s)
{
	char now[sizeof s->found];

	if (s->changed && s->found[0] && read_value(s->path, now, sizeof now) && strcmp(now, s->wanted) == 0)
		(void)write_value(s->path, s->found);
	s->changed = false;
}
