#!/bin/bash
# ss-cmp: streams and models
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"

"$GEN" -r 20 -f 3 >a.sst
"$GEN" -r 20 -f 20 -E 4 >b.sst
"$GEN" -r 20 -f 7 -o 1e-4 >c.sst
"$GEN" -r 21 -f 3 >d.sst
"$GEN" -l -r 20 >labels.sst
head -c 3000 a.sst >cut.sst

run 0 ss-cmp a.sst a.sst && [ ! -s out ] && [ ! -s err ]
ok "the same file"
run 0 ss-cmp a.sst b.sst
ok "other frames, other epoch"
run 0 ss-cmp - a.sst <b.sst
ok "standard input"
run 1 ss-cmp a.sst c.sst && grep -q '^a.sst and c.sst differ$' out && grep -q '^elements: 100$' out &&
    grep -q "^first:    record 0, tensor 'vec', element 0: " out && grep -q "^largest:  record [0-9]*, tensor 'vec', element [0-9]*, by 0.000" out
ok "floats that differ are described"
run 1 ss-cmp -q a.sst c.sst && [ ! -s out ] && [ ! -s err ]
ok "--quiet"
run 0 ss-cmp --atol 2e-4 a.sst c.sst
ok "--atol"
run 1 ss-cmp --atol 5e-5 a.sst c.sst
ok "--atol, too small"
run 1 ss-cmp --rtol 1e-4 a.sst c.sst
ok "--rtol alone is not enough for numbers near 0"
run 0 ss-cmp --rtol 1e-4 --atol 1e-4 a.sst c.sst
ok "--rtol with --atol"
run 1 ss-cmp a.sst d.sst && grep -q '^a.sst ends after 20 records, the other has more$' out
ok "one is longer"
run 1 ss-cmp d.sst a.sst && grep -q '^a.sst ends after 20 records' out
ok "the other is longer"
run 1 ss-cmp a.sst labels.sst && grep -q "^only a.sst has a tensor 'vec'$" out
ok "another set of tensors"
run 1 ss-cmp --only vec a.sst c.sst
ok "--only a tensor that differs"
run 0 ss-cmp --only photo a.sst c.sst
ok "--only one that does not"
run 0 ss-cmp --only label a.sst labels.sst
ok "--only one that both have"
run 2 ss-cmp --only none a.sst c.sst && says "no tensor 'none'"
ok "--only one that is not there"

# One element of a varying tensor, in one record.
"$PYTHON" - "$TOP/tests" <<'EOF'
import struct, sys, zlib
def stream(path, items, sizes, per):
    seal = lambda b: b + struct.pack("<I", zlib.crc32(b))
    pad = lambda b, c=b"\0": b + c * (-len(b) % 64)
    text = pad(b"@HD\tVN:1.0\tNS:*\n@TN\tNM:x\tDT:i16\tSH:?,2\n", b"\n")
    out = seal(b"\x89SST\r\n\x1a\n" + struct.pack("<HHIII", 1, 0, len(text), 0, zlib.crc32(text)) + bytes(36)) + text
    frame = lambda kind, seq, first, n, p: seal(b"SSTF" + struct.pack("<HHQQIIQI", kind, 0, seq, first, n, 0, len(p), zlib.crc32(p)) + bytes(16)) + p
    at = seq = 0
    for i in range(0, len(sizes), per):
        s = sizes[i:i + per]
        k = 2 * sum(s)
        out += frame(1, seq, i, len(s), pad(struct.pack("<%dI" % len(s), *s)) + pad(struct.pack("<%dh" % k, *items[at:at + k])))
        at, seq = at + k, seq + 1
    digest = zlib.crc32(struct.pack("<IIQ", zlib.crc32(struct.pack("<%dh" % len(items), *items)),
                                    zlib.crc32(struct.pack("<%dI" % len(sizes), *sizes)), len(sizes)))
    open(path, "wb").write(out + frame(2, seq, len(sizes), 0, pad(struct.pack("<QQI", seq, len(sizes), digest))))
