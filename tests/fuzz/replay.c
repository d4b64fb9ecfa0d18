/*
 * replay.c - gives files to a fuzz target, one after the other, without libFuzzer
 *
 * A crash names its file: the name stands on standard output before the file is tried.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *data = NULL;
		size_t n = 0, room = 0;

		puts(argv[i]);
		fflush(stdout);
		if (f == NULL)
			return 2;
		do {
			room = 2 * room + 4096;
			data = realloc(data, room);
			if (data == NULL)
				return 2;
			n += fread(data + n, 1, room - n, f);
		} while (n == room);
		fclose(f);
		data = realloc(data, n + (n == 0));	/* to the byte, for sanitizers */
		LLVMFuzzerTestOneInput(data, n);
		free(data);
	}
	return 0;
}
