#!/bin/bash
# tune.t - what a run of ss-train begins with: another run's network, fine-tuned or frozen, or numbers by a rule
. "$(dirname "$0")/lib.sh"
unset SS_THREADS SS_DATA
helper() { "$PYTHON" "$TOP/tests/cli/views.py" "$@"; }
views() { helper views "$@"; }
get() { ss-info --get "$1" "$2"; }
# same A B TENSOR: whether two models have the same numbers there
same() {
	helper value "$1" "$3" >x && helper value "$2" "$3" >y && cmp -s x y
}
HEADS="--projector 32bnr,32bN --predictor 8bnr,32b"
# shellcheck disable=SC2086
first() { ss-train -q -t 1 -b 16 $HEADS "$@"; }
tune() { ss-train -q -t 1 -b 16 --method supervised --classes 4 --lr 0.02 "$@"; }

views n=40 epochs=2 extra=1 >two.sst && views n=40 epochs=2 extra=1 names=image >one.sst && views n=40 epochs=2 extra=1 names=image c=1 >gray.sst
ok "fixtures are made"
run 0 first -o a.safetensors --mean 0.4,0.5,0.6 --std 0.3 --norm-eps 1e-3 --norm-momentum 0.02 two.sst &&
    [ "$(get norm a.safetensors),$(get init a.safetensors),$(get from a.safetensors)" = "0.001,0.02,pytorch,none" ]
ok "a model says how it normalises, and what it began with"

# Fine-tuning

run 0 tune --init a.safetensors -o f.safetensors --log f.jsonl one.sst && helper log f.jsonl 1 4 &&
    [ "$(get from f.safetensors)" = "$(ss-info --digest a.safetensors) backbone simsiam" ] &&
    [ "$(get mean f.safetensors) $(get norm f.safetensors)" = "$(get mean a.safetensors) 0.001,0.02" ] &&
    ! same a.safetensors f.safetensors conv1.weight
ok "--init: backbone, input and norms of the other model, all of it trained"
run 0 tune --init a.safetensors --lr 0 --weight-decay 0 --steps 1 -o b.safetensors one.sst && same a.safetensors b.safetensors conv1.weight &&
    same a.safetensors b.safetensors layer3.2.bn2.bias && ! same a.safetensors b.safetensors bn1.running_mean
ok "its weights are those, and its statistics go on"
run 0 tune --init a.safetensors --steps 1 --mean 0.5 --norm-eps 1e-5 -o b.safetensors --force one.sst &&
    [ "$(get mean b.safetensors) $(get norm b.safetensors)" = "0.5,0.5,0.5 1e-05,0.02" ]
ok "what is said goes before what the model says"
run 0 tune --init a.safetensors -t 3 -o b.safetensors --force one.sst && cmp b.safetensors f.safetensors
ok "the same bytes on three threads"
head -c $(($(stat -c %s one.sst) * 6 / 10)) one.sst >cut.sst && rm b.safetensors
run 3 tune --init a.safetensors -o b.safetensors cut.sst && [ "$(get step b.safetensors)" -gt 0 ] &&
    run 0 tune --init a.safetensors -o b.safetensors --resume one.sst && cmp b.safetensors f.safetensors
ok "it stops and goes on to the same bytes"
run 0 first -o other.safetensors --seed 1 two.sst && cp f.safetensors g.safetensors
for args in "--init other.safetensors" "" "--init a.safetensors --init-parts all" "--init a.safetensors --freeze backbone" \
    "--init a.safetensors --norm-eps 1e-4" "--init a.safetensors --norm-momentum 0.1" "--init a.safetensors --backbone-lr-scale 0.1"; do
	# shellcheck disable=SC2086
	run 2 tune $args -o g.safetensors --resume one.sst && says 'was begun with other options' && cmp f.safetensors g.safetensors
	ok "--resume is refused with '$args'"
