#!/bin/bash
# ss-model: weights of other programs in, and out to them
. "$(dirname "$0")/lib.sh"
"$PYTHON" -c 'import numpy' 2>/dev/null || { skip "all of it" "numpy is not there"; done_testing; exit; }

m() {
	"$PYTHON" "$TOP/tests/cli/model.py" "$@"
}
# absent FILE...: none of them, nor a temporary, was left behind
absent() {
	for f; do
		[ ! -e "$f" ] && [ ! -e ".$f.tmp" ] || return 1
	done
}
# Models of two networks, and the backbone of one as other programs would have it.
PYTHONDONTWRITEBYTECODE=1 "$PYTHON" "$TOP/tests/cli/views.py" views n=16 h=12 w=8 >v.sst
ss-load shapes --size 16 --records 20 >images.sst
train() {
	ss-train -q -t 1 -b 8 --steps 1 "$@" v.sst
}
train --method swav --projector 32bnr,16b --prototypes 9 -o net.safetensors && m dict net.safetensors state.npz &&
    m dict net.safetensors want.safetensors bare
[ -s want.safetensors ]
ok "fixtures"

# --- in
run 0 ss-model import -o in state.npz && m same in want.safetensors
ok "import: an archive of numpy.savez"
grep -q "^ss-model: 'state.npz' holds the weights of a resnet20, " err && grep -q 'normalised as ImageNet.*0.485,0.456,0.406.*0.229,0.224,0.225' err &&
    grep -q "left out: 'fc.weight' (f32 5,64)$" err && grep -q "left out: num_batches_tracked, of 19 norms$" err && [ "$(wc -l <err)" -eq 5 ]
ok "what was found, supposed and left out is told"
run 0 ss-info --check in && [ ! -s err ] && [ "$(ss-info --get arch in)" = resnet20 ] && [ "$(ss-info --get method in)" = imported ] &&
    [ "$(ss-info --get image in)" = 3,32,32 ] && [ "$(ss-info --get history in)" = 'ss-model import state.npz' ]
ok "a model that ss-info knows"
run 0 ss-model import -q -o again state.npz && cmp in again && [ ! -s err ]
ok "the same bytes again; --quiet"
m dict net.safetensors packed.npz packed
run 0 ss-model import -q -o packed packed.npz && run 0 ss-cmp in packed
ok "an archive of numpy.savez_compressed"
m dict net.safetensors foreign.safetensors
run 0 ss-model import -q -o plain foreign.safetensors && run 0 ss-cmp in plain
ok "safetensors without metadata of ours"
m dict net.safetensors half.npz f16 && m dict net.safetensors half.safetensors f16 back bare
run 0 ss-model import -q -o half half.npz && m same half half.safetensors
ok "f16 loses nothing"
m dict net.safetensors brain.safetensors bf16 && m dict net.safetensors truncated.safetensors truncated bare
run 0 ss-model import -q -o brain brain.safetensors && m same brain truncated.safetensors
ok "bf16 loses nothing"
m dict net.safetensors double.npz f64
run 0 ss-model import -q -o double double.npz && run 0 ss-cmp in double
ok "f64"
m dict net.safetensors wider.npz wider && m dict net.safetensors rounded.safetensors wider rounded bare
run 0 ss-model import -q -o wider wider.npz && m same wider rounded.safetensors
ok "f64 is rounded as numpy does"

