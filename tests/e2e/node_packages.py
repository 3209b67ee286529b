"""The npm packages that tests run with node, installed once in the build folder.

    folder = node_packages.folder("typescript")   # build/…/tests/e2e/node/typescript

Scripts and what they import live in such a folder: node looks for packages above it. What is
installed is what tests/e2e/node/package-lock.json says, byte for byte (`npm ci`). Without node, or
where npm's registry cannot be reached, the program ends with "SKIPPED: why", which ctest shows.
"""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys

WANTED = pathlib.Path(__file__).parent / "node"
FILES = ("package.json", "package-lock.json", ".npmrc")
INSTALLED = pathlib.Path(os.environ["BIN"]).parent / "tests/e2e/node"
OLDEST_NODE = 18
INSTALL_SECONDS = 240
# What npm says where it reaches nobody.
AWAY = r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b"


def skip(why):
    print(f"SKIPPED: {why}", flush=True)
    sys.exit(0)


def check_node():
    for program in ("node", "npm"):
        if not shutil.which(program):
            skip(f"{program} is not installed (./dev setup test)")
    version = run("node", "--version", timeout=60).stdout.strip()
    if int(re.match(r"v(\d+)", version)[1]) < OLDEST_NODE:
        skip(f"node is {version}; these packages want {OLDEST_NODE} at least")


def run(*arguments, timeout, **options):
    """A program that ends by itself: its CompletedProcess, as text."""
    return subprocess.run(arguments, capture_output=True, text=True, timeout=timeout, **options)


def install():
    """Does nothing where they are there already; one at a time."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(INSTALLED / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = "".join((WANTED / name).read_text() for name in FILES)
        done = INSTALLED / "installed"
        if done.exists() and done.read_text() == wanted:
            return
        done.unlink(missing_ok=True)
        for name in FILES:
            shutil.copy(WANTED / name, INSTALLED / name)
        # Nothing that a package brings is run while it is installed.
        try:
            ci = run("npm", "ci", "--ignore-scripts", "--prefer-offline", cwd=INSTALLED, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            skip(f"npm did not get its packages within {INSTALL_SECONDS} s")
        if ci.returncode != 0:
            if re.search(AWAY, ci.stderr):
                skip("npm's registry cannot be reached, and its packages are not in npm's cache")
            raise AssertionError(f"npm ci failed:\n{ci.stdout}{ci.stderr}")
        done.write_text(wanted)


def folder(name):
    """A folder of this name where scripts find the packages; it stays between runs."""
    check_node()
    install()
    made = INSTALLED / name
    made.mkdir(exist_ok=True)
    return made
