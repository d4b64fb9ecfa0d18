/*
 * blas_guard.c - makes OpenBLAS use kernels that fit the CPU, and end where memory is limited
 *
 * OpenBLAS picks its kernels by the CPU's model number when it is loaded. One that
 * it does not know gets the slowest, written for a processor without AVX, which
 * costs a factor of five. It also starts threads of its own then, each of which asks
 * for a buffer, for ever if there is none to be had, and the program's end waits for
 * them. Only the environment can change either, and only before loading: so where it
 * matters the program executes itself once more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tool.h"

#ifdef SS_OPENBLAS

char *openblas_get_corename(void);
char *openblas_get_config(void);
void openblas_set_num_threads(int);

/* Not documented, and there in every version so far; without them the reserve is only looked for. */
void *blas_memory_alloc(int) __attribute__((weak));
void blas_memory_free(void *) __attribute__((weak));

static const size_t BUFFER = (size_t)132 << 20;	/* of OpenBLAS 0.3 for a thread, and its margin */
enum { BUFFERS_MAX = 48 };			/* a build has a bound, behind which it ends the program: Debian's is above 600 */

static const char GUARD[] = "SS_BLAS_GUARD";	/* set in the second execution, so that there is no third */

/* The vector units that OpenBLAS's kernels of that name use: 0 none that count, 1 AVX2, 2 AVX-512. */
static int
core_level(const char *core)
{
	static const struct { const char *name; int level; } known[] = {
		{ "Haswell", 1 }, { "Zen", 1 }, { "Excavator", 1 },
		{ "SkylakeX", 2 }, { "Cooperlake", 2 }, { "SapphireRapids", 2 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(core, known[i].name) == 0)
			return known[i].level;
	return 0;
}

static int
cpu_level(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		return 2;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return 1;
#endif
	return 0;		/* elsewhere OpenBLAS's choice stands */
}

/* Whether a mapping can fail by a limit of the process (setrlimit(2)). */
static bool
space_limited(void)
{
	struct rlimit space, data;

	return (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) ||
	    (getrlimit(RLIMIT_DATA, &data) == 0 && data.rlim_cur != RLIM_INFINITY);
}

/*
 * OpenBLAS takes a buffer for each thread that calls it, at the first call; where it gets none, it asks again for ever.
 * So they are asked for here, where a refusal can be told, and stay with OpenBLAS.
 */
static void
reserve(int threads)
{
	const size_t n = (size_t)(threads < BUFFERS_MAX ? threads : BUFFERS_MAX);
	void *buffer[BUFFERS_MAX], *room = mmap(NULL, n * BUFFER, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		tool_die(TOOL_FAILURE, "out of memory: OpenBLAS wants %zu MiB of address space for %d thread%s; see -t and ulimit -v",
		    n * (BUFFER >> 20), threads, threads == 1 ? "" : "s");
	munmap(room, n * BUFFER);
	if (blas_memory_alloc == NULL || blas_memory_free == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		buffer[i] = blas_memory_alloc(0);
	for (size_t i = 0; i < n; i++)
		blas_memory_free(buffer[i]);
}

void
tool_blas_guard(int argc, char **argv)
{
	static char text[256];
	char self[4096];
	ssize_t n;
	const char *core = openblas_get_corename(), *config = openblas_get_config(), *own = getenv("OPENBLAS_NUM_THREADS");
	int level = cpu_level(), words = 0;
	const bool slow = core_level(core) < level && getenv("OPENBLAS_CORETYPE") == NULL;
	const bool threads = (own == NULL || strcmp(own, "1") != 0) && space_limited();

	if ((slow || threads) && getenv(GUARD) == NULL && argc > 0 &&
	    (!slow || setenv("OPENBLAS_CORETYPE", level == 2 ? "SkylakeX" : "Haswell", 1) == 0) &&
	    setenv("OPENBLAS_NUM_THREADS", "1", 1) == 0 && setenv(GUARD, "1", 1) == 0) {
		n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		if (n > 0) {		/* its own name, which ps(1) will show */
			self[n] = '\0';
			execv(self, argv);
		}
		execv("/proc/self/exe", argv);
		execvp(argv[0], argv);
		tool_warn("cannot run again for another setting of OpenBLAS: %s", strerror(errno));
	}
	unsetenv(GUARD);
	openblas_set_num_threads(1);
	tool.reserve = reserve;
	for (n = 0; config[n] != '\0'; n++)	/* "OpenBLAS 0.3.21 ..." */
		if (config[n] == ' ' && ++words == 2)
			break;
	snprintf(text, sizeof(text), "%.*s, core %s, 1 thread per call", (int)n, config, core);
	tool.blas = text;
}

#else

void
tool_blas_guard(int argc, char **argv)
{
	(void)argc, (void)argv;
	tool.blas = "none, own loops";
}

#endif