done
run 0 tune --init a.safetensors --backbone-lr-scale 0.1 -o b.safetensors --force one.sst && run 1 ss-cmp b.safetensors f.safetensors
ok "--backbone-lr-scale: the backbone learns at a rate of its own"

# Behind a frozen backbone

run 0 tune --init a.safetensors --freeze backbone --optimizer adamw --weight-decay 0.1 -o z.safetensors one.sst &&
    for t in $(helper tensors a.safetensors | grep -v -e '^optimizer' -e '^pro' -e '^pre'); do
	same a.safetensors z.safetensors "$t" || { echo "# $t"; false; break; }
    done
ok "--freeze backbone: not one byte of it changes, statistics neither"
run 0 tune --init a.safetensors --freeze backbone --steps 1 --momentum 0 --weight-decay 0 --lr 0.5 -o z.safetensors --force one.sst &&
    run 0 tune --init a.safetensors --steps 1 --lr 0 --freeze backbone -o z0.safetensors --force one.sst &&
    ss-embed -q -m a.safetensors one.sst -o one.emb && "$PYTHON" "$TOP/tests/sst_read.py" one.emb embedding >x.f32 &&
    "$PYTHON" "$TOP/tests/sst_read.py" one.emb label >y.i32
if "$PYTHON" -c 'import numpy' 2>/dev/null; then
	"$PYTHON" - "$TOP" <<'END'
# One step of the classifier by hand: softmax regression on the features that ss-embed gives.
import sys
import numpy as np
sys.path.insert(0, sys.argv[1] + "/tests")
import read_model
tensors, _ = read_model.read("z0.safetensors")
after, _ = read_model.read("z.safetensors")
x = np.fromfile("x.f32", "<f4").reshape(-1, 64)[:16].astype("f8")
y = np.fromfile("y.i32", "<i4")[:16]
w, b = tensors["projector.0.weight"].astype("f8"), tensors["projector.0.bias"].astype("f8")
s = x @ w.T + b
p = np.exp(s - s.max(1, keepdims=True))
p /= p.sum(1, keepdims=True)
p[np.arange(16), y] -= 1
dw, db = p.T @ x / 16, p.mean(0)
for have, want, d in ((after["projector.0.weight"], w - 0.5 * dw, dw), (after["projector.0.bias"], b - 0.5 * db, db)):
    worst = np.abs(have - want).max() / np.abs(d).max()
    assert worst < 1e-4, worst
END
	ok "a step of it is one of softmax regression on ss-embed's features, in numpy"
else
	skip "a step of it is one of softmax regression on ss-embed's features, in numpy" "numpy is not installed"
fi
run 0 first --freeze backbone --init a.safetensors --init-parts all -o z.safetensors --force two.sst && same a.safetensors z.safetensors layer2.1.conv1.weight &&
    ! same a.safetensors z.safetensors projector.0.weight
ok "heads of other methods learn behind it too"

# Norms that keep their statistics

run 0 tune --init a.safetensors --norm-statistics running -o r.safetensors one.sst &&
    for t in $(helper tensors a.safetensors | grep -e '^[bl].*running_'); do
	same a.safetensors r.safetensors "$t" || { echo "# $t"; false; break; }
    done && ! same a.safetensors r.safetensors bn1.weight && ! same a.safetensors r.safetensors conv1.weight && ! cmp -s r.safetensors f.safetensors
ok "--norm-statistics running: statistics stay, all else learns"
run 0 tune --init a.safetensors --norm-statistics running -t 3 -o b.safetensors --force one.sst && cmp b.safetensors r.safetensors &&
    run 0 tune --init a.safetensors --norm-statistics batch -o b.safetensors --force one.sst && cmp b.safetensors f.safetensors
