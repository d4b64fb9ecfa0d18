#!/bin/bash
# methods.t - every method of ss-train: the same bytes on any threads and after a stop, its log, its options
. "$(dirname "$0")/lib.sh"
unset SS_THREADS SS_DATA
helper() { "$PYTHON" "$TOP/tests/cli/views.py" "$@"; }
views() { helper views "$@"; }
get() { ss-info --get "$1" "$2"; }
# has FILE PATTERN: whether it has a tensor of such a name
has() {
	helper tensors "$1" >names
	grep -q -e "$2" names
}

views n=5 names=image >i.sst && views n=40 epochs=2 extra=1 views=3 >three.sst && views n=40 epochs=2 extra=1 >two.sst &&
    ss-info --check three.sst && ss-info --check two.sst
ok "fixtures are made, and sound"
STEPS=4				# 2 whole batches of 16 in each epoch

# setting METHOD: the small heads and knobs that it takes; the stream is in $stream
setting() {
	stream=two.sst
	own=
	case $1 in
	simsiam)	own='--projector 32bnr,32bN --predictor 8bnr,32b' ;;
	fastsiam)	own='--projector 32bnr,32bN --predictor 8bnr,32b' stream=three.sst ;;
	byol)		own='--projector 32bnr,16b --predictor 32bnr,16b --target-momentum 0.5' ;;
	moco)		own='--projector 32bnr,16b --queue 40 --target-groups 4' ;;
	swav)		own='--projector 32bnr,16b --prototypes 9' stream=three.sst ;;
	dino)		own='--projector 32bnr,16b --prototypes 9 --target-temperature 0.07' stream=three.sst ;;
	barlow|vicreg)	own='--projector 32nr,32nr,32' ;;
	supervised)	own='--classes 4' ;;
	*)		own='--projector 32bnr,16b' ;;
	esac
}

# What a line of the log says beside loss and rates.
notes() {
	case $1 in
	simclr|dcl)	echo contrast_accuracy ;;
	moco)		echo queue_accuracy ;;
	byol)		echo target_cosine ;;
	swav)		echo assignment_entropy code_entropy ;;
	dino)		echo assignment_entropy teacher_entropy ;;
	barlow)		echo diagonal ;;
	vicreg)		echo invariance std covariance ;;
	supervised)	echo accuracy ;;
	esac
}

methods=$(ss-train --help | sed -n 's/^ \{30\}\([a-z]*\)  *batch .*/\1/p')
# shellcheck disable=SC2086
[ "$(echo $methods)" = "simsiam fastsiam byol simclr dcl moco swav dino barlow vicreg supervised" ]
ok "--help lists the methods"

for m in $methods; do
	setting "$m"
	# shellcheck disable=SC2086
	train() { ss-train -q -b 16 --method "$m" $own "$@"; }
	run 0 train -t 1 -o a.safetensors --force --log a.jsonl $stream && helper finite a.safetensors &&
	    [ "$(get method a.safetensors)" = "$m" ] && helper log a.jsonl 1 $STEPS
	ok "$m trains"
	for n in $(notes "$m"); do
		[ "$(grep -c "\"$n\":-*[0-9]" a.jsonl)" -eq $STEPS ]
		ok "$m logs $n"
	done
	run 0 train -t 3 -o b.safetensors --force $stream && cmp a.safetensors b.safetensors
	ok "$m gives the same bytes on three threads"
	head -c $(($(stat -c %s $stream) * 6 / 10)) $stream >cut.sst
	rm -f b.safetensors
	rm -f b.jsonl
	run 3 train -t 2 -o b.safetensors --log b.jsonl cut.sst && [ "$(get step b.safetensors)" -gt 0 ] &&
	    [ "$(get step b.safetensors)" -lt $STEPS ] && run 0 train -t 1 -o b.safetensors --resume --log b.jsonl $stream &&
	    cmp a.safetensors b.safetensors && helper log b.jsonl 1 $STEPS
	ok "$m stops and goes on to the same bytes"
	run 0 train -t 1 -o b.safetensors --force --exact --cpu portable $stream && helper finite b.safetensors
	ok "$m with portable kernels"
	run 0 ss-embed -t 1 -m a.safetensors i.sst && [ -s out ]
	ok "$m embeds"
done

