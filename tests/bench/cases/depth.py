"""Chainlets one behind another, up to eight, in one process and across two."""

import contextlib

from processes import Server, figures
from rows import Row, ratios

from cases.common import cpu

DEPTHS = (1, 2, 4, 8)


def servers(bench, stack):
    """One process with all; and two that hold every other one, so that each call leaves."""
    together = stack.enter_context(
        Server([bench.program("bench-depth"), "serve", "--listen", bench.unix("depth")]))
    addresses = [bench.unix("depth-even"), bench.unix("depth-odd")]
    halves = []
    for rest in (0, 1):
        mine = [f"Depth{n}" for n in range(1, 9) if n % 2 == rest]
        others = [f"Depth{n}={addresses[1 - rest]}" for n in range(1, 9) if n % 2 != rest]
        halves.append(stack.enter_context(
            Server([bench.program("bench-depth"), "serve", "--listen", addresses[rest],
                    "--chainlets", ",".join(mine), "--endpoints", ",".join(others)])))
    return together, halves


def depth(bench):
    """A call that passes n chainlets, against the same with one."""
    with contextlib.ExitStack() as stack:
        together, halves = servers(bench, stack)

        def call(server, n, pids):
            command = [bench.program("bench-caller-grpc"), server.address, "--method",
                       f"/bench.Depth{n}/RunRemote", "--seconds", bench.seconds]
            for pid in pids:
                command += ["--pid", pid]
            return figures(command)
        results = bench.in_turn(
            *[lambda n=n: call(together, n, [together.pid]) for n in DEPTHS],
            *[lambda n=n: call(halves[n % 2], n, [half.pid for half in halves]) for n in DEPTHS])
    rows = []
    for label, placed in (("together", results[:4]), ("each in another process", results[4:])):
        hops = label != "together"
        floor = placed[0]
        for n, mine in zip(DEPTHS[1:], placed[1:], strict=True):
            times = n if hops else 1
            against = f"÷ {n} × depth 1" if hops else "÷ depth 1"
            name = f"depth {n}, {label}, 1 in flight"

            def against_one(ours, one, times=times):
                return ratios(ours, [times * each for each in one])
            rows.append(Row(name, f"p50 {against}", against_one(
                [each["p50_us"] for each in mine], [each["p50_us"] for each in floor]),
                note=f"depth 1: {floor[0]['p50_us']:.0f} µs"))
            rows.append(Row(name, f"CPU of all {against}", against_one(cpu(mine), cpu(floor)),
                            note=f"depth 1: {cpu(floor)[0]:.0f} µs, its caller included"))
    return rows
