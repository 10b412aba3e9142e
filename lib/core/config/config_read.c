/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_read.c - the lines of kvmrt.cfg, and their way through inih
 *
 * inih keeps track of sections, keys and values, but cuts lines at 199 bytes
 * and names at 49 without a word, takes ':' for '=', ends a value at " ;", and
 * is silent about empty sections. Therefore a reader of our own goes first. It
 * reads each physical line, reports a line that kvmrt.cfg cannot have, and
 * passes the rest on in pieces that inih cannot misread:
 *
 *   in the file              what inih gets
 *   [UUID]                   [UUID]
 *                            ^A=                    a section begins
 *   title = b ; c ...        title=^Ab^B^D^Bc ...^A
 *                             ^A...^A               the rest of a long line
 *
 * Each character that inih treats specially travels as a control character,
 * which no line of ours may hold. The handler puts the pieces together again.
 */
#include "config_read.h"

#include <errno.h>
#include <ini.h>

#include "config.h"
#include "core/base/strbuf.h"
#include "core/base/utf8.h"

#define MARK	   '\1' /* either end of a piece; alone: a section begins */
#define NAME_LEN   49	/* the longest name that inih does not cut */
#define PIECE_ROOM 64	/* the least line that a name and a piece fit in */

/* What inih must not see in a value, and what stands for it. */
static const char plain[] = " \t;\n", coded[] = "\2\3\4\5";
static const char mark[] = { MARK, '\0' };

struct reader {
	const struct rt_config_events *events;
	struct rt_err *err;
	int r;	   /* negative: failed */
	bool stop; /* failed, or an event said so */

	const char *text;
	size_t len, at;
	unsigned number;      /* of the line */
	struct rt_strbuf row; /* the line, terminated */

	/* On its way to inih. */
	struct rt_strbuf queue;
	size_t sent;
	char name[NAME_LEN + 1]; /* of the key or section to send; "": none */
	bool is_section, send_mark, send_queue;
	struct rt_span header;
	struct rt_config_fault header_fault; /* no code: none */

	/* The key whose lines are being gathered. */
	bool in_key;	 /* further lines belong to it */
	bool skip_more;	 /* further lines belong to one already reported */
	unsigned blanks; /* blank lines since the last line of the key */
	struct rt_config_key key;
	bool damaged;
	char key_name[NAME_LEN + 1];
	struct rt_strbuf value;
};

/* Hand over the key that has been gathered. */
static void finish_key(struct reader *reader)
{
	if (!reader->in_key || reader->stop)
		return;
	reader->in_key = false;
	rt_strbuf_add(&reader->value, "", 0);
	if (reader->value.failed) {
		reader->r = rt_fail_memory(reader->err);
		reader->stop = true;
		return;
	}
	reader->key.lines = reader->damaged ? NULL : reader->value.text;
	if (!reader->events->key(reader->events->user, &reader->key))
		reader->stop = true;
}

static void report(struct reader *reader, struct rt_config_fault fault)
{
	fault.line = reader->number;
	if (!reader->stop &&
	    !reader->events->fault(reader->events->user, &fault))
		reader->stop = true;
}

static struct rt_config_fault bad_bytes(const char *row)
{
	for (const char *p = row; *p;) {
		const size_t n = rt_utf8_length(p);

		if (!n)
			return (struct rt_config_fault){
				.code = "not-utf8",
				.hint = "save the file as UTF-8",
				.what = "the line is not UTF-8",
			};
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return (struct rt_config_fault){
				.code = "control-character",
				.hint = "remove it; a tab is the only one that "
					"may be used",
				.what = "the line holds a control character",
			};
		p += n;
	}
	return (struct rt_config_fault){ 0 };
}

/* Why a line cannot be read any further; without a code it can. */
static struct rt_config_fault line_fault(struct reader *reader,
					 const struct rt_line *line)
{
	reader->row.len = 0;
	if (line->whole.len + line->end > RT_CONFIG_LINE_MAX)
		return (struct rt_config_fault){
			.code = "line-too-long",
			.hint = "split it: further lines begin with a blank",
			.what = "the line is longer than 65536 bytes",
		};
	if (memchr(line->whole.text, '\0', line->whole.len))
		return (struct rt_config_fault){
			.code = "nul-byte",
			.hint = "save the file as plain text in UTF-8",
			.what = "the line holds a NUL byte",
		};
	rt_strbuf_add(&reader->row, line->whole.text, line->whole.len);
	if (reader->row.failed) {
		reader->r = rt_fail_memory(reader->err);
		reader->stop = true;
		return (struct rt_config_fault){ 0 };
	}
	return bad_bytes(reader->row.text);
}

