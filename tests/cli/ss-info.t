#!/bin/bash
# ss-info: streams and models
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"

"$GEN" -r 20 -f 7 -e 2 -E 3 >a.sst
run 0 ss-info a.sst && [ ! -s err ] && grep -q '^a.sst: tensor stream 1.0, sound$' out &&
    grep -q '^records *40 in 6 frames; 2 epochs from 3$' out && grep -q '^vec *f32 *5 *200 ' out
ok "summary"
run 0 ss-info <a.sst && grep -q '^standard input: tensor stream' out
ok "standard input"
run 0 ss-info - <a.sst
ok "standard input as '-'"
run 0 ss-info --check a.sst && [ ! -s out ] && [ ! -s err ]
ok "--check of a sound stream is silent"
head -c 5000 a.sst >cut.sst
run 3 ss-info --check cut.sst && says '^ss-info: cut.sst: frame' && [ ! -s out ]
ok "--check of a cut one"
for o in "" --digest --labels --json "--get total" "--get mean:vec"; do
	# shellcheck disable=SC2086
	run 3 ss-info $o cut.sst && [ ! -s out ]
	ok "ss-info $o prints nothing about a cut stream"
done
run 0 ss-info --header cut.sst && grep -q -F "$(printf '@LB\tID:1\tNM:tab\\there')" out
ok "--header needs only the header"
ss-info --header a.sst >header
dd if=a.sst bs=64 skip=1 status=none | sed '/^$/,$d' >want
[ -s want ] && diff header want >/dev/null
ok "--header prints the lines as they are"

while read -r key value; do
	run 0 ss-info --get "$key" a.sst && [ "$(cat out)" = "$value" ]
	ok "--get $key"
done <<'EOF'
kind stream
dataset made up
records 20
epochs 2
first-epoch 3
type:vec f32
shape:photo 3,?,?
shape:label 
labels 2
label:0 cat
label:1 tab\there
history gen
total 40
frames 6
min:label 0
max:label 2
EOF
run 0 ss-info --get tensors a.sst && [ "$(tr '\n' ' ' <out)" = "image photo label index name vec " ]
ok "--get tensors"
for key in label:7 type:none mean:none; do
	run 1 ss-info --get $key a.sst && says "a.sst: has no '$key'" && [ ! -s out ]
	ok "--get $key: there is none"
done
for key in nothing "" median:vec label; do
	run 2 ss-info --get "$key" a.sst && says "key '$key' is unknown"
	ok "--get '$key': unknown"
done
"$GEN" -u -r 3 >u.sst
run 1 ss-info --get records u.sst
ok "--get records if the stream does not say"

ss-info --labels a.sst >got
"$PYTHON" "$TOP/tests/sst_read.py" a.sst label | od -An -t d4 -v -w4 | sort -n | uniq -c | awk '{ print $2, $1 }' >want
[ -s want ] && cut -f1,2 got | tr '\t' ' ' | diff - want >/dev/null && grep -q "$(printf '^0\t[0-9]*\tcat$')" got
ok "--labels counts as another reader does"

