/*
 * fuzz_options.c - libFuzzer's entry to what options are given: numbers, lists of them, names
 *
 * The first byte says which. What is taken must be what was asked for; what is not ends in a message.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LO = -3, HI = 1000, MOST = 4, TEXT = 4096 };
struct tool_state tool;
static jmp_buf refused;

/* In the place of that in tool.c, which ends the program. */
void
tool_die(enum tool_status status, const char *fmt, ...)
{
	char line[2 * TEXT];
	va_list ap;

	va_start(ap, fmt);
	if (status != TOOL_MISUSE || vsnprintf(line, sizeof(line), fmt, ap) <= 0)
		abort();
	va_end(ap);
	longjmp(refused, 1);
}

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
try(int kind, const char *text)
{
	static const char *const names[] = { "none", "of", "these", NULL };
	long long whole[MOST];
	uint64_t rising[MOST];
	double real[MOST];
	int n;

	switch (kind % 7) {
	case 0:
		whole[0] = tool_int("--x", text, LO, HI);
		check(whole[0] >= LO && whole[0] <= HI);
		break;
	case 1:
		tool_u64("--x", text);
		check(text[0] >= '0' && text[0] <= '9');
		break;
	case 2:
		real[0] = tool_double("--x", text, LO, HI);
		check(real[0] >= LO && real[0] <= HI && text[0] != ' ' && text[0] != '\t');
		break;
	case 3:
		check(strcmp(names[tool_name("--x", text, names)], text) == 0);
		break;
	case 4:
		n = tool_int_list("--x", text, LO, HI, whole, MOST);
		check(n > 0 && n <= MOST);
		for (int i = 0; i < n; i++)
			check(whole[i] >= LO && whole[i] <= HI);
		break;
	case 5:
		n = tool_double_list("--x", text, LO, HI, real, MOST);
		check(n > 0 && n <= MOST);
		for (int i = 0; i < n; i++)
			check(real[i] >= LO && real[i] <= HI);
		break;
	case 6:
		n = tool_rising_list("--x", text, 0, HI, rising, MOST);
		check(n > 0 && n <= MOST);
		for (int i = 0; i < n; i++)
			check(rising[i] <= HI && (i == 0 || rising[i] > rising[i - 1]));
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT];

	if (size == 0 || size > sizeof(text))
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (setjmp(refused) == 0)
		try(data[0], text);
	return 0;
}
