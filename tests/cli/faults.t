#!/bin/bash
# Faults of the system below: calls that are interrupted, cut short or fail, and memory that runs out.
# The least of tools stands for all, as they share reader, writer and ending.
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"
copy=$(dirname "$GEN")/copy
"$GEN" -r 20 -f 5 >a.sst
"$copy" -q --no-history a.sst >want.sst

sane() {
	! ss-info --version | grep -q sanitize
}

if ! command -v strace >/dev/null || ! strace -o /dev/null true 2>/dev/null || ! sane; then
	skip "system calls that fail" "strace is not there, not allowed, or sanitizers are on"
else
	# fault WHAT COMMAND...
	fault() {
		inject=$1
		shift
		strace -f -o trace -e "inject=$inject" "$@"
	}

	fault 'read:error=EINTR:when=4+3' "$copy" -q --no-history <a.sst >out
	[ $? -eq 0 ] && cmp -s out want.sst && grep -q 'EINTR.*INJECTED' trace
	ok "reading is interrupted"
	fault 'writev:error=EINTR:when=1+2' "$copy" -q --no-history a.sst >out
	[ $? -eq 0 ] && cmp -s out want.sst && grep -q 'EINTR.*INJECTED' trace
	ok "writing is interrupted"
	fault 'read:error=EAGAIN:when=4+3' "$copy" -q --no-history <a.sst >out
	[ $? -eq 0 ] && cmp -s out want.sst && grep -q 'EAGAIN.*INJECTED' trace
	ok "somebody made the input non-blocking"

	# Each write fails in turn: never a success, never a file, never a damaged older one.
	mkdir folder
	tried=0
	failed=0
	for k in 1 2 3 4 5 6 7 8; do
		cp want.sst folder/x.sst
		fault "writev:error=ENOSPC:when=$k" "$copy" -q --force -o folder/x.sst a.sst 2>err
		status=$?
		grep -q INJECTED trace || break
		tried=$((tried + 1))
		[ $status -eq 1 ] && says 'No space left' && cmp -s folder/x.sst want.sst && [ "$(ls -A folder)" = x.sst ] ||
		    failed=$((failed + 1))
	done
	[ $tried -eq 6 ] && [ $failed -eq 0 ]
	ok "the disk becomes full at each of $tried writes: the old file stays"
	for call in fsync close rename renameat renameat2; do
		case $call in
		close)		# the first one behind fsync
			strace -o trace "$copy" -q --force -o folder/x.sst a.sst
			when=:when=$(awk -F'[(]' '$1 == "close" { n++ } /^fsync/ && !k { k = n + 1 } END { print k }' trace)
			;;
		*)	when= ;;
		esac
		cp want.sst folder/x.sst
		fault "$call:error=EIO$when" "$copy" -q --force -o folder/x.sst a.sst 2>err
		status=$?
		if grep -q INJECTED trace; then
			[ $status -eq 1 ] && says 'Input/output error' && ss-info --check folder/x.sst && [ "$(ls -A folder)" = x.sst ]
			ok "$call fails at the end"
		fi
	done
	strace -o trace "$copy" -q --force -o folder/x.sst a.sst
	grep -o -E '^(writev|fsync|rename[a-z0-9]*)' trace | sed 's/rename.*/rename/' | uniq | tr '\n' ' ' >order
	[ "$(cat order)" = "writev fsync rename fsync " ]
	ok "data reach the disk before the name does, and the name too"
fi

if ! sane; then
	skip "memory runs out" "sanitizers are on"
else
	cat >scarce.c <<'EOF'
/* From the n-th request on, there is no memory. */
#include <stdlib.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static int
none(void)
{
	static int left = -1, fails;

	if (left < 0) {
		const char *n = getenv("SCARCE");

		left = n == NULL ? 1 << 30 : atoi(n);
	}
	fails = fails || left-- <= 0;
	return fails;
}
void *malloc(size_t n) { return none() ? NULL : __libc_malloc(n); }
void *calloc(size_t a, size_t b) { return none() ? NULL : __libc_calloc(a, b); }
void *realloc(void *p, size_t n) { return none() ? NULL : __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { return none() ? NULL : __libc_memalign(a, n); }
EOF
	if ! sh -c "${CC:-cc} -shared -fPIC -o scarce.so scarce.c" 2>/dev/null; then
		skip "memory runs out" "no such interface in this C library"
	else
		n=0
		wrong=0
		while :; do
			SCARCE=$n LD_PRELOAD=./scarce.so "$copy" -q a.sst >out 2>err
			status=$?
			mv out last.sst
			[ $status -eq 0 ] && break
			if [ $status -ne 1 ] || ! says '^copy: '; then
				wrong=$((wrong + 1))
				echo "# request $n: status $status"
			fi
			n=$((n + 1))
			[ $n -gt 500 ] && break
		done
		[ $n -gt 20 ] && [ $n -le 500 ] && [ $wrong -eq 0 ] && run 0 "$copy" -q a.sst && cmp -s out last.sst
		ok "memory runs out at each of $n requests"
	fi
fi
done_testing
