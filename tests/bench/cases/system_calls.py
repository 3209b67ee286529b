"""System calls a request, counted by strace.

Each server runs twice, with few and with many calls; the difference is what calls cost. What is
traced is slower, so how many events a wake-up finds is not quite what it is at full speed; it is
the same for the floor in the same run.
"""

import os
import shutil
import subprocess
import sys

from processes import run
from rows import Goal, Row, at_most

FEW, MANY = 200, 1400
# With several in flight, runs of the same program differ by some hundredths.
REPEATS = {1: 1, 16: 3}


def can_trace():
    return shutil.which("strace") is not None and subprocess.run(
        ["strace", "-f", "-c", "-o", os.devnull, "true"], capture_output=True, timeout=60,
        check=False).returncode == 0


def per_call(bench, serve, call):
    """By name. `serve(strace=FILE)` starts the server to be traced, `call(server, n)` calls it."""
    counts = []
    for calls in (FEW, MANY):
        out = os.path.join(bench.folder, f"strace.{calls}")
        with serve(strace=out) as server:
            call(server, calls)
            counts.append(server.stop())
        os.unlink(out)
    few, many = counts
    return {name: (many[name] - few.get(name, 0)) / (MANY - FEW) for name in many}


def in_words(counts):
    """The most frequent, as in "epoll_wait 5.1, sendmsg 4.0"."""
    most = sorted(counts.items(), key=lambda each: -each[1])
    return ", ".join(f"{name} {count:.1f}" for name, count in most if count >= 0.05)


def raw_caller(bench, what, in_flight, size):
    return lambda server, calls: run(
        [bench.program("bench-caller-raw"), what, server.address, "--in-flight", in_flight,
         "--calls", calls, "--warm-up", 0, "--size", size], 120)


def against_raw(bench, name, serve, what, in_flight, size):
    call = raw_caller(bench, what, in_flight, size)
    pairs = [[per_call(bench, lambda kind=kind, **how: serve(kind, **how), call)
              for kind in ("raw", "chains")] for _ in range(REPEATS[in_flight])]
    raw, ours = pairs[0]
    return Row(f"{name}, {in_flight} in flight", "system calls of its server ÷ raw",
               [sum(mine.values()) / sum(floor.values()) for floor, mine in pairs],
               at_most(1.0 if in_flight == 1 else 1.05),
               note=f"{in_words(ours)}; raw: {in_words(raw)}")


def gateway_inside(bench, hello, connections):
    def call(server, calls):
        run([bench.program("bench-caller-http"), server.http, "--connections", connections,
             "--calls", calls, "--warm-up", 0], 120)
    counts = [per_call(bench, lambda **how: bench.entrypoint(
        f"traced-{connections}", hello.address, "--http", "127.0.0.1:0", **how), call)
        for _ in range(REPEATS[connections])]
    plural = "" if connections == 1 else "s"
    return Row(f"hello chain over HTTP, gateway inside, {connections} connection{plural}",
               "system calls a request", [sum(each.values()) for each in counts],
               at_most(14, "") if connections == 1 else Goal(), unit="", note=in_words(counts[0]))


def system_calls(bench):
    """The gateway inside, fan-out and echo, by the system calls of the server's process."""
    if not can_trace():
        print("bench: system calls are not counted: strace is not installed, or may not trace here",
              file=sys.stderr)
        return []
    rows = []
    with bench.hello_server("chains") as hello:
        rows += [gateway_inside(bench, hello, connections) for connections in (1, 16)]
    with bench.hello_server("raw") as hello:
        def serve_all(kind, **how):
            return bench.hello_all_server(kind, hello.address, **how)
        rows += [against_raw(bench, "fan-out 3", serve_all, "hello-all", in_flight, 3)
                 for in_flight in (1, 16)]
    rows += [against_raw(bench, "echo 30 B", bench.echo_server, "echo", in_flight, 30)
             for in_flight in (1, 16)]
    return rows