run 0 ss-info --json a.sst && "$PYTHON" -c '
import json, struct, subprocess, sys, os
o = json.load(open("out"))
raw = subprocess.run([sys.executable, os.environ["TOP"] + "/tests/sst_read.py", "a.sst", "vec"], stdout=subprocess.PIPE).stdout
v = struct.unpack("<%df" % (len(raw) // 4), raw)
t = {x["name"]: x for x in o["tensors"]}["vec"]
mean = sum(v) / len(v)
std = (sum((x - mean) ** 2 for x in v) / len(v)) ** 0.5
assert (t["elements"], t["nan"], t["inf"]) == (len(v), 0, 0)
assert abs(t["min"] - min(v)) < 1e-6 and abs(t["max"] - max(v)) < 1e-6
assert abs(t["mean"] - mean) < 1e-6 and abs(t["std"] - std) < 1e-6
assert o["labels"]["1"] == "tab\there" and o["history"][0]["program"] == "gen"
assert o["total"] == 40 and o["first_epoch"] == 3 and t["shape"] == [5] and t["type"] == "f32"
'
ok "--json has the right statistics"

# NaN and infinities are counted and do not spoil the rest.
"$PYTHON" - >odd.sst <<'EOF'
import struct, sys, zlib
seal = lambda b: b + struct.pack("<I", zlib.crc32(b))
pad = lambda b, c=b"\0": b + c * (-len(b) % 64)
text = pad(b"@HD\tVN:1.0\tNS:*\n@TN\tNM:x\tDT:f32\tSH:\n@TN\tNM:h\tDT:f16\tSH:\n@TN\tNM:b\tDT:bf16\tSH:\n", b"\n")
x = struct.pack("<6f", 1, float("nan"), 3, float("inf"), float("-inf"), 2)
h = struct.pack("<6e", 0.5, -2, 65504, 6e-8, float("inf"), float("nan"))
b = struct.pack("<6H", 0x3f80, 0xc000, 0x7f80, 0x7fc0, 0, 0x4040)
body = pad(x) + pad(h) + pad(b)
frame = lambda kind, seq, first, n, p: seal(b"SSTF" + struct.pack("<HHQQIIQI", kind, 0, seq, first, n, 0, len(p), zlib.crc32(p)) + bytes(16)) + p
digest = zlib.crc32(b"".join(struct.pack("<II", zlib.crc32(v), 0) for v in (x, h, b)) + struct.pack("<Q", 6))
sys.stdout.buffer.write(seal(b"\x89SST\r\n\x1a\n" + struct.pack("<HHIII", 1, 0, len(text), 0, zlib.crc32(text)) + bytes(36)) + text
    + frame(1, 0, 0, 6, body) + frame(2, 1, 6, 0, pad(struct.pack("<QQI", 1, 6, digest))))
EOF
run 0 ss-info odd.sst && awk '
	$1 == "x" { x = $4 == 1 && $5 == 3 && $6 == 2 && $8 == 1 && $9 == 2 }
	$1 == "h" { h = $4 == -2 && $5 == 65504 && $8 == 1 && $9 == 1 }
	$1 == "b" { b = $4 == -2 && $5 == 3 && $8 == 1 && $9 == 1 }
	END { exit !(x && h && b) }' out
ok "NaN and infinities; all float types"

run 2 ss-info --check --digest a.sst && says 'only one of'
ok "two questions at once"
run 2 ss-info a.sst b.sst && says 'more than one file'
ok "two files"
run 2 ss-info --get && says 'argument missing'
ok "--get without a key"
run 1 ss-info none.sst && says "cannot open 'none.sst': No such file"
ok "a file that is not there"
run 1 ss-info . && says 'Is a directory'
ok "a folder"
run 3 ss-info "$TOP/LICENSE" && says 'not a tensor stream'
ok "another kind of file"
: >empty
run 3 ss-info empty && says 'empty input'
ok "an empty file"
"$PYTHON" - <<'EOF' >newer.sst
import struct, sys, zlib
b = bytearray(open("a.sst", "rb").read())
b[8] = 2
b[60:64] = struct.pack("<I", zlib.crc32(bytes(b[:60])))
sys.stdout.buffer.write(b)
EOF
run 3 ss-info newer.sst && says 'newer version'
ok "a newer version"
ss-info a.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "full disk"
"$GEN" -x | run 4 ss-info && says 'upstream failed: gen: asked to fail'
ok "a failed stream"

# --- models
"$PYTHON" - <<'EOF'
import json, struct, zlib
def model(path, meta, break_it=None, crc=True):
    tensors = {"conv1.weight": ([2, 3], struct.pack("<6f", *range(6))), "bn1.running_mean": ([2], struct.pack("<2f", 1, 2)),
               "optimizer.momentum.conv1.weight": ([2, 3], bytes(24)), "fc.bias": ([2], struct.pack("<2f", -1, 7))}
    head, data = {"__metadata__": dict(meta)}, b""
    for name, (shape, b) in tensors.items():
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(b)]}
        data += b
        if crc:
            head["__metadata__"]["ss.crc32." + name] = "%08x" % zlib.crc32(b)
    if crc:
        head["__metadata__"]["ss.header.crc32"] = "00000000"
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    text = struct.pack("<Q", len(text)) + text
    text = text.replace(b'"ss.header.crc32":"00000000"', b'"ss.header.crc32":"%08x"' % zlib.crc32(text))
    all = bytearray(text + data)
    if break_it is not None:
        all[break_it] ^= 1
    open(path, "wb").write(all)
meta = {"ss.arch": "resnet20", "ss.epoch": "4", "ss.step": "780", "note": "a\tb\u001b[2J",
        "ss.history": "@PG\tID:ss-load\tCL:ss-load cifar\n@PG\tID:ss-train\tPP:ss-load\tCL:ss-train -o x\n"}
