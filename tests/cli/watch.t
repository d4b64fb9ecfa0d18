#!/bin/bash
# watch.t - what ss-train measures after an epoch: validation, the best network, an early end, checkpoints that stay
. "$(dirname "$0")/lib.sh"
unset SS_THREADS SS_DATA
RANDOM=11
helper() { "$PYTHON" "$TOP/tests/cli/views.py" "$@"; }
views() { helper views "$@"; }
get() { ss-info --get "$1" "$2"; }
# key KEY LOG: its values, one a line
key() { sed -n "s/.*\"$1\":\([-0-9.e]*\).*/\1/p" "$2"; }
# train OPTION...: a small run of the classifier, 2 steps in each of 10 epochs
train() { ss-train -q -t 1 -b 16 --method supervised --classes 4 --schedule constant --lr 0.03 "$@"; }

views n=40 epochs=10 extra=1 names=image >v.sst && views n=30 seed=5 extra=1 names=image >test.sst && views n=40 seed=6 extra=1 names=image >bank.sst &&
    views n=40 epochs=10 extra=1 >two.sst
ok "fixtures are made"

# Validation

run 0 train --validate test.sst --log a.jsonl -o a.safetensors v.sst && helper log a.jsonl 1 20 && [ "$(key validation_accuracy a.jsonl | wc -l)" -eq 10 ] &&
    [ "$(get watch a.safetensors)" = validation-accuracy ] && ss-info --check a.safetensors.best
ok "--validate: loss and accuracy after each epoch, the best kept"
run 0 train -o b.safetensors v.sst && run 0 ss-cmp a.safetensors b.safetensors && [ ! -e b.safetensors.best ]
ok "watching changes no weight"
ss-embed -q --layer projector -m a.safetensors test.sst -o test.emb
if "$PYTHON" -c 'import numpy' 2>/dev/null && "$PYTHON" "$TOP/tests/sst_read.py" test.emb embedding >x.f32 && "$PYTHON" "$TOP/tests/sst_read.py" test.emb label >y.i32; then
	"$PYTHON" - "$(key validation_loss a.jsonl | tail -n 1)" "$(key validation_accuracy a.jsonl | tail -n 1)" <<'END'
import sys
import numpy as np
x, y = np.fromfile("x.f32", "<f4").reshape(-1, 4).astype("f8"), np.fromfile("y.i32", "<i4")
loss = (np.log(np.exp(x - x.max(1, keepdims=True)).sum(1)) + x.max(1) - x[np.arange(30), y]).mean()
assert abs(loss - float(sys.argv[1])) < 1e-5 * loss, loss
assert abs((x.argmax(1) == y).mean() - float(sys.argv[2])) < 1e-6
END
	ok "both are numpy's, of what ss-embed gives"
else
	skip "both are numpy's, of what ss-embed gives" "numpy is not installed"
fi
run 0 train --validate test.sst --log b.jsonl -t 3 -o b.safetensors --force v.sst && helper same a.jsonl b.jsonl && cmp a.safetensors b.safetensors
ok "the same on three threads"
run 0 train --validate test.sst --monitor bank.sst,test.sst --monitor-every 4 --log b.jsonl -o b.safetensors --force v.sst && helper log b.jsonl 1 20 &&
    [ "$(key knn b.jsonl | wc -l),$(key validation_loss b.jsonl | wc -l),$(get watch b.safetensors)" = 3,3,knn ]
ok "with a monitor: both, every four epochs and at the end; the best is by kNN"

# The best, and an early end

# The epoch, from 1, and the value of the lowest, or highest, of the numbers that come in.
lowest() { awk 'NR == 1 || $1 < best { best = $1; at = NR } END { print at, best }'; }
highest() { awk 'NR == 1 || $1 > best { best = $1; at = NR } END { print at, best }'; }
# agrees MODEL EPOCH VALUE: the model says that this is its best
agrees() {
	[ "$(get best-step "$1")" -eq $((2 * $2)) ] && [ "$(get step "$1.best")" -eq $((2 * $2)) ] &&
	    awk -v a="$(get best "$1")" -v b="$3" 'BEGIN { d = a - b; exit !(d < 1e-5 && d > -1e-5) }'
}
for m in loss:epoch_loss:lowest knn:knn:highest validation-loss:validation_loss:lowest validation-accuracy:validation_accuracy:highest; do
	IFS=: read -r name log order <<<"$m"
	run 0 train --validate test.sst --monitor bank.sst,test.sst --best "$name" --log b.jsonl -o b.safetensors --force v.sst &&
	    helper log b.jsonl 1 20 && agrees b.safetensors $(key "$log" b.jsonl | $order) && run 0 ss-cmp a.safetensors b.safetensors
	ok "--best $name"
