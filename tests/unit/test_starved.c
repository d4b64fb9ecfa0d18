/*
 * test_starved - each request for memory fails, in data sets, pictures and evaluation: told, and nothing is kept
 *
 * Networks are starved in test_starved_net.c, parsers by tests/fuzz/replay.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/size.h"
#include "decode.h"
#include "drawn.h"
#include "epochs.h"
#include "eval/affinity.h"
#include "eval/knn.h"
#include "eval/linkage.h"
#include "eval/pca.h"
#include "eval/probe.h"
#include "eval/rows.h"
#include "eval/subset.h"
#include "eval/tally.h"
#include "eval/tsne.h"
#include "folder.h"
#include "gather.h"
#include "image/chart.h"
#include "image/pixels.h"
#include "image/scatter.h"
#include "image/sheet.h"
#include "image/views.h"
#include "npz.h"
#include "pngfile.h"
#include "sst_merge.h"
#include "tests/unit/starve_case.h"

enum { N = 40, D = 5, SIDE = 8, IMAGE = 3 * SIDE * SIDE };
static char dir[] = "/tmp/test_starved.XXXXXX";
static uint8_t pixels[4 * IMAGE];
static float points[N * D];
static int32_t labels[N], predicted[N];

static const float *
fresh_points(void)
{
	for (int i = 0; i < N * D; i++)
		points[i] = (float)(i * 7919 % 101) - 50;
	return points;
}

static int
short_of_memory(struct ss_err *e)
{
	return ss_fail(e, SS_EIO, "out of memory");
}

static int
make_files(void **state)
{
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (int i = 0; i < 4 * IMAGE; i++)
		pixels[i] = (uint8_t)(i * 37);
	for (int i = 0; i < N; i++)
		labels[i] = i % 3;
	if (mkdtemp(dir) == NULL || chdir(dir) < 0 || mkdir("pets", 0777) < 0 || mkdir("pets/cat", 0777) < 0 ||
	    mkdir("pets/dog", 0777) < 0)
		return -1;
	return ss_png_write("pets/cat/a.png", pixels, SIDE, SIDE, 3, &e) < 0 || ss_png_write("pets/dog/b_1.png", pixels, SIDE, SIDE, 1, &e) < 0;
}

static int
remove_files(void **state)
{
	static const char *const files[] = { "pets/cat/a.png", "pets/dog/b_1.png", "out.npz" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i]);
	rmdir("pets/cat");
	rmdir("pets/dog");
	rmdir("pets");
	return rmdir(dir);
}

/* All frames of a source, with a header that has been put together. */
static int
stream_of(struct ss_source *s, struct ss_err *e)
{
	static char *const argv[] = { "a program", "with\targuments" };
	const struct ss_order plan = { .epochs = 2, .shuffle = true, .again = true, .labels = true, .shards = 1, .frame = 1 };
	struct ss_header h = SS_HEADER_INIT, again = SS_HEADER_INIT;
	struct ss_writer *w = NULL;
	struct ss_epochs *x = NULL;
	struct ss_frame f;
	int r;

	if ((r = ss_order_header(&plan, s, &h, e)) < 0 || (r = ss_header_program(&h, "test", "1", 2, argv, e)) < 0 ||
	    (r = ss_header_copy(&again, &h, e)) < 0 || (r = ss_header_line(&again, "@CO\tTX:more", e)) < 0 ||
	    (r = ss_header_program(&again, "other", "1", 2, argv, e)) < 0 ||
	    (r = ss_merge_lines(&h, "a", (struct ss_named_header){ &again, "b" }, e)) < 0 ||
	    (r = ss_epochs_open(&x, s, &plan, e)) < 0 || (r = ss_writer_open(&w, "/dev/null", &h, e)) < 0)
		goto end;
	while (r == 0 && (r = ss_epochs_next(x, &f, e)) == 1)
		r = ss_writer_frame(w, &f, e);
	if (r == 0) {
		r = ss_writer_end(w, e);
		w = NULL;
	}
end:
	if (w != NULL)
		ss_writer_abort(w, e->text);
	ss_epochs_free(x);
	ss_header_free(&h);
	ss_header_free(&again);
	return r;
}

