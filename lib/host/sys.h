/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sys.h - the outside world as one struct
 *
 * Nothing else in the library reaches the kernel but through it, save hwloc
 * in topology.c and our own files under /run/kvmrt in store.c. Two worlds
 * exist: the live host, and a captured one (--root DIR), where the kernel's
 * files are plain files and a thread's affinity is the line in its status
 * file. A test may put a third in between that counts or refuses.
 *
 * Paths are relative to the root directory handle and never leave it: absolute
 * symbolic links are resolved below the root (openat2 RESOLVE_IN_ROOT).
 *
 * The calls on threads give -ESRCH, in both worlds, for one that is gone.
 */
#ifndef RT_SYS_H
#define RT_SYS_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "core/base/cpuset.h"
#include "core/base/err.h"
#include "core/base/strbuf.h"

struct rt_sys;

struct rt_names {
	char **items; /* into text */
	size_t n;
	char *text;
};
void rt_names_fini(struct rt_names *names);
#define RT_AUTO_NAMES __attribute__((cleanup(rt_names_fini))) struct rt_names

/*
 * Everything that is read, listed or asked for goes through open, stat and
 * read: a test that replaces them sees it all.
 */
struct rt_sys_calls {
	/* An O_CLOEXEC descriptor below the root, or a negative errno. */
	int (*open)(struct rt_sys *sys, const char *path, int flags,
		    mode_t mode);
	/* 0 or a negative errno; links are followed. */
	int (*stat)(struct rt_sys *sys, const char *path, struct stat *ret);
	/*
	 * The whole of a kernel file with one read(2), less one final newline,
	 * NUL-terminated. -EFBIG if it does not fit size.
	 */
	int (*read)(struct rt_sys *sys, const char *path, char *buf,
		    size_t size, struct rt_err *err);
	/*
	 * One write(2) of value; never creates the file. A captured file
	 * without any write permission bit is -EPERM, for root too.
	 */
	int (*write)(struct rt_sys *sys, const char *path, const char *value,
		     struct rt_err *err);
	/* All CPUs the thread may use, offline ones too. */
	int (*get_affinity)(struct rt_sys *sys, unsigned pid, unsigned tid,
			    struct rt_cpuset *ret_set, struct rt_err *err);
	int (*set_affinity)(struct rt_sys *sys, unsigned pid, unsigned tid,
			    const struct rt_cpuset *set, struct rt_err *err);
	/* SCHED_FIFO with that priority; 0: SCHED_OTHER. */
	int (*set_sched)(struct rt_sys *sys, unsigned pid, unsigned tid,
			 unsigned fifo, struct rt_err *err);
	/*
	 * Put a thread into a threaded cgroup: its path below the cgroup2
	 * mount, no leading slash, as rt_process.scope.
	 */
	int (*move_thread)(struct rt_sys *sys, unsigned pid, unsigned tid,
			   const char *cgroup, struct rt_err *err);
};

struct rt_sys {
	const struct rt_sys_calls *calls;
	int root;	       /* directory handle */
	bool live;	       /* the root is this host's / */
	const char *root_path; /* for messages; "/" when live */
};

/*
 * Open a world. dir NULL or "/" is the live host. The caller closes it; dir
 * must outlive it.
 */
int rt_sys_open(const char *dir, struct rt_sys *ret_sys, struct rt_err *err);
void rt_sys_close(struct rt_sys *sys);

/* As sys->calls->read, for callers. */
int rt_sys_read(struct rt_sys *sys, const char *path, char *buf, size_t size,
		struct rt_err *err);
int rt_sys_readf(struct rt_sys *sys, char *buf, size_t size, struct rt_err *err,
		 const char *fmt, ...) RT_PRINTF(5, 6);

/* A file that holds a list of CPUs. */
int rt_sys_read_cpus(struct rt_sys *sys, const char *path,
		     struct rt_cpuset *ret_set, struct rt_err *err);

/* A file of any size up to max, in as many reads as it takes. */
int rt_sys_read_all(struct rt_sys *sys, const char *path, size_t max,
		    char **ret_text, size_t *ret_len, struct rt_err *err);

/*
 * A file of a thread, such as "stat". -ESRCH when the thread is gone. On a live
 * host that is kill(2)'s answer; a thread that lives and that /proc hides
 * (hidepid=) is -EACCES.
 */
int rt_sys_read_task(struct rt_sys *sys, unsigned pid, unsigned tid,
		     const char *name, char *buf, size_t size,
		     struct rt_err *err);

/*
 * The same of any length. What does not fit buf is in *ret_longer, to be freed;
 * else that stays NULL. A task's status is as long as its list of groups.
 */
int rt_sys_read_task_all(struct rt_sys *sys, unsigned pid, unsigned tid,
			 const char *name, char *buf, size_t size,
			 char **ret_longer, struct rt_err *err);

/*
 * Entries but . and .., in strcmp's order: each file system lists in an order
 * of its own. A missing directory is -ENOENT.
 */
int rt_sys_list(struct rt_sys *sys, const char *path, struct rt_names *ret,
		struct rt_err *err);

/* Those that are numbers, in ascending order; NULL or to be freed. */
int rt_sys_list_numbers(struct rt_sys *sys, const char *path,
			unsigned **ret_numbers, size_t *ret_n,
			struct rt_err *err);

/* The target's last component; -ENOENT when there is no link. */
int rt_sys_link_name(struct rt_sys *sys, const char *path, char *buf,
		     size_t size, struct rt_err *err);

bool rt_sys_exists(struct rt_sys *sys, const char *path);
/* Has the file any write permission bit, whoever asks? */
bool rt_sys_is_writable(struct rt_sys *sys, const char *path);

/* An O_CLOEXEC descriptor below the root, for store.c and the config file. */
int rt_sys_openat(struct rt_sys *sys, const char *path, int flags, mode_t mode,
		  struct rt_err *err);

/* Closes *fd unless negative, keeping errno: RT_AUTO_FD int fd = -1; */
void rt_auto_fd(int *fd);
#define RT_AUTO_FD __attribute__((cleanup(rt_auto_fd)))

/*
 * For the tables of calls. The captured host's is public for tests, which put
 * calls of their own before some of its; so is how it opens a file on a kernel
 * without openat2.
 */
extern const struct rt_sys_calls rt_sys_captured;
int rt_sys_open_walking(int root, const char *path, int flags, mode_t mode);
int rt_sys_read_once(struct rt_sys *sys, const char *path, char *buf,
		     size_t size, struct rt_err *err);
int rt_sys_status_affinity(struct rt_sys *sys, unsigned pid, unsigned tid,
			   struct rt_cpuset *ret_set, struct rt_err *err);

#endif
