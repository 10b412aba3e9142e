/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * make-ops.c - what a program did below a directory, from strace's words
 *
 *   strace -X raw -xx -s 9999999 -e trace=%file,%desc -o TRACE PROGRAM ...
 *   make-ops ROOT <TRACE >OPS
 *
 * Taken over is every call on a handle below ROOT; others (libraries, messages)
 * are not the program's task. A call on such a handle that replay cannot make
 * is an error. On standard error: how many, of which kind.
 */
#include "ops.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 6

struct line {
	char *name;
	char *args[ARGS_MAX];
	size_t n;
	long result;
};

struct maker {
	const char *root;
	bool known[OPS_FDS_MAX]; /* handles below the root */
	struct op *ops;
	size_t n_ops, size_ops;
	char *bytes;
	size_t n_bytes, size_bytes;
	size_t counts[N_CALLS];
};

static void die(const char *what, const char *which)
{
	fprintf(stderr, "make-ops: %s '%.80s'\n", what, which);
	exit(1);
}

static void *grow(void *items, size_t n, size_t *size, size_t item)
{
	if (n < *size)
		return items;
	while (*size <= n)
		*size = *size ? *size * 2 : 4096;
	items = realloc(items, *size * item);
	if (!items)
		die("no memory", "");
	return items;
}

/* Cut at the commas outside quotes and braces. */
static void split_args(struct line *line, char *p)
{
	int depth = 0;
	bool quoted = false;

	line->n = 0;
	while (line->n < ARGS_MAX) {
		line->args[line->n++] = p;
		for (; *p && (depth || quoted || *p != ','); p++) {
			if (*p == '"')
				quoted = !quoted;
			else if (!quoted && strchr("{[(", *p))
				depth++;
			else if (!quoted && strchr("}])", *p))
				depth--;
		}
		if (!*p)
			return;
		*p++ = '\0';
		p += strspn(p, " ");
	}
	die("too many arguments", line->name);
}

/* False for a line that tells of no call. */
static bool parse_line(char *text, struct line *line)
{
	char *open = strchr(text, '('), *result = NULL, *close;

	for (char *p = text; (p = strstr(p, " = ")); p += 3)
		result = p;
	if (!open || !result || open > result)
		return false;
	*result = '\0';
	close = strrchr(open, ')');
	if (!close)
		return false;
	*open = *close = '\0';
	line->name = text;
	line->result = strtol(result + 3, NULL, 0);
	split_args(line, open + 1);
	return true;
}

static uint64_t number(const struct line *line, size_t i)
{
	return i < line->n ? (uint64_t)strtoll(line->args[i], NULL, 0) : 0;
}

/* The value after "name=" in a struct, 0 without it. */
static uint64_t member(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 0) : 0;
}

static void add_byte(struct maker *maker, char byte)
{
	maker->bytes =
		grow(maker->bytes, maker->n_bytes, &maker->size_bytes, 1);
	maker->bytes[maker->n_bytes++] = byte;
}

/* "\x73\x79...": returns its length; a NUL is put behind it. */
static uint32_t add_string(struct maker *maker, const char *text)
{
	const size_t start = maker->n_bytes;

	if (*text != '"')
		die("not a string", text);
	for (text++; *text == '\\' && text[1] == 'x'; text += 4) {
		const char digits[3] = { text[2], text[3], '\0' };

		add_byte(maker, (char)strtoul(digits, NULL, 16));
	}
	if (strcmp(text, "\"") != 0)
		die("not a whole string", text);
	add_byte(maker, '\0');
	return (uint32_t)(maker->n_bytes - start - 1);
}

static bool is_known(const struct maker *maker, int64_t fd)
{
	return fd > 0 && fd < OPS_FDS_MAX && maker->known[fd];
}

/*
 * The path at op->bytes: below a known handle, or below the root by its full
 * name; then it becomes a path from the root.
 */
