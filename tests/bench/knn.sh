#!/bin/bash
# knn.sh - k nearest neighbours against PyTorch's matmul and topk, and faiss where it is
. "$(dirname "$0")/lib.sh"
bank=50000 query=10000 d=512
if ! has numpy; then
	echo 'knn.sh: needs numpy to make its data'
	exit 0
fi
"$PYTHON" "$HERE/make_features.py" "$scratch/bank" $bank $d 1
"$PYTHON" "$HERE/make_features.py" "$scratch/query" $query $d 2

heading "kNN, $query queries, bank $bank x $d, k 200, $THREADS threads, reading the files included"
ours_cmd="per $query ss-knn --bank $scratch/bank.sst --query $scratch/query.sst -t $THREADS"
for rival in torch faiss; do
	theirs_cmd=absent
	has $rival && theirs_cmd="$PYTHON $HERE/rival_knn.py $rival $scratch/bank.npz $scratch/query.npz $THREADS"
	row "against $rival" "$ours_cmd" "$theirs_cmd" queries/s
done