v = list(range(20))
stream("v1.sst", v, [1, 0, 4, 2, 3], 2)
stream("v2.sst", v, [1, 0, 4, 2, 3], 5)
v[11] += 5
v[13] -= 7
stream("v3.sst", v, [1, 0, 4, 2, 3], 3)
stream("v4.sst", v, [1, 1, 3, 2, 3], 5)
EOF
run 0 ss-cmp v1.sst v2.sst
ok "varying dimensions, other frames"
run 1 ss-cmp v1.sst v3.sst && grep -q "^first:    record 3, tensor 'x', element 1: 11 and 16$" out &&
    grep -q "^largest:  record 3, tensor 'x', element 3, by 7$" out && grep -q '^elements: 2$' out
ok "varying dimensions: the right record and element"
run 1 ss-cmp --atol 100 v1.sst v3.sst
ok "integers are compared exactly"
run 1 ss-cmp v3.sst v4.sst && grep -q "^record 1, tensor 'x' has two shapes$" out
ok "varying dimensions: another shape"

run 3 ss-cmp a.sst cut.sst && says '^ss-cmp: cut.sst: ' && [ ! -s out ]
ok "a cut file"
run 3 ss-cmp d.sst cut.sst
ok "a cut file that differs before the cut"
run 3 ss-cmp labels.sst cut.sst
ok "a cut file that has other tensors"
"$GEN" -x >failed.sst
run 4 ss-cmp a.sst failed.sst
ok "a failed stream"
run 3 ss-cmp a.sst /dev/null && says 'empty input'
ok "empty input"
run 3 ss-cmp a.sst "$TOP/LICENSE" && says 'not a tensor stream'
ok "another kind of file"
run 2 ss-cmp a.sst none.sst && says "cannot open 'none.sst'"
ok "a file that is not there is trouble, not a difference"
for args in "" "a.sst" "a.sst b.sst c.sst" "--rtol x a.sst b.sst" "--rtol -1 a.sst b.sst" "--atol nan a.sst b.sst" "- -"; do
	# shellcheck disable=SC2086
	run 2 ss-cmp $args && says '^ss-cmp: '
	ok "misuse: ss-cmp $args"
done
ss-cmp a.sst c.sst >/dev/full 2>err
[ $? -eq 2 ] && says 'No space left'
ok "full disk"

# --- models
"$PYTHON" - <<'EOF'
import json, struct
def model(path, tensors, meta):
    head, data = {"__metadata__": meta}, b""
    for name, shape, values in tensors:
        b = struct.pack("<%df" % len(values), *values)
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(b)]}
        data += b
    text = json.dumps(head).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)
a, b = ("a", [2, 2], [1, 2, 3, 4]), ("b.c", [], [5])
model("1.safetensors", [a, b], {"x": "1"})
model("2.safetensors", [b, a], {"x": "2"})
model("3.safetensors", [("a", [2, 2], [1, 2, 3.5, 4.25]), b], {})
model("4.safetensors", [a], {})
model("5.safetensors", [("a", [4], [1, 2, 3, 4]), b], {})
EOF
run 0 ss-cmp 1.safetensors 2.safetensors
ok "models: other order and metadata"
run 1 ss-cmp 1.safetensors 3.safetensors && grep -q "^first:    tensor 'a', element 2: 3 and 3.5$" out && grep -q "^largest:  tensor 'a', element 2, by 0.5$" out
ok "models that differ"
run 0 ss-cmp --atol 0.5 1.safetensors 3.safetensors
ok "models with tolerance"
run 0 ss-cmp --only b.c 1.safetensors 3.safetensors
ok "models, one tensor"
run 1 ss-cmp 1.safetensors 4.safetensors && grep -q "^only 1.safetensors has a tensor 'b.c'$" out
ok "models: a tensor is missing"
run 1 ss-cmp 1.safetensors 5.safetensors && grep -q "two types or shapes" out
ok "models: another shape"
run 2 ss-cmp --only none 1.safetensors 2.safetensors
ok "models: --only a tensor that is not there"
head -c 100 1.safetensors >cut.safetensors
run 3 ss-cmp 1.safetensors cut.safetensors
ok "models: cut"
run 3 ss-cmp 1.safetensors a.sst
ok "a model and a stream"
done_testing
