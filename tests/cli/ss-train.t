#!/bin/bash
# ss-train.t - runs that repeat, stop, go on and fail as they should
. "$(dirname "$0")/lib.sh"
unset SS_THREADS SS_DATA
RANDOM=7
helper() { "$PYTHON" "$TOP/tests/cli/views.py" "$@"; }
views() { helper views "$@"; }
get() { ss-info --get "$1" "$2"; }
HEADS="--projector 64bnr,64bN --predictor 16bnr,64b"
SMALL="-t 1 -b 16 $HEADS"
# train OPTION...: a small run
train() {
	# shellcheck disable=SC2086
	ss-train $SMALL "$@"
}

views n=70 epochs=3 frame=7 >v.sst && ss-info --check v.sst && views epochs=1 >one.sst
ok "fixtures are made, and sound"
STEPS=12			# of v.sst: 4 whole batches of 16 in each epoch, the rest is dropped

# The command line

run 0 ss-train --help && grep -q '^usage: ss-train' out && [ ! -s err ]
ok "--help explains on standard output"
# Every long option that getopt knows stands in --help, and nothing else.
sed -n '/struct option longopts/,/};/s/^.*{ "\([a-z0-9-]*\)",.*/--\1/p' "$TOP/tools/ss-train.c" >known
sed -n 's/^	{ "\([a-z0-9-]*\)", .*/--\1/p' "$TOP/tools/method_options.c" "$TOP/tools/update_options.c" \
    "$TOP/tools/start_options.c" >>known
sort -o known known
grep -o -e '--[a-z][a-z0-9-]*' out | sort -u |
    grep -v -x -e --help -e --version -e --quiet -e --verbose -e --force -e --no-history >shown
[ "$(wc -l <known)" -gt 20 ] && cmp known shown
ok "--help names every option and no other"
grep -q -e 'batch N  *integer  \[the method.s\]  2\.\.65536' out && grep -q 'resnet20 resnet32 resnet44 resnet56 resnet110 resnet18 resnet34 resnet50 resnet101 resnet152 resnet11v2 resnet20v2' out
ok "--help has types, defaults, ranges and names"

while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-train -o no.safetensors -t 1 $args one.sst && says '^ss-train: ' && [ ! -e no.safetensors ]
	ok "misuse: ss-train $args"
done <<'END'
--nonsense
one.sst
--method bayol
--method simsiam,simclr
--batch 256
--arch
--cpu z80
--projector 64x
--projector 64x
--projector 0
--projector 65537
--projector none
--projector 8,8,8,8,8
--projector 64,
--predictor 64bnr,32b
--method simclr --predictor 64b
--batch 1
--batch 65537
--batch 16.5
--batch 65
--lr -1
--lr 2e6
--lr x
--lr-scale cubic
--momentum 1.1
--momentum -0.1
--weight-decay 11
--weight-decay nan
--temperature 0.5
--method simclr --temperature 0
--method simclr --temperature 1001
-b 16 --warmup 1
-b 16 --warmup -1
-b 16 --steps -1
-b 16 --steps 5
--seed -1
--seed 18446744073709551616
-b 16 --mean 1,2
-b 16 --mean 1,2,3,4
-b 16 --mean 1,2,3,4,5
-b 16 --std 0
-b 16 --std 0.2,0.2
--checkpoint-every -1
--keep -1
--keep 1001
--log-every 0
--log no.safetensors
--monitor-every 0
-b 16 --monitor one.sst
-b 16 --monitor ,one.sst
--threads 1025
--threads -1
END

# Streams that do not fit

views names=image >images.sst && views views=1 >single.sst && views views=17 n=20 h=4 w=4 >many.sst &&
    views other_shape=1 >shapes.sst && views dtype=f32 >float.sst && views h=3 w=3 >tiny.sst &&
    views n=20 c=5 >channels.sst && views unknown=1 >unknown.sst && views views=3 >three.sst &&
    views first=2 epochs=1 >late.sst && views major=2 >newer.sst && views n=0 >none.sst &&
    views error=3 >error.sst
ok "more fixtures"
while IFS='|' read -r file status message options; do
	# shellcheck disable=SC2086
	run "$status" train -o no.safetensors $options "$file" && says "^ss-train: .*$message" && [ ! -e no.safetensors ]
	ok "$file is refused: $message"
