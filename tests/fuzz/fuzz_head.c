/*
 * fuzz_head.c - libFuzzer's entry to the text of heads: what is taken must print as text that means the same
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nn/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_head head, again;
	char text[256], printed[SS_HEAD_TEXT], twice[SS_HEAD_TEXT];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (ss_head_parse(&head, text, &e) < 0)
		return 0;
	ss_head_print(&head, printed);
	if (ss_head_parse(&again, printed, &e) < 0)
		abort();
	ss_head_print(&again, twice);
	if (strcmp(printed, twice) != 0)
		abort();
	return 0;
}
