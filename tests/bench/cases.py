"""What ./dev bench measures. Every function answers rows; programs are those of tests/bench."""

import contextlib
import os
import subprocess
import time

from processes import Server, figures
from rows import Goal, Row, at_least, at_most, ratios

ECHO_SIZES = [("30 B", 30), ("64 KiB", 64 * 1024), ("1 MiB", 1024 * 1024)]
FAN_OUTS = [(3, 16), (100, 8), (1000, 2)]


class Bench:
    def __init__(self, programs, folder, rounds, seconds):
        self.programs = programs
        self.folder = folder
        self.rounds = rounds
        self.seconds = seconds

    def program(self, name):
        return os.path.join(self.programs, name)

    def unix(self, name):
        return f"unix:{self.folder}/{name}.sock"

    def echo_server(self, kind, listen=None, **how):
        address = listen or self.unix(f"echo-{kind}")
        if kind == "raw":
            return Server([self.program("bench-raw"), "echo", address], **how)
        return Server([self.program("bench"), "serve", "--listen", address], **how)

    def hello_server(self, kind, address=None):
        address = address or self.unix(f"hello-{kind}")
        if kind == "raw":
            return Server([self.program("bench-raw"), "hello", address])
        return Server([self.program("hello"), "serve", "--chainlets", "SayHello", "--listen",
                       address])

    def hello_all_server(self, kind, hello, address=None, **how):
        address = address or self.unix(f"hello-all-{kind}")
        if kind == "raw":
            return Server([self.program("bench-raw"), "hello-all", address, hello], **how)
        return Server([self.program("hello"), "serve", "--chainlets", "HelloAll", "--listen",
                       address, "--endpoints", f"SayHello={hello}"], **how)

    def caller(self, kind, what, address, in_flight, size, pids=()):
        """A closed loop of calls; its figures."""
        command = [self.program(f"bench-caller-{kind}"), what, address, "--in-flight", in_flight,
                   "--size", size, "--seconds", self.seconds]
        for pid in pids:
            command += ["--pid", pid]
        return figures(command, 60 + 10 * self.seconds)

    def in_turn(self, *measures):
        """A B A B: the results of each measure, by round. The order turns from round to round, so
        that neither is always the first."""
        results = [[] for _ in measures]
        for turn in range(self.rounds):
            order = range(len(measures)) if turn % 2 == 0 else reversed(range(len(measures)))
            for i in order:
                results[i].append(measures[i]())
        return results


def per_second(results):
    return [result["per_second"] for result in results]


def cpu(results, processes=None):
    return [sum(result["cpu_us"] if processes is None else
                [result["cpu_us"][i] for i in processes]) for result in results]


def echo(bench):
    """Unary calls over the runtime, both ends, against raw ones."""
    rows = []
    with bench.echo_server("raw") as raw, bench.echo_server("chains") as ours:
        for label, size in ECHO_SIZES:
            for in_flight in (1, 16, 64):
                floor, mine = bench.in_turn(
                    lambda: bench.caller("raw", "echo", raw.address, in_flight, size, [raw.pid]),
                    lambda: bench.caller("chains", "echo", ours.address, in_flight, size,
                                         [ours.pid]))
                name = f"echo {label}, {in_flight} in flight"
                small = size == 30
                rows.append(Row(name, "calls/s ÷ raw", ratios(per_second(mine), per_second(floor)),
                                at_least(0.95) if small else Goal(),
                                note=f"raw {per_second(floor)[0]:,.0f}/s"))
                rows.append(Row(name, "CPU of both ends ÷ raw", ratios(cpu(mine), cpu(floor)),
                                Goal() if small else at_most(1.04),
                                note=f"raw {cpu(floor)[0]:.1f} µs"))
    return rows


def fan_out(bench):
    """HelloAll with n calls to SayHello in another process, against the same by hand."""
    rows = []
    with contextlib.ExitStack() as stack:
        pairs = {}
        for kind in ("raw", "chains"):
            hello = stack.enter_context(bench.hello_server(kind))
            pairs[kind] = (hello, stack.enter_context(
                bench.hello_all_server(kind, hello.address)))
        for names, in_flight in FAN_OUTS:
            def call(kind):
                hello, hello_all = pairs[kind]
                return bench.caller("raw", "hello-all", hello_all.address, in_flight, names,
                                    [hello_all.pid, hello.pid])
            floor, mine = bench.in_turn(lambda: call("raw"), lambda: call("chains"))
            name = f"fan-out {names}, {in_flight} in flight"
            rows.append(Row(name, "CPU of the caller ÷ raw", ratios(cpu(mine, [1]), cpu(floor, [1])),
                            at_most(1.04), note=f"raw {cpu(floor, [1])[0]:,.0f} µs"))
            rows.append(Row(name, "calls/s ÷ raw", ratios(per_second(mine), per_second(floor)),
                            note=f"raw {per_second(floor)[0]:,.0f}/s"))
    return rows


