/*
 * replay.c - gives files to a fuzz target, one after the other, without libFuzzer
 *
 * usage: replay [--starve] FILE...
 *
 * A crash names its file: the name stands on standard output before the file is tried. With --starve each is tried again and
 * again, each time with another request for memory that fails (and then with all behind it, too): nothing may be kept.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/starve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1: something was kept, which is told. */
static int
starved(const uint8_t *data, size_t n)
{
	long held, most;

	LLVMFuzzerTestOneInput(data, n);	/* what libraries keep for good */
	held = starve_held;
	for (int forever = 0; forever < 2; forever++) {
		starve(0, false);
		LLVMFuzzerTestOneInput(data, n);
		most = starve_requests;
		for (long k = 1; k <= most; k++) {
			starve(k, forever);
			LLVMFuzzerTestOneInput(data, n);
			starve(0, false);
			if (starve_held != held) {
				printf("request %ld of %ld%s: %ld blocks are kept\n", k, most, forever ? " and all behind" : "",
				    starve_held - held);
				return 1;
			}
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const int hungry = argc > 1 && strcmp(argv[1], "--starve") == 0;
	int bad = 0;

	for (int i = 1 + hungry; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *data = NULL, *more;
		size_t n = 0, room = 0;

		puts(argv[i]);
		fflush(stdout);
		if (f == NULL)
			return 2;
		do {
			room = 2 * room + 4096;
			if ((more = realloc(data, room)) == NULL)
				return 2;
			data = more;
			n += fread(data + n, 1, room - n, f);
		} while (n == room);
		fclose(f);
		if ((more = realloc(data, n + (n == 0))) == NULL)	/* to the byte, for sanitizers */
			return 2;
		data = more;
		if (hungry)
			bad |= starved(data, n);
		else
			LLVMFuzzerTestOneInput(data, n);
		free(data);
	}
	return bad;
}
