"""What a replica costs before it has done anything."""

import os
import subprocess
import time

from processes import Server, figures
from rows import Row, at_most


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/status has no VmRSS")


def fixed_cost(bench):
    """A replica of hello that has nothing to do."""
    ready, resident, first = [], [], []
    for _ in range(bench.rounds):
        start = time.monotonic()
        with Server([bench.program("hello"), "serve", "--listen", bench.unix("idle")]) as server:
            ready.append(1000 * (time.monotonic() - start))
            resident.append(resident_mib(server.pid))
            figures([bench.program("bench-caller-raw"), "hello-all", server.address, "--calls", 1,
                     "--warm-up", 0, "--size", 3])
            first.append(1000 * (time.monotonic() - start))
    stripped = os.path.join(bench.folder, "hello.stripped")
    subprocess.run(["strip", "-o", stripped, bench.program("hello")], check=True)
    size = os.path.getsize(stripped) / 1024 / 1024
    return [Row("idle replica of hello", "resident", resident, at_most(20, " MiB"), unit=" MiB"),
            Row("idle replica of hello", "ready after start", ready, at_most(100, " ms"),
                unit=" ms"),
            Row("idle replica of hello", "first answer after start", first, unit=" ms",
                note="with the start of its caller"),
            Row("program of hello", "stripped", [size], unit=" MiB")]