done
# The mean loss of an epoch is that of its steps.
run 0 train --best loss --log b.jsonl -o b.safetensors --force v.sst && key loss b.jsonl | grep -v best | awk 'NR % 2 { a = $1; next } { print (a + $1) / 2 }' >means &&
    key epoch_loss b.jsonl | paste - means | awk '{ d = $1 - $2; if (d > 1e-5 || d < -1e-5) exit 1; n++ } END { exit n != 10 }'
ok "loss: the mean of the steps of an epoch"

# stops PATIENCE LOG KEY: the epoch, from 1, after which the lowest value has been out of sight so long; 10 if never
stops() {
	key "$3" "$2" | awk -v p="$1" 'NR == 1 || $1 < best { best = $1; at = NR } NR - at >= p { print NR; done = 1; exit } END { if (!done) print 10 }'
}
early=0
for p in 1 2 3; do
	run 0 train --validate test.sst --best validation-loss --log full.jsonl -o full.safetensors --force v.sst
	end=$(stops $p full.jsonl validation_loss)
	rm -f e.safetensors*
	rm -f e.jsonl
	run 0 train --validate test.sst --early-stop validation-loss --patience $p --log e.jsonl -o e.safetensors v.sst &&
	    [ "$(get step e.safetensors),$(get done e.safetensors),$(get restored e.safetensors)" = "$((2 * end)),1,0" ] && helper log e.jsonl 1 $((2 * end))
	ok "--patience $p ends after epoch $end of 10"
	[ "$end" -lt 10 ] && early=$((early + 1))
	run 0 train --validate test.sst --early-stop validation-loss --patience $p --restore-best --log e.jsonl -o e.safetensors --force v.sst &&
	    best=$(get best-step e.safetensors) && [ "$(get step e.safetensors)" -eq $((2 * end)) ] &&
	    { [ "$best" -eq $((2 * end)) ] || [ "$(get restored e.safetensors)" = "$best" ]; } && run 0 ss-cmp e.safetensors e.safetensors.best
	ok "--restore-best: with the weights after epoch $((best / 2))"
done
[ $early -ge 1 ]
ok "some of them ended early"
cp e.safetensors e.before
run 0 train --validate test.sst --early-stop validation-loss --patience 3 --restore-best --log e.jsonl -o e.safetensors --resume v.sst && cmp e.safetensors e.before
ok "--resume of a run that ended early changes nothing"
run 0 train --validate test.sst --early-stop validation-loss --patience 1 -v -o e.safetensors --force v.sst &&
    grep -q "^ss-train: stopped early after step [0-9]*: validation-loss was best, [0-9.]*, after step [0-9]*$" err
ok "--verbose says so"
# Validation every three epochs: no end in between.
run 0 train --validate test.sst --monitor-every 3 --early-stop validation-loss --patience 1 -o e.safetensors --force v.sst &&
    s=$(get step e.safetensors) && { [ $((s % 6)) -eq 0 ] || [ "$s" -eq 20 ]; }
ok "a run ends only where it is measured"

# The Keras example's way, on a method without labels: rate so high that the loss does not fall
run 0 ss-train -q -t 1 -b 16 --projector 16bnr,16bN --predictor 8bnr,16b --lr 0 --weight-decay 0 --early-stop loss --patience 2 --restore-best \
    --log k.jsonl -o k.safetensors two.sst && end=$(stops 2 k.jsonl epoch_loss) && [ "$(get step k.safetensors)" -eq $((2 * end)) ] && [ "$end" -lt 10 ]
ok "--early-stop loss"

# Killed and resumed, at random steps

E="--validate test.sst --early-stop validation-loss --patience 2 --restore-best --save-every 2"
# shellcheck disable=SC2086
run 0 train $E --log w.jsonl -o w.safetensors v.sst && [ "$(get step w.safetensors)" -lt 20 ] && [ "$(get restored w.safetensors)" -gt 0 ]
ok "a run that ends early, undisturbed"
kills=0
at=0
while :; do
	# shellcheck disable=SC2086
	ss-train -q -t 1 -b 16 --method supervised --classes 4 --schedule constant --lr 0.03 $E --checkpoint-every 1 --log r.jsonl -o r.safetensors --resume v.sst 2>err &
	pid=$!
	at=$((at + 1 + RANDOM % 3))
	while kill -0 $pid 2>/dev/null && { [ ! -e r.jsonl ] || [ "$(wc -l <r.jsonl)" -lt $at ]; }; do
		sleep 0.01
	done
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	status=$?
	[ $status -eq 137 ] || break
	kills=$((kills + 1))
	ss-info --check r.safetensors || break
