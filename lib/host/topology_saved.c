/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology_saved.c - the file /run/kvmrt/topology.xml */
#include "topology_saved.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "new_file.h"
#include "store.h"

#define NAME	"topology.xml"
#define XML_MAX (16u << 20)

/* Only root, or the owner of a tree of his own, may have written it. */
static int check_file(struct rt_sys *sys, struct rt_err *err)
{
	RT_AUTO_FD int fd = rt_sys_openat(
		sys, RT_KEPT_PATH, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, err);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return rt_fail(err, errno, "cannot stat %s", RT_KEPT_PATH);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 022) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()))
		return rt_fail(err, EPERM, "%s is not root's own file",
			       RT_KEPT_PATH);
	return 0;
}

int rt_topology_saved_read(struct rt_sys *sys, char **ret_xml, size_t *ret_len,
			   struct rt_err *err)
{
	int r = check_file(sys, err);

	return r < 0 ? r :
		       rt_sys_read_all(sys, RT_KEPT_PATH, XML_MAX, ret_xml,
				       ret_len, err);
}

int rt_topology_saved_write(struct rt_sys *sys, const char *xml, size_t len,
			    struct rt_err *err)
{
	RT_AUTO_FD int directory = rt_sys_openat(
		sys, RT_STORE_DIR, O_RDONLY | O_DIRECTORY, 0, err);
	RT_AUTO_NEW_FILE file = { .fd = -1 };
	int r;

	if (directory < 0)
		return directory;
	r = rt_new_file_open(directory, NAME, 0644, &file, err);
	if (r == 0)
		r = rt_new_file_write(&file, xml, len, err);
	if (r == 0)
		r = rt_new_file_install(&file, true, err);
	return r < 0 ? rt_wrap(err, "write %s", RT_KEPT_PATH) : 0;
}

bool rt_topology_saved_find_note(const char *xml, struct rt_topo *ret_topo)
{
	static const char begin[] = "<info name=\"" RT_KEPT_NOTE "\" value=\"";
	const char *at = strstr(xml, begin);
	RT_AUTO_FREE char *note = NULL;
	struct rt_err ignored;

	if (!at)
		return false;
	at += sizeof(begin) - 1;
	note = strndup(at, strcspn(at, "\"<"));
	return note && rt_topo_parse(note, ret_topo, &ignored) == 0;
}
