/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu.c - the libvirt hook: is the guest one of kvmrt's?
 *
 * It is if its UUID is in kvmrt.cfg, or on record because it was there when the
 * guest started. Both texts are searched for every UUID that the domain XML
 * names: a UUID that is in neither is not kvmrt's, whatever else the texts
 * mean. Then the module decides properly. When the module cannot be loaded,
 * only a guest that may be real-time is refused.
 */
#include "hook.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config_read.h"
#include "host/log.h"

/* As RT_DOMAIN_XML_MAX, and room to see that it is more. */
#define XML_MAX	 ((8u << 20) + 1)
#define UUID_LEN 36

struct text {
	char *bytes; /* NUL-terminated; NULL: there is none */
	size_t len;
};

/* The texts that name kvmrt's guests. */
struct texts {
	struct text config, journal; /* the first in lower case */
	bool unread;		     /* the configuration is there */
	const char *root;
};

/* All of fd, at most max bytes. False: it cannot be read. */
static bool read_all(int fd, size_t max, struct text *ret)
{
	size_t size = 16384, len = 0;
	char *bytes = malloc(size + 1);

	while (bytes && len < max) {
		const ssize_t n = read(fd, bytes + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(bytes);
			return false;
		}
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == size) {
			char *bigger = realloc(bytes, size * 2 + 1);

			if (!bigger)
				free(bytes);
			bytes = bigger;
			size *= 2;
		}
	}
	if (!bytes)
		return false;
	bytes[len] = '\0';
	ret->bytes = bytes;
	ret->len = len;
	return true;
}

/*
 * False when the file is there and cannot be read: then anything may be in it.
 * O_NONBLOCK, so that a fifo in its place does not block libvirt.
 */
static bool read_file(const char *root, const char *path, struct text *ret)
{
	char full[4096];
	struct stat st;
	bool good;
	int fd;

	if ((size_t)snprintf(full, sizeof(full), "%s%s", root ? root : "",
			     path) >= sizeof(full))
		return false;
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR;
	good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       read_all(fd, 128u << 20, ret);
	close(fd);
	return good;
}

static void lower(struct text *text)
{
	for (size_t i = 0; i < text->len; i++) {
		if (text->bytes[i] >= 'A' && text->bytes[i] <= 'Z')
			text->bytes[i] = (char)(text->bytes[i] - 'A' + 'a');
	}
}

static bool is_in(const char *uuid, const struct text *text)
{
	return text->bytes && memmem(text->bytes, text->len, uuid, UUID_LEN);
}

/*
 * The next UUID of a document. False: there is none, or *ret_odd, what stands
 * in its place is none.
 */
static bool next_uuid(const char **at, char uuid[UUID_LEN + 1], bool *ret_odd)
{
	static const char tag[] = "<uuid>";
	struct text copy = { uuid, UUID_LEN };

	*at = strstr(*at, tag);
	if (!*at)
		return false;
	*at += sizeof(tag) - 1;
	memset(uuid, 0, UUID_LEN + 1);
	memcpy(uuid, *at, strnlen(*at, UUID_LEN));
	lower(&copy);
	*ret_odd = strspn(uuid, "0123456789abcdef-") != UUID_LEN;
	return !*ret_odd;
}

/*
 * Does `test` hold for one of the document's UUIDs? A document without a UUID
 * that can be read may be about any guest.
 */
static bool any_uuid(const struct text *xml, const struct texts *texts,
		     bool (*test)(const char *uuid, const struct texts *texts))
{
	const char *at = xml->bytes;
	bool found = false, odd = false;
	char uuid[UUID_LEN + 1];

	while (next_uuid(&at, uuid, &odd)) {
		found = true;
		if (test(uuid, texts))
			return true;
	}
	return !found || odd || strlen(xml->bytes) != xml->len;
}

static bool may_be_ours(const char *uuid, const struct texts *texts)
{
	return is_in(uuid, &texts->config) || is_in(uuid, &texts->journal);
}

/* --- real-time or not, without the module --- */

static bool is(struct rt_span span, const char *text)
{
	return span.len == strlen(text) &&
	       memcmp(span.text, text, span.len) == 0;
}

static bool is_off(struct rt_span value)
{
	return !value.len || is(value, "false") || is(value, "off") ||
	       is(value, "no") || is(value, "0");
}

/* A value that goes on in a further line is doubtful, too. */
static bool is_rt_in_config(const char *uuid, const struct text *config)
{
	bool inside = false, in_rt = false;
	struct rt_line line;

	for (size_t at = 0;
	     rt_line_next(config->bytes, config->len, &at, &line);) {
		if (line.kind == RT_LINE_SECTION)
			inside = memmem(line.whole.text, line.whole.len, uuid,
					UUID_LEN);
		if (line.kind == RT_LINE_SECTION || line.kind == RT_LINE_KEY)
			in_rt = inside && is(line.name, "rt");
		if (in_rt &&
		    (line.kind == RT_LINE_KEY || line.kind == RT_LINE_MORE) &&
		    !is_off(line.value))
			return true;
	}
	return false;
}

/* The last line about the guest: it is active, or gone. */
static bool is_rt_on_record(const char *uuid, const struct text *journal)
{
	bool rt = false;
	struct rt_line line;

	for (size_t at = 0;
	     rt_line_next(journal->bytes, journal->len, &at, &line);) {
		if (memmem(line.whole.text, line.whole.len, uuid, UUID_LEN))
			rt = memmem(line.whole.text, line.whole.len, " rt=1",
				    5);
	}
	return rt;
}