/*
 * Append text with each character of `from` replaced by its counterpart in
 * `to`. The line holds no NUL.
 */
static void recode(struct rt_strbuf *out, const char *text, size_t len,
		   const char *from, const char *to)
{
	const size_t start = out->len;

	rt_strbuf_add(out, text, len);
	for (char *p = out->failed ? NULL : out->text + start; p && *p; p++) {
		/* All of both sets stand at or below ';'. */
		const char *at = *p <= ';' ? strchr(from, *p) : NULL;

		if (at)
			*p = to[at - from];
	}
}

static void encode(struct reader *reader, const char *text, size_t len)
{
	recode(&reader->queue, text, len, plain, coded);
	reader->send_queue = true;
}

/* To be sent: of at most NAME_LEN bytes. */
static void set_name(struct reader *reader, struct rt_span name)
{
	memcpy(reader->name, name.text, name.len);
	reader->name[name.len] = '\0';
}

static void start_section(struct reader *reader, const struct rt_line *line,
			  struct rt_config_fault fault)
{
	const struct rt_span name = line->name;
	bool fits = name.len && name.len <= NAME_LEN && line->closed &&
		    !memchr(name.text, ';', name.len) && !fault.code;

	finish_key(reader);
	reader->skip_more = false;
	reader->header = name;
	if (!fault.code && !line->closed)
		fault = (struct rt_config_fault){
			.code = "syntax",
			.hint = "write [UUID] with the guest's UUID",
			.what = "']' is missing: write [UUID]",
		};
	else if (!fault.code && line->value.len)
		fault = (struct rt_config_fault){
			.code = "syntax",
			.hint = "a comment needs a line of its own",
			.what = "there is text behind the ']': write only "
				"[UUID]",
		};
	fault.line = reader->number;
	reader->header_fault = fault;
	/*
	 * A name that inih would cut or misread is sent as one that no key has.
	 */
	set_name(reader, fits ? name : (struct rt_span){ "?", 1 });
	reader->is_section = true;
}

/* A name that inih could cut, misread or take for something else. */
static bool is_odd(struct rt_span name)
{
	if (name.len > NAME_LEN)
		return true;
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.text[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return true;
	}
	return false;
}

static void start_key(struct reader *reader, const struct rt_line *line)
{
	finish_key(reader);
	reader->skip_more = false;
	reader->damaged = false;
	reader->blanks = 0;
	reader->key = (struct rt_config_key){
		.name = line->name,
		.line = reader->number,
		.lines = "",
	};
	if (!line->name.len) {
		reader->skip_more = true;
		report(reader, (struct rt_config_fault){
				       .code = "syntax",
				       .hint = "write KEY = VALUE",
				       .what = "no key before the '=': "
					       "write KEY = VALUE",
			       });
	} else if (is_odd(line->name)) {
		reader->skip_more = true;
		if (!reader->stop &&
		    !reader->events->key(reader->events->user, &reader->key))
			reader->stop = true;
	} else {
		set_name(reader, line->name);
		encode(reader, line->value.text, line->value.len);
	}
}

static void continue_key(struct reader *reader, const struct rt_line *line)
{
	const char *end = line->whole.text + line->whole.len;

	if (reader->skip_more)
		return;
	if (!reader->in_key) {
		report(reader,
		       (struct rt_config_fault){
			       .code = "syntax",
			       .hint = "indented lines continue the value "
				       "above "
				       "them",
			       .what = "this line begins with a blank, but "
				       "there is no value above it to "
				       "continue: begin the line with its key",
		       });
		return;
	}
	if (!reader->key.more_line)
		reader->key.more_line = reader->number;
	for (unsigned i = 0; i <= reader->blanks; i++)
		encode(reader, "\n", 1);
	reader->blanks = 0;
	/* Blanks at the end matter to a line with a bar. */
	encode(reader, line->value.text, (size_t)(end - line->value.text));
}

static void skip_line(struct reader *reader, const struct rt_line *line,
		      struct rt_config_fault fault)
{
	if (line->kind == RT_LINE_MORE || line->kind == RT_LINE_COMMENT) {
		reader->damaged = true;
	} else {
		finish_key(reader);
		reader->skip_more = true;
	}
	report(reader, fault);
}