# A method may have an optimizer and rates of its own.
setting barlow
# shellcheck disable=SC2086
train() { run "$1" ss-train -q -t 1 -b 16 --method barlow $own -o b.safetensors --force "${@:2}" two.sst; }
train 0 && ss-info --get recipe b.safetensors | grep -q -e '--lr 0.2 .*--weight-decay 1e-06 .*--optimizer lars .*--vector-lr 0.0048'
ok "barlow learns by LARS, with a rate of its own for biases and norms"
train 0 --lr 0.4 --lr-scale linear && ss-info --get recipe b.safetensors | grep -q -e '--lr 0.025 .*--vector-lr 0.0006 '
ok "which keeps its share of the rate"
train 2 --optimizer sgd && says "--optimizer sgd needs --lr: that of --method barlow is for lars"
ok "another optimizer needs another rate"
train 0 --optimizer sgd --lr 0.001 && ! ss-info --get recipe b.safetensors | grep -q -e '--vector-lr' -e '--optimizer'
ok "and then all has that rate"

# Multi-crop: two sizes of views.
views n=40 epochs=2 names=image extra=1 >whole.sst && ss-augment --two-views --local-views 2 --local-size 5,4 whole.sst >crops.sst &&
    ss-augment --views 3 --local-views 1 --local-size 4 whole.sst >crops3.sst
ok "streams with local views are made"
for m in simsiam byol swav dino fastsiam supervised; do
	setting "$m"
	stream=crops.sst
	[ "$m" = fastsiam ] && stream=crops3.sst
	# shellcheck disable=SC2086
	train() { ss-train -q -b 16 --method "$m" $own "$@"; }
	run 0 train -t 1 -o a.safetensors --force $stream && helper finite a.safetensors &&
	    ss-info --get recipe a.safetensors | grep -q ", [12] of 3 x [54] x 4" &&
	    run 0 train -t 3 -o b.safetensors --force $stream && cmp a.safetensors b.safetensors
	ok "$m learns from views of two sizes, the same bytes on three threads"
	head -c $(($(stat -c %s $stream) * 6 / 10)) $stream >cut.sst
	rm -f b.safetensors
	run 3 train -t 2 -o b.safetensors cut.sst && run 0 train -t 1 -o b.safetensors --resume $stream &&
	    cmp a.safetensors b.safetensors
	ok "$m stops and goes on from views of two sizes"
done
run 2 ss-train -q -b 16 --method simclr -o no.safetensors crops.sst && says "4 views of each image; this method takes 2"
ok "simclr refuses local views"
ss-augment --two-views --local-views 1 --local-size 3 whole.sst >tiny.sst
run 2 ss-train -q -b 16 --method swav -o no.safetensors tiny.sst && says "cannot take images of 3 x 3 x 3"
ok "local views that are too small are refused"

# What a method keeps is in the checkpoint, and nothing else.
setting byol
run 0 ss-train -q -t 1 -b 16 --method byol $own -o a.safetensors --force two.sst && has a.safetensors '^target\.conv1\.weight$' &&
    has a.safetensors '^target\.bn1\.running_mean$' && ! has a.safetensors 'method\.state\|prototypes'
ok "byol keeps its target network"
run 0 ss-train -q -t 1 -b 16 --method simsiam --projector 32bnr,16b --predictor 32bnr,16b -o b.safetensors --force two.sst &&
    [ "$(get parameters a.safetensors)" -eq "$(get parameters b.safetensors)" ]
ok "which ss-info does not count"
setting dino
run 0 ss-train -q -t 1 -b 16 --method dino $own -o a.safetensors --force three.sst && has a.safetensors '^prototypes\.weight$' &&
    has a.safetensors '^target\.prototypes\.weight$' && has a.safetensors '^method\.state$'
ok "dino keeps teacher, prototypes and centre"
setting simclr
run 0 ss-train -q -t 1 -b 16 --method simclr $own -o a.safetensors --force two.sst && ! has a.safetensors 'target\|method\|prototypes'
ok "simclr needs nothing"

# A fixed predictor stays as it begins; without one there is none.
setting simsiam
run 0 ss-train -q -t 1 -b 16 --method simsiam $own --predictor fixed -o a.safetensors --force two.sst &&
    run 0 ss-train -q -t 1 -b 16 --method simsiam $own --predictor fixed --lr 0.5 -o b.safetensors --force two.sst &&
    helper value a.safetensors predictor.0.weight >x && helper value b.safetensors predictor.0.weight >y && cmp x y &&
    helper value a.safetensors projector.0.weight >x && helper value b.safetensors projector.0.weight >y && ! cmp -s x y