model("m.safetensors", meta)
model("flip.safetensors", meta, -3)
model("foreign.safetensors", {"format": "pt"}, crc=False)
EOF
cp m.safetensors renamed
cp m.safetensors m.safetensors.1
for f in m.safetensors renamed m.safetensors.1; do
	run 0 ss-info $f && grep -q "^$f: model, sound$" out && grep -q '^parameters  8 in 4 tensors$' out && grep -q '^arch  *resnet20$' out &&
	    grep -q '^note .*a\\tb\\x1b\[2J$' out
	ok "summary of a model named $f"
done
for pair in kind=model arch=resnet20 epoch=4 step=780 ss.step=780 parameters=8 type:fc.bias=f32 shape:conv1.weight=2,3; do
	run 0 ss-info --get "${pair%%=*}" m.safetensors && [ "$(cat out)" = "${pair#*=}" ]
	ok "--get ${pair%%=*} of a model"
done
run 0 ss-info --get history m.safetensors && [ "$(cat out)" = "$(printf 'ss-load cifar\nss-train -o x')" ]
ok "--get history of a model"
run 1 ss-info --get nothing m.safetensors && says "has no 'nothing'"
ok "--get of what a model has not"
run 0 ss-info --check m.safetensors && [ ! -s out ] && [ ! -s err ]
ok "--check of a sound model"
run 3 ss-info --check flip.safetensors && says 'flip.safetensors'
ok "--check of a damaged model"
head -c 300 m.safetensors >cut.safetensors
run 3 ss-info --check cut.safetensors
ok "--check of a cut model"
run 0 ss-info --check foreign.safetensors && says 'no checksums'
ok "--check of a model without checksums warns"
[ "$(ss-info --digest m.safetensors)" = "$(ss-info --digest foreign.safetensors)" ]
ok "the digest of a model does not depend on metadata"
run 0 ss-info --json m.safetensors && "$PYTHON" -c '
import json
o = json.load(open("out"))
assert o["kind"] == "model" and o["parameters"] == 8 and o["metadata"]["ss.step"] == "780" and len(o["tensors"]) == 4'
ok "--json of a model"
run 0 ss-info --header m.safetensors && grep -q "$(printf '^ss.step\t780$')" out
ok "--header of a model"
run 2 ss-info --labels m.safetensors
ok "--labels of a model"

# --- layers
PYTHONDONTWRITEBYTECODE=1 "$PYTHON" "$TOP/tests/cli/views.py" views n=16 h=12 w=8 >v.sst
run 0 ss-train -t 1 -b 8 --steps 1 --method swav --projector 32bnr,16b --prototypes 9 -o net.safetensors v.sst && run 0 ss-info net.safetensors &&
    grep -q '^conv1  *conv 3x3  *16,12,8  *432  *41472$' out && grep -q '^layer2.0.bn2  *norm, add, relu  *32,6,4  *64$' out &&
    grep -q '^ *every second pixel  *32,6,4$' out && grep -q '^backbone  *mean  *64$' out && grep -q '^projector.3  *dense  *16  *528  *512$' out &&
    grep -q '^backbone  *269072  *3801600$' out && grep -q '^projector  *2672  *2560$' out && grep -q '^prototypes  *144  *144$' out &&
    grep -q '^all  *271888  *3804304$' out && ! grep -q '^predictor  *[0-9]' out && [ "$(ss-info --get parameters net.safetensors)" -eq 271888 ]
ok "layers and their sums"
run 0 ss-info --json net.safetensors && "$PYTHON" -c 'import json
o = json.load(open("out"))
layers, totals = o["layers"], o["totals"]
assert list(totals) == ["backbone", "projector", "prototypes", "all"]
assert totals["all"] == {"parameters": o["parameters"], "multiply_adds": 3804304}
for key in "parameters", "multiply_adds":
    assert sum(l[key] for l in layers) + totals["prototypes"][key] == totals["all"][key]
assert layers[1] == {"name": "conv1", "operator": "conv 3x3", "output": [16, 12, 8], "parameters": 432, "multiply_adds": 41472}
trained = {t["name"].rsplit(".", 1)[0] for t in o["tensors"] if not t["name"].startswith(("optimizer", "method", "proto"))}
assert trained <= {l["name"] for l in layers}, trained'
ok "--json has them too, one for every tensor"
run 0 ss-info foreign.safetensors && ! grep -q multiply-adds out && run 0 ss-info --json foreign.safetensors && ! grep -q layers out
ok "of a model of another program they are not known"
done_testing