refused() {
	m dict net.safetensors "$1.npz" "$1"
	run 3 ss-model import -q -o none "$1.npz" && says "'*$1.npz.*$2" && absent none
	ok "refused: $1"
}
refused large "'bn1.weight': element 1 is 1e+39"
refused nan "'layer1.0.bn2.bias': element 1 is nan"
refused inf "'conv1.weight': element 1 is -inf"
refused negative "'bn1.running_var': element 1 is -0.001, and a variance"
refused integers "'bn1.bias' is of i64"
refused fortran "fortran.npz(conv1.weight.npy).*Fortran order"
refused big-endian "big-endian.npz(conv1.weight.npy).*elements of type '>f4'"
refused absent "for resnet20, the nearest, it has no tensor 'layer2.0.bn1.running_var' (f32 32)$"
refused absent-stem "no tensor 'conv1.weight'"
refused shape "'layer1.0.conv1.weight' is f32 16,16,2,2, wanted f32 16,16,3,3$"
refused more "for resnet20, the nearest, there is no place for its tensor 'layer1.7.conv1.weight'$"
refused stray-bias "no place for its tensor 'layer1.0.bias'"
refused wide-bias "tensor 'conv1.bias' does not fit its convolution, which has 16 outputs"
refused prefixed "no tensor 'conv1.weight', but 'module.encoder_q.conv1.weight': try --strip module.encoder_q.$"
for pair in "absent:it has no tensor 'layer2.0.bn1.running_var' (f32 32)" 'shape:wanted f32 16,16,3,3' \
    "more:no place in a resnet20 for tensor 'layer1.7.conv1.weight'" "stray-bias:no place in a resnet20 for tensor 'layer1.0.bias'"; do
	run 3 ss-model import -q --arch resnet20 -o none "${pair%%:*}.npz" && says "${pair#*:}" && absent none
	ok "refused with --arch: ${pair%%:*}"
done
run 3 ss-model import -q --arch resnet32 -o none state.npz && says "not hold the weights of a resnet32: it has no tensor 'layer1.3.conv1.weight'" && absent none
ok "another --arch than the file's"
run 0 ss-model import -q --arch resnet20 -o arch state.npz && run 0 ss-cmp in arch
ok "--arch"
m dict net.safetensors odd.npz fortran-fc
run 0 ss-model import -q -o odd odd.npz && run 0 ss-cmp in odd
ok "what is left out may be in Fortran order"
m dict net.safetensors queue.safetensors queue
run 0 ss-model import -o queue queue.safetensors && run 0 ss-cmp in queue &&
    ss-model import -o queue --force queue.safetensors 2>err && grep -q -F "left out: 'queue\\t\\x1b[2J' (f32 3,2)" err
ok "an unknown tensor is left out and named, without what a terminal would obey"
run 3 ss-model import -q --strict -o none queue.safetensors && says "no place in a resnet20 for tensor 'queue.*--strict" && absent none
ok "--strict refuses it"
run 0 ss-model import -q --strict -o strict state.npz && run 0 ss-cmp in strict
ok "--strict passes counters and fc.*"
m dict net.safetensors words.npz words
run 0 ss-model import -o words words.npz && run 0 ss-cmp in words && ss-model import --force -o words words.npz 2>err &&
    grep -q "left out: 'note' (not read)$" err
ok "a text in the archive is left out"

m dict net.safetensors bias.npz bias && m dict net.safetensors biased.safetensors biased bare
run 0 ss-model import -o bias bias.npz && grep -q 'bias of a convolution went into the running mean behind it' err && m same bias biased.safetensors
ok "the bias of a convolution goes into the running mean behind it"

# --- Keras
m dict net.safetensors keras.npz keras
run 0 ss-model import -o keras keras.npz && grep -q 'biases of 19 convolutions' err && grep -q "left out: 'predictions/kernel:0'" err &&
    [ "$(ss-info --get norm keras)" = 1.001e-05,0.01 ] && [ "$(ss-info --get arch keras)" = resnet20 ] && m same keras want.safetensors 1e-6
ok "Keras' names and layout"
m dict net.safetensors names.npz keras-names
run 0 ss-model import -q --strip body/ -o names names.npz && run 0 ss-cmp keras names
ok "the same behind a prefix, without the numbers of Keras 2"
run 3 ss-model import -q -o none names.npz && says "has no tensor 'conv1.weight'" && absent none
ok "Keras' names behind a prefix that is not taken off"
m dict net.safetensors bgr.npz bgr
run 0 ss-model import --bgr -o bgr bgr.npz && run 0 ss-cmp in bgr && [ "$(ss-info --get std bgr)" = 0.00392156886,0.00392156886,0.00392156886 ] &&
    ss-info --get mean bgr | grep -q '^0.4850[0-9]*,0.4579[0-9]*,0.4076[0-9]*$'