static int
drawn(struct ss_err *e)
{
	struct ss_pool *p = ss_pool_create(2);
	struct ss_source *s;
	int r = p == NULL ? short_of_memory(e) : ss_drawn_open(&s, 1, SS_SPLIT_ALL, 5, 16, UINT64_MAX, p, e);

	if (r < 0)
		return r;
	r = stream_of(s, e);
	ss_source_free(s);
	return r;
}

static int
folder(struct ss_err *e)
{
	static const char *const kinds[] = { "directory", "prefix", "none" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < 3; i++) {
		const struct ss_folder_plan plan = { .labels = kinds[i], .limit = UINT64_MAX };
		const struct ss_imagefile_how how = { .pixels = 1000, .background = -1, .side = i == 2 ? 5 : 0, .crop = i == 2 };
		struct ss_folder_report report;
		struct ss_decoder *d;
		struct ss_source *s;

		if ((r = ss_decoder_create(&d, &how, NULL, e)) < 0 ||
		    (r = ss_folder_open(&s, i == 1 ? "pets/dog" : "pets", &plan, d, &report, e)) < 0)
			break;
		if ((r = ss_source_hold(s, e)) == 0)
			r = stream_of(s, e);
		ss_source_free(s);
	}
	return r;
}

static int
gathered(struct ss_err *e)
{
	static const uint32_t shape[] = { 3, SIDE, SIDE };
	struct ss_frame one = { .records = 1, .data = { pixels }, .bytes = { IMAGE } }, all;
	struct ss_header h = SS_HEADER_INIT;
	struct ss_gather *g = NULL;
	int r = ss_header_add(&h, "image", SS_U8, 3, shape, e);

	if (r == 0)
		r = ss_gather_create(&g, &h, e);
	for (int i = 0; r == 0 && i < 4; i++)
		r = ss_gather_add(g, &one, e);
	if (r == 0) {
		ss_gather_take(g, 0, &all);
		if (all.records != 4 || memcmp(all.data[0], pixels, IMAGE) != 0)
			r = ss_fail(e, SS_EDATA, "other records");
	}
	ss_gather_free(g);
	ss_header_free(&h);
	return r;
}

static int
archive(struct ss_err *e)
{
	struct ss_outfile *o;
	struct ss_zip *z = NULL;
	FILE *f;
	int r = ss_outfile_open(&o, "out.npz", e);

	if (r < 0)
		return r;
	f = ss_outfile_stream(o, e);
	r = f == NULL ? SS_EIO : ss_zip_create(&z, f, e);
	for (int i = 0; r == 0 && i < 20; i++) {
		char name[] = "a.npy";

		name[0] = (char)('a' + i);
		if ((r = ss_zip_member(z, name, 0, 0, e)) < 0)
			ss_zip_free(z);
	}
	if (r == 0) {
		ss_zip_end(z);
		return ss_outfile_commit(o, e);
	}
	ss_outfile_discard(o);
	return r;
}

static int
knn(struct ss_err *e)
{
	static const long long k[] = { 3 };
	static const double t[] = { 0.1 };
	const struct ss_knn_question q = { k, 1, t, 1 };
	static float query[N * D];
	size_t correct;
	struct ss_pool *p = ss_pool_create(2);
	int r;

	if (p == NULL)
		return short_of_memory(e);
	fresh_points();
	memcpy(query, points, sizeof(query));
	r = ss_knn_count(p, points, labels, N, query, labels, N, D, &q, &correct, e);
	ss_pool_free(p);
	return r;
}