ok "the same bytes on three threads; batch is the default"
# A record's loss does not depend on its neighbours: that of a batch is the mean of its halves'.
losses() { sed -n 's/.*"loss":\([-0-9.e]*\).*/\1/p' "$1"; }
halves() {
	run 0 tune --init a.safetensors --lr 0 --weight-decay 0 --norm-statistics "$1" --steps 1 --log whole.jsonl -o b.safetensors --force one.sst &&
	    run 0 tune --init a.safetensors --lr 0 --weight-decay 0 --norm-statistics "$1" --steps 2 -b 8 --log halves.jsonl -o b.safetensors --force one.sst &&
	    losses whole.jsonl >whole && losses halves.jsonl >halves && awk 'NR == FNR { whole = $1; next } { sum += $1 }
		END { d = whole - sum / 2; exit !(FNR == 2 && d < 1e-5 && d > -1e-5) }' whole halves
}
halves running && ! halves batch
ok "a batch is no more than its records"
run 0 first --norm-statistics running --steps 1 --init a.safetensors --init-parts all -o b.safetensors --force two.sst
ok "heads with it too"

# More of the same method

run 0 ss-train -q -t 1 -b 16 --init a.safetensors --init-parts all --lr 0 --weight-decay 0 --steps 1 -o c.safetensors two.sst &&
    [ "$(get projector c.safetensors) $(get predictor c.safetensors)" = "32bnr,32bN 8bnr,32b" ] &&
    same a.safetensors c.safetensors projector.3.weight && same a.safetensors c.safetensors predictor.0.weight
ok "--init-parts all: the heads too, of the shape that they have"
run 0 ss-train -t 1 -b 16 --init a.safetensors --init-parts all --predictor 16bnr,32b --lr 0 --weight-decay 0 --steps 1 -o c.safetensors --force two.sst &&
    same a.safetensors c.safetensors projector.3.weight && [ "$(get predictor c.safetensors)" = "16bnr,32b" ] && same a.safetensors c.safetensors predictor.3.bias
ok "where they fit"
run 0 ss-train -t 1 -b 16 --method byol --projector 16bnr,8b --predictor 16bnr,8b --init a.safetensors --init-parts all --lr 0 --target-momentum 1 \
    --steps 1 -o c.safetensors --force two.sst && says "no head of 'a.safetensors' has the names and shapes of these: only its backbone is taken" &&
    helper value c.safetensors target.conv1.weight >x && helper value a.safetensors conv1.weight >y && cmp x y
ok "a target network begins as the trained one; heads that do not fit are told"

# What is refused

