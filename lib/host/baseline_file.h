/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * baseline_file.h - what configuration and definition held when they last agreed
 *
 * /var/lib/kvmrt/agreed/UUID below the root: the two texts of baseline.h, a line
 * each. It outlives a boot, as the definitions do. A file that is damaged
 * is as good as none: the configuration then decides. So no write waits for
 * the disk; a power failure may cost the record, not its sense.
 */
#ifndef RT_BASELINE_FILE_H
#define RT_BASELINE_FILE_H

#include "core/domain/baseline.h"
#include "sys.h"

#define RT_STATE_DIR "var/lib/kvmrt"

/* *ret_baseline is empty when there is nothing on record. */
int rt_baseline_read(struct rt_sys *sys, const char *uuid,
		     struct rt_baseline *ret_baseline, struct rt_err *err);

/* Replaces the record as a whole; one that says so already is left alone. */
int rt_baseline_write(struct rt_sys *sys, const char *uuid,
		      const struct rt_baseline *agreed, struct rt_err *err);

/* Nothing is on record any more; nothing was is as good. */
int rt_baseline_remove(struct rt_sys *sys, const char *uuid,
		       struct rt_err *err);

#endif