done <<'END'
images.sst|2|0 views of each image, not 2: put 'ss-augment --views 2' before this
single.sst|2|1 views of each image, not 2
three.sst|2|--predictor does not fit --method simclr, which has none|--method simclr
shapes.sst|2|1 views of each image of one size, not 2
float.sst|2|'view1' is not u8 of one fixed shape
tiny.sst|2|resnet20 cannot take images of 3 x 3 x 3 (channels 1..4, sides 4..4096)
channels.sst|2|cannot take images of 5 x 8 x 8
unknown.sst|2|does not say how many records it has: give --steps
late.sst|2|begins with epoch 2, but the run stands in epoch 0
none.sst|2|0 records, less than one batch of 16
newer.sst|3|newer version
/dev/null|3|empty input
END
run 2 ss-train -t 1 -b 16 --method simclr -o no.safetensors three.sst && says 'has 3 views of each image; this method takes 2$'
ok "SimCLR takes two views"
head -c 100 v.sst >v.cut && run 3 train -o no.safetensors v.cut && says 'v.cut' && [ ! -e no.safetensors ]
ok "a stream cut in its header"
printf 'not a stream, whatever it may be; but long enough to be one: xxxxxxxxxxxxxxxxxxxxx' >wrong.sst
run 3 train -o no.safetensors wrong.sst && says 'wrong.sst: ' && [ ! -e no.safetensors ]
ok "a file of another kind"
run 1 train -o no.safetensors none/at/all.sst && says "cannot open 'none/at/all.sst': No such file"
ok "no file"

# Outputs that cannot be: told before the first step, and nothing is left

run 1 train -o none/x.safetensors --log x.jsonl v.sst && says "none/x.safetensors.*No such file" && [ ! -s x.jsonl ]
ok "a folder that is not there"
run 1 train -o /proc/x.safetensors v.sst && says "/proc/x.safetensors"
ok "a folder that takes no files"
mkdir folder
if [ "$(id -u)" -ne 0 ]; then
	chmod a-w folder
	run 1 train -o folder/x.safetensors v.sst && says "folder/x.safetensors.*Permission denied"
	ok "a folder without permission"
	chmod u+w folder
else
	skip "a folder without permission" "root may do everything"
fi
run 1 train -o x.safetensors --log none/x.jsonl v.sst && says "cannot open log 'none/x.jsonl'" && [ ! -e x.safetensors ]
ok "a log that cannot be, and no model of a run that never began"
run 1 train -o x.safetensors --log /dev/full v.sst && says "cannot write log '/dev/full': No space left" &&
    [ "$(get step x.safetensors)" -eq 0 ]
ok "a log on a full disk"
echo old >old.jsonl
run 1 train -o none/x.safetensors --log old.jsonl --force v.sst && [ "$(cat old.jsonl)" = old ]
ok "a run that cannot begin leaves the old log alone"
run 2 train --log old.jsonl -o b0.safetensors v.sst && says "'old.jsonl' exists; --force overwrites it" && [ "$(cat old.jsonl)" = old ] && [ ! -e b0.safetensors ]
ok "an old log is overwritten with --force alone"
run 2 train -o x.safetensors v.sst && says "'x.safetensors' exists: --resume to go on from it, --force to begin anew"
ok "an existing model is refused"
run 0 train -o x.safetensors --force --steps 2 v.sst && [ "$(get step x.safetensors)" -eq 2 ]
ok "--force begins anew"
cp v.sst copy.sst
run 2 train -o copy.sst --force copy.sst && says 'input and output at once' && cmp copy.sst v.sst
ok "the input is not overwritten, even with --force"
run 1 train -o /dev/full --force v.sst && says "/dev/full.*No space left"
ok "a model on a full disk"

# A run, its log and its model

run 0 train -o a.safetensors --log a.jsonl v.sst && [ ! -s err ] && [ ! -s out ] && ss-info --check a.safetensors
ok "a run says nothing and leaves a sound model"
helper log a.jsonl 1 $STEPS
ok "the log has every step once, in the documented fields"
[ "$(wc -l <a.jsonl)" -eq $STEPS ] && [ "$(sed -n 's/.*"epoch":\([0-9]*\),.*/\1/p' a.jsonl | tr -d '\n')" = 000011112222 ]
ok "epochs of the log: of 70 records 6 are dropped in each"
# The cosine, every fourth step of it: lr/2 (1 + cos(pi k/12))
[ "$(sed -n 's/.*"lr":\([0-9.]*\),.*/\1/p' a.jsonl | awk 'NR % 4 == 1' | tr '\n' ' ')" = "0.1 0.075 0.025 " ]
ok "the learning rate is a cosine over all steps"
[ "$(get step a.safetensors),$(get steps a.safetensors),$(get epoch a.safetensors),$(get records a.safetensors)" = \
    "$STEPS,$STEPS,2,64" ] && [ "$(get arch a.safetensors) $(get method a.safetensors)" = "resnet20 simsiam" ] &&
    [ "$(get image a.safetensors) $(get projector a.safetensors) $(get predictor a.safetensors)" = \
    "3,8,8 64bnr,64bN 16bnr,64b" ] && [ "$(get seed a.safetensors) $(get best a.safetensors)" = "0 -1" ]
