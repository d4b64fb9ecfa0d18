# lib.sh - what the benchmarks share; source it first
#
# Each benchmark times us and a rival in turn, ROUNDS times, and prints the medians and their
# ratio: other programs and the clock disturb both alike. BIN holds the programs and BENCH the
# helpers; PYTHON is the interpreter whose modules are the rivals.
set -eu
LC_ALL=C
export LC_ALL
: "${BIN:?run me through make bench}" "${BENCH:?run me through make bench}"
PATH=$BIN:$PATH
PYTHON=${PYTHON:-/usr/bin/python3}
HERE=$(cd "$(dirname "$0")" && pwd)
THREADS=${THREADS:-$(nproc)}
ROUNDS=${ROUNDS:-3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The OpenBLAS kernels that fit the CPU, for the rivals too: the library does not know newer CPUs.
if [ -z "${OPENBLAS_CORETYPE:-}" ]; then
	if grep -qw avx512bw /proc/cpuinfo 2>/dev/null; then
		export OPENBLAS_CORETYPE=SkylakeX
	elif grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
		export OPENBLAS_CORETYPE=Haswell
	fi
fi

# has MODULE...: whether the rival can be run.
has() {
	for m in "$@"; do
		"$PYTHON" -c "import $m" 2>/dev/null || return 1
	done
}

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# seconds COMMAND...: how long it takes; its output goes nowhere.
seconds() {
	begin=$EPOCHREALTIME
	"$@" >/dev/null
	awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }'
}

# per COUNT COMMAND...: COUNT over its seconds.
per() {
	awk -v n="$1" -v s="$(shift && seconds "$@")" 'BEGIN { print n / s }'
}

heading() {
	printf '\n%s\n  %-46s %12s %12s %8s\n' "$1" '' sstools "${2:-}" "${2:+ratio}"
}

# row NAME OURS THEIRS UNIT: both are commands that print a rate; THEIRS may be empty, or "absent".
row() {
	ours= theirs=
	for _ in $(seq "$ROUNDS"); do
		ours="$ours $(eval "$2")"
		case $3 in
		'' | absent) ;;
		*) theirs="$theirs $(eval "$3")" ;;
		esac
	done
	o=$(printf '%s\n' $ours | median)
	case $3 in
	'') printf '  %-46s %12.4g %12s %8s  %s\n' "$1" "$o" '' '' "$4" ;;
	absent) printf '  %-46s %12.4g %12s %8s  %s\n' "$1" "$o" absent '' "$4" ;;
	*)
		t=$(printf '%s\n' $theirs | median)
		printf '  %-46s %12.4g %12.4g %7.2fx  %s\n' "$1" "$o" "$t" \
		    "$(awk -v o="$o" -v t="$t" 'BEGIN { print o / t }')" "$4"
		;;
	esac
}
