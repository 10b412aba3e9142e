/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log.c - what the programs say */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FACILITY_DAEMON (3 << 3)
#define LINE_MAX_BYTES	2048

void rt_log_open(struct rt_log *log, const char *program,
		 enum rt_log_level level, bool syslog)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX,
					     .sun_path = "/dev/log" };
	const int saved = errno;

	*log = (struct rt_log){ .program = program,
				.level = level,
				.terminal = isatty(STDERR_FILENO),
				.syslog = -1 };
	if (syslog)
		log->syslog = socket(
			AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (log->syslog >= 0 &&
	    connect(log->syslog, (const struct sockaddr *)&address,
		    sizeof(address)) < 0) {
		close(log->syslog);
		log->syslog = -1;
	}
	errno = saved;
}

void rt_log_close(struct rt_log *log)
{
	const int saved = errno;

	if (log->syslog >= 0)
		close(log->syslog);
	log->syslog = -1;
	errno = saved;
}

/* A newline in a name must not begin a line of its own. */
static void flatten(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	}
}

static RT_PRINTF(3, 0) void write_line(const struct rt_log *log,
				       enum rt_log_level level, const char *fmt,
				       va_list args)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 64];
	const int saved = errno;

	if (level > log->level)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	flatten(text);
	if (log->terminal)
		snprintf(line, sizeof(line), "%s: %s\n", log->program, text);
	else
		snprintf(line, sizeof(line), "<%d>%s: %s\n", (int)level,
			 log->program, text);
	if (log->syslog < 0) {
		/* One write: lines of several programs stay apart. */
		(void)!write(STDERR_FILENO, line, strlen(line));
	} else {
		snprintf(line, sizeof(line), "<%d>%s[%d]: %s",
			 FACILITY_DAEMON | (int)level, log->program,
			 (int)getpid(), text);
		(void)!send(log->syslog, line, strlen(line), MSG_NOSIGNAL);
	}
	errno = saved;
}

#define DEFINE_LOG(name, level)                                                \
	void name(const struct rt_log *log, const char *fmt, ...)              \
	{                                                                      \
		va_list args;                                                  \
                                                                               \
		va_start(args, fmt);                                           \
		write_line(log, level, fmt, args);                             \
		va_end(args);                                                  \
	}

DEFINE_LOG(rt_log_err, RT_LOG_ERR)
DEFINE_LOG(rt_log_warn, RT_LOG_WARN)
DEFINE_LOG(rt_log_info, RT_LOG_INFO)
DEFINE_LOG(rt_log_debug, RT_LOG_DEBUG)
