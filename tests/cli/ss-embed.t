#!/bin/bash
# ss-embed.t - embeddings that depend on image and model alone, and are what the model file says
. "$(dirname "$0")/lib.sh"
unset SS_THREADS
helper() { "$PYTHON" "$TOP/tests/cli/views.py" "$@"; }
images() { helper views names=image "$@"; }
get() { ss-info --get "$1" "$2"; }
HEADS="--projector 24bnr,20bN --predictor 9bnr,20b"

# shellcheck disable=SC2086
helper views n=32 epochs=2 >v.sst && images n=45 extra=1 frame=11 seed=3 >i.sst && ss-info --check i.sst &&
    ss-train -t 1 -b 16 $HEADS --seed 5 --keep 9 --checkpoint-every 1 -o m.safetensors v.sst &&
    [ "$(get step m.safetensors.4)" -eq 0 ]
ok "fixtures are made: images, a model, and what it was before its first step"

# The command line

run 0 ss-embed --help && grep -q '^usage: ss-embed -m model' out && [ ! -s err ]
ok "--help explains on standard output"
sed -n '/struct option longopts/,/};/s/^.*{ "\([a-z-]*\)",.*/--\1/p' "$TOP/tools/ss-embed.c" | sort >known
grep -o -e '--[a-z][a-z-]*' out | sort -u |
    grep -v -x -e --help -e --version -e --quiet -e --verbose -e --force -e --no-history >shown
[ "$(wc -l <known)" -gt 7 ] && cmp known shown
ok "--help names every option and no other"

while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-embed $args i.sst && says '^ss-embed: ' && [ ! -s out ]
	ok "misuse: ss-embed $args"
done <<'END'

--nonsense
--layer
-m m.safetensors --untrained 1 --arch resnet20
-m m.safetensors i.sst
-m m.safetensors --arch resnet20
-m m.safetensors --method simclr
-m m.safetensors --threads 1025
-m m.safetensors --cpu z80
-m m.safetensors --tensor view1
-m m.safetensors --tensor label
--untrained x
--untrained -1
--untrained 18446744073709551616
--untrained 1 --arch resnet21
--untrained 1 --method bayol
--untrained 1 --method simclr --layer predictor
END
run 2 ss-embed -m m.safetensors --layer projector.5 i.sst &&
    says "no layer 'projector.5'; it has layer1 to layer3, backbone, projector.0, projector.2, projector.3, projector.4, predictor.0, predictor.2, predictor.3, projector, predictor$"
ok "an unknown layer: the names of those there are"
run 2 ss-embed -m m.safetensors v.sst && says "v.sst has no tensor 'image'; it has views: name one with --tensor"
ok "views are not images, but one can be named"
run 0 ss-embed -m m.safetensors --tensor view2 v.sst && mv out x.sst && [ "$(get tensors x.sst | tr '\n' ' ')" = "embedding view1 " ]
ok "--tensor view2"
run 2 ss-embed -m m.safetensors x.sst && says "x.sst has no tensor 'image'"
ok "embeddings are not images"
run 2 ss-embed -m m.safetensors --tensor view1 x.sst && says "has a tensor 'embedding' already"
ok "a stream does not get two embeddings"

# Models that cannot be

