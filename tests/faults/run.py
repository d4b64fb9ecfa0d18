#!/usr/bin/env python3
"""run - injects faults into the tools and counts what happens

    run.py [--short] [--tap] [R01 ...]      rows: all

Prints a table, one row a fault: how often it was tried, how often the promise held, the worst value of what is measured.
--short tries a part of each, for `make check`; --tap prints a line of TAP for each row instead. Ends with 1 if a row did not hold.

Each row has a process of its own: what a program is said to have taken at most is at least what the process took that began it.
"""
import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import claims  # noqa: E402,F401
import kit  # noqa: E402
import memory  # noqa: E402,F401
import outputs  # noqa: E402,F401
import photos  # noqa: E402,F401
import pngs  # noqa: E402,F401
import runs  # noqa: E402,F401
import streams  # noqa: E402,F401
import surroundings  # noqa: E402,F401

SHOWN = 10      # complaints of a row
FORK = multiprocessing.get_context("fork")


def try_row(row, try_it, fix, short, answer):
    """Fills the row, in a process of its own, and sends it back."""
    try_it(row, fix, short)
    answer.send(row)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--short", action="store_true")
    a.add_argument("--tap", action="store_true")
    a.add_argument("rows", nargs="*")
    o = a.parse_args()
    folder = tempfile.mkdtemp(prefix="faults.")
    failed = n = 0
    if not o.tap:
        print("%-5s%-56s%8s%8s%7s  %s" % ("", "fault", "tried", "held", "s", "worst"))
    try:
        fix = kit.fixtures(folder)
        for number, what, try_it in sorted(kit.ROWS, key=lambda r: r[0]):
            if o.rows and number not in o.rows:
                continue
            begun = time.monotonic()
            answer, question = multiprocessing.Pipe(duplex=False)
            child = FORK.Process(target=try_row, args=(kit.Row(number, what), try_it, fix, o.short, question))
            child.start()
            question.close()
            row = answer.recv()
            child.join()
            good = row.tried == row.held and (row.tried > 0 or row.skipped)
            failed += not good
            n += 1
            if o.tap:
                print("%sok %d - %s %s: %d of %d held%s" % ("" if good else "not ", n, row.number, row.what, row.held, row.tried,
                      " # SKIP " + row.skipped if row.skipped else ""), flush=True)
            else:
                print("%-5s%-56s%8d%8d%7.1f  %s" % (row.number, row.what, row.tried, row.held, time.monotonic() - begun,
                      row.skipped or row.worst), flush=True)
            for text in row.wrong[:SHOWN]:
                print("%s%s" % ("# " if o.tap else "     ", text), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if o.tap:
        print("1..%d" % n)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
