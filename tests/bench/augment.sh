#!/bin/bash
# augment.sh - two augmented views of 32x32 images against torchvision on Pillow, one core
. "$(dirname "$0")/lib.sh"
rival=absent
has torchvision PIL && rival=$("$PYTHON" -c 'import torchvision; print("torchv.", torchvision.__version__)')
ss-load shapes --records 50000 -o "$scratch/shapes.sst"

heading 'two views of 32x32 images, one thread' "$rival"
for recipe in simsiam simclr; do
	theirs_cmd=absent
	[ "$rival" = absent ] || theirs_cmd="$PYTHON $HERE/rival_augment.py $recipe 1500"
	row "recipe $recipe" "per 100000 ss-augment --two-views --recipe $recipe -t 1 $scratch/shapes.sst" \
	    "$theirs_cmd" views/s
done
