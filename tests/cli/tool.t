#!/bin/bash
# What all tools share: help, version, misuse, manual pages; and tool.c itself, by the least of tools.
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"
copy=$(dirname "$GEN")/copy

# no_crash STATUS...: true if the last status is that of a program which ended by itself.
ended() {
	[ "$got" -gt 0 ] && [ "$got" -lt 126 ] && [ "$got" -ne 124 ]
}

for path in "$BIN"/ss-*; do
	t=$(basename "$path")
	run 0 "$t" --help && [ ! -s err ] && grep -q "^usage: $t" out && grep -q -e --no-history out
	ok "$t --help"
	cp out help
	run 0 "$t" -h && cmp -s out help
	ok "$t -h"
	run 0 "$t" --version && head -n 1 out | grep -q "^$t [0-9]*\.[0-9]*\.[0-9]*$" && grep -q '^compiler: ' out
	ok "$t --version"
	run 2 "$t" --no-such-option && says "^$t: unknown option '--no-such-option'" && [ ! -s out ]
	ok "$t refuses an unknown option in one line"
	run 2 "$t" --quiet=yes && says "^$t: .*'--quiet'"
	ok "$t refuses an argument that an option does not take"
	"$t" --help >/dev/full 2>err
	got=$?
	ended && says 'No space left'
	ok "$t --help notices a full disk"
	"$t" --help >&- 2>err
	got=$?
	ended
	ok "$t --help notices that standard output is closed"
	timeout 20 "$t" >out 2>err <&-
	got=$?
	ended && says "^$t: "
	ok "$t without arguments and without standard input ends with a message"
	page=$TOP/man/$t.1
	[ -s "$page" ]
	ok "$t has a manual page"
	# Every option of --help, up to the common ones, is in the page.
	sed '/^common options:/,$d' help | grep -o -e '--[a-z][a-z0-9-]*' | sort -u >options
	missing=
	while read -r o; do
		grep -q -e "Fl ${o#-}\( \|$\)" "$page" || missing="$missing $o"
	done <options
	[ -z "$missing" ]
	ok "$t: the page has every option${missing:+, but not$missing}"
done

# The tools that write streams tell the next one of any failure, even of a wrong option.
for t in ss-load ss-sample ss-augment ss-embed ss-cat; do
	[ -x "$BIN/$t" ] || continue
	"$t" --no-such-option 2>/dev/null | run 4 ss-info --check && says "^ss-info: upstream failed: $t: unknown option"
	ok "$t tells the tool behind it of its failure"
done

