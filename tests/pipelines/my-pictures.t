#!/bin/bash
# my-pictures.t - a folder of drawn pictures: planted copies are found, it goes on where it was stopped, it needs no labels
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
export PYTHONDONTWRITEBYTECODE=1
"$PYTHON" "$TOP/tests/pipelines/pictures.py" 'my pictures' 60 8 "$(dirname "$GEN")/jpeg" || exit 1
echo 'no picture' >'my pictures/notes.txt'

pipeline() {
	make --no-print-directory -f "$TOP/pipelines/my-pictures/Makefile" "BIN=$BIN" "IMAGES=$PWD/my pictures" OUT=run QUICK=1 SEEN=200 THREADS=1 \
		TRAIN='--keep 1' "$@"
}
png() { [ "$(od -An -tx1 -N8 "$1")" = ' 89 50 4e 47 0d 0a 1a 0a' ]; }

run 0 pipeline && grep -q "notes.txt" err
ok 'it runs to its end, and names what is no picture'
[ "$(cat run/plan)" = '2 64 4 19' ] && [ "$(ss-info --get step run/model.safetensors)" = 2 ]
ok 'epochs, batch and the rest are chosen by the number of pictures'
"$PYTHON" - run/dups.tsv <<'END'
import collections, sys
groups = collections.defaultdict(set)
for line in open(sys.argv[1]).read().split("\n")[1:-1]:
    number, cosine, name = line.split("\t")
    groups[number].add(name)
wanted = [{"album %d/%03d%s.jpg" % (i % 3, i, s) for s in ("", ".again", ".half")} for i in range(8)]
found = sum(any(w <= g for g in groups.values()) for w in wanted)
assert found == 8, (found, dict(groups))
assert len(groups) <= 16 and max(map(len, groups.values())) <= 6, dict(groups)
END
ok 'copies that were encoded again or scaled stand in one group with their originals'
for s in pixels untrained; do
	[ "$(head -1 run/$s.tsv)" = 'group	cosine	name' ]
	ok "beside it: $s"
done
grep -q '^76 pictures$' out && grep -q '^trained network  *[0-9]*  *[0-9]*$' out && grep '^  [a-z].*  ' out | sed 's/   .*//; s/,//' | tr ' ' '\n' | grep . >files &&
    [ "$(wc -l <files)" -eq 8 ] && while read -r f; do
	[ -s "run/$f" ] || { echo "# no $f"; exit 1; }
done <files
ok 'the files that it names are there'
for f in map dups neighbours; do
	png run/$f.png
	ok "$f.png is a PNG"
done
[ "$(wc -l <run/neighbours.tsv)" -eq $((76 * 5 + 1)) ] && [ "$(awk -F'\t' '$2 == 1 { n++ } END { print n }' run/queries.tsv)" -eq 19 ] &&
    awk -F'\t' '$1 == $4 { exit 1 }' run/neighbours.tsv
ok 'five neighbours of each, itself not among them'
[ "$(wc -l <run/embeddings.tsv)" -eq 77 ] && head -1 run/embeddings.tsv | grep -q '^name	embedding.0	'
ok 'names and embeddings'
! ss-info run/pictures.sst | grep -q '^label' && ! ss-info run/trained-all.sst | grep -q '^label'
ok 'no labels anywhere'

touch then
cp out before
run 0 pipeline && sed -n '/^76 pictures/,$p' out | cmp - <(sed -n '/^76 pictures/,$p' before) && [ -z "$(find run -newer then -type f)" ] && ! grep -q '^ss-' out
ok 'called again, it shows the same and makes nothing'
run 2 pipeline SIZE=48 && grep -q 'other settings' err
ok 'other settings do not mix with this run'

# As if the run had been stopped after its first epoch.
cp run/model.safetensors whole
cp run/dups.tsv whole.tsv
mv run/run.safetensors.1 run/run.safetensors
rm run/model.safetensors run/trained* run/dups* run/map.png
[ "$(ss-info --get step run/run.safetensors)" -eq 1 ] && run 0 pipeline && cmp run/model.safetensors whole && cmp run/dups.tsv whole.tsv && png run/map.png
ok 'stopped and called again, it goes on to the same bytes'

# Few pictures, none of them a copy.
"$PYTHON" "$TOP/tests/pipelines/pictures.py" few 9 0 "$(dirname "$GEN")/jpeg"
run 0 pipeline "IMAGES=$PWD/few" OUT=few-run SEEN=18 THRESHOLD=1 && [ "$(wc -l <few-run/dups.tsv)" -eq 1 ] && [ -e few-run/dups.png ] && png few-run/map.png
ok 'without near-duplicates it ends well too'
rm few/*/00[1-4].jpg
run 2 pipeline "IMAGES=$PWD/few" OUT=fewer && grep -q 'plan: 5 pictures are too few' err
ok 'too few pictures'
run 2 pipeline IMAGES= && grep -q 'which pictures' err
ok 'no folder given'
run 2 pipeline "IMAGES=it's mine" && grep -q 'symbolic link' err
ok 'a quote in the name'
run 0 env PATH="$BIN:$PATH" "$TOP/pipelines/my-pictures/planted" run/pictures.sst run/untrained-all.sst run/trained-all.sst &&
    grep -q '^trained network, nearest  *[0-9]' out && grep -q '^raw pixels  *[0-9.]*$' out
ok 'the count of planted copies runs'
done_testing