static int
dups(struct ss_err *e)
{
	const struct ss_pairs_question q = { .threshold = 0, .most = N * N };
	struct ss_pool *p = ss_pool_create(2);
	struct ss_pair *pair = NULL;
	uint32_t group[N];
	size_t count;
	int r;

	if (p == NULL)
		return short_of_memory(e);
	fresh_points();
	if (ss_unit_rows(p, points, N, D) != N)
		r = ss_fail(e, SS_EDATA, "rows");
	else if ((r = ss_pairs_find(&pair, &count, p, points, N, D, &q, e)) == 0)
		r = ss_linkage(pair, count, N, group, e);
	free(pair);
	ss_pool_free(p);
	return r;
}

static int
probe(struct ss_err *e)
{
	struct ss_probe_options o = SS_PROBE_DEFAULTS;
	struct ss_tally tally = { .classes = 3, .pairs = true };
	struct ss_probe_fit fit;
	struct ss_probe *probe;
	int r = 0;

	o.max_iterations = 3;
	o.steps.batch = 16;
	o.steps.epochs = 2;
	o.steps.patience = 1;
	o.steps.schedule = (struct ss_schedule){ .decay = SS_CONSTANT, .base = 0.1 };
	for (int way = 0; r == 0 && way < 2; way++) {
		const struct ss_probe_set set = { .x = points, .label = labels, .n = N - 10, .d = D, .held = points + (N - 10) * D,
			.held_label = labels + N - 10, .helds = way == 1 ? 10 : 0 };

		fresh_points();
		o.by_steps = way == 1;
		if ((r = ss_probe_train(&probe, NULL, &set, &o, &fit, e)) < 0)
			break;
		r = ss_probe_predict(probe, NULL, points, N, predicted, e);
		if (r == 0)
			r = ss_tally_add(&tally, labels, predicted, N, e);
		ss_probe_fit_free(&fit);
		ss_probe_free(probe);
	}
	ss_tally_free(&tally);
	return r;
}

static int
choice(struct ss_err *e)
{
	const struct ss_records all = { labels, NULL, N };
	static const struct ss_choose_plan plans[] = {
		{ .seed = 1, .count = 6, .balanced = true },
		{ .seed = 1, .count = 50, .replace = true },
		{ .seed = 1, .count = SS_CHOOSE_SHARE, .fraction = 0.5 },
	};
	uint32_t *place, *some;
	size_t held, n;
	int r = ss_hold_out(&place, &held, &all, 0.2, 1, e);

	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < 3; i++)
		if ((r = ss_subset(&some, &n, &all, place, N - held, plans[i], e)) == 0)
			free(some);
	free(place);
	return r;
}

static int
map(struct ss_err *e)
{
	static double y[N * 2];
	double share[2], kl;
	struct ss_tsne o = ss_tsne_defaults(N);
	struct ss_affinity a;
	struct ss_canvas picture;
	const struct ss_scatter scatter = { .n = N, .at = y, .label = labels, .classes = 3, .title = "a map", .size = 64 };
	int r = ss_pca(NULL, fresh_points(), N, D, 2, y, share, e);

	if (r < 0 || (r = ss_affinity_create(&a, NULL, points, N, D, 5, e)) < 0)
		return r;
	o.iterations = 3;
	ss_tsne_begin(y, N, 1);
	for (int way = 0; r == 0 && way < 2; way++) {
		o.angle = way == 0 ? 0 : 0.5;
		r = ss_tsne_run(&o, NULL, &a, y, &kl, e);
	}
	ss_affinity_free(&a);
	if (r < 0 || (r = ss_scatter_draw(&scatter, &picture, e)) < 0)
		return r;
	r = ss_png_write("/dev/null", picture.rgb, (uint32_t)picture.width, (uint32_t)picture.height, 3, e);
	ss_canvas_free(&picture);
	return r;
}

static int
chart(struct ss_err *e)
{
	static const double x[] = { 1, 2, 3, 4 }, y[] = { 3, 1, 4, 1 };
	const struct ss_curve curve = { .name = "loss", .n = 4, .x = x, .y = y };
	const struct ss_panel panel = { .label = "loss", .curve = &curve, .curves = 1 };
	const struct ss_chart c = { .x_label = "step", .panel = &panel, .panels = 1, .legend = true, .width = 300, .height = 100 };
	struct ss_chart small = c;
	struct ss_canvas picture;
	char *text;
	int r = ss_chart_draw(&c, &picture, e);

	if (r < 0)
		return r;
	ss_canvas_free(&picture);
	small.width = 60;
	small.height = 10;
	if ((r = ss_chart_text(&small, &text, e)) == 0)
		free(text);
	return r;
}