ok "--predictor fixed"
run 0 ss-train -q -t 1 -b 16 --method simsiam $own --predictor none -o a.safetensors --force two.sst && ! has a.safetensors predictor &&
    [ "$(get predictor a.safetensors)" = none ]
ok "--predictor none"

# The teacher's temperature on its way, in the first step where it begins.
setting dino
first() {
	# shellcheck disable=SC2086
	ss-train -q -t 1 -b 16 --method dino $own "$@" -o a.safetensors --force --log a.jsonl $stream && head -1 a.jsonl | sed 's/"images_per[^,]*,//'
}
[ "$(first --target-temperature 0.02)" = "$(first --target-temperature-begin 0.02 --target-temperature-epochs 1)" ] &&
    [ "$(first)" != "$(first --target-temperature-begin 0.02 --target-temperature-epochs 1)" ]
ok "--target-temperature-begin is that of the first step"

# Options that change the run, and those that do not fit

# differs NAME OPTION...: another model than without the options
differs() {
	m=$1
	shift
	setting "$m"
	# shellcheck disable=SC2086
	run 0 ss-train -q -t 1 -b 16 --method "$m" $own -o a.safetensors --force $stream &&
	    run 0 ss-train -q -t 1 -b 16 --method "$m" $own "$@" -o b.safetensors --force $stream && ! cmp -s a.safetensors b.safetensors &&
	    run 2 ss-train -q -t 1 -b 16 --method "$m" $own -o b.safetensors --resume $stream && says 'was begun with other options'
	ok "$m: $* counts, and a run goes on only with it"
}
differs byol --target-momentum 0.9
differs byol --target-momentum-end 0.5
differs moco --target-momentum-end 1
differs moco --asymmetric
differs moco --target-groups 2
differs moco --queue 39
differs swav --target-temperature 0.1
differs dino --prototypes 8
differs dino --target-temperature-begin 0.02 --target-temperature-epochs 1
differs simsiam --asymmetric

# Two pairs of views in one direction
setting simsiam
views n=40 epochs=2 extra=1 views=4 >four.sst
for threads in 1 3; do
	# shellcheck disable=SC2086
	run 0 ss-train -q -t $threads -b 16 --method simsiam $own --asymmetric -o four-$threads.safetensors --force four.sst
done
cmp four-1.safetensors four-3.safetensors
ok "simsiam: --asymmetric takes four views as two pairs, the same bytes on three threads"

differs simsiam --stop-grad off
differs simsiam --similarity xent
differs simsiam --alternate 2
differs simsiam --predictor none
differs simsiam --predictor fixed
differs byol --predictor none
differs barlow --coefficients 0.02
differs vicreg --coefficients 25,10,1
differs dcl --temperature 0.2
differs byol --target-groups 2

while IFS='|' read -r args why; do
	# shellcheck disable=SC2086
	run 2 ss-train -t 1 -b 16 -o no.safetensors $args && says "$why" && [ ! -e no.safetensors ]
	ok "misuse: $args"
