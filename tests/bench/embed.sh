#!/bin/bash
# embed.sh - embedding with ss-embed against PyTorch's inference
. "$(dirname "$0")/lib.sh"
rival=absent
has torch && rival=$("$PYTHON" -c 'import torch; print("PyTorch", torch.__version__)')

# rate COUNT ARCH: COUNT over the seconds that they take more than two images do: PyTorch's loop is timed alone too.
rate() {
	set -- "$1" "$2" "$(seconds ss-embed --untrained 1 --arch "$2" -t "$THREADS" "$scratch/two.sst")"
	awk -v n="$1" -v start="$3" -v all="$(seconds ss-embed --untrained 1 --arch "$2" -t "$THREADS" "$scratch/$2.sst")" \
	    'BEGIN { print n / (all - start) }'
}

ss-load shapes --records 2 -o "$scratch/two.sst"
heading "embedding on $THREADS threads, without what comes before the first image" "$rival"
for a in 'resnet20 50000 256' 'resnet18 10000 64'; do
	# shellcheck disable=SC2086
	set -- $a
	ss-load shapes --records "$2" -o "$scratch/$1.sst"
	theirs_cmd=absent
	[ "$rival" = absent ] || theirs_cmd="$PYTHON $HERE/rival_embed.py $1 $2 $3 $THREADS"
	row "$1" "rate $2 $1" "$theirs_cmd" images/s
done
