/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* picture_lstopo.c - hwloc's lstopo, run without a shell and not for ever */
#include "picture_lstopo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/sys.h"

#define LIMIT_SECONDS 60
#define ARGS_MAX      192
#define OUTPUT_MAX    (64u << 20)
#define NOT_THERE     127 /* lstopo itself ends with 0 or 1 */

enum rt_picture_format rt_picture_format(const char *path)
{
	const char *end = strrchr(path, '.');

	/* ".svg" alone is a hidden file without an ending. */
	if (!end || end == path || end[-1] == '/')
		return RT_PICTURE_NONE;
	if (strcmp(end, ".svg") == 0)
		return RT_PICTURE_SVG;
	return strcmp(end, ".png") == 0 ? RT_PICTURE_PNG : RT_PICTURE_NONE;
}

struct args {
	const char *items[ARGS_MAX];
	size_t n;
};

/* The last place stays NULL. */
static void add_args(struct args *args, const char *const *more, size_t n)
{
	for (size_t i = 0; i < n && args->n + 1 < ARGS_MAX; i++)
		args->items[args->n++] = more[i];
}
#define ADD_ARGS(args, ...)                                                    \
	do {                                                                   \
		static const char *const more_[] = { __VA_ARGS__ };            \
		add_args(args, more_, sizeof(more_) / sizeof(*more_));         \
	} while (0)

static void run_child(const struct args *args, bool machine, int in, int out,
		      int messages)
{
	/*
	 * The caller's shell may have hwloc variables that are not meant for
	 * this.
	 */
	const char *const env[] = {
		"LC_ALL=C.UTF-8",
		"HWLOC_HIDE_ERRORS=2",
		"HWLOC_PLUGINS_PATH=",
		/* Without probing by instruction, on each CPU in turn. */
		machine ? "HWLOC_COMPONENTS=linux,stop" : NULL,
		NULL,
	};

	/* The time limit outlives execve. */
	(void)signal(SIGALRM, SIG_DFL);
	(void)alarm(LIMIT_SECONDS);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(messages, STDERR_FILENO) < 0)
		_exit(1);
	execvpe("lstopo", (char *const *)args->items, (char *const *)env);
	if (errno == ENOENT)
		execvpe("lstopo-no-graphics", (char *const *)args->items,
			(char *const *)env);
	_exit(NOT_THERE);
}

/* Its last line says why it ended; earlier lines are warnings. */
static void last_line(int messages, char *buf, size_t size)
{
	ssize_t n = pread(messages, buf, size - 1, 0);
	char *line;

	if (n < 0)
		n = 0;
	buf[n] = '\0';
	while (n && (buf[n - 1] == '\n' || buf[n - 1] == ' '))
		buf[--n] = '\0';
	line = strrchr(buf, '\n');
	if (line)
		memmove(buf, line + 1, strlen(line + 1) + 1);
}

static int judge(int status, int messages, struct rt_err *err)
{
	char said[1024];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE)
		return rt_fail(
			err, 0,
			"hwloc's lstopo, which draws the picture, cannot be "
			"run; install it: apt install hwloc, dnf install "
			"hwloc-gui, or zypper install hwloc");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return rt_fail(err, 0,
			       "lstopo was still running after %d seconds and "
			       "was stopped",
			       LIMIT_SECONDS);
	last_line(messages, said, sizeof(said));
	return rt_fail(err, 0, "lstopo failed: %s",
		       *said ? said : "it printed no reason");
}

static int run(const struct args *args, bool machine, int in, int out,
	       struct rt_err *err)
{
	RT_AUTO_FD int messages = memfd_create("lstopo", MFD_CLOEXEC);
	int status = 0;
	pid_t pid;

	if (messages < 0)
		return rt_fail(err, errno, "make room for lstopo's messages");
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_child(args, machine, in, out, messages);
	if (pid < 0)
		return rt_fail(err, errno, "start lstopo");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return rt_fail(err, errno, "wait for lstopo");
	return judge(status, messages, err);
}

