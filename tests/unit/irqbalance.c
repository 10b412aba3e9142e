/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * irqbalance.c - the ban list of an irqbalance that is played here
 *
 * A child serves run/irqbalance/irqbalancePID.sock below a made-up root. Like
 * the real one it wants root's credentials with each message, takes one
 * request a connection, and forgets the user's list on "NULL".
 */
#include "host/irqbalance.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "host/store.h"
#include "host/reconcile.h"
#include "../host.h"
#include "../tap.h"

#define DAEMON 710 /* as make-host has it, since 710 */
#define SECOND 720

static struct test_host host;
static struct rt_sys sys;

static void path_in(char *buf, size_t size, const char *path)
{
	snprintf(buf, size, "%s/%s", host.root, path);
}

/* --- the server --- */

struct server {
	const char *own; /* mask that is banned without anybody asking */
	bool hangs;	 /* takes requests and never answers */
	bool dribbles;	 /* never ends its answer */
	bool abstract;	 /* has no file */
	pid_t pid;
};

static void log_line(const char *text)
{
	char path[256];
	FILE *log;

	path_in(path, sizeof(path), "log");
	log = fopen(path, "ae");
	if (log) {
		fprintf(log, "%s\n", text);
		fclose(log);
	}
}

/* The request, or "" if no credentials of ours came with it. */
static void receive(int sock, char *buf, size_t size)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec part = { buf, size - 1 };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	const ssize_t n = recvmsg(sock, &msg, 0);
	const struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	struct ucred who;

	buf[n > 0 ? n : 0] = '\0';
	if (!head || head->cmsg_type != SCM_CREDENTIALS) {
		log_line("no credentials");
		buf[0] = '\0';
		return;
	}
	memcpy(&who, CMSG_DATA(head), sizeof(who));
	if (who.uid != geteuid())
		log_line("strange credentials");
}

static void to_mask(const char *list, char *mask, size_t size)
{
	struct rt_cpuset set;
	struct rt_err err;

	if (rt_cpuset_parse_list(list, &set, &err) < 0)
		log_line("not a list");
	else
		rt_cpuset_format_mask(&set, 12, mask, size);
}

static void serve(const struct server *server, int sock)
{
	static const char ban[] = "settings cpus ";
	char banned[512], buf[512], answer[600];

	snprintf(banned, sizeof(banned), "%s", server->own);
	for (;;) {
		const int peer = accept(sock, NULL, NULL);

		if (peer < 0)
			_exit(1);
		receive(peer, buf, sizeof(buf));
		if (server->hangs)
			continue;
		while (server->dribbles &&
		       send(peer, " ", 1, MSG_NOSIGNAL) == 1)
			usleep(300000);
		if (strcmp(buf, "setup") == 0) {
			snprintf(answer, sizeof(answer),
				 "SLEEP 10 IRQ 24 BANNED %s", banned);
			(void)!write(peer, answer, strlen(answer));
		} else if (strncmp(buf, ban, strlen(ban)) == 0) {
			log_line(buf);
			if (strcmp(buf + strlen(ban), "NULL") == 0)
				snprintf(banned, sizeof(banned), "000");
			else
				to_mask(buf + strlen(ban), banned,
					sizeof(banned));
		}
		close(peer);
	}
}

static void start_server(struct server *server, unsigned as)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[256], name[300];
	const int one = 1;
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	path_in(path, sizeof(path), "run/irqbalance");
	snprintf(name, sizeof(name), "%s/irqbalance%u.sock", path, as);
	if (!server->abstract) {
		mkdir(path, 0755);
		unlink(name);
		snprintf(addr.sun_path, sizeof(addr.sun_path), "%.107s", name);
	}
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ||
	    listen(sock, 8) < 0) {
		printf("Bail out! %s: %s\n", name, strerror(errno));
		exit(1);
	}
	fflush(stdout);
	server->pid = fork();
	if (server->pid == 0)
		serve(server, sock);
	close(sock);
}

