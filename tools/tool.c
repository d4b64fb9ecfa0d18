/*
 * tool.c - all that the tools print, and how they end
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

struct tool_state tool = { .name = "ss", .trouble = TOOL_FAILURE };

static int given_argc;				/* as getopt sees them, and reorders them */
static char **given_argv;

static struct ss_writer *writer;		/* gets the ERROR frame */
static bool stream_expected;			/* stdout will be a stream, but is not yet */
static bool output_named;			/* by -o: stdout will be no stream */
static bool stdout_taken;			/* by a stream: not ours to flush */
static struct { dev_t dev; ino_t ino; } *input;	/* regular files being read, not to be overwritten */
static size_t inputs;

/* Options that cannot change what comes out; the history does without them, so that bytes repeat. */
static bool
is_immaterial(const char *arg, bool *takes_next)
{
	static const char *const flags[] = { "-q", "--quiet", "-v", "--verbose", "--force" };
	static const char *const valued[] = { "--threads", "--output" };

	*takes_next = false;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (strcmp(arg, flags[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(valued) / sizeof(*valued); i++) {
		size_t n = strlen(valued[i]);

		if (strncmp(arg, valued[i], n) == 0 && (arg[n] == '\0' || arg[n] == '=')) {
			*takes_next = arg[n] == '\0';
			return true;
		}
	}
	if (strncmp(arg, "-t", 2) == 0 || strncmp(arg, "-o", 2) == 0) {
		*takes_next = arg[2] == '\0';
		return true;
	}
	return false;
}

/* Whether an argument says that the output is a file: -o FILE, -oFILE, --output FILE, --output=FILE. */
static bool
names_output(const char *arg, const char *next)
{
	const char *file = strncmp(arg, "-o", 2) == 0 ? arg + 2 : strncmp(arg, "--output", 8) == 0 ? arg + 8 : NULL;

	if (file == NULL)
		return false;
	file = *file == '\0' ? next : *file == '=' ? file + 1 : file;
	return file != NULL && strcmp(file, "-") != 0;
}

static void
keep_history(int argc, char **argv)
{
	bool options = true, takes_next;

	given_argc = argc;
	given_argv = argv;
	tool.argv = calloc((size_t)argc + 1, sizeof(*tool.argv));
	if (tool.argv == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	for (int i = 0; i < argc; i++) {
		if (i > 0 && strcmp(argv[i], "--") == 0)
			options = false;
		if (i > 0 && options && is_immaterial(argv[i], &takes_next)) {
			output_named |= names_output(argv[i], argv[i + 1]);
			i += takes_next;
			continue;
		}
		tool.argv[tool.argc++] = argv[i];
	}
}

/*
 * A descriptor that was closed would be given to the next file that is opened,
 * which then would be read or written by mistake. Standard input is opened for
 * writing and the others for reading, so that their use fails as it would have.
 */
static void
open_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			_exit(TOOL_FAILURE);
}

void
tool_start(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	open_standard_descriptors();
	if (argc > 0)
		tool.name = slash == NULL ? argv[0] : slash + 1;
	setvbuf(stderr, NULL, _IOLBF, 0);
	signal(SIGXFSZ, SIG_IGN);	/* a file over its limit is a failed write like any other */
	keep_history(argc, argv);
	opterr = 0;		/* tool_common_option says it in one line */
}

void
tool_makes_stream(void)
{
	stream_expected = !output_named;
}

static const char *
cpu_variant(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f"))
		return "x86-64, AVX-512";
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return "x86-64, AVX2";
	return "x86-64";
#elif defined(__aarch64__)
	return "aarch64, NEON";
#else
	return "generic";
#endif
}

static void
print_version(void)
{
	printf("%s %s\n", tool.name, SS_VERSION);
#ifdef __clang__
	printf("compiler: clang %d.%d.%d\n", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
	printf("compiler: gcc %d.%d.%d\n", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
	printf("flags: %s\n", SS_BUILD_FLAGS);
	printf("blas: %s\n", tool.blas == NULL ? "not used" : tool.blas);
	printf("cpu: %s\n", cpu_variant());
	if (tool.kernels != NULL)
		printf("kernels: %s\n", tool.kernels);
}

void
tool_print_common(FILE *f)
{
	fprintf(f, "common options:\n"
	    "  -h, --help           show this and end\n"
	    "  -V, --version        show version, compiler, BLAS and CPU and end\n"
	    "  -q, --quiet          no warnings, no progress\n"
	    "  -v, --verbose        say more on standard error\n"
	    "      --force          overwrite files; streams to and from a terminal\n"
	    "      --no-history     do not add this command to the history of the output\n");
}

/* Text results go out here at the latest; a full disk shows here. */
static void
close_stdout(void)
{
	bool failed = ferror(stdout) != 0;

	errno = 0;
	if (stdout_taken)
		return;
	stdout_taken = true;		/* not again when dying */
	if (fclose(stdout) != 0 || failed)
		tool_die(TOOL_FAILURE, "cannot write standard output%s%s", errno == 0 ? "" : ": ",
		    errno == 0 ? "" : strerror(errno));
}

/* Says in one line which option getopt stopped at, as far as it tells. */
static _Noreturn void
bad_option(int c)
{
	const char *arg = optind > 1 && optind <= given_argc ? given_argv[optind - 1] : "";
	const char *next = optind < given_argc ? given_argv[optind] : "";
	bool letter = optopt > 0 && optopt < 256;

	/* Within a group of letters optind still stands at the group. */
	if (letter && (strncmp(arg, "--", 2) != 0 ||
	    (next[0] == '-' && next[1] != '-' && strchr(next + 1, optopt) != NULL)))
		tool_die(TOOL_MISUSE, "%s '-%c' (see %s --help)",
		    c == ':' ? "argument missing for option" : "unknown option", optopt, tool.name);
	tool_die(TOOL_MISUSE, "%s '%.*s' (see %s --help)", c == ':' ? "argument missing for option" :
	    optopt != 0 ? "no argument is taken by option" : "unknown option",
	    (int)strcspn(arg, "="), arg, tool.name);
}

void
tool_common_option(int c, void (*print_usage)(FILE *))
{
	switch (c) {
	case 'h':
	case TOOL_OPT_HELP:
	case 'V':
	case TOOL_OPT_VERSION:
		stream_expected = false;
		if (c == 'h' || c == TOOL_OPT_HELP)
			print_usage(stdout);
		else
			print_version();
		close_stdout();
		exit(TOOL_OK);
	case 'q':
	case TOOL_OPT_QUIET:
		tool.quiet = true;
		break;
	case 'v':
	case TOOL_OPT_VERBOSE:
		tool.verbose = true;
		break;
	case TOOL_OPT_FORCE:
		tool.force = true;
		break;
	case TOOL_OPT_NO_HISTORY:
		tool.no_history = true;
		break;
	default:
		bad_option(c);
	}
}

static void
print_message(const char *text)
{
	tool_progress_end();
	fprintf(stderr, "%s: %s\n", tool.name, text);
}

void
tool_warn(const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	if (tool.quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_message(text);
}

/*
 * The end of a tool that failed. message is what the next program in the pipe
 * is told: "tool: what happened", of the tool where it happened.
 */
static _Noreturn void
fail_with(int status, const char *message)
{
	struct ss_writer *w = writer;
	struct stat st;

	signal(SIGPIPE, SIG_IGN);	/* should nobody be left to hear it, the status still counts */
	writer = NULL;
	if (w != NULL)
		ss_writer_abort(w, message);
	else if (stream_expected && fstat(STDOUT_FILENO, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		ss_write_failure(STDOUT_FILENO, message);
	exit(status == TOOL_FAILURE ? tool.trouble : status);
}

void
tool_die(enum tool_status status, const char *fmt, ...)
{
	char text[2048], message[2048 + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_message(text);
	snprintf(message, sizeof(message), "%.60s: %s", tool.name, text);
	fail_with((int)status, message);
}

void
tool_fail(int code, const struct ss_err *e)
{
	if (code != SS_EUPSTREAM)
		tool_die((enum tool_status)-code, "%s", e->text);
	tool_progress_end();
	fprintf(stderr, "%s: upstream failed: %s\n", tool.name, e->text);
	fail_with(-code, e->text);	/* passed on as it came, however long the pipe */
}

void
tool_check_input(const char *path, const char *what)
{
	const bool standard = path == NULL || strcmp(path, "-") == 0;
	struct stat st;
	void *p;

	if (standard && isatty(STDIN_FILENO) && !tool.force)
		tool_die(TOOL_MISUSE, "standard input is a terminal, but %s is expected: "
		    "name a file, use a pipe, or --force (see %s --help)", what, tool.name);
	if ((standard ? fstat(STDIN_FILENO, &st) : stat(path, &st)) < 0 || !S_ISREG(st.st_mode))
		return;
	p = realloc(input, (inputs + 1) * sizeof(*input));
	if (p == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	input = p;
	input[inputs].dev = st.st_dev;
	input[inputs++].ino = st.st_ino;
}

struct ss_reader *
tool_input(const char *path)
{
	struct ss_reader *r;
	struct ss_err e = SS_ERR_INIT;
	int code;

	tool_check_input(path, "a stream");
	code = ss_reader_open(&r, path, &e);
	if (code < 0)
		tool_fail(code, &e);
	return r;
}

bool
tool_is_model(const char *path)
{
	static const char suffix[] = ".safetensors";
	const char *found = strstr(path, suffix);
	unsigned char b[9];		/* a length of 8 bytes, then JSON */
	struct stat st;
	ssize_t n = -1;
	int fd;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		n = read(fd, b, sizeof(b));
		close(fd);
	}
	if (n == (ssize_t)sizeof(b))
		return b[8] == '{' && b[0] != 0x89;
	return found != NULL && (found[sizeof(suffix) - 1] == '\0' || found[sizeof(suffix) - 1] == '.');
}

static void
refuse_input(const struct stat *st, const char *name)
{
	for (size_t i = 0; S_ISREG(st->st_mode) && i < inputs; i++)
		if (st->st_dev == input[i].dev && st->st_ino == input[i].ino)
			tool_die(TOOL_MISUSE, "'%s' is input and output at once", name);
}

void
tool_refuse_input(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		refuse_input(&st, path);
}

void
tool_check_output(const char *path, const char *what)
{
	struct stat st;

	if (path != NULL && strcmp(path, "-") == 0)
		path = NULL;
	if (path == NULL) {
		if (what != NULL && isatty(STDOUT_FILENO) && !tool.force)
			tool_die(TOOL_MISUSE, "standard output is a terminal, and %s is not for reading: "
			    "name a file with -o, use a pipe, or --force", what);
		if (fstat(STDOUT_FILENO, &st) < 0)
			return;
	} else if (stat(path, &st) < 0) {
		return;
	}
	refuse_input(&st, path == NULL ? "standard output" : path);
	if (path != NULL && S_ISREG(st.st_mode) && !tool.force)
		tool_die(TOOL_MISUSE, "'%s' exists; --force overwrites it", path);
}

struct ss_writer *
tool_output(const char *path, const struct ss_header *h)
{
	struct ss_header own;
	struct ss_err e = SS_ERR_INIT;
	int code;

	if (path != NULL && strcmp(path, "-") == 0)
		path = NULL;
	tool_check_output(path, "a stream");
	code = ss_header_copy(&own, h, &e);
	if (code == 0 && !tool.no_history)
		code = ss_header_program(&own, tool.name, SS_VERSION, tool.argc, tool.argv, &e);
	stream_expected = stream_expected && code < 0;
	if (code == 0)
		code = ss_writer_open(&writer, path, &own, &e);
	if (code < 0)
		tool_fail(code, &e);
	ss_header_free(&own);
	stdout_taken = path == NULL;
	return writer;
}

bool
tool_next(struct ss_reader *in, struct ss_frame *f)
{
	struct ss_err e = SS_ERR_INIT;
	int r = ss_reader_next(in, f, &e);

	if (r < 0)
		tool_fail(r, &e);
	return r == 1;
}

void
tool_write(struct ss_writer *out, const struct ss_frame *f)
{
	struct ss_err e = SS_ERR_INIT;
	int r = ss_writer_frame(out, f, &e);

	if (r < 0)
		tool_fail(r, &e);
}

int
tool_finish(struct ss_reader *in, struct ss_writer *out)
{
	struct ss_err e = SS_ERR_INIT;
	int r = 0;

	tool_progress_end();
	ss_reader_free(in);
	writer = NULL;
	stream_expected = false;
	if (out != NULL)
		r = ss_writer_end(out, &e);
	if (r < 0)
		tool_fail(r, &e);
	close_stdout();
	free(tool.argv);
	free(input);
	tool.argv = NULL;
	input = NULL;
	return TOOL_OK;
}
