#!/bin/bash
# ss-knn: against plain Python, ties, baselines, refusals
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1
data=$TOP/tests/cli/eval_data.py
"$PYTHON" "$data" make || exit 1

# hits FILE...: numbers of right answers, one for each line about k; matrix: the confusion matrix of --json.
hits() {
	sed -n 's/^top-1 .*(\([0-9]*\) of [0-9]*)  k .*/\1/p' "$@"
}
matrix() {
	"$PYTHON" -c 'import json
s = json.load(open("out"))["scores"][0]
print(s["correct"], *[" ".join(map(str, r)) for r in s["confusion"]], sep="\n")'
}

run 0 ss-knn --bank bank.sst --query query.sst && [ ! -s err ] && grep -q -x \
    'top-1 [0-9.]* %  ([0-9]* of 260)  k 200  t 0.1  layer backbone  arch resnet20  bank 700 x 9  classes 4  protocol wu' out
ok "one line says score, counts, k, t, layer and bank"
hits out >defaults
count=$(sed -n 's/^top-1 \([0-9.]*\) %  (\([0-9]*\) of 260)  k.*/\1 \2/p' out)
awk -v a="${count% *}" -v b="${count#* }" 'BEGIN { d = a - 100 * b / 260; exit !(d < 0.0051 && d > -0.0051) }'
ok "percentage and counts agree"
grep -q -x 'top-1 [0-9.]* %  ([0-9]* of 260)  chance: always the most frequent label' out
ok "chance is always printed"

for args in "200 0.1" "1 0.1" "20 0.07" "699 1" "5 0.01" "200 0.1 center" "10 0.1 leave" "698 0.5 leave" "50 0.1 leave center"; do
	# shellcheck disable=SC2086
	set -- $args
	query="--query query.sst"
	case $args in *leave*) query=--leave-one-out ;; esac
	case $args in *center*) query="$query --center" ;; esac
	# shellcheck disable=SC2086
	run 0 ss-knn --bank bank.sst $query -k "$1" --temperature "$2" --json --confusion &&
	    matrix >got && "$PYTHON" "$data" knn "$@" >want && diff got want
	ok "predictions are those of plain Python: $args"
done

run 0 ss-knn --bank bank.sst --query query.sst -k 200,1,700,20 --temperature 0.1,1 && hits out >list
for k in 200 1 700 20; do
	for t in 0.1 1; do
		ss-knn --bank bank.sst --query query.sst --k $k --temperature $t
	done
done >alone
[ "$(wc -l <list)" -eq 8 ] && hits alone | diff list - && diff <(head -1 list) defaults
ok "a list gives what its members give alone, in its order"
run 0 ss-knn -t 1 --bank bank.sst --query query.sst -k 20,5 --json --confusion --per-class && cp out one &&
    run 0 ss-knn -t 3 --bank bank.sst --query query.sst -k 20,5 --json --confusion --per-class && cmp out one
ok "same bytes for 1 and 3 threads"
run 0 ss-knn --bank bank.sst --query frames.sst -k 20,5 --json --confusion --per-class && cmp out one
ok "same bytes for other frames"
run 0 ss-knn --bank - --query query.sst <bank.sst && hits out | cmp - defaults &&
    run 0 ss-knn --bank bank.sst --query - <query.sst && hits out | cmp - defaults
ok "either side from standard input"

run 0 ss-knn --bank ties.sst --query ties-query.sst -k 1,2,3,6 --temperature 0.5 --json --confusion
"$PYTHON" -c 'import json
got = []
for s in json.load(open("out"))["scores"]:
    c = s["confusion"]
    got.append([c[y].index(1) for y in (2, 3, 4)])
    assert s["classes"] == 10 and len(c) == 5 and all(len(r) == 10 for r in c)
assert got == [[4, 9, 9], [2, 3, 4], [2, 3, 2], [2, 3, 2]], got'
ok "ties: lower bank position, lower label; a zero vector is equally far from all"

run 0 ss-knn --bank pixels.sst --query pixels-query.sst -k 7 && grep -q '  layer pixels  bank 60 x 48  classes 3  protocol wu (changed)$' out && hits out >px
run 0 ss-knn --bank float-pixels.sst --query float-pixels-query.sst -k 7 && hits out | cmp - px && [ "$(cat px)" -gt 15 ]
ok "u8 images are pixels divided by 255"
run 0 ss-knn --bank bank.sst --query query.sst --tensor embedding && hits out | cmp - defaults
ok "--tensor"

