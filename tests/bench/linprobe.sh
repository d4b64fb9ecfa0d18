#!/bin/bash
# linprobe.sh - the linear probe against scikit-learn's logistic regression, to the same loss
. "$(dirname "$0")/lib.sh"
n=50000 d=512
if ! has numpy; then
	echo 'linprobe.sh: needs numpy to make its data'
	exit 0
fi
"$PYTHON" "$HERE/make_features.py" "$scratch/train" $n $d 1
"$PYTHON" "$HERE/make_features.py" "$scratch/test" 10000 $d 2
rival=absent
has sklearn && rival=$("$PYTHON" -c 'import sklearn; print("sklearn", sklearn.__version__)')

# The loss that we end with, to which the rival's iterations are counted.
ss-linprobe --train "$scratch/train.sst" --test "$scratch/test.sst" -t "$THREADS" --json >"$scratch/ours.json"
loss=$("$PYTHON" -c "import json,sys; print(json.load(open(sys.argv[1]))['scores'][0]['objective'])" "$scratch/ours.json")
theirs_cmd=absent
[ "$rival" = absent ] || theirs_cmd="$PYTHON $HERE/rival_linprobe.py $scratch/train.npz $loss $THREADS"
heading "linear probe, $n x $d, 10 classes, to convergence, $THREADS threads, reading the files included" "$rival"
row 'fits a minute' "per 60 ss-linprobe --train $scratch/train.sst --test $scratch/test.sst -t $THREADS" "$theirs_cmd" '1/min'
