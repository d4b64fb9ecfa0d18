#!/bin/bash
# threads.sh - two threads against one, also beside a process that takes a core
. "$(dirname "$0")/lib.sh"

# measure THREADS
measure() { "$BENCH/bench_step" resnet18 simsiam 128 "$1" 2 rate; }
disturbed() {
	(while :; do :; done) &
	busy=$!
	measure 2
	kill "$busy"
	wait "$busy" 2>/dev/null || :
}
one= two= three=
for _ in $(seq "$ROUNDS"); do
	one="$one $(measure 1)"
	two="$two $(measure 2)"
	three="$three $(disturbed)"
done
# shellcheck disable=SC2086
{
	a=$(printf '%s\n' $one | median)
	b=$(printf '%s\n' $two | median)
	c=$(printf '%s\n' $three | median)
}
printf '\nthreads, ResNet-18 SimSiam step, batch 128\n'
awk -v a="$a" -v b="$b" -v c="$c" 'BEGIN {
	printf "  one thread %.2f images/s, two %.2f: %.2fx\n", a, b, b / a
	printf "  two beside a busy process %.2f: %.2f of the undisturbed rate\n", c, c / b }'
