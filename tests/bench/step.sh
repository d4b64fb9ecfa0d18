#!/bin/bash
# step.sh - training steps against PyTorch
. "$(dirname "$0")/lib.sh"
rival=absent
has torch && rival=$("$PYTHON" -c 'import torch; print("PyTorch", torch.__version__)')

# measure ARCH METHOD BATCH STEPS
measure() {
	theirs_cmd=absent
	[ "$rival" = absent ] || theirs_cmd="$PYTHON $HERE/rival_step.py $1 $2 $3 $THREADS $4"
	row "$1, $2, batch $3" "$BENCH/bench_step $1 $2 $3 $THREADS $4 rate" "$theirs_cmd" images/s
}

heading "training steps on $THREADS threads" "$rival"
measure resnet20 simsiam 256 4
measure resnet20 simclr 256 4
measure resnet18 simsiam 128 2
measure resnet50-imagenet simsiam 16 2

heading 'the same as a share of the peak of multiply-adds, measured between the steps (direct operations counted)'
for a in 'resnet20 simsiam 256' 'resnet18 simsiam 128' 'resnet50-imagenet simsiam 16'; do
	# shellcheck disable=SC2086
	set -- $a
	row "$1, batch $3" "$BENCH/bench_step $1 $2 $3 $THREADS 2 peak" '' '% of peak'
done

heading 'peak memory of a SimSiam step' "$rival"
if [ "${MEMORY:-yes}" = yes ]; then
	ROUNDS=1
	for a in 'resnet18 simsiam 512' 'resnet50-imagenet simsiam 16'; do
		theirs_cmd=absent
		[ "$rival" = absent ] || theirs_cmd="$PYTHON $HERE/rival_step.py $a $THREADS 1 memory"
		row "${a% * *}, batch ${a##* }" "$BENCH/bench_step $a $THREADS 1 memory" "$theirs_cmd" 'MB, less is better'
	done
fi
