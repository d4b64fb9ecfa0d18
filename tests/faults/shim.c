/*
 * shim.c - a C library that is less obliging; preloaded by the fault tests
 *
 * SHIM_SHORT=N   read and write move at most N bytes
 * SHIM_EINTR=N   every Nth of them is interrupted
 * SHIM_ALLOC=N   the request for memory number N (from 1) fails; with SHIM_FOREVER=1 all behind it, too
 * SHIM_COUNT=F   at the end, how many requests there were goes to file F
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static long
setting(const char *name)
{
	const char *s = getenv(name);

	return s == NULL ? 0 : atol(s);
}

static ssize_t (*real_read)(int, void *, size_t), (*real_write)(int, const void *, size_t);
static long most, every, nth, forever;

__attribute__((constructor)) static void
begin(void)
{
	*(void **)&real_read = dlsym(RTLD_NEXT, "read");
	*(void **)&real_write = dlsym(RTLD_NEXT, "write");
	most = setting("SHIM_SHORT");
	every = setting("SHIM_EINTR");
	forever = setting("SHIM_FOREVER");
	nth = setting("SHIM_ALLOC");
}

static int
interrupted(void)
{
	static long calls;

	if (every == 0 || __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % every != 0)
		return 0;
	errno = EINTR;
	return 1;
}

static size_t
cut(size_t n)
{
	return most > 0 && n > (size_t)most ? (size_t)most : n;
}

ssize_t
read(int fd, void *to, size_t n)
{
	return interrupted() ? -1 : real_read(fd, to, cut(n));
}

ssize_t
write(int fd, const void *from, size_t n)
{
	return interrupted() ? -1 : real_write(fd, from, cut(n));
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	for (int i = 0; i < n; i++)
		if (v[i].iov_len > 0)
			return write(fd, v[i].iov_base, v[i].iov_len);
	return 0;
}

ssize_t
pread(int fd, void *to, size_t n, off_t at)
{
	static ssize_t (*real)(int, void *, size_t, off_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pread");
	return interrupted() ? -1 : real(fd, to, cut(n), at);
}

static long requests;

static int
none(void)
{
	long i = __atomic_add_fetch(&requests, 1, __ATOMIC_RELAXED);

	return nth > 0 && (forever ? i >= nth : i == nth);
}

__attribute__((destructor)) static void
finish(void)
{
	const char *path = getenv("SHIM_COUNT");
	char text[32];
	int fd;

	if (path == NULL || (fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666)) < 0)
		return;
	snprintf(text, sizeof(text), "%ld\n", requests);
	if (real_write(fd, text, strlen(text)) < 0)
		_exit(99);
	close(fd);
}

#define OR_NONE(call) (none() ? (errno = ENOMEM, NULL) : (call))
void *malloc(size_t n) { return OR_NONE(__libc_malloc(n)); }
void *calloc(size_t a, size_t b) { return OR_NONE(__libc_calloc(a, b)); }
void *realloc(void *p, size_t n) { return OR_NONE(__libc_realloc(p, n)); }
void *aligned_alloc(size_t a, size_t n) { return OR_NONE(__libc_memalign(a, n)); }
void *memalign(size_t a, size_t n) { return OR_NONE(__libc_memalign(a, n)); }

int
posix_memalign(void **p, size_t a, size_t n)
{
	*p = none() ? NULL : __libc_memalign(a, n);
	return *p == NULL ? ENOMEM : 0;
}
