/*
 * progress.c - one line on the terminal that tells how far a tool has come
 *
 * Nothing appears where nobody looks: not in files, not in pipes, not with --quiet,
 * and not on terminals that cannot clear a line.
 */
#define _DEFAULT_SOURCE		/* struct winsize */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "tool.h"

static const double INTERVAL = 0.1;	/* seconds between two drawings */

static bool drawn;
static double last = -1;

bool
tool_progress_shown(void)
{
	static int terminal = -1;
	const char *term;

	if (terminal < 0) {
		term = getenv("TERM");
		terminal = isatty(STDERR_FILENO) && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
	}
	return terminal == 1 && !tool.quiet;
}

static size_t
width(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col : 80;
}

void
tool_progress(const char *fmt, ...)
{
	char text[512];
	size_t columns = width() - 1, n = 0;	/* a full line would wrap */
	double now = ss_seconds();
	va_list ap;

	if (!tool_progress_shown() || (last >= 0 && now - last < INTERVAL))
		return;
	last = now;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	while (text[n] != '\0') {	/* cut before a character, not within its bytes */
		if (((unsigned char)text[n] & 0xc0) != 0x80 && columns-- == 0)
			break;
		n++;
	}
	fprintf(stderr, "\r%.*s\033[K", (int)n, text);
	fflush(stderr);
	drawn = true;
}

void
tool_progress_end(void)
{
	if (drawn) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	drawn = false;
	last = -1;
}