done <<'END'
--method simsiam --target-momentum 0.9 two.sst|--target-momentum does not fit --method simsiam
--method simclr --target-momentum-end 0.9 two.sst|--target-momentum-end does not fit --method simclr
--method simclr --queue 64 two.sst|--queue does not fit --method simclr
--method byol --prototypes 64 two.sst|--prototypes does not fit --method byol
--method byol --temperature 0.1 two.sst|--temperature does not fit --method byol
--method moco --target-temperature 0.1 two.sst|--target-temperature does not fit --method moco
--method swav --target-temperature-begin 0.02 --target-temperature-epochs 1 two.sst|--target-temperature-begin does not fit --method swav
--method dino --target-temperature-epochs 1 two.sst|--target-temperature-begin and --target-temperature-epochs need each other
--method dino --asymmetric two.sst|--asymmetric does not fit --method dino
--method simsiam --asymmetric three.sst|three.sst has 3 views of each image; --asymmetric takes pairs of one size
--method simsiam --asymmetric crops.sst|crops.sst has 4 views of each image, not all of one size; --asymmetric takes pairs of one size
--method simclr --target-groups 2 two.sst|--target-groups does not fit --method simclr
--method moco --target-groups 3 two.sst|--batch 16 cannot be cut into 3 groups
--method barlow --coefficients 1,2 two.sst|--coefficients: --method barlow has 1, not 2
--method vicreg --coefficients 1 two.sst|--coefficients: --method vicreg has 3, not 1
--method simclr --coefficients 1 two.sst|--coefficients does not fit --method simclr
--method simclr --classes 4 two.sst|--classes does not fit --method simclr
--method byol --stop-grad off two.sst|--stop-grad off does not fit --method byol
--method simclr --similarity xent two.sst|--similarity xent does not fit --method simclr
--method byol --alternate 2 two.sst|--alternate does not fit --method byol
--method simsiam --stop-grad off --alternate 2 two.sst|do not fit each other
--method simsiam --stop-grad maybe two.sst|--stop-grad 'maybe' is none of on, off
--method simclr --predictor none two.sst|--predictor does not fit --method simclr
--method byol --target-momentum 1.1 two.sst|--target-momentum
--method moco --queue 0 two.sst|--queue
--method swav --prototypes 1 two.sst|--prototypes
--method fastsiam two.sst|has 2 views of each image, not 3: put 'ss-augment --views 3' before this
--method supervised --stop-on-collapse two.sst|--stop-on-collapse does not fit --method supervised
--method barlow three.sst|has 3 views of each image; this method takes 2
END

views n=40 epochs=2 extra=1 labels=0 >none.sst
run 2 ss-train -t 1 -b 16 --method supervised -o no.safetensors none.sst && says 'has no labels' && [ ! -e no.safetensors ]
ok "supervised needs labels"
run 2 ss-train -t 1 -b 16 --method supervised -o no.safetensors --force two.sst && says 'record 1 has label 1, outside 0..0'
ok "a stream that names too few labels is told so"
# Only numbers that can be labels count, wherever they stand in their line.
views n=40 epochs=2 extra=1 lb=$'ID:4294967299\tNM:x' >large.sst && views n=40 epochs=2 extra=1 lb=$'NM:x\tID:3' >late.sst
run 2 ss-train -t 1 -b 16 --method supervised -o no.safetensors --force large.sst && says 'does not name its labels'
ok "a label of more than 32 bits is none"
run 0 ss-train -q -t 1 -b 16 --method supervised -o a.safetensors --force late.sst && [ "$(get projector a.safetensors)" = 4b ]
ok "a label is found behind its name"
run 2 ss-train -t 1 -b 16 --method supervised --classes 3 -o no.safetensors --force two.sst && says 'record 3 has label 3, outside 0..2'
ok "so is one with more labels than --classes"

run 0 ss-train -q -t 1 -b 16 --projector 32bnr,16bN -o a.safetensors --force two.sst && [ "$(get predictor a.safetensors)" = 512bnr,16b ] &&
    run 2 ss-train -t 1 -b 16 --projector 32bnr,16bN --predictor 8bnr,24b -o no.safetensors two.sst && says 'they must be equal'
ok "the method's predictor is as wide as another projector; a predictor that is not is refused"
run 2 ss-train -t 1 -b 16 --method supervised --classes 4 --projector 8bnr,5b -o no.safetensors --force two.sst &&
    says '--projector ends in 5 outputs, but there are 4 classes'
ok "misuse: a projector with another number of outputs than classes"
run 0 ss-train -q -t 1 -b 16 --method supervised --classes 4 --projector 8bnr,4b -o a.safetensors --force two.sst &&
    [ "$(get projector a.safetensors)" = 8bnr,4b ]
ok "supervised with a hidden layer"

# The baseline learns, from one view or two; its classes are those that the stream names.
ss-load shapes --records 512 --size 16 --epochs 6 --shuffle --seed 1 -o s.sst --force &&
    run 0 ss-train -q -t 2 -b 32 --method supervised --lr 0.05 -o a.safetensors --force --log a.jsonl s.sst
# mean: of the accuracies in the log that comes in
mean() { sed 's/.*"accuracy":\([0-9.]*\).*/\1/' | awk '{ s += $1 } END { print s / NR }'; }
first=$(head -8 a.jsonl | mean) last=$(tail -8 a.jsonl | mean)
[ "$(get projector a.safetensors)" = 10b ] && awk "BEGIN { exit !($last > $first + 0.1) }"
ok "supervised learns shapes: accuracy $first, then $last"
done_testing