static bool is_below(struct maker *maker, struct op *op)
{
	const char *path = maker->bytes + op->bytes;
	const size_t len = strlen(maker->root);

	if (*path != '/')
		return is_known(maker, op->fd);
	if (strncmp(path, maker->root, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0'))
		return false;
	op->fd = OPS_ROOT;
	op->bytes += (uint32_t)len + (path[len] == '/');
	if (maker->bytes[op->bytes] == '\0') {
		op->bytes = (uint32_t)maker->n_bytes;
		add_byte(maker, '.');
		add_byte(maker, '\0');
	}
	return true;
}

/* Where the arguments of a call stand; 0: it has none such. */
static const struct shape {
	const char *name;
	enum call call;
	uint8_t path, data, flags, mode, len, offset;
} shapes[] = {
	{ .name = "openat", CALL_OPENAT, .path = 1, .flags = 2, .mode = 3 },
	{ .name = "openat2", CALL_OPENAT2, .path = 1 },
	{ .name = "close", CALL_CLOSE },
	{ .name = "read", CALL_READ, .len = 2 },
	{ .name = "pread64", CALL_PREAD, .len = 2, .offset = 3 },
	{ .name = "write", CALL_WRITE, .data = 1, .len = 2 },
	{ .name = "pwrite64", CALL_PWRITE, .data = 1, .len = 2, .offset = 3 },
	{ .name = "ftruncate", CALL_FTRUNCATE, .offset = 1 },
	{ .name = "getdents64", CALL_GETDENTS, .len = 2 },
	{ .name = "newfstatat", CALL_STAT, .path = 1, .flags = 3 },
	{ .name = "fstat", CALL_STAT },
	{ .name = "faccessat", CALL_ACCESS, .path = 1, .mode = 2 },
	{ .name = "faccessat2", CALL_ACCESS, .path = 1, .mode = 2 },
	{ .name = "readlinkat", CALL_READLINK, .path = 1, .len = 3 },
	{ .name = "mkdirat", CALL_MKDIR, .path = 1, .mode = 2 },
	{ .name = "unlinkat", CALL_UNLINK, .path = 1, .flags = 2 },
	{ .name = "flock", CALL_FLOCK, .flags = 1 },
	{ .name = "fcntl", CALL_FCNTL, .flags = 1, .offset = 2 },
};

static const struct shape *find_shape(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	}
	return NULL;
}

static void fill(struct maker *maker, const struct shape *shape,
		 const struct line *line, struct op *op)
{
	if (shape->flags)
		op->flags = number(line, shape->flags);
	if (shape->mode)
		op->mode = number(line, shape->mode);
	if (shape->offset)
		op->offset = (int64_t)number(line, shape->offset);
	if (shape->len)
		op->len = (uint32_t)number(line, shape->len);
	op->bytes = (uint32_t)maker->n_bytes;
	if (shape->path)
		add_string(maker, line->args[shape->path]);
	else if (shape->data &&
		 add_string(maker, line->args[shape->data]) != op->len)
		die("data is cut in a call of", line->name);
	if (shape->call == CALL_OPENAT2) {
		op->flags = member(line->args[2], "flags=");
		op->mode = member(line->args[2], "mode=");
		op->resolve = member(line->args[2], "resolve=");
	}
	/* A lock on bytes, in the fields of other calls. */
	if (shape->call == CALL_FCNTL && line->n > 2 && *line->args[2] == '{') {
		op->mode = member(line->args[2], "l_type=");
		op->offset = (int64_t)member(line->args[2], "l_start=");
		op->len = (uint32_t)member(line->args[2], "l_len=");
	}
	if (!shape->path && shape->call == CALL_STAT) {
		add_byte(maker, '\0');
		op->flags = AT_EMPTY_PATH;
	}
}

static void add_op(struct maker *maker, const struct op *op)
{
	maker->ops =
		grow(maker->ops, maker->n_ops, &maker->size_ops, sizeof(*op));
	maker->ops[maker->n_ops++] = *op;
	maker->counts[op->call]++;
}

static void take(struct maker *maker, const struct line *line)
{
	const struct shape *shape = find_shape(line->name);
	const size_t start = maker->n_bytes;
	struct op op = { .fd = (int32_t)number(line, 0),
			 .failed = line->result < 0 };
	bool below;

	if (!shape) {
		if (is_known(maker, op.fd))
			die("cannot make again a call of", line->name);
		return;
	}
	op.call = shape->call;
	fill(maker, shape, line, &op);
	below = shape->path ? is_below(maker, &op) : is_known(maker, op.fd);
	if (op.call <= CALL_OPENAT2 && !op.failed) {
		if (line->result >= OPS_FDS_MAX || line->result == OPS_ROOT)
			die("a handle's number is out of bounds in",
			    line->name);
		maker->known[line->result] = below;
		op.opens = (int32_t)line->result;
	}
	if (!below) {
		maker->n_bytes = start;
		return;
	}
	/* Nothing is opened: the number is of no handle in use. */
	if (op.call <= CALL_OPENAT2 && op.failed)
		op.opens = OPS_FDS_MAX - 1;
	if (op.call == CALL_CLOSE)
		maker->known[op.fd] = false;
	add_op(maker, &op);
}

static void print_counts(const struct maker *maker)
{
	const size_t *n = maker->counts;

	fprintf(stderr,
		"%zu calls: %zu opens, %zu reads, %zu writes, %zu looks into "
		"directories\n",
		maker->n_ops, n[CALL_OPENAT] + n[CALL_OPENAT2],
		n[CALL_READ] + n[CALL_PREAD], n[CALL_WRITE] + n[CALL_PWRITE],
		n[CALL_GETDENTS]);
}

int main(int argc, char **argv)
{
	struct maker maker = { .root = argv[argc - 1] };
	struct ops_head head;
	struct line line;
	char *text = NULL;
	size_t size = 0;
	ssize_t len;

	if (argc != 2 || argv[1][0] != '/') {
		fprintf(stderr, "usage: make-ops ROOT <TRACE >OPS\n");
		return 2;
	}
	while ((len = getline(&text, &size, stdin)) > 0) {
		if (text[len - 1] == '\n')
			text[len - 1] = '\0';
		if (parse_line(text, &line))
			take(&maker, &line);
	}
	free(text);
	head.n_ops = maker.n_ops;
	head.n_bytes = maker.n_bytes;
	if (!maker.n_ops)
		die("there is no call below", maker.root);
	if (fwrite(&head, sizeof(head), 1, stdout) != 1 ||
	    fwrite(maker.ops, sizeof(*maker.ops), maker.n_ops, stdout) !=
		    maker.n_ops ||
	    fwrite(maker.bytes, 1, maker.n_bytes, stdout) != maker.n_bytes ||
	    fflush(stdout) != 0)
		die("cannot write", "standard output");
	print_counts(&maker);
	free(maker.ops);
	free(maker.bytes);
	return 0;
}