run 0 first --arch resnet32 --steps 1 -o deep.safetensors two.sst
ok "a deeper network"
cp a.safetensors flip.safetensors && "$PYTHON" -c 'b = bytearray(open("flip.safetensors", "rb").read())
b[len(b) // 2] ^= 1
open("flip.safetensors", "wb").write(b)'
while IFS='|' read -r status args why; do
	# shellcheck disable=SC2086
	run "$status" tune $args -o no.safetensors && says "$why" && [ ! -e no.safetensors ]
	ok "refused: $args"
done <<'END'
2|--init a.safetensors --arch resnet32 one.sst|--arch resnet32: 'a.safetensors' is a resnet20
2|--init a.safetensors gray.sst|'a.safetensors' takes images of 3 channels, the stream has 1
1|--init none.safetensors one.sst|cannot open 'none.safetensors'
3|--init one.sst one.sst|one.sst
3|--init flip.safetensors one.sst|flip.safetensors
2|--init-parts all one.sst|--init-parts says what to take from --init, which is not given
2|--init a.safetensors --init-parts heads one.sst|--init-parts 'heads' is none of backbone, all
2|--freeze all one.sst|--freeze 'all' is none of backbone
2|--freeze backbone --backbone-lr-scale 0.1 one.sst|do not fit each other
2|--init-weights he one.sst|--init-weights 'he' is none of pytorch, torchvision, keras
2|--norm-eps -1 one.sst|--norm-eps
2|--norm-eps 2 one.sst|--norm-eps
2|--norm-momentum 1.5 one.sst|--norm-momentum
2|--norm-statistics mean one.sst|--norm-statistics 'mean' is none of batch, running
END
cp a.safetensors s.safetensors
run 2 tune --init s.safetensors -o s.safetensors --force one.sst && says "'s.safetensors' is input and output at once" && cmp a.safetensors s.safetensors
ok "a model is not overwritten by what begins with it"
run 0 tune --init deep.safetensors --steps 1 -o b.safetensors --force one.sst && [ "$(get arch b.safetensors)" = resnet32 ]
ok "the network is that of --init"

# Numbers by a rule, and norms

run 0 first --steps 1 --lr 0 --weight-decay 0 -o p.safetensors two.sst
ok "PyTorch's numbers are the default"
for o in "--init-weights torchvision" "--init-weights keras" "--zero-gamma" "--norm-eps 1e-3" "--norm-momentum 0.01" "--norm-statistics running"; do
	# shellcheck disable=SC2086
	run 0 first --steps 1 --lr 0 --weight-decay 0 $o -o b.safetensors --force two.sst && run 1 ss-cmp p.safetensors b.safetensors &&
	    run 2 first --steps 1 --lr 0 --weight-decay 0 -o b.safetensors --resume two.sst && says 'was begun with other options'
	ok "$o counts, and a run goes on only with it"
done
run 0 first --init-weights keras --zero-gamma --steps 1 -o b.safetensors --force two.sst && [ "$(get init b.safetensors)" = "keras zero-gamma" ]
ok "the rule stands in the model"
# In the Keras example's network a ReLU follows the gamma that begins as 0: the block stays silent, the others learn.
run 0 first --arch resnet20v2 --init-weights keras --zero-gamma --norm-eps 1e-3 --norm-momentum 0.01 --weight-decay 0 -o k.safetensors two.sst &&
    run 0 first --arch resnet20v2 --init-weights keras --zero-gamma --norm-eps 1e-3 --norm-momentum 0.01 --lr 0 --weight-decay 0 -o k0.safetensors two.sst &&
    same k.safetensors k0.safetensors layer1.1.bn3.weight && same k.safetensors k0.safetensors layer1.1.conv3.weight &&
    ! same k.safetensors k0.safetensors layer1.0.bn3.weight && ! same k.safetensors k0.safetensors layer2.0.conv3.weight
ok "pre-activation blocks with --zero-gamma stay what they are"
run 0 ss-embed -q -m a.safetensors one.sst -o e1.sst && "$PYTHON" - <<'END'
# The same model, said to have another eps: other features.
import json, struct, zlib
b = open("a.safetensors", "rb").read()
n, = struct.unpack("<Q", b[:8])
o = json.loads(b[8:8 + n])
o["__metadata__"]["ss.norm"] = "0.5,0.02"
del o["__metadata__"]["ss.header.crc32"]
for k in [k for k in o["__metadata__"] if k.startswith("ss.crc32.")]:
    del o["__metadata__"][k]
h = json.dumps(o).encode()
open("eps.safetensors", "wb").write(struct.pack("<Q", len(h)) + h + b[8 + n:])
END
run 0 ss-embed -q -m eps.safetensors one.sst -o e2.sst && run 1 ss-cmp e1.sst e2.sst && run 0 ss-info --header e1.sst && mv out h1 &&
    run 0 ss-info --header e2.sst && [ "$(grep -o 'MD:[0-9a-f]*' h1)" != "$(grep -o 'MD:[0-9a-f]*' out)" ]
ok "ss-embed normalises with the model's eps"
run 0 ss-embed -q -m k.safetensors --untrained 0 one.sst -o e1.sst --force && run 0 ss-embed -q -m k0.safetensors --untrained 0 one.sst -o e2.sst --force &&
    run 0 ss-cmp e1.sst e2.sst && run 0 ss-embed -q --untrained 0 --arch resnet20v2 one.sst -o e1.sst --force && run 1 ss-cmp e1.sst e2.sst &&
    run 2 ss-embed -m k.safetensors --untrained 0 --arch resnet20v2 one.sst && says 'the model knows its own'
ok "a model's network as it was before training has its rule and its eps"
done_testing
