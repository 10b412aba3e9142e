/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.h - what the programs say
 *
 * To stderr: plain on a terminal, else with the "<N>" that journald reads the
 * severity from. libvirt drops the stderr of a hook that succeeds and shows it
 * to the user of one that fails, so a hook asks for the system log instead
 * (/dev/log; best effort, never waits; without it, stderr all the same).
 *
 * Only a program's main level logs; the library returns errors. errno survives
 * each call. A log that fails is silent.
 */
#ifndef RT_LOG_H
#define RT_LOG_H

#include <stdbool.h>

#include "core/base/err.h"

/* syslog(3)'s numbers. */
enum rt_log_level {
	RT_LOG_ERR = 3,
	RT_LOG_WARN = 4,
	RT_LOG_INFO = 6,
	RT_LOG_DEBUG = 7,
};

struct rt_log {
	const char *program;	 /* borrowed */
	enum rt_log_level level; /* messages that are less severe are dropped */
	bool terminal;
	int syslog; /* socket; -1: none */
};

/* `syslog`: to the system log instead; false for a captured host. */
void rt_log_open(struct rt_log *log, const char *program,
		 enum rt_log_level level, bool syslog);
void rt_log_close(struct rt_log *log);

void rt_log_err(const struct rt_log *log, const char *fmt, ...) RT_PRINTF(2, 3);
void rt_log_warn(const struct rt_log *log, const char *fmt, ...)
	RT_PRINTF(2, 3);
void rt_log_info(const struct rt_log *log, const char *fmt, ...)
	RT_PRINTF(2, 3);
void rt_log_debug(const struct rt_log *log, const char *fmt, ...)
	RT_PRINTF(2, 3);

#endif
