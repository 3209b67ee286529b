"""System calls a request, counted by the kernel while the server runs at full speed.

strace would slow the server down so much that it never rests: of a request that comes alone it
finds half the calls.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys

from processes import Failed, run
from rows import Goal, Row, at_most

CALLS = {1: 10_000, 16: 40_000}  # by in flight
ALL = "raw_syscalls:sys_enter"
NAMES = ["epoll_wait", "recvmsg", "sendmsg", "recvfrom", "read", "write", "epoll_ctl", "futex"]
EVENTS = ",".join([ALL] + [f"syscalls:sys_enter_{name}" for name in NAMES])
# The goal was set where raw gRPC took 8.1 for the same calls: over TCP, where gRPC is told how much
# there is to read. Of a unix socket it asks twice more, in vain, each time that something came. And
# how many of the three answers come together, a machine decides.
GOAL, RAW_OF_GOAL = 14, 8.1


def can_count():
    return shutil.which("perf") is not None and subprocess.run(
        ["perf", "stat", "-e", ALL, "true"], capture_output=True, timeout=60,
        check=False).returncode == 0


def counts_in(table):
    """What perf stat -x, wrote: counts by the event's name, None for all system calls."""
    counts = {}
    for line in table.splitlines():
        fields = line.split(",")
        if len(fields) > 2 and fields[0].isdigit():
            name = None if fields[2] == ALL else fields[2].removeprefix("syscalls:sys_enter_")
            counts[name] = int(fields[0])
    return counts


class Counter:
    """Counts the system calls of a process between two points, told through pipes."""

    def __init__(self, pid, folder):
        self.table = os.path.join(folder, "perf")
        told, self.tell = os.pipe()
        self.answers, answer = os.pipe()
        # pylint: disable=consider-using-with
        self.perf = subprocess.Popen(
            ["perf", "stat", "-D", "-1", "--control", f"fd:{told},{answer}", "-x", ",", "-e", EVENTS,
             "-p", str(pid), "-o", self.table], pass_fds=(told, answer), stderr=subprocess.DEVNULL)
        os.close(told)
        os.close(answer)

    def say(self, word):
        os.write(self.tell, f"{word}\n".encode())
        if not os.read(self.answers, 16).startswith(b"ack"):
            raise Failed(f"perf did not {word} counting")

    def stop(self):
        self.perf.send_signal(signal.SIGINT)
        self.perf.wait(30)
        os.close(self.tell)
        os.close(self.answers)
        with open(self.table, encoding="utf-8") as table:
            return counts_in(table.read())


def per_call(bench, server, call, in_flight):
    """By name. `call(server, in_flight, n)` makes n calls."""
    call(server, in_flight, 1000)  # connections, code, memory
    counter = Counter(server.pid, bench.folder)
    try:
        counter.say("enable")
        call(server, in_flight, CALLS[in_flight])
        counter.say("disable")
    finally:
        counts = counter.stop()
    return {name: count / CALLS[in_flight] for name, count in counts.items()}


def in_words(counts):
    """The most frequent, as in "epoll_wait 5.1, sendmsg 4.0"."""
    named = sorted(((count, name) for name, count in counts.items() if name), reverse=True)
    return ", ".join(f"{name} {count:.1f}" for count, name in named if count >= 0.05)


def raw_caller(bench, what, size):
    return lambda server, in_flight, calls: run(
        [bench.program("bench-caller-raw"), what, server.address, "--in-flight", in_flight,
         "--calls", calls, "--warm-up", 0, "--size", size], 120)


def http_caller(bench):
    return lambda server, connections, calls: run(
        [bench.program("bench-caller-http"), server.http, "--connections", connections,
         "--calls", calls, "--warm-up", 0], 120)


def against_raw(name, in_flight, floor, mine, goal):
    return Row(f"{name}, {in_flight} in flight", "system calls of its server ÷ raw",
               [each[None] / raw[None] for raw, each in zip(floor, mine)], goal,
               note=f"{in_words(mine[0])}; raw: {in_words(floor[0])}")


def gateway_inside(connections, by, counts, floor):
    plural = "" if connections == 1 else "s"
    name = f"hello chain over HTTP, gateway inside, {connections} connection{plural}, calls by {by}"
    alone = connections == 1
    rows = [Row(name, "system calls a request", [each[None] for each in counts],
                at_most(GOAL, "") if alone and by == "TCP" else Goal(), unit="",
                note=in_words(counts[0]))]
    if alone:
        rows.append(Row(name, f"the same ÷ raw fan-out ({GOAL} where that took {RAW_OF_GOAL})",
                        [each[None] / raw[None] for raw, each in zip(floor, counts)],
                        at_most(round(GOAL / RAW_OF_GOAL, 2)),
                        note=f"raw {floor[0][None]:.1f}"))
    return rows


def fan_outs(bench, stack, in_flights, address):
    """Of a caller by hand, of HelloAll, and of HelloAll behind HTTP; `address` makes one of a name."""
    by = "TCP" if address("").startswith("127.") else "unix socket"
    hello = {kind: stack.enter_context(bench.hello_server(kind, address(f"hello-{kind}")))
             for kind in ("raw", "chains")}
    floor, mine = [stack.enter_context(
        bench.hello_all_server(kind, hello["raw"].address, address(f"hello-all-{kind}")))
        for kind in ("raw", "chains")]
    inside = stack.enter_context(bench.entrypoint(
        f"inside-{by[:3]}", hello["chains"].address, "--http", "127.0.0.1:0"))
    call, post = raw_caller(bench, "hello-all", 3), http_caller(bench)
    rows = []
    for in_flight in in_flights:
        counts = bench.in_turn(*[
            lambda server=server, way=way, n=in_flight: per_call(bench, server, way, n)
            for server, way in ((floor, call), (mine, call), (inside, post))])
        rows += gateway_inside(in_flight, by, counts[2], counts[0])
        if by != "TCP":
            rows.append(against_raw("fan-out 3", in_flight, counts[0], counts[1], at_most(1.05)))
    return rows


def system_calls(bench):
    """The gateway inside, fan-out and echo, by the system calls of the server's process."""
    if not can_count():
        print("bench: system calls are not counted: perf is not installed, or may not count here",
              file=sys.stderr)
        return []
    rows = []
    with contextlib.ExitStack() as stack:
        rows += fan_outs(bench, stack, (1,), lambda name: "127.0.0.1:0")
        rows += fan_outs(bench, stack, (1, 16), bench.unix)
        echo = [stack.enter_context(bench.echo_server(kind)) for kind in ("raw", "chains")]

        def count(server, call, in_flight):
            return lambda: per_call(bench, server, call, in_flight)
        for in_flight in (1, 16):
            call = raw_caller(bench, "echo", 30)
            rows.append(against_raw("echo 30 B", in_flight, *bench.in_turn(
                *[count(server, call, in_flight) for server in echo]), Goal()))
    return rows