run 0 ss-knn --bank bank.sst --query query.sst --baseline untrained=noise.sst,noise-query.sst --baseline raw=pixels.sst,pixels-query.sst -k 50
cat >want <<'END'
layer backbone  arch resnet20  bank 700 x 9  classes 4  protocol wu (changed)
layer backbone  arch resnet20  untrained  bank 700 x 9  classes 4  protocol wu (changed)  baseline untrained
layer pixels  bank 60 x 48  classes 3  protocol wu (changed)  baseline raw
END
grep '  k 50  ' out | sed 's/.*  t 0.1  //' | diff - want && [ "$(tail -1 out | grep -c chance)" -eq 1 ] && [ "$(wc -l <out)" -eq 4 ]
ok "baselines stand below the score"
run 0 ss-knn --bank bank.sst --query query.sst --per-class && grep -q '^ *0  *[0-9]*  *[0-9.]* %  cat$' out && grep -q '^ *1  *[0-9]*  *[0-9.]* %$' out &&
    [ "$(awk '/^ +[0-9]+ / { n += $2 } END { print n }' out)" -eq 260 ]
ok "--per-class names the classes and counts every image"
run 0 ss-knn --bank bank.sst --query query.sst --confusion && [ "$(grep -c '^ *[0-3]	' out)" -eq 4 ]
ok "--confusion as text"
run 0 ss-knn --bank bank.sst --query more.sst -k 50 --confusion --per-class && grep -q '^ *9  *10  *0.00 %$' out && grep -q '(.* of 260)' out
ok "labels that the bank does not have count as wrong"
run 0 ss-knn --json --bank bank.sst --query query.sst --baseline u=noise.sst,noise-query.sst -k 5,9 && "$PYTHON" -c 'import json
o = json.load(open("out"))
assert o["tool"] == "ss-knn" and o["leave_one_out"] is False
a, b, c, d = o["scores"]
assert (a["k"], b["k"], c["k"], a["t"], a["layer"], a["arch"]) == (5, 9, 5, 0.1, "backbone", "resnet20"), o
assert a["trained"] is True and c["trained"] is False and a["baseline"] is None and c["baseline"] == "u"
assert (a["bank"], a["features"], a["classes"], a["total"], a["shared"]) == (700, 9, 4, 260, 0)
assert abs(a["top1"] - 100 * a["correct"] / 260) < 1e-6 and o["chance"]["total"] == 260'
ok "--json"

# Protocols: k, temperature and layer by name; an explicit option overrides.
ss-knn --bank bank.sst --query query.sst -k 20 --temperature 0.07 >want20
while IFS='|' read -r args kt protocol warning; do
	# shellcheck disable=SC2086
	run 0 ss-knn --bank bank.sst --query query.sst $args && grep -q "  $kt  layer backbone .*  classes 4  protocol $protocol$" out &&
	    if [ -n "$warning" ]; then says "$warning"; else [ ! -s err ]; fi
	ok "${args:-the default}: $kt, protocol $protocol"
done <<'END'
|k 200  t 0.1|wu|
--protocol wu|k 200  t 0.1|wu|
--protocol lightly|k 200  t 0.1|lightly|
--protocol dino|k 20  t 0.07|dino|
--protocol solo|k 20  t 0.07|solo|
--protocol article|k 1  t 0.1|article (changed)|bank.sst: layer backbone, but --protocol article is about the projector
--protocol moco|k 200  t 0.1|moco (changed)|bank.sst: layer backbone, but --protocol moco is about the projector
--protocol dino -k 5|k 5  t 0.07|dino (changed)|
-k 5 --protocol dino|k 5  t 0.07|dino (changed)|
--protocol dino --temperature 1|k 20  t 1|dino (changed)|
-k 200 --temperature 0.1|k 200  t 0.1|wu|
END
run 0 ss-knn --bank bank.sst --query query.sst --protocol dino && hits out | cmp - <(hits want20)
ok "--protocol dino scores as its k and temperature do"
run 0 ss-knn --bank layer-bank.sst --query layer.sst --protocol article && [ ! -s err ] && grep -q '  k 1  .*  layer projector .*  protocol article$' out
ok "--protocol article on the projector"
run 0 ss-knn --json --bank bank.sst --query query.sst --protocol solo -k 20,5 && "$PYTHON" -c 'import json
o = json.load(open("out"))
assert o["protocol"] == "solo" and [s["protocol"] for s in o["scores"]] == ["solo", "solo (changed)"], o'
ok "--json says the protocol, and whether a score is changed from it"
run 2 ss-knn --bank bank.sst --query query.sst --protocol none && says "'none' is none of wu, lightly, moco, dino, solo, article$"
ok "an unknown protocol"
run 0 ss-knn --table --bank bank.sst --query query.sst --baseline raw=pixels.sst,pixels-query.sst -k 50,7 && sed 's/[0-9.]* %/P/' out | diff - <(cat <<'END'
name  layer     features    top-1  how
-     backbone         9  P  k 50  t 0.1
-     backbone         9  P  k 7  t 0.1
raw   pixels          48  P  k 50  t 0.1
raw   pixels          48  P  k 7  t 0.1
top-1 P  (74 of 260)  chance: always the most frequent label
END
)
ok "--table"

