#!/bin/bash
# augment-224.sh - photographs decoded and two views of 224x224 made of each, against Pillow and torchvision
#
# Rates are for a second of CPU time, all processes of the pipeline counted together, so what other programs
# take does not show in them; the last row is by the clock, our two tools side by side. Each of the first
# rows is a part of those behind it: where the time goes.
. "$(dirname "$0")/lib.sh"
rival=absent
has torchvision PIL && rival=$("$PYTHON" -c 'import torchvision; print("torchv.", torchvision.__version__)')
photos=${SS_DATA:-data}/flower_photos/train
if ! [ -d "$photos" ]; then
	echo "augment-224: no $photos: set SS_DATA"
	exit 0
fi
count=$(find "$photos" -name '*.jpg' | wc -l)
EPOCHS=2

# per_cpu COUNT COMMAND...: COUNT over the CPU seconds of the command and its children.
per_cpu() {
	n=$1
	shift
	{ TIMEFORMAT='%U %S' && time "$@" >/dev/null 2>&4; } 4>&2 2>&1 | awk -v n="$n" '{ print n / ($1 + $2) }'
}
decoded() { ss-load folder -q "$photos" --epochs $EPOCHS; }
views() { ss-augment --two-views --size 224 --recipe "$1" "$scratch/photos.sst"; }
both() { decoded | ss-augment --two-views --size 224 --recipe "$1"; }
# theirs WHAT [RECIPE]
theirs() { [ "$rival" = absent ] && echo absent || echo "$PYTHON -W ignore $HERE/rival_photos.py $photos $*"; }

ss-load folder -q "$photos" -o "$scratch/photos.sst"
heading "$count photographs, one core" "$rival"
row 'JPEG to pixels' "per_cpu $((EPOCHS * count)) decoded" "$(theirs decode)" 'images/s'
for recipe in simsiam simclr byol; do
	row "two views, recipe $recipe" "per_cpu $((2 * count)) views $recipe" "$(theirs views $recipe)" 'views/s'
	row "both, recipe $recipe" "per_cpu $((2 * EPOCHS * count)) both $recipe" "$(theirs both $recipe)" 'views/s'
done
row 'both, recipe simsiam, by the clock' "per $((2 * EPOCHS * count)) both simsiam" "$(theirs clock simsiam)" 'views/s'