run 1 ss-embed -m none.safetensors i.sst && says "none.safetensors.*No such file"
ok "no model"
run 3 ss-embed -m i.sst i.sst && says "i.sst"
ok "a model of another kind"
head -c 100000 m.safetensors >cut.safetensors
run 3 ss-embed -m cut.safetensors i.sst && says "cut.safetensors"
ok "a model that is cut"
"$PYTHON" -c 'import sys
b = bytearray(open("m.safetensors", "rb").read())
b[len(b) // 3] ^= 1
sys.stdout.buffer.write(b)' >flip.safetensors
run 3 ss-embed -m flip.safetensors i.sst && says "flip.safetensors.*damaged"
ok "a model with a flipped bit"
"$PYTHON" -c 'import json, struct, sys
h = json.dumps({"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
sys.stdout.buffer.write(struct.pack("<Q", len(h)) + h + bytes(4))' >other.safetensors
run 3 ss-embed -m other.safetensors i.sst && says "'other.safetensors' has no 'ss.arch' in its metadata: it is not a model of ss-train"
ok "somebody else's tensors"

# Streams that cannot be

images n=5 dtype=f32 >float.sst && images n=5 h=3 w=9 >low.sst && images n=5 c=1 >gray.sst && images n=5 major=2 >newer.sst &&
    images n=0 extra=1 >empty.sst && images n=45 error=2 >error.sst && head -c $(($(stat -c %s i.sst) / 2)) i.sst >cut.sst
ok "more fixtures"
while IFS='|' read -r file status message; do
	run "$status" ss-embed -m m.safetensors "$file" && says "$message"
	ok "$file is refused"
done <<'END'
float.sst|2|'image' is not u8 of one fixed shape
low.sst|2|resnet20 cannot take images of 3 x 3 x 9 (channels 1..4, sides 4..4096)
gray.sst|2|'m.safetensors' takes images of 3 channels, the stream has 1
newer.sst|3|newer version
/dev/null|3|empty input
m.safetensors|3|m.safetensors
none.sst|1|cannot open 'none.sst'
cut.sst|3|cut.sst: frame
error.sst|4|upstream failed: views: asked to fail
END
run 0 ss-embed -m m.safetensors empty.sst && mv out x.sst && ss-info --check x.sst && [ "$(get total x.sst)" -eq 0 ] && [ "$(get shape:embedding x.sst)" = 64 ]
ok "no images: no embeddings, and a sound stream"
mkdir folder
run 3 ss-embed -m m.safetensors -o folder/x.sst cut.sst && [ -z "$(ls -A folder)" ]
ok "no output of a cut stream"
ss-embed -m m.safetensors cut.sst 2>/dev/null | ss-info --check 2>err
[ "${PIPESTATUS[*]}" = "3 4" ] && says 'upstream failed: ss-embed: cut.sst: frame'
ok "the program behind hears of it"
ss-embed -m none.safetensors i.sst 2>/dev/null | ss-info --check 2>err
[ "${PIPESTATUS[*]}" = "1 4" ] && says 'upstream failed: ss-embed: .*none.safetensors'
ok "also of a model that is not there"

# Outputs

ss-embed -m m.safetensors i.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'standard output: cannot write: No space left'
ok "a full disk"
images n=2000 frame=10 >large.sst
(ss-embed -t 1 -m m.safetensors large.sst 2>err; echo $? >status) | head -c 1000 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves: SIGPIPE, silently"
run 0 ss-embed -m m.safetensors -o e.sst i.sst && [ ! -s out ] && [ ! -s err ] && ss-info --check e.sst
ok "-o writes a file"
run 2 ss-embed -m m.safetensors -o e.sst i.sst && says "'e.sst' exists"
ok "and not over another"

# The stream

[ "$(get tensors e.sst | tr '\n' ' ')" = "embedding index label " ] && [ "$(get type:embedding e.sst),$(get shape:embedding e.sst)" = f32,64 ] &&
    [ "$(get records e.sst)" -eq 45 ]
ok "the image gives way to the embedding; all else is passed on"
"$PYTHON" "$TOP/tests/sst_read.py" i.sst label >want && "$PYTHON" "$TOP/tests/sst_read.py" e.sst label >have && cmp want have &&
    "$PYTHON" "$TOP/tests/sst_read.py" i.sst index >want && "$PYTHON" "$TOP/tests/sst_read.py" e.sst index >have && cmp want have && [ -s have ]
ok "labels and indices are what they were"
run 0 ss-info --header e.sst && grep -q "^@XY	ZZ:of a later version$" out && grep -q "^@LB	ID:0	NM:dark$" out &&
    grep -q "^@PG	ID:ss-embed	.*PP:views	.*CL:ss-embed -m m.safetensors i.sst$" out
ok "so are labels' names, lines of later versions, and the history"
grep -q "^@EM	LY:backbone	AR:resnet20	ST:trained	ME:simsiam	MD:[0-9a-f]\{8\}$" out
ok "a line says which layer of what this is"

# The same bytes

embed() { run 0 ss-embed --no-history "$@" && mv out x.sst; }
embed -t 1 -m m.safetensors i.sst && mv x.sst want.sst
ok "embeddings to compare with"
for t in 2 3 0; do
	embed -t $t -m m.safetensors i.sst && cmp x.sst want.sst
	ok "-t $t: the same bytes"
done
for f in 1 2 8 45; do
	images n=45 extra=1 frame=$f seed=3 >f.sst && embed -m m.safetensors f.sst && ss-cmp x.sst want.sst &&
	    [ "$(get digest x.sst)" = "$(get digest want.sst)" ]
	ok "frames of $f: the same embeddings"
done
images n=45 extra=1 frame=11 seed=3 | ss-embed --no-history -m m.safetensors >x.sst && cmp x.sst want.sst
ok "through a pipe: the same bytes"
embed -m m.safetensors.1 i.sst && run 1 ss-cmp x.sst want.sst
ok "another model: others"
digest_of() { ss-info --header "$1" | sed -n 's/^@EM.*	MD://p'; }
[ "$(digest_of x.sst)" != "$(digest_of want.sst)" ] && run 2 ss-knn -k 5 --bank want.sst --query x.sst &&
    says 'do not belong together: model'
ok "which ss-knn does not take for neighbours of these"
embed -m m.safetensors --cpu ref i.sst && run 0 ss-cmp --rtol 1e-4 --atol 1e-5 x.sst want.sst
ok "--cpu ref: the same, to rounding"
embed -m m.safetensors --exact i.sst && run 0 ss-cmp --rtol 1e-4 --atol 1e-5 x.sst want.sst && mv x.sst exact.sst &&
    embed -t 3 -m m.safetensors --exact i.sst && cmp x.sst exact.sst && ! cmp -s x.sst want.sst
ok "--exact: the same, to rounding"

# Untrained

embed -m m.safetensors.4 i.sst && "$PYTHON" "$TOP/tests/sst_read.py" x.sst embedding >want && embed --untrained 5 i.sst &&
    "$PYTHON" "$TOP/tests/sst_read.py" x.sst embedding >have && cmp want have
ok "--untrained 5 is what a run with --seed 5 begins with"
run 0 ss-info --header x.sst && grep -q "^@EM	LY:backbone	AR:resnet20	ST:untrained	ME:none	MD:[0-9a-f]\{8\}$" out
ok "and says that it is untrained"
embed --untrained 6 i.sst && "$PYTHON" "$TOP/tests/sst_read.py" x.sst embedding >have && ! cmp -s want have
ok "another seed: another network"
embed --untrained 5 --layer projector i.sst && [ "$(get shape:embedding x.sst)" = 2048 ] &&
    embed --untrained 5 --method simclr --layer projector i.sst && [ "$(get shape:embedding x.sst)" = 128 ]
ok "with the heads of its method"
images n=2 >two.sst
for a in resnet20:64 resnet32:64 resnet44:64 resnet56:64 resnet18:512 resnet34:512; do
	embed --untrained 1 --arch ${a%:*} two.sst && [ "$(get shape:embedding x.sst)" = ${a#*:} ]
	ok "${a%:*} has ${a#*:} features"
done

# numbers OPTION...: embeddings of i.sst, without the header that says how they were made
numbers() { ss-embed -q -t 1 "$@" i.sst | ss-export --format npy --tensor embedding -o numbers.npy --force; }
numbers --untrained 5 --arch resnet20 && mv numbers.npy ends.npy && numbers --untrained 5 --arch resnet20 --layer layer3 &&
    cmp ends.npy numbers.npy && numbers --untrained 5 --arch resnet20 --layer layer2 && ! cmp -s ends.npy numbers.npy
ok "the backbone's output is the end of its last stage, before training too"

# Every layer, against the networks of tests/torch, which know the model file alone

if "$PYTHON" -c 'import numpy' 2>/dev/null; then
	# shellcheck disable=SC2086
	ss-train -q -t 1 -b 16 --arch resnet18 --method simclr --projector 24nr,12 --std 0.3 -o 18.safetensors v.sst
	ok "a model of the other family"
	check() { run 0 "$PYTHON" "$TOP/tests/torch/check_embedding.py" "$@" && sed 's/^/# /' out; }
	pairs=
	while read -r layer d; do
		embed -m m.safetensors --layer "$layer" i.sst && mv x.sst "$layer.sst" && [ "$(get shape:embedding "$layer.sst")" = "$d" ]
		ok "$layer: $d numbers"
		pairs="$pairs $layer.sst $layer"
	done <<-'END'
		layer1 16
		layer2 32
		layer3 64
		backbone 64
		projector.0 24
		projector.2 24
		projector.3 20
		projector.4 20
		projector 20
		predictor.0 9
		predictor.2 9
		predictor 20
	END
	# shellcheck disable=SC2086
	check m.safetensors i.sst $pairs
	ok "all of them within 1e-4 of numpy's, and PyTorch's if it is there"
	embed -m 18.safetensors i.sst && mv x.sst a.sst && embed -m 18.safetensors --layer projector.2 i.sst && mv x.sst b.sst &&
	    embed -m 18.safetensors --layer layer3 i.sst && mv x.sst c.sst && embed -m 18.safetensors --layer projector i.sst &&
	    check --numpy 18.safetensors i.sst a.sst backbone b.sst projector.2 c.sst layer3 x.sst projector
	ok "the other family too"
	images n=6 h=12 w=10 >large.sst && embed -m m.safetensors large.sst && check --numpy m.safetensors large.sst x.sst backbone
	ok "and images of another size than those trained on"
	# ReLU before a norm, behind one, and without one
	ss-train -q -t 1 -b 16 --projector 24r,24brn,20bnr,20b --predictor 9rnr,20 -o relu.safetensors v.sst &&
	    [ "$(get projector relu.safetensors) $(get predictor relu.safetensors)" = "24r,24brn,20bnr,20b 9rnr,20" ]
	ok "a head with ReLUs in all places"
	pairs=
	for layer in projector.1 projector.3 projector.4 projector.7 projector predictor.1 predictor.2 predictor.3 predictor; do
		embed -m relu.safetensors --layer "$layer" i.sst && mv x.sst "r.$layer.sst" && pairs="$pairs r.$layer.sst $layer"
	done
	# shellcheck disable=SC2086
	check --numpy relu.safetensors i.sst $pairs
	ok "its layers, too, are what the model says"
	run 1 "$PYTHON" "$TOP/tests/torch/check_embedding.py" --numpy m.safetensors.1 i.sst backbone.sst backbone
	ok "the check can fail: another model's embeddings do not pass it"
else
	skip "embeddings against numpy's" "numpy is not installed"
fi
done_testing
