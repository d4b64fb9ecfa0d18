#!/bin/bash
# optim.t - optimisers, schedules and accumulation of ss-train
. "$(dirname "$0")/lib.sh"
unset SS_THREADS SS_DATA
helper() { "$PYTHON" "$TOP/tests/cli/views.py" "$@"; }
views() { helper views "$@"; }
get() { ss-info --get "$1" "$2"; }
HEADS="--projector 32bnr,32bN --predictor 8bnr,32b"
# train OPTION...: a small run
train() {
	# shellcheck disable=SC2086
	ss-train -q $HEADS "$@"
}
# rates LOG: the learning rates in it, rounded
rates() {
	sed -n 's/.*"lr":\([0-9.e-]*\),.*/\1/p' "$1" | awk '{ printf "%s%.6g", NR == 1 ? "" : " ", $1 } END { print "" }'
}

views n=34 epochs=4 >v.sst
ok "fixtures are made"
STEPS=8				# 2 whole batches of 16 in each epoch

run 0 train -t 1 -b 16 -o sgd.safetensors --log sgd.jsonl v.sst
ok "sgd, the default"
for o in sgd-keras lars lars-google larc adam adamw; do
	case $o in
	lars*|larc)	lr=0.5 ;;
	adam*)		lr=0.001 ;;
	*)		lr=0.06 ;;
	esac
	run 0 train -t 1 -b 16 --optimizer $o --lr $lr -o a.safetensors --force v.sst && helper finite a.safetensors &&
	    ! cmp -s a.safetensors sgd.safetensors
	ok "$o trains"
	run 0 train -t 3 -b 16 --optimizer $o --lr $lr -o b.safetensors --force v.sst && cmp a.safetensors b.safetensors
	ok "$o gives the same bytes on three threads"
	head -c $(($(stat -c %s v.sst) * 6 / 10)) v.sst >cut.sst
	rm -f b.safetensors
	run 3 train -t 2 -b 16 --optimizer $o --lr $lr -o b.safetensors cut.sst && [ "$(get step b.safetensors)" -gt 0 ] &&
	    run 0 train -t 1 -b 16 --optimizer $o --lr $lr -o b.safetensors --resume v.sst && cmp a.safetensors b.safetensors
	ok "$o stops and goes on to the same bytes"
done
helper tensors a.safetensors >names && grep -q '^optimizer\.squares\.conv1\.weight$' names && helper tensors sgd.safetensors >names &&
    ! grep -q squares names
ok "second moments are kept where there are some"

# differs OPTION...: another model than without
differs() {
	run 0 train -t 1 -b 16 "$@" -o b.safetensors --force v.sst && ! cmp -s b.safetensors sgd.safetensors &&
	    run 2 train -t 1 -b 16 -o b.safetensors --resume v.sst && says 'was begun with other options'
	ok "$* counts, and a run goes on only with it"
}
differs --decay weights
differs --predictor-lr fixed
differs --predictor-lr 0.01
run 0 train -t 1 -b 16 --lr 0.1 --predictor-lr 1 -o b.safetensors --force v.sst && cmp b.safetensors sgd.safetensors &&
    run 0 train -t 1 -b 16 --lr 0.03 -o a.safetensors --force v.sst &&
    run 0 train -t 1 -b 16 --lr 0.03 --predictor-lr 0.3 -o b.safetensors --force v.sst && cmp a.safetensors b.safetensors
ok "simsiam's predictor learns at ten times the rate, always, unless told otherwise"
differs --schedule constant
differs --decay-epochs 2
differs --lr-end 0.01
differs --accumulate 2
differs --vector-lr 0.01
differs --backbone-lr-scale 0.1
differs --weight-decay-end 0.1
differs --clip-grad 0.1
run 0 train -t 1 -b 16 --clip-grad 1e5 -o b.safetensors --force v.sst && run 0 ss-cmp b.safetensors sgd.safetensors
ok "--clip-grad leaves short gradients alone"
run 0 train -t 1 -b 16 --clip-grad 0.1 -o a.safetensors --force v.sst &&
    run 0 train -t 3 -b 16 --clip-grad 0.1 --clip-by tensor -o b.safetensors --force v.sst && run 1 ss-cmp a.safetensors b.safetensors
