#!/bin/bash
# ss-linprobe: against scikit-learn, baselines, refusals
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1
data=$TOP/tests/cli/eval_data.py
"$PYTHON" "$data" make || exit 1

run 0 ss-linprobe --train bank.sst --test query.sst && [ ! -s err ] && grep -q -x \
    'top-1 [0-9.]* %  ([0-9]* of 260)  train [0-9.]* %  loss [0-9.]*  iterations [0-9]*  converged  layer backbone  arch resnet20  train 700 x 9  classes 4' out
ok "one line says scores, counts, loss, iterations, whether converged, layer and training set"
grep -q -x 'top-1 [0-9.]* %  ([0-9]* of 260)  chance: always the most frequent label' out && grep -q '^solver L-BFGS .* 1e-07 of the objective; l2 1$' out
ok "chance, solver and stopping rule"

for l2 in 1 30 0.01; do
	if "$PYTHON" "$data" logistic $l2 >want; [ $? -eq 77 ]; then
		skip "scikit-learn, l2 $l2" "python3-sklearn is not installed"
		continue
	fi
	run 0 ss-linprobe --train bank.sst --test query.sst --l2 $l2 --tolerance 1e-9 --json --confusion && "$PYTHON" -c '
import json
o = json.load(open("out"))
s = o["scores"][0]
want = open("want").read().split("\n")
loss, objective, train = map(float, want[0].split())
assert s["converged"] and o["tolerance"] == 1e-9
assert abs(s["objective"] / objective - 1) < 1e-6, (s["objective"], objective)
assert abs(s["loss"] / loss - 1) < 1e-4
assert abs(s["train_correct"] - train) <= 1 and abs(s["correct"] - int(want[1])) <= 1
rows = [list(map(int, w.split())) for w in want[2:6]]
assert sum(abs(a - b) for r, q in zip(rows, s["confusion"]) for a, b in zip(r, q)) <= 4'
	ok "minimum, scores and predictions are those of scikit-learn, l2 $l2"
done

run 0 ss-linprobe -t 1 --train bank.sst --test query.sst --json --confusion --per-class && cp out one &&
    run 0 ss-linprobe -t 3 --train bank.sst --test query.sst --json --confusion --per-class && cmp out one
ok "same bytes for 1 and 3 threads"
run 0 ss-linprobe --train bank.sst --test frames.sst --json --confusion --per-class && cmp out one
ok "same bytes for other frames"
run 0 ss-linprobe --train - --test query.sst --json --confusion --per-class <bank.sst && cmp out one &&
    run 0 ss-linprobe --train bank.sst --test - --json --confusion --per-class <query.sst && cmp out one
ok "either side from standard input"
"$PYTHON" -c 'import json
o = json.load(open("one"))
s = o["scores"][0]
assert o["tool"] == "ss-linprobe" and o["l2"] == 1 and o["tolerance"] == 1e-7 and o["solver"] and o["stop"]
assert (s["train"], s["features"], s["classes"], s["total"], s["layer"], s["trained"]) == (700, 9, 4, 260, "backbone", True)
assert s["correct"] == sum(c["correct"] for c in s["per_class"]) == sum(s["confusion"][i][i] for i in range(4))
assert s["per_class"][0]["name"] == "cat" and sum(map(sum, s["confusion"])) == 260
assert s["decrement"] <= 1e-7 * s["objective"] and s["evaluations"] > s["iterations"] > 1 and s["loss"] < s["objective"]'
ok "--json"

run 0 ss-linprobe --train bank.sst --test query.sst --max-iterations 2 && says 'not converged after 2 iterations; see --max-iterations' &&
    grep -q '  iterations 2  not converged  ' out
