#!/usr/bin/env python3
"""The soak table: faults under steady open-loop load, what must be seen, and what was.

    BIN=build/release/bin python3 tests/soak/table/table.py [--short] [--json FILE] [ROW...]

Without ROWs all of them. --short takes seconds instead of minutes a row, and is what ctest runs: its
loads are small, so that a busy machine can carry them. The exit code is 1 where a row does not hold.
KEEP=1 (environment) keeps the folders of rows, with the output of every process.
"""
import argparse
import json
import sys
import time

import rows_kill
import rows_net
import rows_slow
from world import Broken

ROWS = {
    "kill": rows_kill.kill_idempotent,
    "kill-once": rows_kill.kill_once,
    "slow": rows_slow.slow_replica,
    "overload": rows_slow.overload,
    "storm": rows_slow.storm,
    "leave": rows_slow.leaving,
    "partition": rows_net.partition,
    "rollout": rows_net.rollout,
    "corrupt": rows_net.corrupt,
    "fuzz": rows_net.fuzz,
    "descriptors": rows_net.descriptors,
    "memory": rows_net.memory,
    "threads": rows_net.threads,
}


def text_of(figures):
    return "; ".join(f"{name} {json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value}"
                     for name, value in figures.items())


def run(name, short):
    begin = time.monotonic()
    try:
        found = ROWS[name](short).json(name)
    except Broken as error:
        found = {"row": name, "fault": name, "must": "", "holds": False, "figures": {}, "problems": [str(error)]}
    found["seconds"] = round(time.monotonic() - begin)
    print(f"{'HOLDS' if found['holds'] else 'FAILS'} {name} ({found['seconds']} s): {text_of(found['figures'])}")
    for problem in found["problems"]:
        print(f"      {problem}")
    sys.stdout.flush()
    return found


def table(found):
    lines = ["| Fault | Must show | Shown | |", "|---|---|---|---|"]
    for each in found:
        verdict = "holds" if each["holds"] else f"**fails**: {'; '.join(each['problems'])}"
        lines.append(f"| {each['fault']} | {each['must']} | {text_of(each['figures'])} | {verdict} |")
    return "\n".join(line.replace("\n", " ") for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--short", action="store_true", help="seconds a row")
    parser.add_argument("--json", metavar="FILE", help="write what was found there as well")
    arguments = parser.parse_args()
    for row in arguments.rows:
        if row not in ROWS:
            parser.error(f"there is no row '{row}'; there are {', '.join(ROWS)}")
    found = [run(name, arguments.short) for name in arguments.rows or ROWS]
    print("\n" + table(found))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"short": arguments.short, "rows": found}, file, indent=1, ensure_ascii=False)
    return 0 if all(each["holds"] for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