static void stop_server(const struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

/* --- what it is asked --- */

static const char *banned_by(unsigned pid)
{
	static char text[256];
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };
	char path[160];

	snprintf(path, sizeof(path), "irqbalance/%u/%u", pid, pid);
	text[0] = '\0';
	if (rt_facts_read_irqbalance(&sys, NULL, &facts, &err) < 0)
		snprintf(text, sizeof(text), "%.200s", err.text);
	else if (!rt_settings_find(&facts.settings, path))
		snprintf(text, sizeof(text), "not there");
	else
		snprintf(text, sizeof(text), "%.200s",
			 rt_settings_find(&facts.settings, path)->value);
	rt_facts_fini(&facts);
	return text;
}

/* It takes one request after another: once it answers, the last was heard. */
static void is_log(unsigned pid, const char *want, const char *name)
{
	char path[256], text[4096] = "";
	FILE *log;

	banned_by(pid);
	path_in(path, sizeof(path), "log");
	log = fopen(path, "re");
	if (log) {
		text[fread(text, 1, sizeof(text) - 1, log)] = '\0';
		fclose(log);
		unlink(path);
	}
	is_str(text, want, name);
}

static void test_calls(void)
{
	struct server server = { .own = "002" };
	struct rt_err err = { 0 };
	char text[256];

	is_str(banned_by(DAEMON), "not there", "a host without irqbalance");
	start_server(&server, DAEMON);
	is_str(banned_by(DAEMON), "1", "its own ban is read");
	is_int(rt_irqbalance_write(&sys, "irqbalance/710/710", "1,6-11", &err),
	       0, "a ban is set");
	is_str(banned_by(DAEMON), "1,6-11", "and read again");
	is_int(rt_irqbalance_write(&sys, "irqbalance/710/710", "", &err), 0,
	       "it is lifted");
	is_log(DAEMON, "settings cpus 1,6-11\nsettings cpus NULL\n",
	       "what it heard");
	is_int(rt_irqbalance_read(&sys, "irqbalance/710/710", text,
				  sizeof(text), &err),
	       0, "one is asked");
	is_int(rt_irqbalance_read(&sys, "irqbalance/710/711", text,
				  sizeof(text), &err),
	       -ESRCH, "another process under its number is not it");
	is_int(rt_irqbalance_write(&sys, "irqbalance/99/1", "1", &err), -ENOENT,
	       "nor is one that is gone");
	ok(rt_irqbalance_write(&sys, "irqbalance/x", "1", &err) < 0,
	   "a path that names none: %s", err.text);
	is_int(rt_irqbalance_write(&sys, "irqbalance/710/710", "6,7,8,9,11",
				   &err),
	       0, "a list with gaps");
	is_log(DAEMON, "settings cpus 6-9,11\n",
	       "is said as shortly as can be");
	stop_server(&server);
	is_str(banned_by(DAEMON), RT_UNREAD, "one that lives and refuses");
	is_int(rt_irqbalance_write(&sys, "irqbalance/710/710", "1", &err),
	       -ECONNREFUSED, "and refuses");
}

/* It takes 500 bytes; a list that is longer would be cut by it. */
static void test_long_list(void)
{
	struct server server = { .own = "000" };
	char list[1024] = "settings cpus 1";
	const char *value = list + strlen("settings cpus ");
	struct rt_err err = { 0 };
	size_t len = 0;

	for (unsigned cpu = 3; strlen(list) + 4 <= 500; cpu += 2) {
		len = strlen(list);
		snprintf(list + len, sizeof(list) - len, ",%u", cpu);
	}
	ok(strlen(list) > 490, "%zu bytes", strlen(list));
	start_server(&server, DAEMON);
	is_int(rt_irqbalance_write(&sys, "irqbalance/710/710", value, &err), 0,
	       "a list that it takes");
	len = strlen(list);
	list[len] = '\n';
	list[len + 1] = '\0';
	is_log(DAEMON, list, "is sent");
	snprintf(list + len, sizeof(list) - len, ",1001,1003,1005");
	is_int(rt_irqbalance_write(&sys, "irqbalance/710/710", value, &err),
	       -EFBIG, "a list that it would cut is not");
	ok(strstr(err.text, "IRQBALANCE_BANNED_CPULIST"), "%s", err.text);
	is_log(DAEMON, "", "it heard nothing");
	stop_server(&server);
}