ok "--clip-by counts"
# The rate of the vectors alone: with --lr-scale both are scaled.
run 0 train -t 1 -b 16 --lr 0.96 --vector-lr 0.16 --lr-scale linear -o a.safetensors --force v.sst &&
    run 0 train -t 1 -b 16 --lr 0.06 --vector-lr 0.01 -o b.safetensors --force v.sst && run 0 ss-cmp a.safetensors b.safetensors
ok "--vector-lr is scaled as --lr is"
run 0 train -t 1 -b 16 --backbone-lr-scale 0 -o a.safetensors --force --steps 1 v.sst && run 0 train -t 1 -b 16 --lr 0 -o b.safetensors --force --steps 1 v.sst &&
    helper value a.safetensors layer2.0.conv1.weight >x && helper value b.safetensors layer2.0.conv1.weight >y && cmp x y &&
    helper value a.safetensors projector.0.weight >x && helper value b.safetensors projector.0.weight >y && ! cmp -s x y &&
    helper value a.safetensors bn1.running_mean >x && helper value b.safetensors bn1.running_mean >y && cmp x y
ok "--backbone-lr-scale 0 stops its weights, not its statistics"
run 0 train -t 1 -b 16 --lr 0.001 --weight-decay 0.1 --weight-decay-end 0.1 -o a.safetensors --force v.sst &&
    run 0 train -t 1 -b 16 --lr 0.001 --weight-decay 0.1 -o b.safetensors --force v.sst && cmp a.safetensors b.safetensors
ok "--weight-decay-end at the beginning's value is none"
run 0 train -t 1 -b 16 --optimizer larc --lr 0.5 --clip -o a.safetensors --force v.sst &&
    run 0 train -t 1 -b 16 --optimizer larc --lr 0.5 -o b.safetensors --force v.sst && ! cmp -s a.safetensors b.safetensors
ok "--clip counts"
run 0 train -t 1 -b 16 --optimizer adam --lr 0.001 --beta2 0.9 -o a.safetensors --force v.sst &&
    run 0 train -t 1 -b 16 --optimizer adam --lr 0.001 -o b.safetensors --force v.sst && ! cmp -s a.safetensors b.safetensors
ok "--beta2 counts"

# Schedules: rates of the steps as the log has them
while IFS='|' read -r args expected; do
	# shellcheck disable=SC2086
	run 0 train -t 1 -b 16 --lr 0.08 $args -o b.safetensors --force --log b.jsonl v.sst && [ "$(rates b.jsonl)" = "$expected" ]
	ok "rates: $args"
done <<'END'
--schedule constant|0.08 0.08 0.08 0.08 0.08 0.08 0.08 0.08
--schedule constant --warmup 1|0.04 0.08 0.08 0.08 0.08 0.08 0.08 0.08
--schedule cosine-epoch|0.08 0.08 0.0682843 0.0682843 0.04 0.04 0.0117157 0.0117157
--schedule cosine-epoch1|0.0682843 0.0682843 0.04 0.04 0.0117157 0.0117157 0 0
--schedule cosine-epoch1 --lr-end 0.04|0.0741421 0.0741421 0.06 0.06 0.0458579 0.0458579 0.04 0.04
--schedule milestones --milestones 1,3|0.08 0.08 0.008 0.008 0.008 0.008 0.0008 0.0008
--schedule milestones --milestones 2 --gamma 0.5|0.08 0.08 0.08 0.08 0.04 0.04 0.04 0.04
--decay-epochs 2|0.08 0.0682843 0.04 0.0117157 0 0 0 0
END
helper log b.jsonl 1 $STEPS
ok "each step once"

