#!/bin/bash
# stream.sh - the stream itself: bytes a second, and what ss-train waits for its input
. "$(dirname "$0")/lib.sh"

heading 'stream'
ss-load shapes --records 100000 -o "$scratch/shapes.sst"
bytes=$(wc -c <"$scratch/shapes.sst")
cat "$scratch/shapes.sst" >/dev/null
row 'ss-info --check of a file in memory' "per $((bytes / 1000000)) ss-info --check $scratch/shapes.sst" '' MB/s
piped() { cat "$1" | ss-info --check; }
row 'the same through a pipe' "per $((bytes / 1000000)) piped $scratch/shapes.sst" '' MB/s
if [ -n "${SS_DATA:-}" ] && ss-load cifar --limit 1 >/dev/null 2>&1; then
	loaded() { ss-load cifar --epochs 20 | ss-info --check; }
	row 'ss-load cifar | ss-info --check' "per $((20 * 50000 * 3072 / 1000000)) loaded" '' 'MB/s of pixels'
fi

# waiting: percent of the steps' time.
waiting() {
	ss-load shapes --records 50000 --shuffle | ss-augment --two-views |
	    ss-train --profile --batch 256 --steps 12 -t "$THREADS" --force -o "$scratch/m.safetensors" 2>&1 |
	    sed -n 's/^profile .*: \([0-9.]*\) ms a step, \([0-9.]*\) of them.*/\1 \2/p' | awk '{ print 100 * $2 / $1 }'
}
row 'ss-load | ss-augment | ss-train: waiting' waiting '' '% of the time'