/* --- reading --- */

static int read_all(int fd, struct rt_strbuf *out, struct rt_err *err)
{
	char text[65536];
	ssize_t n;

	while ((n = pread(fd, text, sizeof(text), (off_t)out->len)) > 0) {
		rt_strbuf_add(out, text, (size_t)n);
		if (out->failed)
			return rt_fail_memory(err);
		if (out->len > OUTPUT_MAX)
			return rt_fail(err, EFBIG, "read what lstopo made");
	}
	return n < 0 ? rt_fail(err, errno, "read what lstopo made") : 0;
}

int rt_lstopo_read(const struct rt_options *options, const char *root,
		   struct rt_strbuf *ret_xml, struct rt_err *err)
{
	const char *source = options->topology ? options->topology : root;
	RT_AUTO_FD int out = memfd_create("topology", MFD_CLOEXEC);
	RT_AUTO_FD int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct args args = { .n = 0 };
	int r;

	if (out < 0 || in < 0)
		return rt_fail(err, errno, "make room for a topology");
	ADD_ARGS(&args, "lstopo", "--disallowed", "--whole-io");
	if (source) {
		const char *const input[] = { "-i", source };

		add_args(&args, input, 2);
	}
	if (!options->topology && root)
		ADD_ARGS(&args, "--if", "fsroot");
	else if (options->topology && access(source, F_OK) == 0)
		ADD_ARGS(&args, "--if", "xml");
	else if (options->topology)
		ADD_ARGS(&args, "--if", "synthetic");
	ADD_ARGS(&args, "--of", "xml", "-");
	r = run(&args, !source, in, out, err);
	return r < 0 ? r : read_all(out, ret_xml, err);
}

/* --- drawing --- */

static int check_target(const char *path, struct rt_err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 :
					 rt_fail(err, errno, "stat %s", path);
	if (S_ISREG(st.st_mode))
		return 0;
	return rt_fail(err, 0,
		       "%s is there and not a plain file; it is left as it is",
		       path);
}

