#!/usr/bin/env python3
"""Types in what README.md says, outside the tree, and compares what comes out.

readme_chain.py README SCRATCH

In README.md, a fenced block after a line
  <!-- file: PATH -->  is the text of that file,
  <!-- run -->         is typed into a shell, in the folder where the files are; `cd` lasts,
  <!-- output -->      is how the standard output of the block before it ends,
  <!-- shows: PATH --> is the text of that file of this tree.
CMAKE_PREFIX_PATH says where Chains is installed, if not in /usr. A platform that it starts has a
folder of its own, and is ended with it.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

BLOCK = re.compile(r"^<!-- (file: (?P<path>\S+)|run|output) -->\n```\w*\n(?P<text>.*?)^```$", re.M | re.S)
SHOWN = re.compile(r"^<!-- shows: (\S+) -->\n```\w*\n(.*?)^```$", re.M | re.S)
MARK = "--- end of a block of README.md ---"


def main():
    readme, scratch = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    blocks = list(BLOCK.finditer(readme.read_text()))
    files = [block for block in blocks if block["path"]]
    shell = [block for block in blocks if block[1] == "run"]
    if not files or not shell:
        sys.exit(f"{readme.name} shows no chain of one's own: {len(files)} files, {len(shell)} commands")

    for path, text in SHOWN.findall(readme.read_text()):
        if (readme.parent / path).read_text() != text:
            sys.exit(f"{readme.name} shows another text than {path} has")

    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for block in files:
        path = scratch / block["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block["text"])

    script = "set -e\n" + "".join(f"{block['text']}\necho '{MARK}'\n" for block in shell)
    prefix = os.environ.get("CMAKE_PREFIX_PATH", "/usr")
    environment = {**os.environ, "PATH": f"{prefix}/bin:{os.environ['PATH']}", "CHAINS_HOME": str(scratch / "home")}
    try:
        done = subprocess.run(["bash", "-c", script], cwd=scratch, capture_output=True, text=True, env=environment)
    finally:
        subprocess.run(["chains", "down"], cwd=scratch, env=environment, check=True)
    print(done.stdout, done.stderr)
    if done.returncode != 0:
        sys.exit(f"a command of {readme.name} failed with {done.returncode}")

    written = done.stdout.split(MARK + "\n")
    block_before, failed = -1, 0
    for block in blocks:
        if block[1] == "run":
            block_before += 1
        elif block[1] == "output" and not written[block_before].endswith(block["text"]):
            failed += 1
            print(f"{readme.name} promises\n{block['text']}after\n{shell[block_before]['text']}")
    sys.exit(failed)


main()