ok "no convergence is told"
run 0 ss-linprobe --train bank.sst --test query.sst --baseline untrained=noise.sst,noise-query.sst --baseline raw=pixels.sst,pixels-query.sst
cat >want <<'END'
layer backbone  arch resnet20  train 700 x 9  classes 4
layer backbone  arch resnet20  untrained  train 700 x 9  classes 4  baseline untrained
layer pixels  train 60 x 48  classes 3  baseline raw
END
grep '  converged  ' out | sed 's/.*  converged  //' | diff - want
ok "baselines stand below the score"
run 0 ss-linprobe --train pixels.sst --test pixels-query.sst && cut -d' ' -f1-6 out | head -1 >px &&
    run 0 ss-linprobe --train float-pixels.sst --test float-pixels-query.sst && cut -d' ' -f1-6 out | head -1 | cmp - px
ok "u8 images are pixels divided by 255"
run 0 ss-linprobe --train bank.sst --test query.sst --per-class && grep -q '^ *0  *[0-9]*  *[0-9.]* %  cat$' out
ok "--per-class"
run 0 ss-linprobe --train bank.sst --test more.sst --confusion --per-class && grep -q '^ *9  *10  *0.00 %$' out
ok "labels that the training set does not have count as wrong"
run 0 ss-linprobe --train bank.sst --test bank.sst && says '700 of 700 records are also in the train'
ok "test records that are in the training set are told"

while IFS='|' read -r args pattern; do
	# shellcheck disable=SC2086
	run 2 ss-linprobe $args && says "^ss-linprobe: .*$pattern" && [ ! -s out ]
	ok "misuse: $args"
done <<'END'
|--train and --test are needed
--train bank.sst|--train and --test are needed
--train - --test -|standard input
--train bank.sst --test query.sst more|unexpected 'more'
--train bank.sst --test query.sst --l2 -1|--l2
--train bank.sst --test query.sst --tolerance 0|--tolerance
--train bank.sst --test query.sst --max-iterations 0|--max-iterations
--train bank.sst --test query.sst --baseline x=a|NAME=FILE,FILE
--train bank.sst --test narrow.sst|has 9 features
--train bank.sst --test unlabelled.sst|has no labels
--train minus.sst --test query.sst|record 5 has no label
--train same.sst --test query.sst|all 700 training records have the same label
--train none.sst --test query.sst|none.sst has no records
--train bank.sst --test none.sst|none.sst has no records
--train epochs.sst --test query.sst|has 2 epochs
--train bank.sst --test layer.sst|layer backbone, and projector
--train bank.sst --test query.sst --tensor view|has no tensor 'view'
END
run 3 ss-linprobe --train bank.sst --test cut.sst && says 'cut.sst' && [ ! -s out ]
ok "a cut test set"
head -c 9000 bank.sst >half.sst
run 3 ss-linprobe --train half.sst --test query.sst && says 'half.sst' && [ ! -s out ]
ok "a cut training set"
run 3 ss-linprobe --train /dev/null --test query.sst && says 'empty input'
ok "empty input"
run 3 ss-linprobe --train "$TOP/LICENSE" --test query.sst && says 'not a tensor stream'
ok "wrong magic"
run 3 ss-linprobe --train bank.sst --test newer.sst && says 'newer version' && [ ! -s out ]
ok "a newer version"
run 3 ss-linprobe --train nan.sst --test query.sst && says "nan.sst: record 123: element 4"
ok "an embedding that is not a number"
run 1 ss-linprobe --train missing.sst --test query.sst && says "missing.sst"
ok "a file that is not there"
ss-linprobe --train bank.sst --test query.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "full disk"
ss-linprobe --train bank.sst --test query.sst 2>err | true
status=${PIPESTATUS[0]}
[ "$status" -eq 141 ] || [ "$status" -eq 0 ]
ok "a reader that leaves"
run 0 ss-linprobe --help && grep -q '\[1e-07\]' out && grep -q '\[1000\]  1..1000000' out
ok "--help"
run 0 ss-linprobe --version && grep -q '^ss-linprobe ' out
ok "--version"
done_testing