ok "the model says how it was made"
if "$PYTHON" -c 'import numpy' 2>/dev/null; then
	"$PYTHON" "$TOP/tests/read_model.py" a.safetensors >model.txt && grep -q '^layer3.2.bn2.running_var' model.txt &&
	    grep -q '^optimizer.momentum.predictor.3.weight' model.txt && grep -q '^# ss.history = ' model.txt
	ok "numpy reads it, and its checksums are right"
else
	skip "numpy reads it, and its checksums are right" "numpy is not installed"
fi

# The same bytes, or others

run 0 train -o b.safetensors --log b.jsonl v.sst && cmp a.safetensors b.safetensors && helper same a.jsonl b.jsonl
ok "the same run again: the same bytes"
run 0 train -o b.safetensors --force --seed 1 v.sst && run 1 ss-cmp a.safetensors b.safetensors
ok "another seed: others"
for t in 2 3; do
	run 0 train -o b.safetensors --force -t $t v.sst && cmp a.safetensors b.safetensors
	ok "$t threads: the same"
done
SS_THREADS=2 run 0 ss-train -b 16 --projector 64bnr,64bN --predictor 16bnr,64b -o b.safetensors --force v.sst &&
    cmp a.safetensors b.safetensors
ok "SS_THREADS: the same"
for f in 1 16 70; do
	views n=70 epochs=3 frame=$f >f.sst && run 0 train -o b.safetensors --force f.sst && cmp a.safetensors b.safetensors
	ok "frames of $f: the same"
done
run 0 train -o b.safetensors --force - <v.sst && cmp a.safetensors b.safetensors
ok "from standard input: the same"
views n=70 epochs=3 frame=7 | train -o b.safetensors --force && cmp a.safetensors b.safetensors
ok "through a pipe: the same"
run 0 train -o b.safetensors --force --checkpoint-every 5 --keep 3 --log-every 4 --log b.jsonl v.sst &&
    cmp a.safetensors b.safetensors && [ "$(grep -o '"step":[0-9]*' b.jsonl | tr '\n' ' ')" = '"step":4 "step":8 "step":12 ' ]
ok "other checkpoints, another log: the same"
views n=70 epochs=3 extra=1 >e.sst && run 0 train -o b.safetensors --force e.sst && run 0 ss-cmp a.safetensors b.safetensors &&
    [ "$(get history b.safetensors)" = "views.py" ]
ok "tensors that it does not need make no difference, and the history is kept"
for o in "--lr 0.05" "--momentum 0.8" "--weight-decay 0" "--warmup 1" "--lr-scale linear" "--mean 0.5" "--std 0.3,0.2,0.25" \
    "--projector 64bn,64bN" "--predictor 16nr,64b"; do
	# shellcheck disable=SC2086
	run 0 train -o b.safetensors --force $o v.sst && run 1 ss-cmp a.safetensors b.safetensors
	ok "$o makes a difference"
done
run 0 train -o b.safetensors --force --steps 1 one.sst && run 0 train -o c.safetensors --steps 1 --cpu ref one.sst &&
    run 0 ss-cmp --rtol 1e-3 --atol 1e-4 b.safetensors c.safetensors
ok "--cpu ref computes the same, to rounding"
run 0 train -o c.safetensors --force --steps 1 --exact one.sst && run 1 ss-cmp b.safetensors c.safetensors &&
    run 0 ss-cmp --rtol 1e-3 --atol 1e-4 b.safetensors c.safetensors
ok "--exact too"
run 0 train -o c.safetensors --force --profile v.sst && cmp a.safetensors c.safetensors && grep -q '^profile of 11 steps of 16 images' err &&
    grep -q '^  conv 3x3 16>16 at .*: weight gradient  *[0-9.]*  *[0-9.]*%  *[0-9.]*  *[0-9.]*%$' err &&
    awk '/^  a whole step/ { whole = $4 } /^  operator/ { on = 1; next } /^  a whole/ { on = 0 }
	on { sum += substr($0, 55) } END { exit !(sum > 0.98 * whole && sum < 1.02 * whole) }' err
ok "--profile: a table whose rows add up to the step; the same bytes"
memory() { sed -n "s,.* \([0-9.]*\) [MG]B of memory.*,\1,p" err; }
run 0 train -o c.safetensors --force -v v.sst && all=$(memory) &&
    run 0 train -o c.safetensors --force -v --checkpoint-activations v.sst && cmp a.safetensors c.safetensors &&
    awk -v a="$all" -v b="$(memory)" 'BEGIN { exit !(b > 0 && b < a) }'
