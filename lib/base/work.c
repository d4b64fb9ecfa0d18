/*
 * work.c - a fixed set of threads that share numbered pieces of work
 */
#define _GNU_SOURCE		/* sched_getaffinity */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/work.h"

struct ss_pool {
	pthread_mutex_t lock;
	pthread_cond_t start, done;
	pthread_t *thread;
	int threads;		/* including the caller */
	int created;		/* threads started, excluding the caller */
	int busy;		/* threads still in the current job */
	unsigned long job;	/* grows by one with each job */
	int quit;
	void (*fn)(void *, size_t, int);
	void *arg;
	size_t pieces;
	atomic_size_t next;
};

struct seat {
	struct ss_pool *pool;
	int worker;
};

static void
take_pieces(struct ss_pool *p, int worker)
{
	size_t i;

	while ((i = atomic_fetch_add(&p->next, 1)) < p->pieces)
		p->fn(p->arg, i, worker);
}

static void *
serve(void *arg)
{
	struct seat seat = *(struct seat *)arg;
	struct ss_pool *p = seat.pool;
	unsigned long seen = 0;

	free(arg);
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (p->job == seen && !p->quit)
			pthread_cond_wait(&p->start, &p->lock);
		if (p->quit)
			break;
		seen = p->job;
		pthread_mutex_unlock(&p->lock);
		take_pieces(p, seat.worker);
		pthread_mutex_lock(&p->lock);
		if (--p->busy == 0)
			pthread_cond_signal(&p->done);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct ss_pool *
ss_pool_create(int threads)
{
	struct ss_pool *p = calloc(1, sizeof(*p));
	sigset_t all, old;

	if (p == NULL)
		return NULL;
	p->threads = threads;
	p->thread = calloc((size_t)threads, sizeof(*p->thread));
	if (p->thread == NULL || pthread_mutex_init(&p->lock, NULL) != 0) {
		free(p->thread);
		free(p);
		return NULL;
	}
	pthread_cond_init(&p->start, NULL);
	pthread_cond_init(&p->done, NULL);

	sigfillset(&all);		/* signals go to the caller's thread */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (int i = 1; i < threads; i++) {
		struct seat *seat = malloc(sizeof(*seat));

		if (seat == NULL)
			break;
		*seat = (struct seat){ p, i };
		if (pthread_create(&p->thread[p->created], NULL, serve, seat) != 0) {
			free(seat);
			break;
		}
		p->created++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (p->created != threads - 1) {
		ss_pool_free(p);
		return NULL;
	}
	return p;
}

void
ss_pool_free(struct ss_pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->quit = 1;
	pthread_cond_broadcast(&p->start);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->created; i++)
		pthread_join(p->thread[i], NULL);
	pthread_cond_destroy(&p->start);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p->thread);
	free(p);
}

int
ss_pool_threads(const struct ss_pool *p)
{
	return p == NULL ? 1 : p->threads;
}

void
ss_pool_run(struct ss_pool *p, size_t pieces, void (*fn)(void *, size_t, int), void *arg)
{
	if (p == NULL || p->threads == 1 || pieces < 2) {
		for (size_t i = 0; i < pieces; i++)
			fn(arg, i, 0);
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->fn = fn;
	p->arg = arg;
	p->pieces = pieces;
	atomic_store(&p->next, 0);
	p->busy = p->created;
	p->job++;
	pthread_cond_broadcast(&p->start);
	pthread_mutex_unlock(&p->lock);

	take_pieces(p, 0);

	pthread_mutex_lock(&p->lock);
	while (p->busy > 0)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

int
ss_cpus(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	n = CPU_COUNT(&set);
	return n > 0 ? n : 1;
}
