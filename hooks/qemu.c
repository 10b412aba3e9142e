/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu.c - the libvirt hook: is it about one of our guests?
 *
 * A guest is ours if its UUID is in kvmrt.cfg, or on record because it was
 * when it started. Both texts are searched for every UUID that the domain XML
 * names: what is in neither is not ours, whatever the texts mean otherwise.
 * Then the module decides properly.
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

/* As RT_DOMAIN_XML_MAX, and room to see that it is more. */
#define XML_MAX	 ((8u << 20) + 1)
#define UUID_LEN 36

struct text {
	char *bytes; /* NUL-terminated; NULL: there is none */
	size_t len;
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
 * False when the file is there and cannot be read: then anything may be in
 * it. O_NONBLOCK, so that a fifo in its place does not hold up libvirt.
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
 * Does one of the document's UUIDs stand in either text? A document without
 * any that can be made out is for the module.
 */
static bool may_be_ours(const struct text *xml, const struct text *config,
			const struct text *journal)
{
	static const char tag[] = "<uuid>";
	const char *at = xml->bytes;
	bool found = false;

	while ((at = strstr(at, tag))) {
		char uuid[UUID_LEN + 1];
		struct text copy = { uuid, UUID_LEN };

		at += sizeof(tag) - 1;
		if (strlen(at) < UUID_LEN)
			break;
		memcpy(uuid, at, UUID_LEN);
		uuid[UUID_LEN] = '\0';
		lower(&copy);
		if (strspn(uuid, "0123456789abcdef-") != UUID_LEN)
			return true;
		found = true;
		if (is_in(uuid, config) || is_in(uuid, journal))
			return true;
	}
	return !found || strlen(xml->bytes) != xml->len;
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

static int fail(const struct rt_hook_call *call, const char *what,
		const char *why)
{
	fprintf(stderr, "kvmrt: guest '%s': %s: %s\n", call->guest, what, why);
	return may_refuse(call->operation) ? 1 : 0;
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
 * Beside this program, or where it is installed. Named in full: a search path
 * in the program would be walked for the C library too, for every guest.
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
	void *module = load_module();
	rt_hook_run_fn *run;

	if (!module)
		return fail(call, "cannot load the hook's module", dlerror());
	*(void **)&run = dlsym(module, RT_HOOK_SYMBOL);
	if (!run)
		return fail(call, "the hook's module is of another version",
			    dlerror());
	return run(call);
}

int main(int argc, char **argv)
{
	const char *root = getenv("KVMRT_ROOT");
	struct rt_hook_call call = { .root = root && *root ? root : NULL };
	struct text xml = { 0 }, config = { 0 }, journal = { 0 };
	bool known;
	int status = 0;

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
	if (strcmp(call.operation, "stopped") == 0)
		return 0;
	if (!read_all(STDIN_FILENO, XML_MAX, &xml))
		return fail(&call, "cannot read the domain XML from libvirt",
			    strerror(errno));

	known = read_file(call.root, "/etc/kvmrt.cfg", &config) &&
		read_file(call.root, "/run/kvmrt/journal", &journal);
	lower(&config);
	call.xml = xml.bytes;
	call.xml_len = xml.len;
	if (!known || ((config.bytes || journal.bytes) &&
		       may_be_ours(&xml, &config, &journal)))
		status = run_module(&call);
	free(xml.bytes);
	free(config.bytes);
	free(journal.bytes);
	return status;
}
