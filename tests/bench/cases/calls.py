"""Calls over gRPC: how many, at what cost, and how long they take.

Servers of echo and fan-out are started anew for every round: where a process comes to lie, in
memory and on the processors, is worth several per cent for as long as it lives.
"""

import contextlib

from processes import Server, figures
from rows import Goal, Row, at_least, at_most, ratios

from cases.common import cpu, per_second

ECHO_SIZES = [("30 B", 30), ("64 KiB", 64 * 1024), ("1 MiB", 1024 * 1024)]
FAN_OUTS = [(3, 16), (100, 8), (1000, 2)]


def echo(bench):
    """Unary calls over the runtime, both ends, against raw ones."""
    rows = []
    for label, size in ECHO_SIZES:
        for in_flight in (1, 16, 64):
            def call(kind):
                with bench.echo_server(kind) as server:
                    return bench.caller(kind, "echo", server.address, in_flight, size,
                                        [server.pid])
            small = size == 30
            floor, mine = bench.in_turn(lambda: call("raw"), lambda: call("chains"))
            name = f"echo {label}, {in_flight} in flight"
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
    for names, in_flight in FAN_OUTS:
        def call(kind):
            with bench.hello_server(kind) as hello, \
                    bench.hello_all_server(kind, hello.address) as hello_all:
                return bench.caller("raw", "hello-all", hello_all.address, in_flight, names,
                                    [hello_all.pid, hello.pid])
        floor, mine = bench.in_turn(lambda: call("raw"), lambda: call("chains"))
        name = f"fan-out {names}, {in_flight} in flight"
        rows.append(Row(name, "CPU of the caller ÷ raw",
                        ratios(cpu(mine, [1]), cpu(floor, [1])), at_most(1.04),
                        note=f"raw {cpu(floor, [1])[0]:,.0f} µs"))
        rows.append(Row(name, "calls/s ÷ raw", ratios(per_second(mine), per_second(floor)),
                        note=f"raw {per_second(floor)[0]:,.0f}/s"))
    return rows


def placements(bench):
    """The hello chain with three names, in one process (plain calls, or calls in wire format) and
    in two. cases/gateway.py has it behind HTTP."""
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
            "in loopback": stack.enter_context(
                Server([bench.program("bench-hello"), "loopback", bench.unix("loopback")])),
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
            return figures([bench.program("bench-caller-grpc"), server.address, "--rate", rate,
                            "--in-flight", 10_000, "--warm-up", 100,
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
