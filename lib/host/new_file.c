/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* new_file.c - a file that takes another's place, whole or not at all */
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100

int rt_new_file_open(int directory, const char *name, mode_t mode,
		     struct rt_new_file *ret, struct rt_err *err)
{
	struct rt_new_file file = { .directory = directory, .fd = -1 };

	if (strlen(name) > NAME_MAX - 32)
		return rt_fail(err, ENAMETOOLONG, "cannot write %s", name);
	snprintf(file.name, sizeof(file.name), "%s", name);
	for (unsigned i = 0; i < TRIES && file.fd < 0; i++) {
		unsigned long long number;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			break;
		snprintf(file.temporary, sizeof(file.temporary),
			 ".%.200s.%016llx", name, number);
		file.fd = openat(directory, file.temporary,
				 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
					 O_CLOEXEC,
				 mode);
		if (file.fd < 0 && errno != EEXIST)
			break;
	}
	if (file.fd < 0)
		return rt_fail(err, errno, "cannot make a file beside %s",
			       name);
	*ret = file;
	return 0;
}

int rt_new_file_write(struct rt_new_file *file, const char *text, size_t len,
		      struct rt_err *err)
{
	while (len) {
		const ssize_t n = write(file->fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rt_fail(err, errno, "cannot write the new file");
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int rt_new_file_flush(struct rt_new_file *file, struct rt_err *err)
{
	if (fsync(file->fd) < 0)
		return rt_fail(err, errno, "cannot flush the new file to disk");
	return 0;
}

int rt_new_file_install(struct rt_new_file *file, bool over, struct rt_err *err)
{
	int r;

	r = over ? renameat(file->directory, file->temporary, file->directory,
			    file->name) :
		   linkat(file->directory, file->temporary, file->directory,
			  file->name, 0);
	if (r < 0)
		return rt_fail(err, errno, "cannot put the new file in place");
	if (!over)
		(void)unlinkat(file->directory, file->temporary, 0);
	file->temporary[0] = '\0';
	return 0;
}

void rt_new_file_drop(struct rt_new_file *file)
{
	const int saved = errno;

	if (file->temporary[0])
		(void)unlinkat(file->directory, file->temporary, 0);
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	file->temporary[0] = '\0';
	errno = saved;
}
