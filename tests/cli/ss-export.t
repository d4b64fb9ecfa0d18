#!/bin/bash
# ss-export.t - arrays, tables, libsvm, projector, event files: read back by others; and what is refused
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"
check() { "$PYTHON" "$TOP/tests/cli/export.py" "$@"; }

"$GEN" -r 20 -f 7 >a.sst && "$GEN" -r 20 -f 6 -u >u.sst && "$GEN" -r 8 -e 3 >epochs.sst && "$GEN" -r 0 >none.sst &&
    check types types.sst && check wide wide.sst 120 && check pictures pictures.sst 10 3 12 12
ok "fixtures are made"

run 0 ss-export --help && grep -q '^usage: ss-export' out && grep -q -- '--tensorboard' out && [ ! -s err ]
ok "--help explains on standard output"
while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-export $args <a.sst && says '^ss-export: ' && [ ! -s out ] && ! ls ./*.npy 2>/dev/null
	ok "misuse: ss-export $args"
done <<'END'

--format
--format csv
--format npy
--format npy --tensor photo
--format npy --tensor nothing
--format npy --tensor vec,vec
--format npz
--format tsv
--format tsv --tensor vec,photo
--format npy --limit 0
--format npy --limit -1
--format npy --names
--format tsv --side 8
--format libsvm --tensor label
--format libsvm --tensor name
--format libsvm --tensor vec,image
--format projector
--format projector -o p --side 0
--format projector -o p --side 8193
--format projector -o p --tensor photo
--format tensorboard --limit 3
--tensorboard --tensor vec
--format npy one.sst two.sst
END
[ ! -e p ]
ok "misuse leaves no folder"

# --- arrays
run 0 ss-export --format npy --tensor vec,image,label,index a.sst && [ ! -s out ] && [ ! -s err ] &&
    for t in vec image label index; do check npy a.sst $t.npy $t || exit 1; done
ok "npy: a file for each tensor, named after it"
run 2 ss-export --format npy --tensor vec a.sst && says "'./vec.npy' exists; --force"
ok "npy: a file that is there is kept"
run 2 ss-export --format npy --tensor index,vec,label a.sst -o folder/ --limit 0
run 0 ss-export --format npy --tensor vec,label a.sst -o folder && [ "$(ls folder)" = "$(printf 'label.npy\nvec.npy')" ] &&
    cmp vec.npy folder/vec.npy
ok "npy: -o names the folder, if there are several"
touch folder/index.npy
run 2 ss-export --format npy --tensor image,index a.sst -o folder && says 'exists' && [ "$(ls -A folder | wc -l)" -eq 3 ]
ok "npy: none is written if one of them is there"
run 0 ss-export --format npy --tensor index,image a.sst -o folder --force && check npy a.sst folder/index.npy index
ok "npy: --force"
run 0 ss-export --format npy --tensor vec a.sst -o v.npy && cmp vec.npy v.npy
ok "npy: -o names the file, if there is one tensor"
run 0 ss-export --format npy --tensor vec a.sst -o new/ && cmp vec.npy new/vec.npy
ok "npy: -o FOLDER/ for one tensor"
run 0 ss-export --format npy --tensor vec -o - <a.sst && cmp out vec.npy
ok "npy: standard output"
run 0 ss-export --format npy --tensor vec u.sst -o u.npy && cmp u.npy vec.npy
ok "npy: a stream that does not say how many records it has"
run 2 ss-export --format npy --tensor vec u.sst -o - && says 'does not say how many' && [ ! -s out ]
ok "npy: but not to standard output"
run 0 ss-export --format npy --tensor vec,label epochs.sst -o epochs && check npy epochs.sst epochs/vec.npy vec
ok "npy: epoch after epoch"
for n in 1 7 8 20 99; do
	run 0 ss-export --format npy --tensor vec --limit $n a.sst -o limit.npy --force && check npy a.sst limit.npy vec $n
	ok "npy: --limit $n"
done
run 0 ss-export --format npy --tensor vec none.sst -o none.npy && check npy none.sst none.npy vec
ok "npy: no records"
run 0 ss-export --format npy types.sst -o types &&
    for t in u8 i8 u16 i16 u32 i32 u64 i64 f16 bf16 f32 f64; do check npy types.sst types/t.$t.npy t.$t || exit 1; done
ok "npy: every element type; bf16 as f32"
run 0 ss-export --format npz types.sst -o types.npz && check npz types.sst types.npz t.u8 t.i8 t.u16 t.i16 t.u32 t.i32 t.u64 \
    t.i64 t.f16 t.bf16 t.f32 t.f64
ok "npz: every element type"
run 0 ss-export --format npz --tensor label,vec <u.sst && check npz a.sst out label vec
ok "npz: to standard output, number of records unknown"
run 0 ss-export --format npz --tensor vec none.sst && check npz none.sst out vec
ok "npz: no records"
check pictures four.sst 6 1 5 4 && run 0 ss-export --format npy --tensor image,label four.sst -o four &&
    run 0 ss-load npy four/image.npy --labels four/label.npy && mv out back.sst && run 0 ss-cmp --only image four.sst back.sst &&
    run 0 ss-cmp --only label four.sst back.sst
ok "ss-load reads it back"

# --- tables
run 0 ss-export --format tsv --tensor label,index,name,vec,image a.sst && mv out a.tsv && check tsv a.sst a.tsv label index name vec image
ok "tsv: numbers and texts"
run 0 ss-export --format tsv types.sst && check tsv types.sst out t.u8 t.i8 t.u16 t.i16 t.u32 t.i32 t.u64 t.i64 t.f16 t.bf16 t.f32 t.f64
ok "tsv: every element type reads back to the same bits"
run 0 ss-export --format tsv wide.sst && check tsv wide.sst out embedding label index
ok "tsv: all tensors by default"
run 0 ss-export --format tsv --names --tensor index,label a.sst && NAMES=1 check tsv a.sst out index label && grep -q -F 'tab\there' out
ok "tsv: names of labels"
run 0 ss-export --format tsv --limit 8 --tensor index a.sst && [ "$(wc -l <out)" -eq 9 ] && [ "$(tail -n 1 out)" = 7 ]
ok "tsv: --limit"
run 0 ss-export --format tsv --tensor name,vec none.sst && [ "$(wc -l <out)" -eq 1 ]
ok "tsv: no records, but names"
run 0 ss-export --format libsvm wide.sst && check libsvm wide.sst out embedding
ok "libsvm"
run 0 ss-export --format libsvm --tensor image -o image.svm a.sst && check libsvm a.sst image.svm image
ok "libsvm: pixels"
"$PYTHON" -c '
import sys; sys.path.insert(0, sys.argv[1])
import sst_write, struct
sst_write.write("nan.sst", [("embedding", "f32", (2,), struct.pack("<4f", 1, 2, 3, float("nan"))), ("label", "i32", (), bytes(8))])
sst_write.write("bare.sst", [("embedding", "f32", (2,), bytes(16))])
sst_write.write("many.sst", [("embedding", "f32", (1,), bytes(400004)), ("label", "i32", (), bytes(400004))], per_frame=50000)
' "$TOP/tests"
for f in libsvm projector; do
	run 3 ss-export --format $f nan.sst -o nan && says 'nan.sst: record 1: element 1 .* nan' && [ ! -e nan ]
	ok "$f: what is not finite is refused"
done
run 2 ss-export --format libsvm bare.sst && says 'has no labels'
ok "libsvm needs labels"

# --- projector
run 0 ss-export --format projector pictures.sst -o pro && check projector pictures.sst pro 12 && [ "$(ls pro | wc -l)" -eq 4 ] &&
    grep -q -F 'tab\there' pro/metadata.tsv
ok "projector: vectors, table, sprites"
check pictures gray.sst 5 1 70 30 && run 0 ss-export --format projector gray.sst -o gray && check projector gray.sst gray 64
ok "projector: large pictures are made smaller"
run 0 ss-export --format projector gray.sst -o gray --side 20 --force && check projector gray.sst gray 20
ok "projector: --side"
run 0 ss-export --format projector wide.sst -o plain && check projector wide.sst plain 0
ok "projector: without pictures"
run 0 ss-export --format projector u.sst -o u && check projector u.sst u 4 20 && grep -q "$(printf '^cat\t.*\tf1')" u/metadata.tsv
ok "projector: number of records unknown, and texts"
run 0 ss-export --format projector bare.sst -o bare && [ "$(ls bare | tr '\n' ' ')" = "projector_config.pbtxt tensors.tsv " ]
ok "projector: vectors alone"
run 2 ss-export --format projector pictures.sst -o pro && says 'exists'
ok "projector: a folder that has such files"
run 2 ss-export --format projector many.sst -o many && says 'more than the 100000' && [ ! -e many ]
ok "projector: more than it shows"
run 0 ss-export --format projector many.sst -o many --limit 100000 && [ "$(wc -l <many/tensors.tsv)" -eq 100000 ]
ok "projector: as many as it shows"
run 2 ss-export --format projector pictures.sst -o tall --side 3000 && says 'holds 4 pictures' && [ ! -e tall ]
ok "projector: more pictures than a sheet holds"
run 1 ss-export --format projector none.sst --tensor vec -o none && says 'no records' && [ ! -e none ]
ok "projector: no records, no folder"

# --- event files
cat >run.jsonl <<'END'
{"step":1,"epoch":0,"loss":-0.1234567,"lr":0.03,"images_per_second":812.5,"std_ratio":0.91,"grad_norm":1.5e-3,"contrast_accuracy":0.5}
{"step":300,"epoch":0,"loss":null,"lr":1e-09,"images_per_second":811.0,"std_ratio":0.9,"grad_norm":1.4}
{"step":300,"epoch":0,"knn":0.3125,"best":true}
{"step":70000,"epoch":1,"loss":4,"lr":3e-2,"images_per_second":1,"accuracy":0.25}
END
run 0 ss-export --tensorboard run.jsonl && check events run.jsonl out
ok "tensorboard: scalars, by a reader of its own"
cp out events && run 0 ss-export --format tensorboard <run.jsonl && cmp out events
ok "tensorboard: standard input, same bytes"
run 0 ss-export --tensorboard run.jsonl -o tb && cmp tb/events.out.tfevents.0000000000.ss-export events && [ "$(ls -A tb | wc -l)" -eq 1 ]
ok "tensorboard: -o names the folder of the run"
check tensorboard run.jsonl tb
case $? in
77) skip "tensorboard: scalars, by TensorBoard" "$PYTHON has no tensorboard" ;;
*) ok "tensorboard: scalars, by TensorBoard" ;;
esac
run 2 ss-export --tensorboard run.jsonl -o tb && says 'exists'
ok "tensorboard: a file that is there is kept"
printf '{"step":70001,"epoch":1,"lo' | cat run.jsonl - >growing.jsonl
run 0 ss-export --tensorboard growing.jsonl && cmp out events
ok "tensorboard: a last line that is being written is left out"
ss-load shapes --limit 64 --epochs 2 | ss-augment --two-views --size 8 | ss-train --arch resnet20 --batch 32 -o m.safetensors --log real.jsonl -q &&
    run 0 ss-export --tensorboard real.jsonl && check events real.jsonl out
ok "tensorboard: a log of ss-train"
while IFS='|' read -r name line message; do
	{ head -n 1 run.jsonl; printf '%b' "$line"; } >bad.jsonl
	run 3 ss-export --tensorboard bad.jsonl -o bad && says "bad.jsonl: $message" && [ ! -e bad ]
	ok "tensorboard: $name"
done <<'END'
not JSON|oops\n|line 2 is no JSON object
a line that is cut|{"step":3,"lo\n|line 2 is no JSON object
no step|{"loss":3}\n|row 2 has no whole number as its step
a step that is none|{"step":-1}\n|row 1 has no whole number as its step
a NUL|{"step":3,\0"loss":3}\n{}\n|line 2 is no text
a key twice|{"step":3,"lr":1,"lr":2}\n|line 2 .*duplicate
END
"$PYTHON" -c 'print("{\"step\":1,\"" + "k" * 300 + "\":1}")' | run 3 ss-export --tensorboard && says "name 'kkk.*is longer"
ok "tensorboard: a name that is too long"
printf 'step\tloss\n1\t0.5\n2\t-\n3\t0.25\n' >table.tsv
printf '{"step":1,"loss":0.5}\n{"step":3,"loss":0.25}\n' >table.jsonl
run 0 ss-export --tensorboard table.tsv && check events table.jsonl out
ok "tensorboard: a table does as well"
run 3 ss-export --tensorboard </dev/null && says 'empty input'
ok "tensorboard: empty input"
run 3 ss-export --tensorboard a.sst
ok "tensorboard: a stream is no log"
run 1 ss-export --tensorboard none.jsonl && says "cannot open 'none.jsonl'"
ok "tensorboard: a log that is not there"

# --- what no output comes of
for f in npz tsv libsvm projector; do
	out=x.$f
	run 3 ss-export --format $f --tensor vec -o $out </dev/null && says 'empty input' && [ ! -e $out ]
	ok "$f: empty input"
	for at in 60 700 $(($(wc -c <a.sst) - 128)); do
		head -c "$at" a.sst >cut.sst
		run 3 ss-export --format $f --tensor vec --limit 1 cut.sst -o $out && says '^ss-export: cut.sst: ' && [ ! -e $out ] && [ -z "$(ls -A | grep '^\.')" ]
		ok "$f: truncated at byte $at: nothing is left"
	done
	"$GEN" -x | run 4 ss-export --format $f --tensor vec -o $out && says 'upstream failed: gen: asked to fail' && [ ! -e $out ]
	ok "$f: an error upstream"
done
mkdir empty
head -c 2000 a.sst >cut.sst
(cd empty && ss-export --format npy --tensor vec,label ../cut.sst 2>../err)
[ $? -eq 3 ] && says 'cut.sst: frame' && [ -z "$(ls -A empty)" ]
ok "npy: a cut stream leaves no file"
head -c 2000 a.sst | run 3 ss-export --format npy --tensor vec,label -o fresh && [ ! -e fresh ]
ok "npy: nor the folder"
{ printf 'P6\n'; cat a.sst; } | run 3 ss-export --format tsv && says 'not a tensor stream'
ok "wrong magic"
"$PYTHON" -c '
import struct, sys, zlib
b = bytearray(open("a.sst", "rb").read())
b[8:10] = struct.pack("<H", 2)
b[60:64] = struct.pack("<I", zlib.crc32(bytes(b[:60])))
sys.stdout.buffer.write(b)' >newer.sst
run 3 ss-export --format tsv newer.sst && says 'newer'
ok "newer version"
run 2 ss-export --format tsv --tensor vec a.sst -o a.sst --force && says 'input and output' && ss-info --check a.sst
ok "an output that is the input"
ss-export --tensorboard run.jsonl --force 2>err >>run.jsonl
[ $? -eq 2 ] && says 'input and output'
ok "standard output that is the log"
for f in npy npz tsv libsvm; do
	ss-export --format $f --tensor vec a.sst -o - >/dev/full 2>err
	[ $? -eq 1 ] && says 'cannot write standard output: No space left'
	ok "$f: a full disk"
	run 1 ss-export --format $f --tensor vec a.sst -o /dev/full && says "'/dev/full'.*No space left"
	ok "$f: a full disk by name"
done
ss-export --tensorboard run.jsonl >/dev/full 2>err
[ $? -eq 1 ] && says 'cannot write standard output: No space left'
ok "tensorboard: a full disk"
mkdir limited
(trap '' XFSZ; ulimit -f 4; ss-export --format projector pictures.sst -o limited/p 2>err)
[ $? -eq 1 ] && says 'File too large' && [ -z "$(ls -A limited)" ]
ok "projector: a file size limit leaves no part of it"
run 1 ss-export --format tsv a.sst --tensor vec -o no/such/file && says 'no/such/file'
ok "a folder that is not there"
run 1 ss-export --format projector pictures.sst -o no/such && says "folder 'no/such'"
ok "a folder that cannot be made"
run 2 ss-export --format projector pictures.sst -o a.sst && says "'a.sst' is no folder"
ok "a folder that is a file"
"$GEN" -r 30000 >large.sst
{ ss-export --format tsv --tensor vec large.sst 2>err; echo $? >status; } | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves is no error worth a message"
done_testing