done
echo "# killed $kills times"
[ $status -eq 0 ] && [ $kills -ge 3 ] && cmp w.safetensors r.safetensors && cmp w.safetensors.best r.safetensors.best && helper same w.jsonl r.jsonl
ok "SIGKILL at random steps: the same end, the same bytes, the same best, the same log"
for f in w.safetensors.epoch*; do
	cmp "$f" "r${f#w}" || break
done
ok "and the same checkpoints that stay"

# Checkpoints that stay

rm -f c.safetensors*
run 0 train --save-every 4 --keep 1 -o c.safetensors v.sst && [ "$(echo c.safetensors*)" = "c.safetensors c.safetensors.1 c.safetensors.epoch004 c.safetensors.epoch008" ] &&
    [ "$(get step c.safetensors.epoch004),$(get epoch c.safetensors.epoch004),$(get done c.safetensors.epoch004)" = 8,3,0 ] && ss-info --check c.safetensors.epoch008
ok "--save-every 4"
cp c.safetensors.epoch004 r2.safetensors && run 0 train --save-every 4 -o r2.safetensors --resume v.sst && cmp r2.safetensors c.safetensors
ok "a run goes on from one of them"
run 0 train --save-every 5 -o c.safetensors --force v.sst && run 0 ss-cmp c.safetensors c.safetensors.epoch010
ok "the last epoch's is the end"
run 0 train --validate test.sst -o c.safetensors --force v.sst && run 0 train --monitor bank.sst,test.sst --best knn -o c.safetensors --resume v.sst &&
    [ "$(get watch c.safetensors)" = validation-accuracy ]
ok "a finished run stays as it is, whatever is watched"
head -c $(($(stat -c %s v.sst) / 2)) v.sst >cut.sst
run 3 train --validate test.sst -o c.safetensors --force cut.sst && run 0 train --monitor bank.sst,test.sst -o c.safetensors --resume --log c.jsonl v.sst &&
    [ "$(get watch c.safetensors)" = knn ] && grep knn c.jsonl | head -n 1 | grep -q '"best":true'
ok "another measure begins with a best of its own"

# Faults: the old checkpoint stands, and the run goes on from it

rm -f d.safetensors*
mkdir d.safetensors.best
run 1 train --validate test.sst --log d.jsonl -o d.safetensors v.sst && says "d.safetensors.best" && ss-info --check d.safetensors && [ "$(get step d.safetensors)" -eq 0 ]
ok "a best that cannot be written: status 1, the last checkpoint stands"
rmdir d.safetensors.best
run 0 train --validate test.sst --log d.jsonl -o d.safetensors --resume v.sst && cmp a.safetensors d.safetensors && cmp a.safetensors.best d.safetensors.best && helper same a.jsonl d.jsonl
ok "and it goes on as if nothing had been"
rm -f d.safetensors* && mkdir d.safetensors.epoch002
run 1 train --save-every 2 -o d.safetensors v.sst && says "d.safetensors.epoch002" && [ "$(get step d.safetensors)" -eq 2 ] && rmdir d.safetensors.epoch002 &&
    run 0 train --save-every 2 -o d.safetensors --resume v.sst && run 0 ss-cmp a.safetensors d.safetensors && ss-info --check d.safetensors.epoch002
ok "the same for one that stays"
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null && ! ss-info --version | grep -q sanitize; then
	# A write of each checkpoint fails in turn: before the first step, of the best, of the file itself, of the weights taken back.
	F="--steps 4 --validate test.sst --best loss --restore-best"
	# shellcheck disable=SC2086
	run 0 train $F -o g.safetensors v.sst
	tried=0 wrong=0
	for k in 1 2 3 4 5 6 7 8 9 10 11 12; do
		rm -f h.safetensors*
		# shellcheck disable=SC2086
		strace -f -o trace -e trace=fsync -e "inject=fsync:error=ENOSPC:when=$k" ss-train -q -t 1 -b 16 --method supervised --classes 4 --schedule constant --lr 0.03 \
		    $F -o h.safetensors v.sst 2>err
		got=$?
		grep -q INJECTED trace || break
		tried=$((tried + 1))
		[ $got -eq 1 ] && says 'No space left' && [ -z "$(find . -name '.h.*')" ] && { [ ! -e h.safetensors ] || ss-info --check h.safetensors; } &&
		    run 0 train $F -o h.safetensors --resume v.sst && cmp g.safetensors h.safetensors && cmp g.safetensors.best h.safetensors.best || wrong=$((wrong + 1))
	done
	[ $tried -ge 5 ] && [ $tried -lt 12 ] && [ $wrong -eq 0 ]
	ok "the disk becomes full at each of $tried fsyncs: a sound checkpoint, and the same end"
