#!/bin/bash
# simclr-photos.t - the SimCLR report's pipeline, on drawn pictures whose class is in their names
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
export PYTHONDONTWRITEBYTECODE=1
"$PYTHON" "$TOP/tests/pipelines/pictures.py" drawn 84 0 "$(dirname "$GEN")/jpeg" || exit 1
mkdir photos
for f in drawn/*/*.jpg; do
	c=${f%/*}
	mv "$f" "photos/kind${c##* }_${f##*/}"
done

pipeline() {
	make --no-print-directory -f "$TOP/pipelines/simclr-photos/Makefile" "BIN=$BIN" "DATA=$PWD/photos" LABELS=prefix OUT=run SIZE=32 EPOCHS=2 \
		SUPERVISED=2 DRAWS=3 PERPLEXITY=4 K=5 THREADS=1 TRAIN='--keep 1' "$@"
}
spread="$score+-[0-9.]*"

run 0 pipeline
ok 'it runs to its end'
for row in "backbone  *$spread  *$spread  *$score  *$score  *52.80" "projector.1  *$spread  *$spread  *$score  *$score  *45.2" \
    "projector.3  *$spread  *$spread  *$score  *$score  *38.0" "untrained network  *$spread  *$spread  *$score  *$score" \
    "raw pixels  *$spread  *$spread  *$score  *$score" "supervised, all layers  *$score  *64.40"; do
	grep -q "^$row *\$" run/table.txt
	ok "the table has: $row"
done
grep -q '^(71 photographs to learn from, 13 to test with; mean and standard deviation of 3 draws)$' run/table.txt
ok 'and says of how many photographs and draws it is'
# The mean of the draws, computed otherwise.
awk '{ s += $2 } END { printf "%.2f\n", s / NR }' run/depth/backbone.tenth | grep -q -x -F "$(awk '$1 == "backbone" { split($3, m, "+"); print m[1] }' run/table.txt)" &&
    [ "$(grep -c 'train 7 x 512' run/depth/backbone.tenth)" -eq 3 ]
ok 'a tenth of the labels, several times, and their mean'
[ "$(ss-info --labels run/train.sst | cut -f 3 | tr '\n' ' ')" = 'kind0 kind1 kind2 ' ]
ok 'classes are the prefixes of names'
ss-info --get shape:embedding run/depth/projector.1-test.sst | grep -q -x 256 && ss-info --get shape:embedding run/depth/projector.3-test.sst | grep -q -x 128 &&
    [ "$(ss-info --get projector run/simclr/model.safetensors)" = 256br,128br,50b ] && [ "$(ss-info --get projector run/supervised/model.safetensors)" = 256br,3b ]
ok 'the depths are those of the report'
ss-info --get recipe run/simclr/model.safetensors | grep -q -e '--decay-epochs 1000' && ss-info --get recipe run/simclr/model.safetensors | grep -q -e '--momentum 0 '
ok 'so are optimizer and schedule'
for depth in backbone projector.1 projector.3; do
	[ "$(head -c 8 run/tsne-$depth.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
	ok "tsne-$depth.png"
done

touch then
cp run/table.txt before
run 0 pipeline && cmp out before && [ -z "$(find run -newer then -type f)" ]
ok 'called again, it shows the table and makes nothing'
run 2 pipeline DRAWS=4 && grep -q 'other settings' err
ok 'other settings do not mix with this run'

# As if the run had been stopped after its first epoch.
cp run/simclr/model.safetensors whole
mv run/simclr/run.safetensors.1 run/simclr/run.safetensors
rm -r run/simclr/model.safetensors run/depth
[ "$(ss-info --get step run/simclr/run.safetensors)" -eq 1 ] && run 0 pipeline && cmp run/simclr/model.safetensors whole && cmp run/table.txt before
ok 'stopped and called again, it goes on to the same bytes'
run 2 pipeline "DATA=it's mine" && grep -q 'symbolic link' err
ok 'a quote in the name'
done_testing
