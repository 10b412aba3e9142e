/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_test.c - what a test has said, as text or as JSON */
#include "prove_test.h"

#include <errno.h>
#include <json-c/json.h>

#include "core/base/number.h"
#include "core/base/strbuf.h"

static int bad(enum rt_test_kind kind, const char *what, struct rt_err *err)
{
	rt_fail(err, 0, "the output of %s: %s", rt_test_name(kind), what);
	err->code = EBADMSG;
	return -EBADMSG;
}

/* A number that is there, times a unit: whole microseconds upwards. */
static bool read_number(struct json_object *in, const char *key, double unit,
			unsigned long long *ret)
{
	struct json_object *value;
	double number;

	if (!json_object_object_get_ex(in, key, &value) ||
	    (!json_object_is_type(value, json_type_int) &&
	     !json_object_is_type(value, json_type_double)))
		return false;
	number = json_object_get_double(value) * unit;
	if (!(number >= 0 && number < 1e15))
		return false;
	*ret = (unsigned long long)(number + (unit > 1 ? 0.5 : 0.999999));
	return true;
}

static int add_count(struct rt_test *test, size_t thread, const char *us_text,
		     struct json_object *count, struct rt_err *err)
{
	struct rt_test_bucket *bucket = NULL;
	unsigned long long us;

	if (!rt_parse_number(us_text, 1ULL << 40, &us) ||
	    !json_object_is_type(count, json_type_int) ||
	    json_object_get_int64(count) < 0)
		return bad(test->kind, "its histogram is not understood", err);
	for (size_t i = 0; i < test->n_buckets && !bucket; i++) {
		if (test->buckets[i].us == us)
			bucket = &test->buckets[i];
	}
	if (!bucket) {
		if (!rt_grow(&test->buckets, test->n_buckets,
			     &test->size_buckets, sizeof(*test->buckets)))
			return rt_fail_memory(err);
		bucket = &test->buckets[test->n_buckets];
		bucket->us = us;
		bucket->counts = calloc(test->n, sizeof(*bucket->counts));
		if (!bucket->counts)
			return rt_fail_memory(err);
		test->n_buckets++;
	}
	bucket->counts[thread] =
		(unsigned long long)json_object_get_int64(count);
	return 0;
}

static int read_thread(struct rt_test *test, size_t i, struct json_object *in,
		       struct rt_err *err)
{
	struct rt_test_thread *thread = &test->threads[i];
	struct json_object *histogram;
	unsigned long long sum = 0;
	bool whole;
	int r = 0;

	whole = read_number(in, "min", 1, &thread->min_us) &&
		read_number(in, "max", 1, &thread->max_us) &&
		read_number(in, "avg", 1000, &thread->avg_ns) &&
		(test->kind == RT_TEST_OSLAT ?
			 read_number(in, "cpu", 1, &thread->cpu) &&
				 read_number(in, "duration", 1000,
					     &thread->duration_ms) :
			 read_number(in, "cycles", 1, &thread->cycles));
	if (!whole)
		return bad(test->kind, "a thread of it is not whole", err);
	if (test->kind == RT_TEST_CYCLICTEST && !thread->cycles)
		return bad(test->kind, "a thread of it never ran", err);
	if (!json_object_object_get_ex(in, "histogram", &histogram) ||
	    !json_object_is_type(histogram, json_type_object))
		return 0;
	json_object_object_foreach(histogram, us, count)
	{
		if (r == 0)
			r = add_count(test, i, us, count, err);
		if (r == 0)
			sum += (unsigned long long)json_object_get_int64(count);
	}
	if (thread->cycles > sum)
		thread->overflows = thread->cycles - sum;
	return r;
}

static int by_us(const void *a, const void *b)
{
	const struct rt_test_bucket *one = a, *two = b;

	return (one->us > two->us) - (one->us < two->us);
}

static int read_json(struct rt_test *test, struct json_object *all,
		     struct rt_err *err)
{
	struct json_object *threads, *code;
	unsigned long long n;

	if (!json_object_object_get_ex(all, "return_code", &code) ||
	    json_object_get_int(code) != 0)
		return bad(test->kind, "it has not ended well", err);
	if (!json_object_object_get_ex(all, "thread", &threads) ||
	    !json_object_is_type(threads, json_type_object) ||
	    !read_number(all, "num_threads", 1, &n) || !n ||
	    n != (unsigned long long)json_object_object_length(threads))
		return bad(test->kind, "there is no result in it", err);
	test->threads = calloc(n, sizeof(*test->threads));
	if (!test->threads)
		return rt_fail_memory(err);
	test->n = n;
	for (size_t i = 0; i < n; i++) {
		struct json_object *thread;
		char key[24];
		int r;

		snprintf(key, sizeof(key), "%zu", i);
		test->threads[i].cpu = i;
		if (!json_object_object_get_ex(threads, key, &thread))
			return bad(test->kind, "a thread of it is missing",
				   err);
		r = read_thread(test, i, thread, err);
		if (r < 0)
			return r;
	}
	if (test->n_buckets)
		qsort(test->buckets, test->n_buckets, sizeof(*test->buckets),
		      by_us);
	return 0;
}

int rt_test_read(enum rt_test_kind kind, const char *text,
		 struct rt_test *ret_test, struct rt_err *err)
{
	struct rt_test test = { .kind = kind };
	struct json_object *all;
	int r;

	if (text[strspn(text, " \t\r\n")] != '{')
		return rt_test_parse(kind, text, ret_test, err);
	all = json_tokener_parse(text);
	r = all ? read_json(&test, all, err) :
		  bad(kind, "it is not all of a JSON document", err);
	if (all)
		json_object_put(all);
	if (r < 0)
		rt_test_fini(&test);
	else
		*ret_test = test;
	return r;
}
