/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prune.c - sections of guests that libvirt has not got */
#include "prune.h"

#include <errno.h>
#include <unistd.h>

#include "core/config/config_edit.h"
#include "host/baseline_file.h"

int rt_prune_is_stale(const struct rt_prune *prune,
		      const struct rt_guest *guest, struct rt_err *err)
{
	const char *const names[] = { guest->uuid, guest->name };

	for (size_t i = 0; i < 2; i++) {
		struct rt_virt_guest found;
		int r = rt_virt_find(prune->virt, names[i], &found, err);

		if (r == 0)
			rt_virt_guest_fini(&found);
		if (r != -ENOENT)
			return r;
	}
	return 1;
}

int rt_prune_may_take_all(const struct rt_prune *prune, struct rt_err *err)
{
	struct rt_virt_guests all = { 0 };
	int r = rt_virt_list(prune->virt, &all, err);

	if (r == 0 && all.n == 0)
		r = rt_fail(err, 0,
			    "no section was removed: libvirt at %s has no "
			    "guest at all, so it may be the wrong one (-c); "
			    "name the guests whose sections are to go",
			    prune->virt->uri);
	rt_virt_guests_fini(&all);
	return r;
}

int rt_prune_section(const struct rt_prune *prune, const char *uuid,
		     struct rt_err *err)
{
	struct rt_sys *sys = &prune->loaded->sys;
	RT_AUTO_FREE char *text = NULL;
	struct rt_config_file file;
	struct rt_editor editor;
	/* Read again: others may have written it since. */
	int r = rt_config_file_read(sys, prune->options->file, &file, err);

	if (r < 0)
		return r;
	r = rt_editor_open(file.text, file.len, &editor, err);
	if (r == 0) {
		r = rt_editor_drop(&editor, uuid, err);
		if (r == 0)
			r = rt_editor_text(&editor, &text, err);
		rt_editor_fini(&editor);
	}
	if (r == 0)
		r = rt_config_file_write(sys, &file, text, strlen(text), err);
	rt_config_file_fini(&file);
	/* A guest that gets its UUID one day has agreed on nothing. */
	if (r == 0 && rt_config_path_is_live(prune->options->file))
		r = rt_baseline_remove(sys, uuid, err);
	return r;
}

static bool is_wanted(const struct rt_prune *prune,
		      const struct rt_guest *guest)
{
	char answer[16];

	printf("libvirt has no guest '%s'. Remove its section [%s] from %s? "
	       "[y/N] ",
	       guest->name, guest->uuid, prune->loaded->file.path);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) &&
	       (*answer == 'y' || *answer == 'Y');
}

void rt_prune_offer(const struct rt_prune *prune,
		    const struct rt_guest *const *guests, size_t n)
{
	const bool can_ask = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	const char *file = prune->options->file;
	struct rt_err err;

	for (size_t i = 0; !prune->options->json && i < n; i++) {
		if (rt_prune_is_stale(prune, guests[i], &err) != 1)
			continue;
		if (!can_ask) {
			fprintf(stderr,
				"'kvmrt-sync-config --prune%s%s' removes the "
				"sections of guests that libvirt has not got\n",
				file ? " -f " : "", file ? file : "");
			return;
		}
		if (!is_wanted(prune, guests[i]))
			continue;
		if (rt_prune_section(prune, guests[i]->uuid, &err) < 0)
			fprintf(stderr, "%s: %s\n", guests[i]->name, err.text);
		else
			printf("%s: section removed\n", guests[i]->name);
	}
}
