#!/usr/bin/env python3
"""Every way of starting a chain that is wrong says all that is wrong, as recorded, and exits with 2.

all_wrong.py PROGRAM [--update]
"""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
COMMANDS = [
    ([], "describe.golden"),
    (["--describe"], "describe.golden"),
    (["run", "{}"], "run.golden"),
    (["serve"], "run.golden"),
    (["serve", "--chainlets", "Nobody"], "serve_nobody.golden"),
]


def main():
    program, *rest = sys.argv[1:]
    failed = False
    for arguments, golden in COMMANDS:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
        recorded = HERE / golden
        if rest == ["--update"]:
            recorded.write_text(done.stderr)
        if done.returncode == 2 and not done.stdout and done.stderr == recorded.read_text():
            continue
        failed = True
        print(f"{arguments}: exit code {done.returncode}, printed:\n{done.stdout}--- and on standard error, "
              f"compared with {golden}:")
        sys.stdout.flush()
        subprocess.run(["diff", "-u", str(recorded), "-"], input=done.stderr, text=True)
    sys.exit(failed)


main()