/* Read the next line; most lines leave something to send. */
static bool read_line(struct reader *reader)
{
	struct rt_config_fault fault;
	struct rt_line line;

	if (!rt_line_next(reader->text, reader->len, &reader->at, &line))
		return false;
	reader->number++;
	reader->queue.len = reader->sent = 0;
	fault = line_fault(reader, &line);
	if (fault.code && line.kind != RT_LINE_SECTION) {
		skip_line(reader, &line, fault);
		return !reader->stop;
	}
	switch (line.kind) {
	case RT_LINE_BLANK:
		reader->blanks++;
		break;
	case RT_LINE_COMMENT:
		break;
	case RT_LINE_MORE:
		continue_key(reader, &line);
		break;
	case RT_LINE_SECTION:
		start_section(reader, &line, fault);
		break;
	case RT_LINE_KEY:
		start_key(reader, &line);
		break;
	case RT_LINE_OTHER:
		fault = (struct rt_config_fault){
			.code = "syntax",
			.hint = "write KEY = VALUE, or begin a comment with #",
			.what = "a line without '='",
			.text = line.whole,
		};
		skip_line(reader, &line, fault);
		break;
	}
	if (reader->queue.failed) {
		reader->r = rt_fail_memory(reader->err);
		reader->stop = true;
	}
	return !reader->stop;
}

/* One line for inih: NAME=^A...^A, or a blank and ^A...^A. */
static void send_piece(struct reader *reader, char *buf, size_t size)
{
	const size_t name_len = strlen(reader->name);
	const size_t room = size - name_len - 5;
	size_t n = reader->queue.len - reader->sent;
	char *p = buf;

	if (n > room)
		n = room;
	memcpy(p, reader->name, name_len);
	p += name_len;
	*p++ = name_len ? '=' : ' ';
	*p++ = MARK;
	if (n)
		memcpy(p, reader->queue.text + reader->sent, n);
	p += n;
	*p++ = MARK;
	*p++ = '\n';
	*p = '\0';
	reader->sent += n;
	reader->name[0] = '\0';
	reader->send_queue = reader->sent < reader->queue.len;
}

/* inih's fgets. */
static char *next_line(char *buf, int size, void *stream)
{
	struct reader *reader = stream;

	if (size < PIECE_ROOM) {
		reader->r = rt_fail(reader->err, 0,
				    "inih is built for lines of %d bytes, too "
				    "short to be used",
				    size);
		reader->stop = true;
	}
	while (!reader->stop) {
		if (reader->is_section) {
			snprintf(buf, (size_t)size, "[%s]\n", reader->name);
			reader->name[0] = '\0';
			reader->is_section = false;
			reader->send_mark = true;
			return buf;
		}
		if (reader->send_mark) {
			snprintf(buf, (size_t)size, "%s=\n", mark);
			reader->send_mark = false;
			return buf;
		}
		if (reader->send_queue) {
			send_piece(reader, buf, (size_t)size);
			return buf;
		}
		if (!read_line(reader))
			return NULL;
	}
	return NULL;
}

static int take(void *user, const char *section, const char *name,
		const char *value)
{
	struct reader *reader = user;
	const struct rt_config_events *events = reader->events;

	if (reader->stop)
		return 1;
	if (*name == MARK) {
		const bool good = *section != '?';
		const struct rt_span text = {
			good ? section : reader->header.text,
			good ? strlen(section) : reader->header.len,
		};

		reader->stop =
			!events->section(events->user, text, reader->number,
					 &reader->header_fault);
		return 1;
	}
	if (!reader->in_key) {
		reader->in_key = true;
		snprintf(reader->key_name, sizeof(reader->key_name), "%s",
			 name);
		reader->key.name.text = reader->key_name;
		reader->key.name.len = strlen(reader->key_name);
		reader->value.len = 0;
	}
	/* Without the marks at both ends. */
	value += *value == MARK;
	recode(&reader->value, value, strcspn(value, mark), coded, plain);
	return 1;
}

int rt_config_read(const char *text, size_t len,
		   const struct rt_config_events *events, struct rt_err *err)
{
	struct reader reader = {
		.events = events,
		.err = err,
		.text = text,
		.len = len,
	};
	int line;

	line = ini_parse_stream(next_line, &reader, take, &reader);
	finish_key(&reader);
	if (line != 0 && reader.r == 0)
		reader.r = line < 0 ?
				   rt_fail_memory(err) :
				   rt_fail(err, 0, "inih cannot read the text");
	rt_strbuf_fini(&reader.row);
	rt_strbuf_fini(&reader.queue);
	rt_strbuf_fini(&reader.value);
	return reader.r;
}
