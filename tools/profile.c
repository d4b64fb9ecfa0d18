/*
 * profile.c - the table of --profile: where the time of the steps went
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "profile.h"
#include "tool.h"

struct peak {
	const struct ss_kernels *kern;
	double rate[TOOL_THREADS_MAX];		/* operations a second, of each thread */
};

static void
measure_thread(void *arg, size_t piece, int worker)
{
	struct peak *p = arg;

	(void)worker;
	for (double begin = ss_seconds(), now = begin; now - begin < 0.2;) {
		const double flop = p->kern->peak(200000), end = ss_seconds(), rate = flop / (end - now);

		if (rate > p->rate[piece])
			p->rate[piece] = rate;
		now = end;
	}
}

/* Operations a second of a thread while all run; 0 if these kernels have no measure. */
static double
measure_peak(const struct ss_kernels *kern, struct ss_pool *pool)
{
	static struct peak p;
	const int threads = ss_pool_threads(pool);
	double sum = 0;

	p = (struct peak){ .kern = kern };
	if (kern->peak == NULL)
		return 0;
	ss_pool_run(pool, (size_t)threads, measure_thread, &p);
	for (int i = 0; i < threads; i++)
		sum += p.rate[i];
	return sum / threads;
}

void
profile_print(FILE *f, const struct ss_profile *p, struct ss_pool *pool, uint64_t steps,
    double seconds, double waiting)
{
	struct ss_profile_row *rows = calloc((size_t)p->plan->phases + SS_EXTRAS, sizeof(*rows));
	const double n = (double)steps, threads = p->threads, all = seconds * threads;
	const double peak = measure_peak(p->plan->kern, pool);
	double busy = 0, flop = 0;
	int count;

	if (rows == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	count = ss_profile_rows(p, rows);
	for (int i = 0; i < count; i++) {
		busy += rows[i].seconds;
		flop += rows[i].flop * p->views;
	}
	fprintf(f, "profile of %" PRIu64 " steps of %d images, %d threads, kernels %s: %.1f ms a step, "
	    "%.1f of them waiting for input\n", steps, p->plan->batch, p->threads, p->plan->kern->name,
	    1e3 * seconds / n, 1e3 * waiting / n);
	fprintf(f, "  %-52s %9s %7s %9s %9s\n", "operator", "ms/step", "share", "GFLOP/s", "of peak");
	for (int i = 0; i < count; i++) {
		/* of one thread, over the time that threads spent in it */
		const double rate = rows[i].flop * p->views * n / rows[i].seconds;

		if (rows[i].seconds <= 0)
			continue;
		fprintf(f, "  %-52s %9.2f %6.1f%%", rows[i].name, 1e3 * rows[i].seconds / n / threads,
		    100 * rows[i].seconds / all);
		if (rows[i].flop > 0)
			fprintf(f, " %9.1f", 1e-9 * rate * threads);
		if (rows[i].flop > 0 && peak > 0)
			fprintf(f, " %8.1f%%", 100 * rate / peak);
		fprintf(f, "\n");
	}
	fprintf(f, "  %-52s %9.2f %6.1f%%\n", "threads without work, and all else",
	    1e3 * (all - busy) / n / threads, 100 * (all - busy) / all);
	fprintf(f, "  %-52s %9.2f %6.1f%% %9.1f", "a whole step", 1e3 * seconds / n, 100.0,
	    1e-9 * flop * n / seconds);
	if (peak > 0)
		fprintf(f, " %8.1f%%", 100 * flop * n / seconds / (peak * threads));
	fprintf(f, "\n");
	if (peak > 0)
		fprintf(f, "peak of multiply-adds in registers, measured just now: %.1f GFLOP/s on %d threads; "
		    "convolutions count\nas if they were direct, so that Winograd's can pass it\n",
		    1e-9 * peak * threads, p->threads);
	free(rows);
}
