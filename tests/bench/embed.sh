#!/bin/bash
# embed.sh - embedding with ss-embed against PyTorch's inference
. "$(dirname "$0")/lib.sh"
rival=absent
has torch && rival=$("$PYTHON" -c 'import torch; print("PyTorch", torch.__version__)')

heading "embedding on $THREADS threads (the tool with its start; PyTorch's loop alone)" "$rival"
for a in 'resnet20 50000 256' 'resnet18 10000 64'; do
	# shellcheck disable=SC2086
	set -- $a
	ss-load shapes --records "$2" -o "$scratch/$1.sst"
	theirs_cmd=absent
	[ "$rival" = absent ] || theirs_cmd="$PYTHON $HERE/rival_embed.py $1 $2 $3 $THREADS"
	row "$1" "per $2 ss-embed --untrained 1 --arch $1 -t $THREADS $scratch/$1.sst" "$theirs_cmd" images/s
done
