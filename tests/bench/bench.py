#!/usr/bin/env python3
"""./dev bench: measures Chains against floors in the same run. README.md beside this explains."""

import argparse
import os
import platform
import sys
import tempfile

import cases
import instructions
from processes import Failed
from rows import as_json, as_markdown


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    return f"{os.cpu_count()} × {models[0] if models else platform.machine()}"


def parse(arguments=None):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("parts", nargs="*", metavar="PART",
                        help="measure these parts alone: " + ", ".join(sorted(cases.ALL)))
    parser.add_argument("--only", action="append", choices=sorted(cases.ALL),
                        help="the same, one at a time")
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement, at least 1")
    parser.add_argument("--seconds", type=float, default=0.6, help="of each round")
    parser.add_argument("--megabytes", type=int, default=1000,
                        help="of weights of the random model in part gpu")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--instructions", action="store_true",
                        help="count instructions by callgrind instead")
    parser.add_argument("--check", action="store_true",
                        help="with --instructions: fail when one rose by 3 %% over the baseline")
    parser.add_argument("--update", action="store_true",
                        help="with --instructions: make the counts the baseline")
    options = parser.parse_args(arguments)
    for part in options.parts:
        if part not in cases.ALL:
            parser.error(f"there is no part '{part}'; there are {', '.join(sorted(cases.ALL))}")
    options.only = [*options.parts, *(options.only or [])]
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    if (options.check or options.update) and not options.instructions:
        parser.error("--check and --update go with --instructions")
    return options


def measure(bench, options):
    """Rows, and in words which parts failed: one that cannot run costs no other its figures."""
    parts = {"instructions": instructions.count} if options.instructions else {
        name: case for name, case in cases.ALL.items() if not options.only or name in options.only}
    rows, failures = [], []
    for name, part in parts.items():
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            rows += part(bench)
        except Failed as failure:
            failures.append(f"{name}: {failure}")
    return rows, failures


def main():
    options = parse()
    with tempfile.TemporaryDirectory(prefix="chains-bench-") as folder:
        bench = cases.Bench(options.programs, folder, options.rounds, options.seconds,
                            options.megabytes)
        rows, failures = measure(bench, options)
    print(f"On {machine()}; ratios are of the same run, A B A B.\n")
    print(as_markdown(rows))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.write(as_json(rows, machine()) + "\n")
    if options.update and not failures:
        instructions.write_baseline(rows)
    if options.check:
        failures += instructions.compare(rows, instructions.load_baseline())
    for words in failures:
        print(f"bench: {words}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