static int write_all(int fd, const char *text, size_t len, struct rt_err *err)
{
	while (len) {
		const ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return rt_fail(err, errno, "write");
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* White paper and grey boxes: the guests have the colours. */
static void drawing_args(struct args *args, enum rt_picture_format format,
			 bool many)
{
	ADD_ARGS(args, "lstopo", "-i", "-", "--if", "xml", "--disallowed",
		 "--whole-io", "--no-factorize", "--no-collapse",
		 "--no-icaches", "--filter", "L1cache:none", "--filter",
		 "L2cache:structure", "--no-index=PU,Core,Die,Package,NUMANode",
		 "--binding-color", "none", "--disallowed-color", "none",
		 "--palette", "white", "--palette", "package=#f2f2f2",
		 "--palette", "die=#ececec", "--palette", "core=#e2e2e2",
		 "--palette", "cache=#fafafa", "--no-default-legend");
	if (many)
		ADD_ARGS(args, "--children-order",
			 "memory:above,io:right,misc:below:rect");
	else
		ADD_ARGS(args, "--children-order",
			 "memory:above,io:right,misc:below:horiz");
	ADD_ARGS(args, "--of");
	if (format == RT_PICTURE_PNG)
		ADD_ARGS(args, "png");
	else /* its text is text: it can be searched, and is small */
		ADD_ARGS(args, "nativesvg");
	ADD_ARGS(args, "-");
}

static int put_in_place(int fd, const char *temporary, const char *path,
			struct rt_err *err)
{
	const mode_t mask = umask(077);

	(void)umask(mask);
	if (fchmod(fd, 0666 & ~mask) < 0 || fsync(fd) < 0 ||
	    rename(temporary, path) < 0)
		return rt_fail(err, errno, "put it in place");
	return 0;
}

static int write_file(const char *path, const struct rt_strbuf *picture,
		      struct rt_err *err)
{
	RT_AUTO_FREE char *temporary = NULL;
	RT_AUTO_STRBUF name = { 0 };
	RT_AUTO_FD int fd = -1;
	int r;

	rt_strbuf_addf(&name, "%s-XXXXXX", path);
	r = rt_strbuf_take(&name, &temporary, err);
	if (r < 0)
		return r;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return rt_fail(err, errno, "make a file beside %s", path);
	r = write_all(fd, picture->text, picture->len, err);
	if (r == 0)
		r = put_in_place(fd, temporary, path, err);
	if (r == 0)
		return 0;
	(void)unlink(temporary);
	return rt_wrap(err, "%s", path);
}

/*
 * lstopo up to 2.12 at least writes viewBox='0 0 800px 600px'; only numbers may
 * stand there, and librsvg then draws nothing. The page behind the picture may
 * be dark, so it also gets paper of its own.
 */
static int mend_svg(const char *svg, struct rt_strbuf *out, struct rt_err *err)
{
	static const char paper[] = "\n\t<rect width='100%' height='100%' "
				    "fill='rgb(255,255,255)'/>";
	const char *start = strstr(svg, "<svg ");
	const char *end = start ? strchr(start, '>') : NULL;
	const char *box = start ? strstr(start, "viewBox='") : NULL;
	const char *box_end =
		box ? strchr(box + strlen("viewBox='"), '\'') : NULL;

	if (!end)
		return rt_fail(err, 0, "what lstopo drew is not SVG");
	for (const char *at = svg; at <= end; at++) {
		if (box_end && at > box && at < box_end &&
		    strncmp(at, "px", 2) == 0)
			at++;
		else
			rt_strbuf_add(out, at, 1);
	}
	rt_strbuf_adds(out, paper);
	rt_strbuf_adds(out, end + 1);
	return out->failed ? rt_fail_memory(err) : 0;
}

static int draw(const struct args *args, int in, struct rt_strbuf *picture,
		struct rt_err *err)
{
	RT_AUTO_FD int out = memfd_create("picture", MFD_CLOEXEC);
	int r;

	if (out < 0)
		return rt_fail(err, errno, "make room for the picture");
	r = run(args, false, in, out, err);
	if (r == 0)
		r = read_all(out, picture, err);
	if (r == 0 && picture->len == 0)
		r = rt_fail(err, 0, "lstopo drew nothing");
	return r;
}

int rt_lstopo_draw(const char *xml, size_t len, const char *const *legend,
		   size_t n_legend, bool many, const char *path,
		   struct rt_err *err)
{
	const enum rt_picture_format format = rt_picture_format(path);
	RT_AUTO_FD int in = memfd_create("topology", MFD_CLOEXEC);
	RT_AUTO_STRBUF picture = { 0 };
	RT_AUTO_STRBUF mended = { 0 };
	struct args args = { .n = 0 };
	int r = check_target(path, err);

	if (r < 0)
		return r;
	if (in < 0)
		return rt_fail(err, errno, "make room for the topology");
	drawing_args(&args, format, many);
	for (size_t i = 0; i < n_legend; i++) {
		const char *const line[] = { "--append-legend", legend[i] };

		add_args(&args, line, 2);
	}
	r = write_all(in, xml, len, err);
	if (r == 0 && lseek(in, 0, SEEK_SET) < 0)
		r = rt_fail(err, errno, "rewind the topology");
	if (r == 0)
		r = draw(&args, in, &picture, err);
	if (r < 0 && format == RT_PICTURE_PNG)
		return rt_wrap(err, "no picture (some builds of lstopo draw "
				    "only .svg)");
	if (r == 0 && format == RT_PICTURE_SVG)
		r = mend_svg(picture.text, &mended, err);
	if (r < 0)
		return r;
	return write_file(path, format == RT_PICTURE_SVG ? &mended : &picture,
			  err);
}