/*
 * What the section said when it last agreed with libvirt's definition
 * (core/domain/baseline.h).
 */
static bool was_rt(const char *uuid, const struct texts *texts)
{
	struct text agreed = { 0 };
	char path[64 + UUID_LEN];
	bool rt;

	snprintf(path, sizeof(path), "/var/lib/kvmrt/agreed/%s", uuid);
	rt = !read_file(texts->root, path, &agreed) ||
	     (agreed.bytes &&
	      memmem(agreed.bytes, agreed.len, "\"rt\":true", 9));
	free(agreed.bytes);
	return rt;
}

/* Where the file cannot be read, by what is known of it. */
static bool may_be_rt(const char *uuid, const struct texts *texts)
{
	return (texts->unread ? was_rt(uuid, texts) :
				is_rt_in_config(uuid, &texts->config)) ||
	       is_rt_on_record(uuid, &texts->journal);
}

/* A failure of ours must never kill a running guest or stop a clean-up. */
static bool may_refuse(const char *operation)
{
	static const char *const refusable[] = { "prepare", "start", "started",
						 "migrate", "restore" };

	for (size_t i = 0; i < sizeof(refusable) / sizeof(refusable[0]); i++) {
		if (strcmp(operation, refusable[i]) == 0)
			return true;
	}
	return false;
}

/*
 * To the person who started the guest if the start is refused, else to the log.
 */
static int fail(const struct rt_hook_call *call, bool refuse, const char *what,
		const char *why)
{
	struct rt_log log;

	if (refuse && may_refuse(call->operation)) {
		fprintf(stderr, "kvmrt: guest '%s': %s: %s\n", call->guest,
			what, why);
		return 1;
	}
	rt_log_open(&log, "kvmrt-hook", RT_LOG_INFO, !call->root);
	rt_log_warn(&log, "guest '%s': nothing is done for it at '%s': %s: %s",
		    call->guest, call->operation, what, why);
	rt_log_close(&log);
	return 0;
}

/*
 * RTLD_LAZY: the module itself is linked to be bound at once; the libraries
 * that it needs are large, and little of them is used.
 */
static void *load_beside(void)
{
	char path[4096];
	const size_t room = sizeof(path) - sizeof(RT_HOOK_MODULE);
	const ssize_t n = readlink("/proc/self/exe", path, room);
	char *slash;

	if (n <= 0 || (size_t)n >= room)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	memcpy(slash + 1, RT_HOOK_MODULE, sizeof(RT_HOOK_MODULE));
	return dlopen(path, RTLD_LAZY | RTLD_LOCAL);
}

/*
 * Beside this program, or where it is installed. By its full path: a search
 * path in the program would be tried for the C library, too, for every guest.
 */
static void *load_module(void)
{
	void *module = load_beside();

	return module ? module :
			dlopen(KVMRT_LIBEXECDIR "/" RT_HOOK_MODULE,
			       RTLD_LAZY | RTLD_LOCAL);
}

static int run_module(const struct rt_hook_call *call)
{
	void *handle = load_module();
	const struct rt_hook_module *module;

	if (!handle)
		return fail(call, !call->ordinary,
			    "cannot load the hook's module, so install kvmrt "
			    "again",
			    dlerror());
	module = dlsym(handle, RT_HOOK_SYMBOL);
	if (!module || strcmp(module->version, RT_HOOK_VERSION) != 0)
		return fail(call, !call->ordinary,
			    "the hook's module is of another version than the "
			    "hook, so install kvmrt again",
			    module ? module->version : dlerror());
	return module->run(call);
}

/* Not ours: 0. */
static int handle_guest(struct rt_hook_call *call, const struct text *xml)
{
	struct texts texts = { .root = call->root };
	bool known =
		read_file(call->root, "/run/kvmrt/journal", &texts.journal);
	int status = 0;

	texts.unread = !read_file(call->root, "/etc/kvmrt.cfg", &texts.config);
	known = known && !texts.unread;

	lower(&texts.config);
	call->xml = xml->bytes;
	call->xml_len = xml->len;
	if (!known || ((texts.config.bytes || texts.journal.bytes) &&
		       any_uuid(xml, &texts, may_be_ours))) {
		call->ordinary = !any_uuid(xml, &texts, may_be_rt);
		status = run_module(call);
	}
	free(texts.config.bytes);
	free(texts.journal.bytes);
	return status;
}

int main(int argc, char **argv)
{
	const char *root = getenv("KVMRT_ROOT");
	struct rt_hook_call call = { .root = root && *root ? root : NULL };
	struct text xml = { 0 };
	int status;

	if (argc < 3) {
		fprintf(stderr,
			"usage: %s GUEST OPERATION SUBOP EXTRA "
			"<domain.xml\n"
			"libvirt runs this; see kvmrt-hook(8).\n",
			argc ? argv[0] : "qemu");
		return 2;
	}
	call.guest = argv[1];
	call.operation = argv[2];
	/* qemu:///session runs the same hooks, as a user without any rights. */
	if (strcmp(call.operation, "stopped") == 0 ||
	    (!call.root && geteuid() != 0))
		return 0;
	if (!read_all(STDIN_FILENO, XML_MAX, &xml))
		return fail(&call, true,
			    "cannot read the domain XML from libvirt",
			    strerror(errno));
	status = handle_guest(&call, &xml);
	free(xml.bytes);
	return status;
}
