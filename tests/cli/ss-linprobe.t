#!/bin/bash
# ss-linprobe: against scikit-learn, baselines, refusals
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1
data=$TOP/tests/cli/eval_data.py
"$PYTHON" "$data" make || exit 1

run 0 ss-linprobe --train bank.sst --test query.sst && [ ! -s err ] && grep -q -x \
    'top-1 [0-9.]* %  ([0-9]* of 260)  train [0-9.]* %  loss [0-9.]*  iterations [0-9]*  converged  layer backbone  arch resnet20  train 700 x 9  classes 4' out
ok "one line says scores, counts, loss, iterations, whether converged, layer and training set"
grep -q -x 'top-1 [0-9.]* %  ([0-9]* of 260)  chance: always the most frequent label' out && grep -q '^solver L-BFGS .* 1e-07 of the objective; l2 1; features standard$' out && [ "$(tail -1 out)" = 'protocol logistic' ]
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

# Steps instead of convergence. field NAME: of the first score in out, or of the whole.
field() {
	"$PYTHON" -c 'import json, sys
o = json.load(open("out"))
print(o["scores"][0].get(sys.argv[1], o.get(sys.argv[1])))' "$1"
}
cat >expected <<'END'
fair|solver sgd, rate 30 milestones 60,80 x 0.1, momentum 0.9, weight decay 0, batch 256, epochs 2, init normal, seed 0; features none|--epochs 2
simsiam|solver larc, rate 1.6 cosine-epoch, momentum 0.9, weight decay 0, batch 4096, epochs 2, init normal, seed 0; features none|--epochs 2
keras|solver sgd-keras, rate 0.03 cosine, momentum 0.9, weight decay 0, batch 128, epochs 5, init glorot, seed 0, patience 5; features none|
simsiam-tf|solver adam, rate 0.001 constant, momentum 0.9, weight decay 0, batch 64, epochs 2, init glorot, seed 0, patience 5, held out 0.1; features none|--epochs 2
simclr-report|solver adam, rate 0.001 constant, momentum 0.9, weight decay 0, batch 64, epochs 35, init glorot, seed 0, patience 2, held out 0.1; features none; labels 0.1 with replacement|
END
while IFS='|' read -r name solver args; do
	# shellcheck disable=SC2086
	run 0 ss-linprobe --train bank.sst --test query.sst $args --protocol "$name" && [ ! -s err ] &&
	    [ "$(tail -2 out | head -1)" = "$solver" ] && [ "$(tail -1 out)" = "protocol $name${args:+, but $args}" ]
	ok "--protocol $name"
done <expected
sets="--train bank.sst --test query.sst"
run 0 ss-linprobe $sets --protocol simclr-report && grep -q '  epochs [0-9]*  best [0-9]*  held out 70  layer backbone  arch resnet20  train 63 x 9 ' out
ok "a tenth of the labels, and a tenth held out"
run 0 ss-linprobe $sets --protocol fair --solver adam --epochs 1 --batch 32 && grep -q '^solver adam, rate 0.001 .* batch 32, epochs 1, ' out
ok "another solver brings its own rate"
run 0 ss-linprobe $sets --protocol fair --solver logistic && grep -q '^solver L-BFGS .*; features none$' out && grep -q ' converged ' out
ok "the solver that converges on features as they are"
run 0 ss-linprobe $sets --lr 0.5 --solver sgd --json && "$PYTHON" -c 'import json
o = json.load(open("out"))
s = o["scores"][0]
h = s["history"]
assert (o["protocol"], o["changes"], o["solver"], o["lr"]) == ("logistic", "--solver sgd, --lr 0.5", "sgd", 0.5), o
assert (o["schedule"], o["batch"], o["epochs"], o["scale"], o["seed"], o["label_fraction"]) == ("cosine", 256, 30, "standard", "0", 1)
assert len(h) == 30 == s["best_epoch"] and [r["epoch"] for r in h] == list(range(1, 31)) and "held_loss" not in h[0]
assert h[0]["loss"] > h[9]["loss"] > s["loss"] > 0 and abs(h[29]["lr"]) < 0.01 and s["views"] == 1 and s["held_out"] == 0'
ok "--json has settings and every epoch"
field loss >sgd && run 0 ss-linprobe $sets --l2 0 --json && field loss >minimum && awk 'NR == FNR { s = $1; next } { exit !(s >= $1 && s < $1 * 1.02) }' sgd minimum
ok "SGD comes near the minimum, and not below it"
for solver in sgd adam larc; do
	run 0 ss-linprobe $sets --solver $solver --epochs 3 --batch 150 --seed 1 -t 1 --json --confusion && cp out one &&
	    run 0 ss-linprobe $sets --solver $solver --epochs 3 --batch 150 --seed 1 -t 3 --json --confusion && cmp out one &&
	    run 0 ss-linprobe $sets --solver $solver --epochs 3 --batch 150 --seed 2 --json --confusion && ! cmp -s out one
	ok "$solver: same bytes for 1 and 3 threads, others for another seed"
