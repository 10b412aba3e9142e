/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.c - fuzz: any bytes as kvmrt.cfg, read and then edited */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "core/config/config_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read without a fault can be edited, and reads back. */
static void edit(const char *text, size_t len, const struct rt_config *config)
{
	const struct rt_section *first = &config->sections[0];
	struct rt_editor editor;
	struct rt_err err;
	char *out = NULL;

	assert(rt_editor_open(text, len, &editor, &err) == 0);
	if (rt_editor_set(&editor, first->uuid, RT_KEY_DESCRIPTION,
			  first->comments, &err) == 0) {
		struct rt_report report = { 0 };
		struct rt_config now;

		assert(rt_editor_text(&editor, &out, &err) == 0);
		assert(rt_config_parse(out, strlen(out), "fuzz", &now, &report,
				       &err) == 0);
		assert(!rt_report_errors(&report) && now.n == config->n);
		rt_config_fini(&now);
		rt_report_fini(&report);
	} else {
		assert(err.code == EINVAL);
	}
	free(out);
	rt_editor_fini(&editor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rt_config config = { 0 };
	struct rt_report report = { 0 };
	RT_AUTO_STRBUF shown = { 0 };
	struct rt_err err;

	assert(rt_config_parse((const char *)data, size, "fuzz", &config,
			       &report, &err) == 0);
	rt_report_print_json(&report, &shown);
	if (!rt_report_errors(&report) && config.n)
		edit((const char *)data, size, &config);
	rt_report_fini(&report);
	rt_config_fini(&config);
	return 0;
}