ok "--checkpoint-activations: less memory, the same bytes"
views n=32 epochs=1 h=40 w=36 >large.sst
run 0 train -o photo.safetensors --arch resnet18-imagenet --steps 2 -t 1 large.sst && run 0 ss-info photo.safetensors &&
    grep -q 'conv 7x7, stride 2' out && grep -q 'max 3x3, stride 2' out &&
    run 0 train -o c.safetensors --force --arch resnet18-imagenet --steps 2 -t 3 --checkpoint-activations large.sst &&
    cmp photo.safetensors c.safetensors
ok "--arch resnet18-imagenet: the same bytes with 1 thread and 3, recomputed or not"
run 2 train -o c.safetensors --force --arch resnet18-imagenet v.sst && says 'resnet18-imagenet cannot take images of 3 x .*sides 32..4096'
ok "... and no image below 32 pixels"
run 0 train -o b.safetensors --force --lr 1.6 --lr-scale linear v.sst && run 0 ss-cmp a.safetensors b.safetensors
ok "--lr-scale linear: 1.6 at batch 16 is 0.1"
run 0 train -o b.safetensors --force --lr 0.4 --lr-scale sqrt v.sst && run 0 ss-cmp a.safetensors b.safetensors
ok "--lr-scale sqrt: so is 0.4"
run 0 train -o b.safetensors --force --warmup 1.5 --log b.jsonl v.sst &&
    [ "$(sed -n 's/.*"lr":\([0-9.]*\),.*/\1/p' b.jsonl | sed -n '1p;3p;6p;7p;10p' | tr '\n' ' ')" = "0.016666667 0.05 0.1 0.1 0.05 " ]
ok "--warmup rises for its epochs, then the cosine begins"

# Methods, architectures, lengths

run 0 ss-train -t 1 -b 16 --method simclr --projector 32bnr,16b -o c.safetensors --force --log c.jsonl v.sst &&
    helper log c.jsonl 1 $STEPS && [ "$(grep -c contrast_accuracy c.jsonl)" -eq $STEPS ] &&
    [ "$(get method c.safetensors) $(get predictor c.safetensors)" = "simclr none" ] && ! helper tensors c.safetensors | grep -q predictor
ok "simclr"
run 0 train -o b.safetensors --force three.sst && helper finite b.safetensors
ok "simsiam with three views"
[ "$(sed -n 's/^{"step":\([0-9]*\),.*"rankme":[0-9.]*,"uniformity":-[0-9.]*,"contrast_accuracy":[0-9.]*}/\1/p' a.jsonl | tr '\n' ' ')" = "1 $STEPS " ]
ok "rank, uniformity and contrast accuracy of the first and last step"
run 0 train -o b.safetensors --force --log-every 5 --log b.jsonl v.sst && cmp a.safetensors b.safetensors &&
    [ "$(sed -n 's/^{"step":\([0-9]*\),.*"rankme".*/\1/p' b.jsonl | tr '\n' ' ')" = "5 $STEPS " ] && [ "$(grep -c step b.jsonl)" -eq 3 ]
ok "of the first logged one"
views n=160 epochs=8 h=4 w=4 >long.sst && run 0 train -o b.safetensors --force --log-every 3 --log b.jsonl long.sst &&
    [ "$(sed -n 's/^{"step":\([0-9]*\),.*"rankme".*/\1/p' b.jsonl | tr '\n' ' ')" = "3 51 80 " ]
ok "and then of every 50th, or of the next that is logged"
run 0 ss-train -t 1 -b 16 --steps 1 -o b.safetensors --force one.sst &&
    [ "$(get projector b.safetensors) $(get predictor b.safetensors)" = "2048bnr,2048bN 512bnr,2048b" ]
ok "SimSiam's heads"
run 0 ss-train -t 1 -b 16 --steps 1 --method simclr -o b.safetensors --force one.sst &&
    [ "$(get projector b.safetensors) $(get predictor b.safetensors)" = "512bnr,128b none" ]
ok "SimCLR's"
# He et al.: convolutions 3x3 and two numbers of a norm for each of their outputs; n blocks in a stage
he() {
	echo $((9*3*16+32 + 2*$1*(9*16*16+32) + 9*16*32+64 + (2*$1-1)*(9*32*32+64) + 9*32*64+128 + (2*$1-1)*(9*64*64+128)))
}
views h=4 w=4 n=4 >least.sst && views n=2 >pair.sst
for a in 20:$(he 3) 32:$(he 5) 44:$(he 7) 56:$(he 9) 110:$(he 18) 18:11168832 20v2:565360; do
	# shellcheck disable=SC2086
	run 0 ss-train -t 1 -b 2 $HEADS --arch "resnet${a%:*}" --steps 1 -o b.safetensors --force pair.sst &&
	    [ "$(helper count b.safetensors)" -eq "${a#*:}" ]
	ok "resnet${a%:*} has ${a#*:} numbers to train"