done

# Early stopping: the best epoch's weights count, as its held-out loss shows.
run 0 ss-linprobe $sets --solver adam --lr 0.3 --schedule constant --epochs 60 --hold-out 0.3 --patience 4 --seed 2 --json && "$PYTHON" -c 'import json
s = json.load(open("out"))["scores"][0]
h = [r["held_loss"] for r in s["history"]]
assert s["held_out"] == 210 and s["train"] == 490
best = h.index(min(h)) + 1
assert best == s["best_epoch"] and len(h) == best + 4 < 60, (h, s["best_epoch"])'
ok "--patience ends it behind the lowest held-out loss"
field best_epoch >best && field train_correct >restored
run 0 ss-linprobe $sets --solver adam --lr 0.3 --schedule constant --epochs "$(cat best)" --hold-out 0.3 --patience 99 --seed 2 --json && field train_correct | cmp - restored
ok "and gives the weights of that epoch"
run 0 ss-linprobe $sets --solver adam --lr 0.3 --schedule constant --epochs 60 --patience 2 --json && "$PYTHON" -c 'import json
s = json.load(open("out"))["scores"][0]
h = [r["loss"] for r in s["history"]]
assert s["held_out"] == 0 and len(h) < 60 and s["best_epoch"] == len(h) - 2 == h.index(min(h)) + 1'
ok "without --hold-out it goes by the training loss"
run 0 ss-linprobe $sets --protocol simsiam-tf --validation extra.sst --epochs 4 --json && [ "$(field held_out)" = 260 ] && [ "$(field validation)" = extra.sst ] && [ "$(field hold_out)" = 0.0 ]
ok "--validation takes the place of --hold-out"
run 0 ss-linprobe $sets --protocol simsiam-tf --validation query.sst --epochs 2 && says '260 of 260 test records are among those that training stopped by'
ok "stopping by the test set is told"

# Part of the labels.
run 0 ss-linprobe $sets --label-fraction 0.1 --balanced && grep -q '  train 68 x 9 ' out && [ "$(tail -1 out)" = 'protocol logistic, but --label-fraction 0.1, --balanced' ] && grep -q '; labels 0.1 balanced$' out && head -1 out >one
ok "--label-fraction, --balanced"
run 0 ss-linprobe $sets --label-fraction 0.1 --balanced --seed 0 -t 3 && head -1 out | cmp - one &&
    run 0 ss-linprobe $sets --label-fraction 0.1 --balanced --seed 1 && ! head -1 out | cmp -s - one
ok "another seed draws others"
run 0 ss-linprobe $sets --label-fraction 0.1 && grep -q '  train 70 x 9 ' out && run 0 ss-linprobe $sets --label-fraction 1 && grep -q '  train 700 x 9 ' out
ok "a tenth of 700, and all of them"
ss-sample --fraction 0.1 --balanced --seed 3 -o tenth.sst bank.sst && run 0 ss-linprobe --train tenth.sst --test query.sst && head -1 out >one &&
    run 0 ss-linprobe $sets --label-fraction 0.1 --balanced --seed 3 && head -1 out | cmp - one &&
    run 0 ss-linprobe --train turned.sst --test query.sst --label-fraction 0.1 --balanced --seed 3 --json --confusion && field correct >one &&
    run 0 ss-linprobe $sets --label-fraction 0.1 --balanced --seed 3 --json --confusion && field correct | cmp - one
ok "ss-sample chooses the same, whatever the order"

# Views: several streams, or epochs, of the same images.
run 0 ss-linprobe $sets --solver sgd --epochs 4 --json && field loss >alone
run 0 ss-linprobe --train bank.sst --train bank.sst --test query.sst --solver sgd --epochs 4 --json && [ "$(field views)" = 2 ] && field loss | cmp - alone &&
    run 0 ss-linprobe --train bank.sst --train turned.sst --test query.sst --solver sgd --epochs 4 --json && field loss | cmp - alone
ok "a stream twice, and in another order, is the stream"
run 0 ss-linprobe --train bank-epochs.sst --test query.sst --solver sgd --epochs 4 --json && [ "$(field views)" = 2 ] && field loss | cmp - alone
ok "epochs of a stream are views"
run 0 ss-linprobe --train bank.sst --train noisy.sst --train bank.sst --test query.sst --solver sgd --epochs 4 --json --label-fraction 0.5 --hold-out 0.2 --patience 9 &&
    [ "$(field views)" = 3 ] && ! field loss | cmp -s - alone && [ "$(field train)" = 280 ] && [ "$(field held_out)" = 140 ]