static int
views(struct ss_err *e)
{
	static const char *const recipes[] = { "cifar", "keras-3", "simclr" };
	static uint8_t out[2][2 * 3 * 16 * 16];
	struct ss_image in[2];
	const uint64_t index[2] = { 0, 1 };
	struct ss_pool *p = ss_pool_create(2);
	struct ss_viewer *v = NULL;
	int r = p == NULL ? short_of_memory(e) : ss_viewer_create(&v, p, e);

	for (int i = 0; i < 2; i++)
		in[i] = (struct ss_image){ pixels + i * IMAGE, 3, SIDE, SIDE, SIDE * SIDE };
	for (int i = 0; r == 0 && i < 3; i++) {
		struct ss_views what = { .recipe = *ss_recipe_find(recipes[i]), .seed = 1, .channels = 3, .size = { { 16, 16 }, { 8, 8 } },
			.out = { out[0], out[1] } };

		what.recipe.views = 2;
		what.recipe.locals = 0;
		r = ss_viewer_run(v, &what, 0, 2, in, index, e);
	}
	ss_viewer_free(v);
	ss_pool_free(p);
	return r;
}

/* Views of pictures that are larger: parts, the middle, blurs of both kinds, smaller views beside them. */
static int
photos(struct ss_err *e)
{
	static const char *const recipes[] = { "simsiam", "fair-test", "simsiam-tf", "dino" };
	enum { HEIGHT = 150, WIDTH = 130, OUT = 100, LOCAL = 64 };
	static uint8_t photo[3 * HEIGHT * WIDTH], out[10][3 * OUT * OUT];
	const struct ss_image in = { photo, 3, HEIGHT, WIDTH, HEIGHT * WIDTH };
	const uint64_t index = 3;
	struct ss_viewer *v = NULL;
	int r = ss_viewer_create(&v, NULL, e);

	for (size_t i = 0; r == 0 && i < sizeof(recipes) / sizeof(*recipes); i++) {
		struct ss_views what = { .recipe = *ss_recipe_find(recipes[i]), .seed = 1, .channels = 3,
			.size = { { OUT, OUT }, { LOCAL, LOCAL } } };

		for (int k = 0; k < ss_views_count(&what); k++)
			what.out[k] = out[k];
		what.recipe.blur[SS_ODD] = what.recipe.translate[SS_ODD] = 1;
		r = ss_viewer_run(v, &what, 0, 1, &in, &index, e);
	}
	ss_viewer_free(v);
	return r;
}

static int
sheet(struct ss_err *e)
{
	struct ss_sheet s = { .columns = 2, .rows = 1, .pictures = 1, .height = { 24 }, .width = { 12 } };
	const struct ss_image in = { pixels, 3, SIDE, SIDE, SIDE * SIDE };
	struct ss_image_work *w = ss_image_work_create(ss_pixels());
	int r = w == NULL ? short_of_memory(e) : ss_sheet_create(&s, e);

	if (r == 0) {
		r = ss_sheet_put(&s, 0, 0, &in, w, e);
		ss_sheet_free(&s);
	}
	ss_image_work_free(w);
	return r;
}

static const struct starve_case cases[] = {
	{ "drawn", drawn }, { "folder", folder }, { "gathered", gathered }, { "archive", archive }, { "knn", knn }, { "dups", dups }, { "probe", probe }, { "choice", choice },
	{ "map", map }, { "chart", chart }, { "views", views }, { "photos", photos }, { "sheet", sheet },
};

static void
starved(void **state)
{
	(void)state;
	starve_cases(cases, sizeof(cases) / sizeof(*cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starved, make_files, remove_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