/* The file that the kernel would show of the process that serves. */
static void put_stat(unsigned pid, const char *comm)
{
	char path[64], full[256];
	FILE *file;

	snprintf(path, sizeof(path), "proc/%u", pid);
	path_in(full, sizeof(full), path);
	mkdir(full, 0755);
	snprintf(path, sizeof(path), "proc/%u/task", pid);
	path_in(full, sizeof(full), path);
	mkdir(full, 0755);
	snprintf(path, sizeof(path), "proc/%u/task/%u", pid, pid);
	path_in(full, sizeof(full), path);
	mkdir(full, 0755);
	snprintf(path, sizeof(path), "proc/%u/task/%u/stat", pid, pid);
	path_in(full, sizeof(full), path);
	file = fopen(full, "we");
	ok(file &&
		   fprintf(file,
			   "%u (%s) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 "
			   "%u 0\n",
			   pid, comm, pid) > 0 &&
		   fclose(file) == 0,
	   "process %u", pid);
}

/* Where it could not make its file. Only root's is believed. */
static void test_abstract(void)
{
	struct server server = { .own = "006", .abstract = true };
	struct rt_err err = { 0 };
	char path[160];
	unsigned pid;

	start_server(&server, 0);
	/* Whose it is says who called listen(2): we did. */
	pid = (unsigned)getpid();
	put_stat(pid, "irqbalance");
	is_str(banned_by(pid), "not there", "a captured host has no address");
	sys.live = true;
	snprintf(path, sizeof(path), "irqbalance/%u/%u", pid, pid);
	if (geteuid() != 0) {
		is_str(banned_by(pid), "not there",
		       "a stranger's does not count");
	} else {
		is_str(banned_by(pid), "1-2", "it is found at its address");
		is_int(rt_irqbalance_write(&sys, path, "3-4", &err), 0,
		       "and is told there");
		is_str(banned_by(pid), "3-4", "what it then does");
		is_log(pid, "settings cpus 3-4\n", "and heard");
	}
	sys.live = false;
	stop_server(&server);
	path_in(path, sizeof(path), "log");
	unlink(path);
}

/* A number of one that was killed, and is another's now. */
static void test_left_behind(void)
{
	struct server server = { .own = "000" };

	put_stat(4242, "sleep");
	start_server(&server, 4242);
	stop_server(&server);
	is_str(banned_by(4242), "not there", "a socket left behind is none");
}

static const struct {
	const char *name, *own, *banned;
	bool told;
} answers[] = {
	{ "no mask is no CPU", "", "", false },
	{ "a mask that is none", "xyz", RT_UNREAD, true },
};

static void test_answers(void)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct server server = { .own = answers[i].own };
		struct rt_facts facts = { 0 };
		struct rt_err err = { 0 };

		start_server(&server, DAEMON);
		is_str(banned_by(DAEMON), answers[i].banned, answers[i].name);
		rt_facts_read_irqbalance(&sys, NULL, &facts, &err);
		ok(facts.unread.n == answers[i].told, "findings");
		ok(!answers[i].told || strstr(facts.unread.items[0].message,
					      "irqbalance[710]"),
		   "with its number");
		rt_facts_fini(&facts);
		stop_server(&server);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void test_hung(bool dribbles)
{
	struct server server = { .own = "000",
				 .hangs = !dribbles,
				 .dribbles = dribbles };
	struct rt_facts first = { 0 }, second = { 0 };
	struct rt_err err = { 0 };
	double start = now();

	start_server(&server, DAEMON);
	rt_facts_read_irqbalance(&sys, NULL, &first, &err);
	ok(now() - start < 2.5, "after %.1f seconds", now() - start);
	start = now();
	rt_facts_read_irqbalance(&sys, &first.settings, &second, &err);
	ok(now() - start < 0.5, "it is not asked again: %.1f seconds",
	   now() - start);
	if (ok(second.settings.n == 1 && second.unread.n == 1, "but known"))
		is_str(second.settings.items[0].value, RT_UNREAD, "as silent");
	if (ok(first.settings.n == 1 && first.unread.n == 1, "as before")) {
		is_str(first.settings.items[0].value, RT_UNREAD,
		       "one that hangs is known as such");
		is_str(first.unread.items[0].code, RT_CODE_SILENT, "and told");
	}
	rt_facts_fini(&first);
	rt_facts_fini(&second);
	stop_server(&server);
}