run 0 ss-knn --bank bank.sst --query bank.sst && says '700 of 700 records are also in the bank'
ok "queries that are in the bank are told"
run 0 ss-knn -q --bank bank.sst --query bank.sst && [ ! -s err ]
ok "unless --quiet"
run 0 ss-knn --bank bank.sst --query bank.sst --leave-one-out -k 9 && [ ! -s err ] && grep -q '  leave-one-out  ' out
ok "and not with --leave-one-out"
run 2 ss-knn --bank bank.sst --query query.sst --leave-one-out && says 'no common index'
ok "--leave-one-out of two data sets"
run 2 ss-knn --bank ties.sst --leave-one-out -k 2 && says 'no common index'
ok "--leave-one-out without index"
run 2 ss-knn --bank bank.sst --leave-one-out -k 700 && says 'the bank has 699 records'
ok "--leave-one-out with k of the whole bank"
run 0 ss-knn --bank twins.sst --query twins.sst -k 9 && [ ! -s err ]
ok "records of unnamed data sets are not taken for the same"

while IFS='|' read -r args pattern; do
	# shellcheck disable=SC2086
	run 2 ss-knn $args && says "^ss-knn: .*$pattern" && [ ! -s out ]
	ok "misuse: $args"
done <<'END'
|--bank and --query are needed
--bank bank.sst|--bank and --query are needed
--bank - --query -|standard input
--bank bank.sst --query query.sst more|unexpected 'more'
--bank bank.sst --query query.sst -k 701|k is 701, but the bank has 700 records
--bank bank.sst --query query.sst -k 0|--k
--bank bank.sst --query query.sst -k 5,x|--k
--bank bank.sst --query query.sst --temperature 0|--temperature
--bank bank.sst --query query.sst -t -1|--threads
--bank bank.sst --query query.sst --baseline x|NAME=FILE,FILE
--bank bank.sst --query query.sst --baseline x=-,y|standard input
--bank bank.sst --query query.sst --nothing|nothing
--bank bank.sst --query narrow.sst|bank.sst has 9 features, narrow.sst has 3
--bank bank.sst --query unlabelled.sst|has no labels
--bank bank.sst --query minus.sst|record 5 has no label
--bank minus.sst --query query.sst|record 5 has no label
--bank bank.sst --query none.sst|none.sst has no records
--bank none.sst --query query.sst|none.sst has no records
--bank bank.sst --query epochs.sst|has 2 epochs
--bank bank.sst --query layer.sst|layer backbone, and projector
--bank bank.sst --query noise-query.sst|trained, and untrained
--bank bank.sst --query query.sst --tensor view|has no tensor 'view'
--bank bank.sst --query query.sst --tensor label|not f32 or u8
--bank pixels.sst --query float-pixels-query.sst|pixels
END
run 3 ss-knn --bank bank.sst --query cut.sst && says 'cut.sst' && [ ! -s out ]
ok "a cut query"
head -c 9000 bank.sst >half.sst
run 3 ss-knn --bank half.sst --query query.sst && says 'half.sst' && [ ! -s out ]
ok "a cut bank"
run 3 ss-knn --bank bank.sst --query /dev/null && says 'empty input'
ok "empty input"
run 3 ss-knn --bank bank.sst --query "$TOP/LICENSE" && says 'not a tensor stream'
ok "wrong magic"
run 3 ss-knn --bank bank.sst --query newer.sst && says 'newer version' && [ ! -s out ]
ok "a newer version"
run 3 ss-knn --bank bank.sst --query nan.sst && says "nan.sst: record 123: element 4 of tensor 'embedding' is not a number" && [ ! -s out ]
ok "an embedding that is not a number"
run 3 ss-knn --bank bank.sst --query huge.sst && says 'record 5 has label 2000000000'
ok "a label that cannot be"
run 1 ss-knn --bank bank.sst --query missing.sst && says "missing.sst"
ok "a file that is not there"
ss-knn --bank bank.sst --query query.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "full disk"
ss-knn --bank bank.sst --query query.sst 2>err | true
status=${PIPESTATUS[0]}
[ "$status" -eq 141 ] || [ "$status" -eq 0 ]
ok "a reader that leaves"
run 0 ss-knn --help && grep -q '\[200\]  1..100000' out && grep -q '\[0.1\]' out
ok "--help"
run 0 ss-knn --version && grep -q '^ss-knn ' out
ok "--version"
done_testing
