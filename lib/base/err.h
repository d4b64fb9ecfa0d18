/*
 * err.h - how the library reports failure
 *
 * A function that can fail returns 0 or a count on success and a negative
 * SS_E... code on failure, and puts one line for humans into the struct ss_err
 * that the caller gave. The codes are the negated exit statuses of the tools.
 */
#ifndef SS_ERR_H
#define SS_ERR_H

#include <stddef.h>

enum {
	SS_EIO = -1,		/* I/O or run-time failure, out of memory */
	SS_EUSAGE = -2,		/* the caller asked for something impossible */
	SS_EDATA = -3,		/* damaged or truncated input */
	SS_EUPSTREAM = -4,	/* the program upstream reported an error */
	SS_ENONFINITE = -5	/* a loss or gradient is not finite */
};

struct ss_err {
	char text[1024];	/* one line, no newline, "" if nothing failed */
};

#define SS_ERR_INIT { "" }

#define SS_MUST_USE __attribute__((warn_unused_result))
#define SS_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Formats the message into e (which may be NULL) and returns code. */
int ss_fail(struct ss_err *e, int code, const char *fmt, ...) SS_PRINTF(3, 4);

/* The same with ": strerror(errno)" appended. */
int ss_fail_errno(struct ss_err *e, int code, const char *fmt, ...) SS_PRINTF(3, 4);

/*
 * States what cannot happen, in every build; never used on input. A false
 * condition is a bug in sstools: it says where, and aborts.
 */
#define SS_BUG_IF(cond) ((cond) ? ss_bug(__FILE__, __LINE__, #cond) : (void)0)
_Noreturn void ss_bug(const char *file, int line, const char *what);

#endif