def placements(bench):
    """The hello chain with three names, in one process and in two."""
    rows = []
    with contextlib.ExitStack() as stack:
        def serve(name, *more):
            return stack.enter_context(Server(
                [bench.program("hello"), "serve", "--listen", bench.unix(name), *more]))
        raw_hello = stack.enter_context(bench.hello_server("raw"))
        floor = stack.enter_context(bench.hello_all_server("raw", raw_hello.address))
        unix = stack.enter_context(bench.hello_server("chains"))
        tcp = stack.enter_context(bench.hello_server("chains", "127.0.0.1:0"))
        split = ["--chainlets", "HelloAll", "--endpoints"]
        placed = {
            "together": serve("together"),
            "over a unix socket": serve("over-unix", *split, f"SayHello={unix.address}"),
            "over TCP": serve("over-tcp", *split, f"SayHello={tcp.address}"),
        }
        servers = [floor, *placed.values()]
        results = bench.in_turn(*[
            lambda address=server.address: bench.caller("raw", "hello-all", address, 16, 3)
            for server in servers])
        for name, mine in zip(placed, results[1:], strict=True):
            rows.append(Row(f"hello chain {name}, 16 in flight", "calls/s ÷ raw, unix socket",
                            ratios(per_second(mine), per_second(results[0]))))
    return rows


def tail(bench):
    """How long answers take at a stated rate, from when their calls were due; and what slow calls
    among them do to the others."""
    rate = 2000
    with bench.echo_server("raw") as raw, bench.echo_server("chains") as ours:
        def measure(server, *more):
            return figures([bench.program("bench-caller-open"), server.address, "--rate", rate,
                            "--seconds", 2 * bench.seconds, *more])
        floor, mine, mixed = bench.in_turn(
            lambda: measure(raw), lambda: measure(ours),
            lambda: measure(ours, "--slow-every", 100))
    rows = []
    for key, label in (("p50_us", "p50"), ("p99_us", "p99"), ("p999_us", "p99.9")):
        rows.append(Row(f"echo 30 B at {rate:,}/s, open loop", f"{label} ÷ raw",
                        ratios([each[key] for each in mine], [each[key] for each in floor]),
                        note=f"raw {min(each[key] for each in floor):.0f} µs"))
    rows.append(Row("fast calls beside 1 % of 50 ms", "p99 ÷ without them",
                    ratios([each["p99_us"] for each in mixed], [each["p99_us"] for each in mine]),
                    at_most(1.2)))
    return rows


def inside(bench):
    """Calls within a process, and JSON, timed by bench-inside."""
    goals = {
        "JSON to wire, 33 B": at_least(15), "JSON to wire, 226 B": at_least(15),
        "JSON to wire, 10,000 strings": at_least(15), "JSON to wire, 1 MiB of bytes": at_least(11),
        "wire to JSON, 33 B": at_least(12), "wire to JSON, 226 B": at_least(9),
        "wire to JSON, 10,000 strings": at_least(3), "wire to JSON, 1 MiB of bytes": at_least(2),
    }
    nanoseconds = {"call in the same process, both edges": 60, "gather of 3": 150}
    rows = []
    for timed in figures([bench.program("bench-inside"), bench.rounds]):
        name = timed["name"]
        if name in nanoseconds:
            rows.append(Row(name, "time of one", timed["ours"],
                            at_most(nanoseconds[name], " ns"), unit=" ns",
                            note=f"bare coroutines {min(timed['floor']):.0f} ns"))
        else:
            rows.append(Row(name, "speed ÷ protobuf's converter",
                            ratios(timed["floor"], timed["ours"]), goals[name],
                            note=f"{min(timed['ours']):,.0f} ns"))
    return rows


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


ALL = {"echo": echo, "fan-out": fan_out, "placements": placements, "tail": tail, "inside": inside,
       "fixed": fixed_cost}
