/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_files.c - rewriting whole documents loses nothing of others */
/*
 * Each of tests/data/domain is rewritten for several guests; what is not ours
 * must come out as it went in, compared as trees. Run from the top directory.
 */
#include "../domain_tree.h"
#include "../tap.h"

enum who {
	PLAIN, /* an ordinary guest, nothing bound */
	BOUND, /* ordinary, bound to CPUs and a node */
	RT,    /* real-time with a device */
};

static const struct rt_section any_topology = { .topology_auto = true };

/* Four vCPUs, as many as the guest cells of the documents hold. */
static void make_guest(struct rt_guest *guest, enum who who)
{
	static struct rt_pci_addr device = { 0, 0x41, 0, 0 };

	guest->name = (char *)"a";
	guest->title = (char *)"T";
	guest->description = (char *)"";
	guest->section = &any_topology;
	guest->nr_vcpus = 4;
	guest->hide_kvm = who == BOUND;
	if (who == PLAIN)
		return;
	rt_cpuset_add_range(&guest->cpuset, 4, 9);
	guest->usable = guest->service = guest->cpuset;
	rt_cpuset_add(&guest->nodes, 1);
	if (who == BOUND)
		return;
	guest->rt = guest->locked = true;
	rt_cpuset_add_range(&guest->vcpus, 4, 7);
	rt_cpuset_minus(&guest->service, &guest->vcpus);
	guest->pcidevs.items = &device;
	guest->pcidevs.n = 1;
}

static char *rewrite(const char *text, const struct rt_guest *guest,
		     bool *ret_changed)
{
	struct rt_err err = { 0 };
	char *out = NULL;

	if (rt_domain_rewrite(text, strlen(text), guest, RT_REWRITE_ALL, &out,
			      ret_changed, &err) < 0)
		ok(false, "rewrite: %s", err.text);
	return out;
}

static char *read_file(const char *name)
{
	char path[256];
	char *text = calloc(1, 65536);
	FILE *file;

	snprintf(path, sizeof(path), "tests/data/domain/%s", name);
	file = fopen(path, "re");
	if (!text || !file || fread(text, 1, 65535, file) == 0)
		ok(false, "%s can be read", path);
	if (file)
		fclose(file);
	return text;
}

static void check_file(const char *name, enum who who)
{
	struct rt_guest guest = { 0 };
	bool changed = false, again = true;
	char *before = read_file(name), *after, *second = NULL;
	char *tree_before, *tree_after = NULL;

	make_guest(&guest, who);
	tree_before = tree_of(before);
	after = rewrite(before, &guest, &changed);
	if (after) {
		tree_after = tree_of(after);
		second = rewrite(after, &guest, &again);
	}
	ok(changed && tree_before && strlen(tree_before) > 10,
	   "%s, guest %d: is changed", name, (int)who);
	is_str(tree_after, tree_before, "  nothing of others is lost");
	ok(second && !again && strcmp(second, after) == 0,
	   "  twice is the same as once");
	free(before);
	free(after);
	free(second);
	free(tree_before);
	free(tree_after);
}

static void check_files(void)
{
	static const char *const names[] = {
		"minimal.xml",	"pc.xml", "q35-full.xml",
		"one-line.xml", "rt.xml", "auto-placement.xml",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (enum who who = PLAIN; who <= RT; who++)
			check_file(names[i], who);
	}
}

int main(void)
{
	check_files();
	return tap_done();
}
