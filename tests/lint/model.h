/*
 * model.h - what the analysers of `make lint` are told of functions that they do not look into
 *
 * Included before every file that they read, and nowhere else.
 */
#include "base/err.h"

/* They return their code, which is negative: what the caller then leaves unset is not used. */
#define ss_fail(e, code, ...)		((void)ss_fail(e, code, __VA_ARGS__), (code))
#define ss_fail_errno(e, code, ...)	((void)ss_fail_errno(e, code, __VA_ARGS__), (code))

/* cmocka's, behind fail() and fail_msg(): it leaves the test. */
_Noreturn void _fail(const char *file, int line);
