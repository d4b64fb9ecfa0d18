#!/bin/bash
# threads.t - the thread sanitizer over everything that has threads
#
# THREADS_BUILD: a build with SAN=thread to use; without it one is made.
. "$(dirname "$0")/../cli/lib.sh"
unset MAKEFLAGS MAKELEVEL MFLAGS
build=${THREADS_BUILD:-$scratch/build}
[ -n "${THREADS_BUILD:-}" ] || run 0 make -s -C "$TOP" -j "$(nproc)" SAN=thread BUILD="$build" tests
ok 'a build with the thread sanitizer'
PATH=$build/bin:$PATH
export TSAN_OPTIONS=halt_on_error=1:exitcode=66

# clean WORD...: a command, which must end well
clean() {
	run 0 "$@"
	ok "$(printf '%s ' "$@" | cut -c1-70)"
	[ "$got" -eq 0 ] || sed 's/^/# /' err | head -30
}
clean ss-load shapes --records 300 --size 32 -t 3 -o s.sst
mkdir -p pets/cat
for i in 1 2 3 4 5 6 7 8; do ss-load shapes --records "$i" | ss-grid -o "pets/cat/$i.png"; done
clean ss-load folder pets --size 32 --crop -t 3 -o folder.sst
tar -cf pets.tar pets
clean ss-load tar pets.tar --size 32 --crop -t 3 -o tar.sst
clean ss-augment --two-views -t 3 -o v.sst s.sst
clean ss-augment --two-views --dialect tf -t 3 -o tf.sst s.sst
clean ss-augment --recipe dino -t 3 -o crops.sst s.sst
train="ss-train -q -t 3 --arch resnet20 --batch 16 --steps 3"
for m in simsiam byol; do
	clean $train --method $m --projector 64bnr,64bN --predictor 16bnr,64b -o $m.safetensors v.sst
done
for m in simclr dcl moco swav barlow vicreg; do
	clean $train --method $m --projector 64bnr,64bN -o $m.safetensors v.sst
done
clean $train --method dino --projector 64bnr,64bN -o dino.safetensors crops.sst
clean $train --method supervised -o supervised.safetensors v.sst
clean $train --exact --projector 64bnr,64bN --predictor 16bnr,64b -o exact.safetensors v.sst
for a in resnet18-imagenet resnet50-keras resnet20v2; do
	clean $train --arch $a --checkpoint-activations --projector 64bnr,64bN --predictor 16bnr,64b -o $a.safetensors v.sst
done
clean ss-embed -t 3 -m simsiam.safetensors -o e.sst s.sst
clean ss-embed -t 3 -m resnet50-keras.safetensors -o photos.sst s.sst
clean ss-knn -t 3 -k 5 --bank e.sst --query e.sst
clean ss-knn -t 3 --neighbours --bank e.sst --leave-one-out
clean ss-dups -t 3 --threshold 0.5 e.sst
clean ss-linprobe -t 3 --train e.sst --test e.sst
clean ss-linprobe -t 3 --solver sgd --train e.sst --test e.sst
clean ss-health -t 3 e.sst
clean ss-map -t 3 --method tsne --iterations 60 -o tsne.png e.sst
clean ss-map -t 3 --method pca -o pca.png e.sst
for t in work source starved starved_net image_draw knn pairs probe tsne; do
	clean "$build/tests/unit/test_$t"
done
done_testing
