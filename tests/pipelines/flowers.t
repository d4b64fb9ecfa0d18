#!/bin/bash
# flowers.t - SimSiam-TF's pipeline, on drawn pictures in three folders
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
export PYTHONDONTWRITEBYTECODE=1
"$PYTHON" "$TOP/tests/pipelines/pictures.py" 'all photos' 84 0 "$(dirname "$GEN")/jpeg" || exit 1

pipeline() {
	make --no-print-directory -f "$TOP/pipelines/flowers/Makefile" "BIN=$BIN" "DATA=$PWD/all photos" OUT=run SIZE=32 EPOCHS=2 K=5 THREADS=1 \
		SUPERVISED=1 EPOCHS_simsiam-50=2 TRAIN='--keep 1' RUNS='simsiam-50 ours simclr supervised' "$@"
}
# names STREAM: those of its records
names() {
	ss-export --format tsv --tensor name "$1" | tail -n +2 | sort
}

run 0 pipeline
ok 'it runs to its end'
for row in "raw pixels  *$score  *$score  *$score  *$score" "simsiam-50, before training  *$score  *$score  *$score  *$score" \
    "simsiam-50  *-*[0-9.]*  *$score  *$score  *$score  *$score" "ours, before training  *$score  *$score  *$score  *$score" \
    "ours  *-*[0-9.]*  *$score  *$score  *$score  *$score" "simclr  *[0-9.]*  *$score  *$score  *$score  *$score" "supervised, all layers  *[0-9.]*  *$score" \
    'the document, 50 epochs  *45.64' 'the document, 75 epochs  *44.91'; do
	grep -q "^$row *\$" run/table.txt
	ok "the table has: $row"
done
grep -q '71 photographs to learn from, 13 to test with, so that one is worth 7.69 points' run/table.txt
ok 'and says of how many photographs it is'
names run/train.sst >train.names
names run/test.sst >test.names
[ -z "$(comm -12 train.names test.names)" ] && (cd 'all photos' && find . -name '*.jpg' | sed 's,^\./,,' | sort) | cmp - <(sort train.names test.names)
ok 'each photograph is in one of the two parts'
[ "$(cut -d/ -f1 test.names | sort -u | wc -l)" -eq 3 ] && [ "$(ss-info --get shape:image run/test.sst)" = 3,32,32 ]
ok 'the part to test with has all classes, in squares'

recipe() { ss-info --get recipe "run/$1/model.safetensors"; }
[ "$(ss-info --get projector run/simsiam-50/model.safetensors) $(ss-info --get predictor run/simsiam-50/model.safetensors)" = '2048rn,2048b 512rn,2048b' ] &&
    recipe simsiam-50 | grep -q -e '--optimizer sgd-keras' && recipe simsiam-50 | grep -q -e '--decay-epochs 500' &&
    ! recipe ours | grep -q sgd-keras
ok 'the document has its own heads, optimizer and schedule'
[ "$(ss-info --get step run/simsiam-50/model.safetensors)" -eq 2 ] && [ "$(ss-info --get method run/supervised/model.safetensors)" = supervised ]
ok 'batches are of 64; one run learns by labels'
[ ! -e run/simclr/untrained.knn ]
ok 'the same network before training is scored once'

touch then
cp run/table.txt before
run 0 pipeline && cmp out before && [ -z "$(find run -newer then -type f)" ]
ok 'called again, it shows the table and makes nothing'
run 2 pipeline SIZE=64 && grep -q 'other settings' err
ok 'other settings do not mix with this run'

# As if the run had been stopped after its first epoch.
cp run/ours/model.safetensors whole
mv run/ours/run.safetensors.1 run/ours/run.safetensors
rm run/ours/model.safetensors run/ours/trained*
[ "$(ss-info --get step run/ours/run.safetensors)" -lt "$(ss-info --get step whole)" ] && run 0 pipeline && cmp run/ours/model.safetensors whole &&
	cmp run/table.txt before
ok 'stopped and called again, it goes on to the same bytes'

# Weights from elsewhere: those of this run, so that the scores are known.
run 0 ss-model export -o weights.npz run/ours/model.safetensors
run 0 pipeline WEIGHTS="$PWD/weights.npz" IMPORT='--mean 0.4914,0.4822,0.4465 --std 0.2023,0.1994,0.2010 -q' && grep -q '^imagenet  ' run/table.txt &&
    for kind in knn written held linear; do
	cmp <(cut -c 1-14 run/imagenet/trained.$kind | head -1) <(cut -c 1-14 run/ours/trained.$kind | head -1) || false
done
ok 'the features of given weights are scored as the others'

# A folder that has its own parts; and none.
mkdir -p parts/train parts/test
for c in 0 1 2; do
	mkdir -p "parts/train/kind $c" "parts/test/kind $c"
	find "all photos/album $c" -name '*.jpg' | sort | sed -n '1,4p' | while read -r f; do cp "$f" "parts/test/kind $c/"; done
	find "all photos/album $c" -name '*.jpg' | sort | sed -n '5,$p' | while read -r f; do cp "$f" "parts/train/kind $c/"; done
done
run 0 pipeline DATA="$PWD/parts" OUT=parts-run RUNS=supervised && grep -q '72 photographs to learn from, 12 to test with' parts-run/table.txt &&
    [ "$(ss-info --labels parts-run/test.sst | cut -f 2 | sort -u)" = 4 ]
ok 'a folder with train and test has chosen itself'
run 2 pipeline DATA= && grep -q 'which photographs' err
ok 'no folder given'
run 0 env -C "$scratch" PATH="$BIN:$PATH" "$TOP/pipelines/photos-results" flowers 'title' run 'SIZE=32' && grep -q '^## title$' out &&
    grep -q '^data     71 photographs to learn from, 13 to test with$' out && grep -q '^commit ' out && ! grep -q -e "$scratch" -e "$(uname -n)" out
ok 'results tells commit, machine and scores, and no names of hosts and folders'
done_testing