ok "--bgr"

# --- prefixes
run 0 ss-model import -q --strip module.encoder_q. -o strip prefixed.npz && run 0 ss-cmp in strip
ok "--strip"
m dict net.safetensors moco.npz moco
run 0 ss-model import --strip module.encoder_q. -o moco moco.npz && grep -q "left out: 117 tensors that do not begin as --strip says" err &&
    run 0 ss-cmp in moco
ok "--strip takes one of two networks, and counts the rest"
run 0 ss-model import -v --force --strip module.encoder_q. -o moco moco.npz && [ "$(grep -c "left out: 'module.encoder_k" err)" -gt 90 ]
ok "--verbose names each"
run 3 ss-model import --strip module.encoder_q. --strip module.encoder_k. -o none moco.npz && says "both 'module.encoder_[kq].* are '.*' here$" &&
    absent none
ok "two networks under one name"
run 0 ss-model import -q --strip module. --strip module.encoder_q. -o longest prefixed.npz && run 0 ss-cmp in longest
ok "the longest prefix counts"
run 3 ss-model import -q --strip nothing. -o none state.npz && says "has no tensor 'conv1.weight'" && absent none
ok "no name begins so"

# --- images
run 0 ss-model import -o norm --mean 0.5 --std 0.1,0.2,0.3 --norm-eps 1e-3 --size 64 state.npz && ! grep -q normalised err &&
    [ "$(ss-info --get mean norm)" = 0.5,0.5,0.5 ] && [ "$(ss-info --get std norm)" = "0.100000001,0.200000003,0.300000012" ] &&
    [ "$(ss-info --get norm norm)" = 0.001,0.1 ] && [ "$(ss-info --get image norm)" = 3,64,64 ]
ok "--mean, --std, --norm-eps, --size"
run 0 ss-model import --force -o norm --mean 0.5 state.npz && grep -q 'images are normalised: mean 0.5,0.5,0.5, std 0.229,0.224,0.225' err
ok "--mean alone: the rest is told"
run 2 ss-model import -q -o none --mean 1,2 state.npz && says '--mean has 2 numbers, the images of these weights 3 channels' && absent none
ok "--mean of another number of channels"
m dict net.safetensors gray.npz gray
run 0 ss-model import -o gray gray.npz && [ "$(ss-info --get image gray)" = 1,32,32 ] && [ "$(ss-info --get mean gray)" = 0.5 ] &&
    grep -q 'by what is usual here: mean 0.5, std 0.25' err
ok "images of one channel"

# --- every way in is a way on
mean=$(ss-info --get mean net.safetensors) std=$(ss-info --get std net.safetensors)
run 0 ss-model export -o own.npz net.safetensors && run 0 ss-model import -q --mean "$mean" --std "$std" -o own own.npz &&
    ss-embed -q -m net.safetensors images.sst >a.sst && ss-embed -q -m own images.sst >b.sst && run 0 ss-cmp a.sst b.sst
ok "the embeddings are those of the model that was exported"
run 0 train --init in --lr 0 --weight-decay 0 --norm-momentum 0 -o tuned && m same want.safetensors in && ss-model export -q -o tuned.npz tuned &&
    m dict net.safetensors bare.npz bare && m same tuned.npz bare.npz && [ "$(ss-info --get mean tuned)" = "$(ss-info --get mean in)" ]
ok "ss-train --init begins with them"
run 0 ss-embed -q --untrained 1 -m in images.sst
ok "ss-embed --untrained"
run 2 ss-train -q -t 1 -b 8 --steps 1 --resume -o in v.sst && says 'was begun with other options'
ok "no run goes on from them"

# --- out
names=$(m names own.npz)
[ "$(wc -l <<<"$names")" -eq 95 ] && ! grep -q -e optimizer -e projector -e prototypes -e tracked <<<"$names"
ok "export: the backbone"
run 0 ss-model export -o out.safetensors net.safetensors && [ ! -s err ] && m same out.safetensors own.npz &&
    [ "$(ss-info --get history out.safetensors | tail -n 1)" = 'ss-model export net.safetensors' ]
ok "export: safetensors and npz hold the same"
run 0 ss-model export --format npz -o elsewhere net.safetensors && cmp elsewhere own.npz
ok "--format"
run 0 ss-model export -o - --format npz net.safetensors && cmp out own.npz && run 0 ss-model export -o - net.safetensors && cmp out out.safetensors
ok "to standard output"
run 0 ss-model import -q -o round own.npz && run 0 ss-model export -o round.npz round && cmp round.npz own.npz
ok "there and back, byte by byte"
run 0 ss-model import -o back out.safetensors && run 0 ss-cmp back out.safetensors && [ ! -s err ] && [ "$(ss-info --get mean back)" = "$mean" ] &&
    [ "$(ss-info --get history back | wc -l)" -eq "$(($(ss-info --get history net.safetensors | wc -l) + 2))" ]
ok "what export says in the metadata, import believes"
ss-embed -q -m out.safetensors images.sst >b.sst && run 0 ss-cmp a.sst b.sst
ok "an exported safetensors file is a model itself"
run 0 ss-model export --num-batches-tracked -o count.npz net.safetensors && "$PYTHON" -c '
import numpy as np
z = np.load("count.npz")
c = [k for k in z.files if k.endswith("num_batches_tracked")]
assert len(z.files) == 95 + 19 and len(c) == 19, len(z.files)
assert all(z[k].shape == () and z[k].dtype == np.int64 and z[k] == 1 for k in c)
assert {k.rsplit(".", 1)[0] for k in c} == {k.rsplit(".", 1)[0] for k in z.files if k.endswith("running_var")}'
ok "--num-batches-tracked"
run 0 ss-model import -q --strict -o counted count.npz && run 0 ss-cmp counted out.safetensors
ok "and back"
run 0 ss-model export --parts all -o all.safetensors net.safetensors && [ "$(m names all.safetensors | grep -c -e ^projector -e ^prototypes)" -eq 9 ] &&
    ss-embed -q -m net.safetensors --layer projector images.sst >p.sst && ss-embed -q -m all.safetensors --layer projector images.sst >q.sst &&
    run 0 ss-cmp p.sst q.sst
ok "--parts all"
run 0 ss-model export --no-history -o none.safetensors net.safetensors && run 0 ss-cmp none.safetensors out.safetensors &&
    ! ss-info --get history none.safetensors | grep -q ss-model
ok "--no-history"
for a in resnet32 resnet18 resnet20v2; do
	run 0 train --arch $a --projector 8b --predictor 8b -o $a.safetensors && run 0 ss-model export -q -o $a.npz $a.safetensors &&
	    run 0 ss-model import -q -o $a.in $a.npz && [ "$(ss-info --get arch $a.in)" = $a ] && run 0 ss-model export -o $a.out.npz $a.in &&
	    cmp $a.npz $a.out.npz
	ok "$a is found by its shapes"
done
run 3 ss-model export -o none foreign.safetensors && says "no 'ss.arch' in its metadata: it is not a model" && absent none
ok "export of what is no model"
head -c 3000 net.safetensors >cut.safetensors
run 3 ss-model export -o none cut.safetensors && says "'cut.safetensors' is truncated" && absent none
ok "export of a cut model"

# --- files from anybody
mkdir crafted && m crafted crafted
n=0
for f in crafted/*.npz; do
	run 3 ss-model import -o none "$f" && says "^ss-model: '*$f" && absent none || echo "# $f"
	ok "refused: $(basename "$f" .npz)"
	n=$((n + 1))
done
[ $n -eq 24 ]
ok "all of them"
size=$(stat -c %s state.npz)
wrong=''
for at in 0 1 3 4 30 100 1000 $((size / 2)) $((size - 10000)) $((size - 1000)) $((size - 23)) $((size - 22)) $((size - 1)); do
	head -c "$at" state.npz >cut.npz
	ss-model import -q -o none cut.npz 2>err
	[ $? -eq 3 ] && says '^ss-model: .*cut.npz' && absent none || wrong="$wrong $at"
done
[ -z "$wrong" ]
ok "an archive that is cut${wrong:+, but at$wrong}"
"$PYTHON" - <<'EOF'
import random
b = open("packed.npz", "rb").read()
r = random.Random(5)
for i in range(60):
    c = bytearray(b)
    c[r.randrange(len(b)) if i < 30 else len(b) - 1 - r.randrange(9000)] ^= 1 << r.randrange(8)
    open("flip%d.npz" % i, "wb").write(c)
EOF
wrong='' noticed=0
for i in $(seq 0 59); do
	ss-model import -q --force -o flip "flip$i.npz" 2>err
	case $? in
	0) ss-cmp -q flip in || wrong="$wrong $i" ;;	# a date, or a place that nothing is taken from
	3) if says '^ss-model: ' && absent .flip.tmp; then noticed=$((noticed + 1)); else wrong="$wrong $i"; fi ;;
	*) wrong="$wrong $i" ;;
	esac
done
[ -z "$wrong" ] && [ $noticed -ge 30 ]
ok "a bit that is turned is noticed, or is nothing of the weights ($noticed of 60)${wrong:+, but$wrong}"
printf '\200\2}q\0(X\4\0\0\0conv' >old.pth
run 3 ss-model import -o none old.pth && says "'old.pth' is a pickle, which is not read here"
ok "a pickle"
printf '\211HDF\r\n\032\n' >w.h5
run 3 ss-model import -o none w.h5 && says "'w.h5' is an HDF5 file"
ok "an HDF5 file"
: >empty
run 3 ss-model import -o none empty && says "'empty' is not a safetensors file"
ok "an empty file"
run 3 ss-model import -o none v.sst && says "'v.sst' is a tensor stream"
ok "a stream"
run 1 ss-model import -o none nothing && says "cannot open 'nothing': No such file"
ok "no file"
run 1 ss-model import -o none . && says "'.'"
ok "a folder"

# --- outputs and misuse
run 2 ss-model import -q -o in state.npz && says "'in' exists; --force overwrites it"
ok "an output that exists"
run 2 ss-model import -q --force -o state.npz state.npz && says "'state.npz' is input and output at once" && run 0 ss-model import -q -o still state.npz
ok "input and output at once"
run 2 ss-model export --force -o net.safetensors net.safetensors && says 'input and output at once'
ok "the same of export"
for f in safetensors npz; do
	ss-model export --format $f -o - net.safetensors >/dev/full 2>err
	[ $? -eq 1 ] && says 'No space left'
	ok "a full disk: $f"
done
while IFS='|' read -r args why; do
	# shellcheck disable=SC2086
	run 2 ss-model $args && says "$why" && absent x
	ok "misuse: ss-model $args"
done <<'EOF'
|say import or export
convert -o x state.npz|say import or export
import -o x|import: which file
import -o x state.npz half.npz|import: one file
import state.npz|-o is missing
export net.safetensors|-o is missing
export --strict -o x net.safetensors|--strict goes with import alone
import --parts all -o x state.npz|--parts goes with export alone
export --parts some -o x net.safetensors|--parts
export --format pth -o x net.safetensors|--format
import --arch resnet9 -o x state.npz|--arch 'resnet9' is unknown
import --size 0 -o x state.npz|--size
import -q --size 2 -o x state.npz|sides 4..4096
import --std 0 -o x state.npz|--std
import -q --bgr -o x gray.npz|--bgr is for images of 3 channels
import --norm-eps 2 -o x state.npz|--norm-eps
import --what -o x state.npz|unknown option
EOF
run 2 ss-model import --strip '' -o x state.npz && says '--strip'
ok "misuse: an empty prefix"
run 0 ss-model --help && grep -q -e '--num-batches-tracked' out && grep -q resnet20v2 out
ok "--help"
done_testing
