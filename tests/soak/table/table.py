#!/usr/bin/env python3
"""The soak table: faults under steady open-loop load, what must be seen, and what was.

    BIN=build/release/bin python3 tests/soak/table/table.py [--short] [--jobs N] [--json FILE] [ROW...]

Without ROWs all of them but fuzz, which takes an hour. --short takes seconds instead of minutes a row, and is
what ctest runs: its loads are small, so that a busy machine can carry them. --jobs N runs N rows side by side,
each with ports and folders of its own; rows that judge tails have processors of their own meanwhile, or, where
there are fewer than 12, run alone and first. The exit code is 1 where a row does not hold.
KEEP=1 (environment) keeps the folders of rows, with the output of every process.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

import rows_kill
import rows_net
import rows_resources
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
    "descriptors": rows_resources.descriptors,
    "memory": rows_resources.memory,
    "threads": rows_resources.threads,
}
NOT_UNASKED = {"fuzz"}
LONGEST = ["leave", "rollout", "corrupt", "kill"]  # and so begin first with --jobs
JUDGE_TAILS = ["slow", "overload"]
PROCESSORS_OF_TAILS = 3  # for each of them
ENOUGH_PROCESSORS = 12


def text_of(figures):
    return "; ".join(f"{name} {json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value}"
                     for name, value in figures.items())


def failed(name, why):
    return {"row": name, "fault": name, "must": "", "holds": False, "figures": {}, "problems": [why]}


def run(name, short):
    begin = time.monotonic()
    try:
        found = ROWS[name](short).json(name)
    except Broken as error:
        found = failed(name, str(error))
    found["seconds"] = round(time.monotonic() - begin)
    return found


def tell(found):
    print(f"{'HOLDS' if found['holds'] else 'FAILS'} {found['row']} ({found.get('seconds', 0)} s): "
          f"{text_of(found['figures'])}")
    for problem in found["problems"]:
        print(f"      {problem}")
    sys.stdout.flush()
    return found


def run_apart(name, short, processors):
    """In a process of its own, on these processors."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, __file__, "--json", file.name, "--processors", ",".join(map(str, processors)), name]
        done = subprocess.run(command + ["--short"] * short, capture_output=True, text=True)
        try:
            return tell(json.load(file)["rows"][0])
        except ValueError:
            return tell(failed(name, f"it ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}"))


def run_side_by_side(rows, short, jobs):
    mine = sorted(os.sched_getaffinity(0))
    tails = [each for each in JUDGE_TAILS if each in rows]
    others = sorted((each for each in rows if each not in tails),
                    key=lambda each: LONGEST.index(each) if each in LONGEST else len(LONGEST))
    found, apart = {}, {}
    for each in tails:
        if len(os.sched_getaffinity(0)) >= ENOUGH_PROCESSORS:
            apart[each], mine = mine[:PROCESSORS_OF_TAILS], mine[PROCESSORS_OF_TAILS:]
        else:
            found[each] = run_apart(each, short, mine)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {each: pool.submit(run_apart, each, short, apart.get(each, mine)) for each in [*apart, *others]}
    found.update((each, future.result()) for each, future in running.items())
    return [found[each] for each in rows]


def machine():
    model = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"processors": len(os.sched_getaffinity(0)), "model": model[1] if model else platform.machine(),
            "memory, GiB": round(memory), "kernel": f"{platform.system()} {platform.release()}"}


def table(found, where):
    lines = [f"On {where['processors']} processors ({where['model']}), {where['memory, GiB']} GiB, {where['kernel']}:",
             "", "| Fault | Must show | Shown | |", "|---|---|---|---|"]
    for each in found:
        verdict = "holds" if each["holds"] else f"**fails**: {'; '.join(each['problems'])}"
        lines.append(f"| {each['fault']} | {each['must']} | {text_of(each['figures'])} | {verdict} |")
    return "\n".join(line.replace("\n", " ") for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--short", action="store_true", help="seconds a row")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="rows side by side")
    parser.add_argument("--json", metavar="FILE", help="write what was found there as well")
    parser.add_argument("--processors", metavar="N,...", help="run on these")
    arguments = parser.parse_args()
    for row in arguments.rows:
        if row not in ROWS:
            parser.error(f"there is no row '{row}'; there are {', '.join(ROWS)}")
    if arguments.jobs < 1:
        parser.error("--jobs must be at least 1")
    if arguments.processors:
        os.sched_setaffinity(0, [int(each) for each in arguments.processors.split(",")])
    rows = arguments.rows or [each for each in ROWS if each not in NOT_UNASKED]
    if arguments.jobs > 1:
        found = run_side_by_side(list(dict.fromkeys(rows)), arguments.short, arguments.jobs)
    else:
        found = [tell(run(name, arguments.short)) for name in rows]
    where = machine()
    print("\n" + table(found, where))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"short": arguments.short, "jobs": arguments.jobs, "machine": where, "rows": found}, file,
                      indent=1, ensure_ascii=False)
    return 0 if all(each["holds"] for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
