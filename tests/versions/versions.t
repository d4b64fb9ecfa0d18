#!/bin/bash
# versions.t - what earlier versions wrote is read by this one, and means the same
. "$(dirname "$0")/../cli/lib.sh"
unset SS_THREADS SS_DATA
for folder in "$TOP"/tests/versions/[0-9]*/; do
	v=$(basename "$folder")
	while read -r name digest; do
		run 0 ss-info --check "$folder/$name" && [ "$(ss-info --digest "$folder/$name")" = "$digest" ]
		ok "$v: $name"
	done <"$folder/digests"
	[ "$(wc -l <"$folder/digests")" -ge 3 ]
	ok "$v: there are streams"
	run 4 ss-info --check "$folder/failed.sst" && says 'upstream failed: gen: asked to fail'
	ok "$v: a failure upstream"
	gzip -dc "$folder/model.safetensors.gz" >model.safetensors && run 0 ss-info --check model.safetensors && [ ! -s err ]
	ok "$v: the model and its checksums"
	for cpu in ref auto; do
		run 0 ss-embed -q --cpu $cpu -m model.safetensors "$folder/images.sst" -o e.sst --force && run 0 ss-cmp --rtol 1e-3 --atol 1e-4 e.sst "$folder/embedding.sst"
		ok "$v: the model's embeddings, kernels $cpu"
	done
	run 0 ss-augment -q --two-views "$folder/images.sst" && mv out views.sst &&
	    run 0 ss-train -q -t 1 --batch 8 --init model.safetensors --init-parts all --steps 2 -o m.safetensors --force views.sst
	ok "$v: the model can be gone on with"
	run 0 ss-plot --text --key loss "$folder/log.jsonl" && [ -s out ]
	ok "$v: the log can be drawn"
done
done_testing