# Accumulation: two batches of 8 in a step
run 0 train -t 1 -b 8 --accumulate 2 -o a.safetensors --force --log a.jsonl v.sst && [ "$(get steps a.safetensors)" -eq $STEPS ] &&
    helper log a.jsonl 1 $STEPS && run 0 train -t 3 -b 8 --accumulate 2 -o b.safetensors --force v.sst && cmp a.safetensors b.safetensors
ok "--accumulate 2 takes twice the images for a step; the same bytes on three threads"
rm -f b.safetensors
run 3 train -t 1 -b 8 --accumulate 2 -o b.safetensors cut.sst && run 0 train -t 1 -b 8 --accumulate 2 -o b.safetensors --resume v.sst &&
    cmp a.safetensors b.safetensors
ok "it stops and goes on to the same bytes"
# With all images alike two batches say the same as one.
views n=16 epochs=2 same=1 >s.sst && views n=8 epochs=2 same=1 >h.sst &&
    run 0 train -t 1 -b 8 --accumulate 2 --weight-decay 0 -o a.safetensors --force --log a.jsonl s.sst &&
    run 0 train -t 1 -b 8 --weight-decay 0 -o b.safetensors --force --log b.jsonl h.sst &&
    [ "$(sed 's/.*"loss":\([^,]*\),.*/\1/' a.jsonl | head -1)" = "$(sed 's/.*"loss":\([^,]*\),.*/\1/' b.jsonl | head -1)" ]
ok "its loss is the mean of both batches"

while IFS='|' read -r args why; do
	# shellcheck disable=SC2086
	run 2 train -t 1 -b 16 -o no.safetensors $args v.sst && says "$why" && [ ! -e no.safetensors ]
	ok "misuse: $args"
done <<'END'
--optimizer rmsprop|--optimizer 'rmsprop' is none of sgd, 
--schedule linear|--schedule 'linear' is none of cosine, 
--decay some|--decay 'some' is none of weights, all
--beta2 0.99|--beta2 does not fit --optimizer sgd
--trust 0.02|--trust does not fit --optimizer sgd
--optimizer lars --lr 0.1 --clip|--clip does not fit --optimizer lars
--optimizer adam --lr 0.1 --momentum 1|must be below 1
--milestones 2,3|need each other
--schedule milestones|need each other
--schedule milestones --milestones 3,2|are not rising whole numbers
--schedule milestones --milestones 1.5|'1.5' is not a whole number
--lr 0.01 --lr-end 0.02|is above
--schedule constant --lr-end 0.01|--lr-end does not fit --schedule constant
--schedule milestones --milestones 2 --decay-epochs 3|--decay-epochs does not fit --schedule milestones
--gamma 0.5|--gamma does not fit --schedule cosine
--optimizer adamw|needs --lr: that of --method simsiam is for sgd
--predictor none --predictor-lr 1|no predictor learns
--predictor fixed --predictor-lr fixed|no predictor learns
--predictor-lr no|--predictor-lr
--predictor-lr 0|--predictor-lr
--accumulate 0|--accumulate
--clip-by tensor|no effect without --clip-grad
--clip-by layer|--clip-by 'layer' is none of network, tensor
--clip-grad -1|--clip-grad
--vector-lr 0|--vector-lr
--lr 0 --vector-lr 0.1|do not fit each other
--weight-decay-end 11|--weight-decay-end
--backbone-lr-scale -1|--backbone-lr-scale
--accumulate 3|has 34 records, less than a step of 48
END
run 2 ss-train -t 1 -b 16 --method simclr --predictor-lr fixed -o no.safetensors v.sst && says 'has no predictor'
ok "misuse: --predictor-lr without a predictor"
views n=34 unknown=1 >u.sst
run 2 train -t 1 -b 16 --steps 2 --schedule cosine-epoch -o no.safetensors u.sst && says 'does not say how long one is'
ok "misuse: epochs of a stream that does not say how long they are"
done_testing