done
views c=1 h=5 w=7 >odd.sst && run 0 train -o b.safetensors --force odd.sst && [ "$(get mean b.safetensors) $(get std b.safetensors)" = "0.5 0.25" ]
ok "one channel, odd sides"
run 0 train -b 2 -o b.safetensors --force least.sst
ok "the least image"
run 0 train -o b.safetensors --force --steps 6 v.sst && [ "$(get step b.safetensors),$(get epoch b.safetensors)" = 6,1 ]
ok "--steps ends within an epoch"
run 0 train -o b.safetensors --force --steps 3 --checkpoint-every 1 --keep 9 unknown.sst && [ "$(get steps b.safetensors)" -eq 3 ] && [ -e b.safetensors.3 ]
ok "a stream of unknown length, with --steps"
rm -f b.safetensors.*
run 3 train -o b.safetensors --force --steps 5 unknown.sst && says "ended after step 4 of 5, which 'b.safetensors' holds"
ok "one that is shorter than that"
run 2 train -o b.safetensors --force --steps 3 --warmup 1 unknown.sst && says "how long one is"
ok "warm-up in epochs of unknown length"
run 0 train -o b.safetensors --force --steps 4 late.sst
ok "a stream of a later epoch, with --steps"
views epochs=2 n=70 slow=1 | (train -o b.safetensors --force --steps 2; echo $? >status) && [ "$(cat status)" -eq 0 ]
ok "--steps does not wait for the end of the stream"

# Checkpoints, and going on

run 0 train -o k.safetensors --checkpoint-every 2 --keep 2 v.sst && cmp a.safetensors k.safetensors &&
    [ "$(get step k.safetensors.1),$(get step k.safetensors.2)" = 10,8 ] && [ ! -e k.safetensors.3 ] &&
    ss-info --check k.safetensors.1 && ss-info --check k.safetensors.2
ok "--keep 2 leaves the two before the last"
cp k.safetensors.2 r.safetensors
run 0 train -o r.safetensors --resume v.sst && cmp a.safetensors r.safetensors
ok "going on from step 8, with the same stream"
[ "$(get epoch k.safetensors.1),$(get records k.safetensors.1)" = 2,32 ] && cp k.safetensors.1 r.safetensors && views n=70 epochs=1 first=2 >last.sst &&
    run 0 train -o r.safetensors --resume last.sst && cmp a.safetensors r.safetensors
ok "from step 10, with a stream that begins with epoch 2"
run 2 train -o new.safetensors --resume last.sst && says 'begins with epoch 2, but the run stands in epoch 0'
ok "such a stream does not begin a run"
cp k.safetensors.2 r.safetensors
run 2 train -o r.safetensors --resume last.sst && says 'begins with epoch 2, but the run stands in epoch 1'
ok "nor goes it on with one that stands before it"
cp a.safetensors r.safetensors && cp a.jsonl r.jsonl
run 0 train -o r.safetensors --log r.jsonl --resume v.sst && cmp a.safetensors r.safetensors && cmp a.jsonl r.jsonl
ok "--resume of a finished run changes nothing"
rm -f r.safetensors && run 0 train -o r.safetensors --resume v.sst && cmp a.safetensors r.safetensors
ok "--resume without a file begins anew"
views n=70 epochs=3 h=10 >other.sst && views n=90 epochs=3 >more.sst && views n=70 epochs=4 >longer.sst
while IFS='|' read -r file options; do
	cp k.safetensors.2 r.safetensors
	# shellcheck disable=SC2086
	run 2 train -o r.safetensors --resume $options "$file" && says "'r.safetensors' was begun with other options: '--method simsiam" &&
	    cmp k.safetensors.2 r.safetensors
	ok "--resume is refused with $file $options"
done <<'END'
other.sst|
more.sst|
longer.sst|
three.sst|--steps 12 -b 4
v.sst|--seed 1
v.sst|--lr 0.07
v.sst|--momentum 0.8
v.sst|--weight-decay 0
v.sst|--warmup 1
v.sst|--mean 0.5
v.sst|--std 0.2
v.sst|--steps 11
v.sst|-b 17
v.sst|--projector 32bnr,64bN
v.sst|--predictor 8bnr,64b
v.sst|--arch resnet32
v.sst|--cpu ref
v.sst|--exact
END
run 2 ss-train -t 1 -b 16 -o r.safetensors --resume --method simclr v.sst && says 'was begun with other options'
ok "--resume is refused with --method simclr"

# Killed, again and again, at random steps

# until_step N FILE PID: waits until the log FILE has at least N lines, or the process ended.
until_step() {
	while kill -0 "$3" 2>/dev/null && { [ ! -e "$2" ] || [ "$(wc -l <"$2")" -lt "$1" ]; }; do
		sleep 0.02
	done
}

