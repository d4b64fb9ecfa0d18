/*
 * tool.h - all that the tools print, and how they end
 *
 * A tool is options, open, loop, finish. What the tools share is here: messages,
 * the common options, checked numbers, standard streams, exit statuses.
 */
#ifndef SS_TOOL_H
#define SS_TOOL_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/work.h"
#include "sst.h"

#define SS_VERSION "0.1.0"

enum { TOOL_THREADS_MAX = 1024 };

enum tool_status {
	TOOL_OK = 0,
	TOOL_FAILURE = 1,	/* I/O or run-time failure */
	TOOL_MISUSE = 2,
	TOOL_DAMAGED = 3,	/* damaged or truncated input */
	TOOL_UPSTREAM = 4,	/* the tool upstream reported an error */
	TOOL_NONFINITE = 5,
	TOOL_COLLAPSE = 6,	/* with --stop-on-collapse */
	TOOL_STOPPED = 75	/* stopped by a signal after a checkpoint; run again to go on */
};

/* Values for getopt_long that no letter uses; a tool's own long options start at TOOL_OPT_OWN. */
enum {
	TOOL_OPT_HELP = 256, TOOL_OPT_VERSION, TOOL_OPT_QUIET, TOOL_OPT_VERBOSE,
	TOOL_OPT_FORCE, TOOL_OPT_NO_HISTORY,
	TOOL_OPT_OWN = 300
};

/*
 * Short letters: h help, q quiet, v verbose, V version. Put TOOL_SHORT at the
 * front of the optstring; options may follow operands (ss-load cifar --epochs 5).
 */
#define TOOL_SHORT ":hqvV"
#define TOOL_COMMON_OPTIONS						\
	{ "help", no_argument, NULL, TOOL_OPT_HELP },			\
	{ "version", no_argument, NULL, TOOL_OPT_VERSION },		\
	{ "quiet", no_argument, NULL, TOOL_OPT_QUIET },			\
	{ "verbose", no_argument, NULL, TOOL_OPT_VERBOSE },		\
	{ "force", no_argument, NULL, TOOL_OPT_FORCE },			\
	{ "no-history", no_argument, NULL, TOOL_OPT_NO_HISTORY }

/* What the common options set; read-only for the tools. */
extern struct tool_state {
	const char *name;	/* "ss-load" */
	int argc;
	char **argv;		/* for the history: as given, without what cannot change the result (-o, -t, -q, -v, --force) */
	bool quiet, verbose, force, no_history;
	int trouble;		/* status of I/O and run-time failures, 1 unless the tool sets another */
	const char *blas;	/* for --version: set by tool_blas_guard */
	void (*reserve)(int threads);	/* NULL, or what tool_pool calls: set by tool_blas_guard */
	const char *kernels;	/* for --version: set by tools that compute, before they parse options */
} tool;

/* First line of every main: name, line-buffered stderr, the standard descriptors open. */
void tool_start(int argc, char **argv);

/*
 * Next line of every tool that uses BLAS, and of no other, as it links the library
 * in (blas_guard.c). May execute the program again, once, so that OpenBLAS picks
 * kernels that fit the CPU; keeps the BLAS to the thread that calls it.
 */
void tool_blas_guard(int argc, char **argv);

/*
 * Next line of every tool whose standard output is a stream, unless -o says otherwise: should it fail
 * before tool_output, even for a wrong option, the program behind the pipe is told why.
 */
void tool_makes_stream(void);

/*
 * Handles one of the common options (may exit 0), or ends with status 2 and one
 * line for an option that getopt did not know or that lacks its argument.
 * print_usage writes synopsis and the tool's own options to f.
 */
void tool_common_option(int c, void (*print_usage)(FILE *));

/* Usage lines of the common options, for the end of print_usage. */
void tool_print_common(FILE *f);

/* warn: "ss-load: message" on stderr unless quiet. die: the same always, ERROR frame on tool_output's stream, exit(status). */
void tool_warn(const char *fmt, ...) SS_PRINTF(1, 2);
_Noreturn void tool_die(enum tool_status status, const char *fmt, ...) SS_PRINTF(2, 3);

/* Ends with e->text and the status for code (a negative SS_E...), aborting tool_output's writer with that message. */
_Noreturn void tool_fail(int code, const struct ss_err *e);

/* Numbers are parsed to the last character, checked against their range, or the tool ends with status 2. */
long long tool_int(const char *option, const char *text, long long lo, long long hi);
uint64_t tool_u64(const char *option, const char *text);
double tool_double(const char *option, const char *text, double lo, double hi);
/* The place of a name among those that are known; NULL is behind the last. */
int tool_name(const char *option, const char *text, const char *const *names);
/* Comma separated lists; returns how many, at most max. */
int tool_int_list(const char *option, const char *text, long long lo, long long hi, long long *out, int max);
int tool_rising_list(const char *option, const char *text, long long lo, long long hi, uint64_t *out, int max);
int tool_double_list(const char *option, const char *text, double lo, double hi, double *out, int max);

/* --tensor NAME,...: which tensors of the stream, each once; returns how many, at most SS_MAX_TENSORS. */
int tool_tensors(const struct ss_reader *in, const char *names, int out[SS_MAX_TENSORS]);

/* --threads: 0..TOOL_THREADS_MAX, 0 means ss_cpus(); env SS_THREADS, if set, is the default of compute tools. Never fails: ends with status 1. */
struct ss_pool *tool_pool(int threads);

/*
 * Opens the input stream (NULL or "-": standard input; refuses a terminal unless --force).
 * Ends the tool with the right status and message if that fails.
 */
struct ss_reader *tool_input(const char *path);

/* The same refusal for an input that is no stream but, say, "a log"; and no output may be that file then. */
void tool_check_input(const char *path, const char *what);

/* Is that file a model (.safetensors) rather than a stream? By what it holds, else by its name. */
bool tool_is_model(const char *path);

/*
 * Opens the output stream (NULL or "-": standard output; refuses a terminal
 * unless --force, a named file that exists unless --force, and the input itself).
 * Adds this program's @PG line to a copy of h unless --no-history.
 * tool_fail and tool_die put an ERROR frame on it.
 */
struct ss_writer *tool_output(const char *path, const struct ss_header *h);

/*
 * The same refusals for an output that is no stream but, say, "a picture": for
 * tools that write it themselves. NULL: text, which a terminal may have.
 */
void tool_check_output(const char *path, const char *what);

/* Ends the tool with status 2 if path is a file that tool_input opened; for outputs that are no stream. */
void tool_refuse_input(const char *path);

/* The next frame, or false at the sound end; anything else ends the tool. */
bool tool_next(struct ss_reader *in, struct ss_frame *f);
void tool_write(struct ss_writer *out, const struct ss_frame *f);

/* END, flush, close; checks stdout. Returns 0 for main, or ends with status 1. out may be NULL. */
int tool_finish(struct ss_reader *in, struct ss_writer *out);

/*
 * A progress line on stderr, if that is a terminal and not --quiet: redrawn at
 * most ten times a second, cut to the terminal's width, wiped by tool_progress_end.
 */
void tool_progress(const char *fmt, ...) SS_PRINTF(1, 2);
bool tool_progress_shown(void);
void tool_progress_end(void);

#endif
