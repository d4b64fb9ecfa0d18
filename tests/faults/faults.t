#!/bin/bash
# faults.t - a part of every fault of run.py; `make check-faults` tries all of them
. "$(dirname "$0")/../cli/lib.sh"
unset SS_THREADS SS_DATA
exec "$PYTHON" -B "$TOP/tests/faults/run.py" --short --tap