# killed FRESH OPTION...: starts, kills and resumes until done; with FRESH, streams begin where the run stands.
killed() {
	fresh=$1 kills=0 at=0
	shift
	rm -f r.safetensors* r.jsonl
	while :; do
		in=v.sst
		if "$fresh" && [ -e r.safetensors ]; then
			first=$(get epoch r.safetensors) || return 1
			in=from$first.sst
			[ -e "$in" ] || views n=70 epochs=$((3 - first)) first="$first" >"$in"
		fi
		# shellcheck disable=SC2086
		ss-train $SMALL -o r.safetensors --checkpoint-every 1 --log r.jsonl --resume "$@" "$in" 2>err &
		pid=$!		# of the program itself: it is no function of the shell
		at=$((at + 1 + RANDOM % 4))
		until_step $at r.jsonl $pid
		kill -KILL $pid 2>/dev/null
		wait $pid 2>/dev/null
		status=$?
		[ $status -eq 0 ] && break
		[ $status -eq 137 ] || return 1
		kills=$((kills + 1))
		ss-info --check r.safetensors || return 1
	done
	echo "# killed $kills times"
	[ $kills -ge 2 ]
}
killed false && cmp a.safetensors r.safetensors
ok "SIGKILL at random steps and the same line again: the bytes of a run that was never stopped"
helper log r.jsonl 1 $STEPS && helper same a.jsonl r.jsonl
ok "and its log"
killed true && cmp a.safetensors r.safetensors && helper same a.jsonl r.jsonl
ok "the same with streams that begin where the run stands"
killed true --keep 2 && cmp a.safetensors r.safetensors && ss-info --check r.safetensors.1 && ss-info --check r.safetensors.2
ok "and with earlier checkpoints kept"

# Stopped by a signal

for signal in TERM INT HUP USR1; do
	rm -f r.safetensors r.jsonl
	mkfifo pipe
	views n=70 epochs=3 slow=30 >pipe 2>/dev/null &
	# shellcheck disable=SC2086
	"$PYTHON" -c 'import os, signal, sys