else
	skip "the disk becomes full at each fsync" "strace is not there, not allowed, or sanitizers are on"
fi
cp w.safetensors x.safetensors && cp w.safetensors.epoch002 x.safetensors.best
"$PYTHON" - <<'END'
# As a run looks that was killed before its best weights were taken back.
import json, struct
b = open("w.safetensors", "rb").read()
n, = struct.unpack("<Q", b[:8])
o = json.loads(b[8:8 + n])
o["__metadata__"]["ss.restored"] = "0"
for k in [k for k in o["__metadata__"] if "crc32" in k]:
    del o["__metadata__"][k]
h = json.dumps(o).encode()
open("x.safetensors", "wb").write(struct.pack("<Q", len(h)) + h + b[8 + n:])
END
# shellcheck disable=SC2086
[ "$(get step w.safetensors.best)" -ne 4 ] && run 1 train $E -o x.safetensors --resume v.sst && says "'x.safetensors.best' is not the best of this run, which was that of step $(get best-step w.safetensors)"
ok "another best than that of the run is not taken back"
rm x.safetensors.best
# shellcheck disable=SC2086
run 1 train $E -o x.safetensors --resume v.sst && says "cannot open 'x.safetensors.best'" && cp w.safetensors.best x.safetensors.best &&
    run 0 train $E -o x.safetensors --resume v.sst && cmp x.safetensors w.safetensors
ok "nor is one that is not there; with it the run ends as it should"

# What is refused

views n=40 extra=1 names=image h=9 >high.sst && views n=40 names=image >unlabelled.sst && views n=40 unknown=1 extra=1 names=image >unknown.sst
while IFS='|' read -r args why; do
	# shellcheck disable=SC2086
	run 2 train -o no.safetensors $args && says "$why" && [ ! -e no.safetensors ]
	ok "refused: $args"
done <<'END'
--best accuracy v.sst|--best 'accuracy' is none of loss, knn, validation-loss, validation-accuracy
--best knn v.sst|knn is measured with --monitor, which is not given
--early-stop validation-loss v.sst|validation-loss is measured with --validate, which is not given
--early-stop loss --best knn v.sst|--best knn: the best is by one measure, here loss already
--patience 3 v.sst|--patience has no effect without --early-stop
--early-stop loss --patience 0 v.sst|--patience
--restore-best v.sst|--restore-best: nothing says what is best
--save-every -1 v.sst|--save-every
--validate high.sst v.sst|high.sst: images are 3 x 9 x 8, those to train on 3 x 8 x 8
--validate unlabelled.sst v.sst|unlabelled.sst has no tensor 'label'
--classes 2 --validate test.sst v.sst|test.sst: record 2 has label 2, outside 0..1
--steps 2 --early-stop loss unknown.sst|--patience is in epochs
--steps 2 --save-every 1 unknown.sst|--save-every is in epochs
END
run 2 ss-train -t 1 -b 16 --validate test.sst -o no.safetensors two.sst && says '--validate does not fit --method simsiam'
ok "refused: validation without classes"
cp a.safetensors r3.safetensors
for o in "--early-stop loss" "--restore-best --best loss"; do
	# shellcheck disable=SC2086
	run 2 train $o -o r3.safetensors --resume v.sst && says 'was begun with other options'
	ok "--resume is refused with $o"
done
views n=30 seed=8 extra=1 names=image >other.sst
for o in "--validate FILE --best validation-loss" "--monitor bank.sst,FILE --best knn" "--monitor FILE,test.sst --best knn"; do
	# shellcheck disable=SC2086
	run 0 train ${o/FILE/test.sst} --restore-best -o r4.safetensors --force v.sst && cp r4.safetensors before &&
	    run 2 train ${o/FILE/other.sst} --restore-best -o r4.safetensors --resume v.sst && says 'was begun with other options' &&
	    cmp before r4.safetensors && run 0 train ${o/FILE/test.sst} --restore-best -o r4.safetensors --resume v.sst
	ok "--resume is refused when another file decides: $o"
done
done_testing