ok "three views, of which a part is used"
run 0 ss-linprobe --train bank.sst --train noisy.sst --test query.sst --json && [ "$(field converged)" = True ] && [ "$(field train)" = 700 ]
ok "convergence on all views"
run 0 ss-linprobe --train bank.sst --train - --test query.sst --solver sgd --epochs 4 --json <bank.sst && field loss | cmp - alone
ok "one view from standard input"
run 0 ss-linprobe $sets --solver sgd --epochs 2 --table --baseline both=bank.sst,noisy.sst,query.sst --baseline raw=pixels.sst,pixels-query.sst && sed -e 's/[0-9.]* %/P/g' -e 's/loss [0-9.]*/L/' out | head -4 | diff - <(cat <<'END'
name  layer     features    top-1  how
-     backbone         9  P  train P  L  epochs 2
both  backbone         9  P  train P  L  epochs 2  views 2
raw   pixels          48  P  train P  L  epochs 2
END
)
ok "--table, and a baseline of two views"
# Depths of a head, as ss-embed names them.
depths=
for split in train test; do
	ss-load shapes --split $split --limit 60 -o $split.px
	for layer in backbone projector.0 projector.2 projector; do
		ss-embed --untrained 1 --method simclr --layer $layer -o $layer.$split $split.px || break
	done
done
for layer in projector.0 projector.2 projector; do
	depths="$depths --baseline $layer=$layer.train,$layer.test"
done
# shellcheck disable=SC2086
run 0 ss-linprobe --protocol simclr-report --label-fraction 1 --epochs 2 --train backbone.train --test backbone.test $depths --table &&
    head -5 out | awk '{ print $1, $2, $3, $NF }' | diff - <(cat <<'END'
name layer features how
- backbone 64 untrained
projector.0 projector.0 512 untrained
projector.2 projector.2 512 untrained
projector projector 128 untrained
END
)
ok "--table over the depths of a network"
run 5 ss-linprobe $sets --solver sgd --lr 1e6 --weight-decay 10 && says 'the loss is not finite in epoch'
ok "a loss that is not finite"

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
--train bank.sst --train shifted.sst --test query.sst|shifted.sst: record 699 has index 700, which the first epoch of bank.sst has not
--train bank.sst --train doubled.sst --test query.sst|doubled.sst: index 0 comes twice in an epoch
--train doubled.sst --train bank.sst --test query.sst|doubled.sst: several records of an epoch have the same index
--train bank.sst --train same.sst --test query.sst|same.sst: record 0 has label 2, but [013] in bank.sst
--train bank.sst --train query.sst --test query.sst|of different data sets
--train bank.sst --train short.sst --test query.sst|bank.sst has 700 records, short.sst has 260
--train - --train - --test query.sst|standard input
--train bank.sst --test query.sst --protocol none|'none' is none of logistic, fair, simsiam, keras, simsiam-tf, simclr-report
--train bank.sst --test query.sst --solver none|is none of
--train bank.sst --test query.sst --lr 1|--lr does not fit --solver logistic
--train bank.sst --test query.sst --hold-out 0.1|--hold-out does not fit --solver logistic
--train bank.sst --test query.sst --protocol fair --l2 1|--l2 does not fit --solver sgd
--train bank.sst --test query.sst --protocol fair --hold-out 0.1|--hold-out needs --patience
--train bank.sst --test query.sst --protocol fair --validation query.sst|--validation needs --patience
--train bank.sst --test query.sst --protocol simsiam-tf --validation a --hold-out 0.1|exclude each other
--train bank.sst --test query.sst --protocol simsiam-tf --validation narrow.sst|has 9 features
--train bank.sst --test query.sst --protocol simsiam-tf --validation query.sst --baseline a=b,c|baselines
--train bank.sst --test query.sst --balanced|--balanced needs --label-fraction
--train bank.sst --test query.sst --label-fraction 1e-4|0 of 700 records: that is none
--train bank.sst --test query.sst --label-fraction 0|--label-fraction
--train bank.sst --test query.sst --label-fraction 1.5|--label-fraction
--train bank.sst --test query.sst --protocol keras --milestones 2|--milestones needs --schedule milestones
--train bank.sst --test query.sst --protocol keras --schedule milestones|--schedule milestones needs --milestones
--train bank.sst --test query.sst --solver adam --momentum 1|--momentum must be below 1
--train bank.sst --test query.sst --protocol keras --batch 0|--batch
--train bank.sst --test query.sst --protocol keras --epochs 1.5|--epochs
--train bank.sst --test query.sst --protocol keras --init ones|--init
--train bank.sst --test query.sst --baseline x=,b|NAME=FILE,FILE
--train bank.sst --test query.sst --baseline x=a,,b|NAME=FILE,FILE
--train bank.sst --test epochs.sst|has 2 epochs
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