for ignored in signal.SIGINT, signal.SIGHUP:	# by the shell for what runs in the background; by nohup(1)
	signal.signal(ignored, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' ss-train $SMALL -o r.safetensors --log r.jsonl pipe >out 2>err &
	pid=$!
	until_step $((3 + RANDOM % 5)) r.jsonl $pid
	kill -$signal $pid
	wait $pid
	got=$?
	wait
	rm pipe
	step=$(get step r.safetensors)
	[ $got -eq 75 ] && says "stopped by a signal after step $step of $STEPS, which 'r.safetensors' holds; go on with --resume" &&
	    [ "$step" -gt 1 ] && [ "$step" -lt $STEPS ] && [ "$(wc -l <r.jsonl)" -eq "$step" ]
	ok "SIG$signal: status 75 and a checkpoint of the last step"
	run 0 train -o r.safetensors --log r.jsonl --resume v.sst && cmp a.safetensors r.safetensors && helper same a.jsonl r.jsonl
	ok "and the run goes on as if it had not been stopped"
done
rm -f r.safetensors r.jsonl && mkfifo pipe
views n=70 epochs=3 wait=6 >pipe 2>/dev/null &
writer=$!
# shellcheck disable=SC2086
ss-train $SMALL -o r.safetensors --log r.jsonl pipe 2>err &
pid=$!
until_step 2 r.jsonl $pid
kill -TERM $pid
wait $pid
[ $? -eq 75 ] && [ "$(get step r.safetensors)" -eq 2 ]
ok "SIGTERM while it waits for images"
kill $writer
wait
rm pipe
# shellcheck disable=SC2086
(trap '' HUP; ss-train $SMALL -o r.safetensors --force --log r.jsonl v.sst 2>err & pid=$!
until_step 2 r.jsonl $pid
kill -HUP $pid
wait $pid) && cmp a.safetensors r.safetensors
ok "nohup stays nohup"

# Inputs that end too early

head -c $(($(stat -c %s v.sst) * 3 / 4)) v.sst >cut.sst
run 3 train -o r.safetensors --force --log r.jsonl cut.sst && says 'cut.sst: frame' && ss-info --check r.safetensors &&
    step=$(get step r.safetensors) && [ "$step" -gt 4 ] && [ "$step" -lt $STEPS ] && helper log r.jsonl 1 "$step"
ok "a stream that is cut: status 3, the checkpoint stands"
run 0 train -o r.safetensors --resume --log r.jsonl v.sst && cmp a.safetensors r.safetensors && helper same a.jsonl r.jsonl
ok "and the run goes on with a whole one"
views n=70 epochs=3 error=15 | train -o r.safetensors --force 2>err
[ "${PIPESTATUS[1]}" -eq 4 ] && says '^ss-train: upstream failed: views: asked to fail' && ss-info --check r.safetensors &&
    [ "$(get step r.safetensors)" -eq 6 ]
ok "the failure of a program upstream: status 4"
run 4 train -o no.safetensors error.sst
rm -f no.safetensors
"$PYTHON" -c 'import sys
b = bytearray(open("v.sst", "rb").read())
b[len(b) // 2] ^= 16
sys.stdout.buffer.write(b)' >flip.sst
run 3 train -o r.safetensors --force flip.sst && says 'flip.sst: frame' && helper finite r.safetensors
ok "a flipped bit: status 3"
cat v.sst one.sst >two.sst
run 3 train -o r.safetensors --force two.sst && says 'two.sst: '
ok "bytes behind the end, which are noticed after the last step"

# Damaged checkpoints

damage() { "$PYTHON" -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[len(b) // 2] ^= 1
open(sys.argv[1], "wb").write(b)' "$1"; }
rm -f r.safetensors.* && cp k.safetensors r.safetensors && damage r.safetensors
run 3 train -o r.safetensors --resume v.sst && says "r.safetensors.*damaged"
ok "a damaged checkpoint is not gone on from"
cp k.safetensors.1 r.safetensors.1 && cp k.safetensors.2 r.safetensors.2 && damage r.safetensors.1
run 0 train -o r.safetensors --keep 2 --resume v.sst && says "r.safetensors.*; goes on from 'r.safetensors.2'" && cmp a.safetensors r.safetensors
ok "the newest sound one of those kept is"
rm -f r.safetensors* && cp k.safetensors.1 r.safetensors.1
run 0 train -o r.safetensors --keep 2 --resume v.sst && says "goes on from 'r.safetensors.1'" && cmp a.safetensors r.safetensors
ok "also if the newest is not there"
echo 'not a model' >r.safetensors && rm -f r.safetensors.*
run 3 train -o r.safetensors --resume v.sst && [ "$(cat r.safetensors)" = 'not a model' ]
ok "a file of another kind is not overwritten by --resume"

# Numbers that are not finite

run 5 train -o n.safetensors --force --lr 1e6 --weight-decay 10 --checkpoint-every 1 --log n.jsonl v.sst &&
    says '^ss-train: .*not finite .*step [0-9]* .*records .*n.safetensors. holds step [0-9]*; try a lower --lr' &&
    helper finite n.safetensors && ss-info --check n.safetensors && [ "$(get step n.safetensors)" -lt $STEPS ]
ok "weights that grow without bound: status 5, and the checkpoint is finite"
[ "$(get step n.safetensors)" -gt 0 ] && cp n.safetensors n.before &&
    run 5 train -o n.safetensors --resume --lr 1e6 --weight-decay 10 --log n.jsonl v.sst && cmp n.safetensors n.before
ok "going on ends the same way, and changes nothing"
run 5 train -o n.safetensors --force --lr 1e6 --weight-decay 10 --log n.jsonl v.sst && says 'holds step 0' &&
    [ "$(tail -n 1 n.jsonl | grep -c null)" -eq 1 ]
ok "the log ends with what was not finite"

# Collapse

views n=60 same=1 >same.sst
run 6 ss-train -t 1 -b 2 $HEADS -o r.safetensors --force --stop-on-collapse --log r.jsonl same.sst && [ "$(wc -l <err)" -eq 2 ] &&
    grep -q '^ss-train: collapse: since step 1 all images get nearly the same projection (std ratio 0' err &&
    grep -q "^ss-train: stopped by --stop-on-collapse; the last state is in 'r.safetensors'" err &&
    [ "$(get step r.safetensors)" -eq 20 ] && helper log r.jsonl 1 20
ok "images that are all the same: named in words, status 6 with --stop-on-collapse"
run 0 ss-train -t 1 -b 2 $HEADS -o r.safetensors --force same.sst && says 'collapse: since step 1 '
ok "without it, told once"
run 0 ss-train -t 1 -b 2 $HEADS -o r.safetensors --force --quiet same.sst && [ ! -s err ]
ok "--quiet"
views n=352 epochs=10 h=4 w=4 same=2 >pairs.sst
few() { ss-train -t 1 -b 32 $HEADS -o r.safetensors --force --log r.jsonl "$@" pairs.sst; }
run 6 few --stop-on-collapse && [ "$(wc -l <err)" -eq 2 ] && [ "$(get step r.safetensors)" -eq 100 ] &&
    grep -q '^ss-train: dimensional collapse: since step 1 the projections vary along few directions only (RankMe [12]\.[0-9]*, healthy is above 4)' err
ok "images of two kinds: their projections differ, but along a line"
run 0 few && says 'dimensional collapse: since step 1 '
ok "told once"

# The monitor

images() { views names=image extra=1 "$@"; }
images n=40 seed=8 >bank.sst && images n=25 seed=9 >query.sst && images n=9 h=9 >high.sst && images labels=0 >unlabelled.sst &&
    images n=0 >empty.sst
ok "fixtures are made"
run 0 train -o m.safetensors --log m.jsonl --monitor bank.sst,query.sst v.sst && helper log m.jsonl 1 $STEPS &&
    [ "$(grep -c knn m.jsonl)" -eq 3 ] && [ "$(grep knn m.jsonl | grep -o '"step":[0-9]*' | tr -d '\n')" = '"step":4"step":8"step":12' ]
ok "kNN is logged after every epoch"
best=$(grep '"best":true' m.jsonl | tail -n 1)
ss-info --check m.safetensors.best && [ "$(get step m.safetensors.best)" = "$(echo "$best" | sed 's/.*"step":\([0-9]*\).*/\1/')" ] &&
    awk -v a="$(get best m.safetensors)" -v b="$(echo "$best" | sed 's/.*"knn":\([0-9.e-]*\).*/\1/')" 'BEGIN { exit !(a > 0.25 && a - b < 1e-5 && b - a < 1e-5) }'
ok "the best is kept as a model, and its score in the checkpoint"
run 0 ss-cmp a.safetensors m.safetensors
ok "watching changes no weight"
rm -f r.safetensors* && cp k.safetensors.2 r.safetensors && run 0 train -o r.safetensors --resume --monitor bank.sst,query.sst --monitor-every 2 --log r.jsonl v.sst &&
    [ "$(grep -c knn r.jsonl)" -eq 1 ] && tail -n 1 r.jsonl | grep -q '"step":12,"epoch":2,"knn":.*"best":true'
ok "--monitor-every 2: not after the first and third, but at the end"
if [ -x "$BIN/ss-knn" ] && ss-embed -q -m m.safetensors bank.sst >bank.emb && ss-embed -q -m m.safetensors query.sst >query.emb &&
    ss-knn --bank bank.emb --query query.emb -k 40 --json >knn.json; then
	grep -q "$(grep knn m.jsonl | tail -n 1 | sed 's/.*"knn":0*\([0-9.]*\).*/\1/')" knn.json
	ok "ss-knn finds the same"
	run 0 ss-health --json bank.emb &&
	    grep -q "\"rankme\": $(grep knn m.jsonl | tail -n 1 | sed 's/.*"backbone_rankme":\([0-9.]*\)[0-9],"best":.*/\1/')" out
	ok "and ss-health the same rank"
else
	skip "ss-knn finds the same" "no ss-knn"
fi
killed false --monitor bank.sst,query.sst && cmp m.safetensors r.safetensors && cmp m.safetensors.best r.safetensors.best && helper same m.jsonl r.jsonl
ok "killed and resumed with a monitor: the same model, best and log"
while IFS='|' read -r files message; do
	run 2 train -o no.safetensors --monitor "$files" v.sst && says "$message" && [ ! -e no.safetensors ]
	ok "--monitor $files is refused"
done <<'END'
bank.sst|--monitor wants BANK.sst,QUERY.sst, not 'bank.sst'
bank.sst,high.sst|high.sst: images are 3 x 9 x 8, those to train on 3 x 8 x 8
bank.sst,unlabelled.sst|unlabelled.sst has no tensor 'label' of type i32
bank.sst,v.sst|v.sst has no tensor 'image'; it has views
empty.sst,query.sst|empty.sst has no images
END
run 1 train -o no.safetensors --monitor bank.sst,nowhere.sst v.sst && says "cannot open 'nowhere.sst'" && [ ! -e no.safetensors ]
ok "a monitor's file that is not there"

# What it says

run 0 train -o r.safetensors --force -v v.sst && [ "$(wc -l <err)" -eq 2 ] &&
    grep -q '^ss-train: simsiam on resnet20, 0.28 million parameters, 12 steps of 16 images, .* [MG]B of memory, 1 threads, [a-z0-9]* kernels$' err &&
    grep -q "^ss-train: wrote 'r.safetensors', 12 steps$" err
ok "--verbose says what it does"
TERM=xterm run 0 helper term 100 ss-train -t 1 -b 16 --projector 64bnr,64bN --predictor 16bnr,64b -o r.safetensors --force v.sst &&
    tr '\r' '\n' <out | grep -q '^epoch 1  step 1/12  loss -\?0\.[0-9]*  std [01]\.[0-9]*  [0-9]* images/s  ETA 0:00:0[0-9]'
ok "on a terminal a line of progress: epoch, loss, images/s, ETA"
run 0 helper term 100 ss-train -q -t 1 -b 16 --projector 64bnr,64bN --predictor 16bnr,64b -o r.safetensors --force v.sst && [ ! -s out ]
ok "not with --quiet"
done_testing
