# lib.sh - what the command-line tests share; source it first
#
# A test is a shell script that prints TAP. It runs in a scratch directory of its
# own, which goes away with it. $BIN holds the programs, $TOP the source tree.
set -u
LC_ALL=C
export LC_ALL
: "${BIN:?run me through make check}" "${TOP:?run me through make check}"
PATH=$BIN:$PATH
PYTHON=${PYTHON:-python3}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
tests=0

# ok NAME: passes if the last command did.
ok() {
	status=$?
	tests=$((tests + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
	fi
}

# skip NAME WHY
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# run STATUS COMMAND...: runs it with stdout in `out`, stderr in `err`; true if it ends with STATUS.
run() {
	want=$1
	shift
	"$@" >out 2>err
	got=$?
	[ "$got" -eq "$want" ] && return 0
	echo "# '$*' ended with $got, not $want; stderr:"
	sed 's/^/#   /' err | head -5
	return 1
}

# says PATTERN [FILE]: true if stderr of the last run has exactly one line, and it matches.
says() {
	[ "$(wc -l <err)" -eq 1 ] && grep -q -e "$1" err && return 0
	echo "# wanted one line matching '$1', got:"
	sed 's/^/#   /' err | head -5
	return 1
}

done_testing() {
	echo "1..$tests"
}