/* --- the whole way --- */

/* Returns how often it was told that irqbalance does not answer. */
static unsigned reconcile(struct rt_store *store, struct rt_topo *topo,
			  const char *name)
{
	struct rt_report report = { 0 };
	const struct rt_notify notify = { .report = &report };
	struct rt_outcomes outcomes = { 0 };
	struct rt_err err = { 0 };
	unsigned silent = 0;

	ok(rt_reconcile(store, topo, &notify, &outcomes, &err) == 0, "%s%s",
	   name, err.text);
	for (size_t i = 0; i < report.n; i++)
		silent += strcmp(report.items[i].code, RT_CODE_SILENT) == 0;
	rt_report_fini(&report);
	rt_outcomes_fini(&outcomes);
	return silent;
}

static void make_topo(struct rt_topo *topo)
{
	struct rt_cpuset node;
	struct rt_err err;

	rt_cpuset_add_range(&topo->present, 0, 11);
	topo->online = topo->present;
	rt_cpuset_clear(&node);
	rt_cpuset_add_range(&node, 0, 11);
	rt_topo_add(&topo->nodes, 0, &node, &err);
}

static void add_guest(struct rt_store *store)
{
	struct rt_active active = { .pid = 1, .start = 10 };
	struct rt_err err = { 0 };

	snprintf(active.guest.uuid, sizeof(active.guest.uuid),
		 "6a1f0c1e-0000-4000-8000-000000000001");
	active.guest.name = (char *)(uintptr_t) "rt1";
	active.guest.rt = true;
	rt_cpuset_add_range(&active.guest.owned, 6, 8);
	active.guest.cpuset = active.guest.usable = active.guest.owned;
	rt_cpuset_add(&active.guest.vcpus, 6);
	rt_cpuset_add(&active.guest.service, 8);
	is_int(rt_reconcile_add(store, &active, &err), 0, "a guest comes");
}

static void test_reconcile(void)
{
	struct server first = { .own = "002" }, second = { .own = "002" };
	struct server busy = { .own = "002", .hangs = true };
	struct rt_topo topo = { 0 };
	struct rt_store store;
	struct rt_err err = { 0 };

	make_topo(&topo);
	if (!ok(rt_store_open(&sys, 0, &store, &err) == 0, "store %s",
		err.text))
		return;
	start_server(&first, DAEMON);
	add_guest(&store);
	reconcile(&store, &topo, "the guest's CPUs are banned");
	is_log(DAEMON, "settings cpus 1,6-8\n", "together with the user's");
	reconcile(&store, &topo, "once more");
	is_log(DAEMON, "", "it is not told twice");
	stop_server(&first);
	start_server(&busy, DAEMON);
	is_int(reconcile(&store, &topo, "it is in the middle of a scan"), 1,
	       "which is said once");
	is_log(DAEMON, "", "what it was told is not taken back");
	stop_server(&busy);
	start_server(&first, DAEMON);
	is_int(reconcile(&store, &topo, "it answers again"), 0,
	       "of which nothing is said");
	is_log(DAEMON, "settings cpus 1,6-8\n", "what it lacks it is told");
	stop_server(&first);
	reconcile(&store, &topo, "it has stopped");
	start_server(&second, SECOND);
	reconcile(&store, &topo, "it runs again under another number");
	is_log(SECOND, "settings cpus 1,6-8\n", "and is told again");
	rt_reconcile_drop(&store, "6a1f0c1e-0000-4000-8000-000000000001", &err);
	reconcile(&store, &topo, "the guest goes");
	is_log(SECOND, "settings cpus 1\n", "the user's ban is left");
	ok(rt_journal_is_empty(&store.journal), "and nothing on record");
	stop_server(&second);
	rt_store_close(&store);
	rt_topo_fini(&topo);
}

int main(void)
{
	struct rt_err err = { 0 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!test_host_make(&host, "smt2-numa2-12cpu") ||
	    rt_sys_open(host.root, &sys, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	test_abstract();
	test_calls();
	test_long_list();
	test_answers();
	test_hung(false);
	test_hung(true);
	test_left_behind();
	test_reconcile();
	rt_sys_close(&sys);
	test_host_remove(&host);
	return tap_done();
}