for page in "$TOP"/man/*; do
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" >lint 2>&1
		[ ! -s lint ]
		ok "$(basename "$page") is clean"
		sed 's/^/# /' lint
	else
		skip "$(basename "$page") is clean" "mandoc is not installed"
	fi
done

# A tool loads OpenBLAS if it uses it, and then guards it; else it does not load it.
for path in "$BIN"/ss-*; do
	t=$(basename "$path")
	if ! command -v ldd >/dev/null; then
		skip "$t and BLAS" "ldd is not installed"
		continue
	fi
	loads=$(ldd "$path" | grep -c openblas)
	says=$("$t" --version | grep -c '^blas: OpenBLAS')
	[ "$loads" -eq "$says" ]
	ok "$t $([ "$loads" -eq 1 ] && echo 'loads OpenBLAS and says so' || echo 'loads no OpenBLAS')"
done
! ldd "$BIN/ss-info" 2>/dev/null | grep -q openblas
ok "a tool that uses no BLAS loads none"

# OpenBLAS takes its slowest kernels for a CPU that it does not know; the tools see to that.
for path in "$BIN"/ss-*; do
	t=$(basename "$path")
	env -u OPENBLAS_CORETYPE "$t" --version >version
	grep -q '^blas: OpenBLAS' version || continue
	if grep -q -w avx2 /proc/cpuinfo 2>/dev/null; then
		! grep -q -E 'core (Prescott|Core2|Nehalem|Sandybridge),' version
		ok "$t: $(grep '^blas:' version)"
		OPENBLAS_CORETYPE=Prescott "$t" --version | grep -q 'core Prescott,'
		ok "$t leaves alone what the user has set"
	fi
	grep -q '1 thread per call$' version
	ok "$t: the BLAS starts no threads"
done

# An attacker finds no fixed addresses, no writable tables, no unguarded stacks and copies.
for path in "$BIN"/ss-*; do
	t=$(basename "$path")
	if ! command -v readelf >/dev/null || "$t" --version | grep -q sanitize; then
		skip "$t is hardened" "readelf is not installed, or sanitizers are on"
		continue
	fi
	readelf -h "$path" | grep -q 'Type: *DYN' && readelf -l "$path" | grep -q GNU_RELRO && readelf -d "$path" | grep -q BIND_NOW &&
	    readelf -W --dyn-syms "$path" | grep -q __stack_chk_fail &&
	    { ! "$t" --version | grep -q -- '-O[123s]' || readelf -W --dyn-syms "$path" | grep -q _chk@; }
	ok "$t is hardened"
done

# --- numbers
"$GEN" -r 10 -f 1 >a.sst
for bad in "-n x" "-n 1x" "-n 6" "-n -6" "-n 99999999999999999999" "-n ''" "-x nan" "-x 1e" "-x 2" "-x ''" "-x 0,5" \
    "-l 1,,2" "-l 1,2,3,4" "-l 10" "-t -1" "-t 1025"; do
	eval "run 2 '$copy' $bad a.sst" && says '^copy: --[a-z]*: '
	ok "copy $bad is refused"
done
for good in "-n -5" "-n 4" "-x 0.5" "-x 1e-3" "-x 0" "-l 1,2,3" "-t 1" "-t 2" "-t 0"; do
	# shellcheck disable=SC2086
	run 0 "$copy" $good a.sst
	ok "copy $good is taken"
done
SS_THREADS=x run 2 "$copy" -t 0 a.sst && says SS_THREADS
ok "SS_THREADS is checked"
run 2 "$copy" -n && says "argument missing for option '-n'"
ok "a missing argument, short"
run 2 "$copy" --number && says "argument missing for option '--number'"
ok "a missing argument, long"
run 2 "$copy" -q~ && says "unknown option '-~'"
ok "an unknown letter in a group"
run 0 "$copy" a.sst -q && [ ! -s err ]
ok "options may follow operands"
run 1 "$copy" -q -- -n && says "cannot open '-n'"
ok "-- ends the options"

# --- history
run 0 "$copy" -q -t 2 --output=x.sst --force -n 3 a.sst && run 0 ss-info --get history x.sst &&
    [ "$(tail -n 1 out)" = "copy -n 3 a.sst" ]
ok "the history has what matters for the result"
run 0 "$copy" a.sst && mv out 1.sst && run 0 "$copy" -t2 -v a.sst && cmp -s out 1.sst
ok "other threads, same bytes"
run 0 "$copy" --no-history a.sst && cmp -s out a.sst
ok "without history the bytes are the same"
"$copy" a.sst 2>/dev/null | "$copy" 2>/dev/null | ss-info --header | grep '^@PG' | cut -f2,3 >got
printf '@PG\tID:gen\tPN:gen\n@PG\tID:copy\tPP:gen\n@PG\tID:copy.1\tPP:copy\n' | cut -f2,3 >want
cmp -s got want
ok "the history is a chain"

# --- outputs
run 2 "$copy" -o a.sst a.sst && says 'input and output at once'
ok "an output that is the input is refused"
run 2 "$copy" --force -o ./a.sst a.sst && says 'input and output at once'
ok "even with --force"
cp a.sst b.sst
"$copy" <b.sst 2>err >>b.sst
[ $? -eq 2 ] && says 'input and output at once' && cmp -s a.sst b.sst
ok "also if both are redirected"
run 0 "$copy" -o new.sst a.sst && run 0 ss-info --check new.sst && [ "$(stat -c %a new.sst)" = "$(printf '%o' $((0666 & ~$(umask))))" ]
ok "a named output, with the mode of the umask"
run 2 "$copy" -o new.sst a.sst && says "'new.sst' exists; --force overwrites it"
ok "an existing output is kept"
run 0 "$copy" --force -o new.sst a.sst
ok "--force overwrites it"
mkdir folder
head -c 3000 a.sst >cut.sst
run 3 "$copy" -o folder/x.sst cut.sst && says 'cut.sst: frame' && [ -z "$(ls -A folder)" ]
ok "no output of a cut input, nor anything else"
run 1 "$copy" -n 5 -o folder/x.sst a.sst && says 'copy: five is too many' && [ -z "$(ls -A folder)" ]
ok "no output of a tool that dies"
run 1 "$copy" -o none/x.sst a.sst && says "none/x.sst.*No such file"
ok "a folder that is not there"
run 1 "$copy" -o /dev/full a.sst && says 'No space left'
ok "a full device"
"$copy" a.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'standard output: cannot write: No space left'
ok "standard output on a full device"
"$copy" a.sst >&- 2>err
[ $? -eq 1 ] && says 'standard output: cannot write'
ok "standard output closed"
"$copy" <&- >out 2>err
[ $? -eq 1 ] && says 'standard input: cannot read'
ok "standard input closed"
"$copy" a.sst >copied.sst 2>&-
[ $? -eq 0 ] && run 0 ss-info --check copied.sst
ok "standard error closed: no message gets into the stream"
(trap '' XFSZ; ulimit -f 1; "$copy" -o folder/big.sst a.sst 2>err)
[ $? -eq 1 ] && says 'File too large' && [ -z "$(ls -A folder)" ]
ok "a file size limit"

# --- pipes
# shellcheck disable=SC2261
("$GEN" -r 5000 -f 1 | { "$copy" 2>err; echo $? >status; } | head -c 10000 >/dev/null) 2>/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "when the reader leaves, SIGPIPE, silently"
(trap '' PIPE; "$GEN" -r 5000 -f 1 2>/dev/null | { "$copy" 2>err; echo $? >status; } | head -c 10000 >/dev/null)
[ "$(cat status)" -eq 1 ] && says 'Broken pipe'
ok "with SIGPIPE ignored, an error"
for x in "-n 5 a.sst" "none.sst" "--no-such" "cut.sst" "-n 9"; do
	# shellcheck disable=SC2086
	"$copy" $x 2>first | "$copy" -q 2>second | ss-info --check 2>err
	[ "${PIPESTATUS[*]:1}" = "4 4" ] && says "^ss-info: upstream failed: $(sed 's/[][\.*^$]/./g' first)" &&
	    [ "$(sed 's/^copy: upstream failed: //' second)" = "$(cat first)" ]
	ok "copy $x: the tools behind hear of it"
done
"$copy" none.sst >file.sst 2>err
[ $? -eq 1 ] && [ ! -s file.sst ]
ok "a failure at the start leaves a file empty"

# --- terminals
cat >term.py <<'EOF'
import os, pty, sys
which, size, command = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    import fcntl, struct, termios
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(size), 0, 0))
    for name, n, mode in ("in", 0, os.O_RDONLY), ("out", 1, os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
        if which != name:
            os.dup2(os.open("a.sst" if n == 0 else "pty.out", mode, 0o666), n)
    os.execv(command[0], command)
data = b""
try:
    while True:
        b = os.read(fd, 65536)
        if not b:
            break
        data += b
except OSError:
    pass
status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(data)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99)
EOF
run 2 "$PYTHON" term.py in 80 "$copy" && grep -q 'standard input is a terminal' out && [ ! -s pty.out ]
ok "a stream is not awaited from a terminal"
run 2 "$PYTHON" term.py out 80 "$copy" && grep -q 'standard output is a terminal' out && [ "$(wc -l <out)" -eq 1 ]
ok "a stream is not written to a terminal"
run 0 "$PYTHON" term.py out 80 "$copy" --force && grep -aq SSTF out
ok "--force writes it"
TERM=xterm run 0 "$PYTHON" term.py none 40 "$copy" -s && grep -q "$(printf '\r10 records')" out &&
    tr '\r' '\n' <out | sed "s/$(printf '\033')\[K//" >lines &&
    [ "$(awk '{ if (length > n) n = length } END { print n }' lines)" -eq 39 ] && tail -n 2 lines | grep -q '^copy: copied'
ok "progress fits the terminal and is wiped before a message"
TERM=dumb run 0 "$PYTHON" term.py none 40 "$copy" -s && ! grep -q records out
ok "no progress on a dumb terminal"
TERM=xterm run 0 "$PYTHON" term.py none 40 "$copy" -s -q && [ ! -s out ]
ok "no progress with --quiet"
run 0 "$copy" -s a.sst && [ "$(cat err)" = "copy: copied" ]
ok "no progress where no terminal is"
done_testing
