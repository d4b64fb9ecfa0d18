#!/bin/bash
# step.sh - training steps against PyTorch: alternating runs, the ratio of their medians
#
# usage: step.sh BENCH_STEP   (python3-torch in $PYTHON; without it only our figures)
# Both get the OpenBLAS kernels of AVX-512 or AVX2, if the CPU has them and the user did not choose.
set -eu
bench=$1
here=$(dirname "$0")
threads=${THREADS:-$(nproc)}
rounds=${ROUNDS:-3}
if [ -z "${OPENBLAS_CORETYPE:-}" ]; then
	if grep -qw avx512bw /proc/cpuinfo 2>/dev/null; then
		export OPENBLAS_CORETYPE=SkylakeX
	elif grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
		export OPENBLAS_CORETYPE=Haswell
	fi
fi
rival=yes
"${PYTHON:-python3}" -c 'import torch' 2>/dev/null || rival=no

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# measure ARCH METHOD BATCH STEPS
measure() {
	ours=
	theirs=
	for _ in $(seq "$rounds"); do
		ours="$ours $("$bench" "$1" "$2" "$3" "$threads" "$4")"
		[ $rival = no ] || theirs="$theirs $("${PYTHON:-python3}" "$here/rival_step.py" "$1" "$2" "$3" "$threads" "$4")"
	done
	o=$(echo "$ours" | tr ' ' '\n' | grep . | median)
	if [ $rival = yes ]; then
		t=$(echo "$theirs" | tr ' ' '\n' | grep . | median)
		echo "$1 $2 $3 $o $t" | awk '{ printf "%-9s %-8s batch %4d: %7.1f images/s, PyTorch %7.1f: ratio %.2f\n", $1, $2, $3, $4, $5, $4 / $5 }'
	else
		printf '%-9s %-8s batch %4d: %7.1f images/s (no PyTorch to compare with)\n' "$1" "$2" "$3" "$o"
	fi
}

echo "training steps, $threads threads, median of $rounds alternating runs"
measure resnet20 simsiam 256 4
measure resnet20 simclr 256 4
measure resnet18 simsiam 64 2
