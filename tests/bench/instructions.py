"""Instructions a call, counted by callgrind: what does not depend on the machine's mood.

Each program runs twice, with few and with many calls; the difference is what calls cost. The count
is compared as a ratio to the raw floor's in the same run.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor

from processes import instructions_in, run, under_callgrind
from rows import Goal, Row, at_most

CALLS = (500, 2500)
LARGE = {"64 KiB": (64 << 10, (100, 600)), "1 MiB": (1 << 20, (20, 120))}  # bytes, calls
ITEMS = (1000, 13000)  # of 8,000 instructions each: a start varies by half a million
BASELINE = os.path.join(os.path.dirname(__file__), "instructions.json")
MAY_RISE = 1.03
NOBODY_READS = os.devnull  # where instructions were spent: only how many is of interest here


# How many events a wake-up finds is chance, and 1 to 3 % of the instructions; the least of so many
# runs is not.
RUNS = 3


def slope(count, few, many):
    """Instructions of one; `count(n)` says how many a run with n took. Both kinds of runs are made
    side by side: processors that wait for each other's programs would count nothing else."""
    with ThreadPoolExecutor(2) as both:
        least = list(both.map(lambda n: min(count(n) for _ in range(RUNS)), (few, many)))
    return (least[1] - least[0]) / (many - few)


def echo_once(bench, kind, in_flight, calls, size=30, more=()):
    with bench.echo_server(kind, callgrind=NOBODY_READS) as server:
        command = [bench.program(f"bench-caller-{kind}"), "echo", server.address, "--in-flight",
                   str(in_flight), "--calls", str(calls), "--warm-up", "0", "--size", str(size), *more]
        _, said = run(under_callgrind(command, NOBODY_READS), 300)
        return server.stop() + instructions_in(said)


def echo(bench, in_flight, size=30, calls=CALLS, more=()):
    """`more`: what our caller is told besides."""
    return {kind: slope(lambda n, kind=kind: echo_once(bench, kind, in_flight, n, size,
                                                       more if kind == "chains" else ()), *calls)
            for kind in ("raw", "chains")}


def stream_server_once(bench, kind, items):
    """Of a server for one stream, which a raw caller reads."""
    with bench.echo_server(kind, callgrind=NOBODY_READS) as server:
        run(read_stream(bench, "raw", server, items), 300)
        return server.stop()


def stream_caller_once(bench, kind, items):
    """Of a caller for one stream, which a raw server sends."""
    with bench.echo_server("raw") as server:
        command = read_stream(bench, kind, server, items)
        _, said = run(under_callgrind(command, NOBODY_READS), 300)
        return instructions_in(said)


def read_stream(bench, kind, server, items):
    return [bench.program(f"bench-caller-{kind}"), "repeat", server.address, "--calls", "1",
            "--warm-up", "0", "--items", str(items)]


def stream(bench, once):
    """Per item. The other end runs freely: were both slowed down, how many items a wake-up finds
    would be chance, and a third of the count with it."""
    return {kind: slope(lambda items, kind=kind: once(bench, kind, items), *ITEMS)
            for kind in ("raw", "chains")}


def hello_all_once(bench, kind, in_flight, calls):
    with bench.hello_server(kind) as hello, \
            bench.hello_all_server(kind, hello.address, callgrind=NOBODY_READS) as server:
        run([bench.program("bench-caller-raw"), "hello-all", server.address, "--in-flight",
             in_flight, "--calls", calls, "--warm-up", "0", "--size", 3], 300)
        return server.stop()


def hello_all(bench, in_flight):
    return {kind: slope(lambda calls, kind=kind: hello_all_once(bench, kind, in_flight, calls), *CALLS)
            for kind in ("raw", "chains")}


def inside(bench, name, kind, times):
    """Instructions of one of what bench-inside does, `kind` ours or floor."""
    def once(repeated):
        command = [bench.program("bench-inside"), name, kind, str(repeated)]
        _, said = run(under_callgrind(command, NOBODY_READS), 300)
        return instructions_in(said)
    return (once(11 * times) - once(times)) / (10 * times)


# Nanoseconds are the machine's mood; these are what the code takes, to a hundredth.
INSIDE = {
    "call in the same process, both edges, a number each way": "÷ bare coroutine",
    "gather of 3": "÷ three bare coroutines",
    "JSON to wire, 33 B": "÷ protobuf's converter",
    "wire to JSON, 33 B": "÷ protobuf's converter",
}


def within(bench):
    rows = []
    for name, against in INSIDE.items():
        ours, floor = (inside(bench, name, kind, 1000) for kind in ("ours", "floor"))
        rows.append(Row(name, f"instructions {against}", [ours / floor], Goal(),
                        note=f"{ours:,.0f} of {floor:,.0f}"))
    return rows


def count(bench):
    rows = within(bench)
    for in_flight in (1, 16):
        both = echo(bench, in_flight)
        rows.append(Row(f"echo 30 B, {in_flight} in flight", "instructions of both ends ÷ raw",
                        [both["chains"] / both["raw"]], at_most(1.08),
                        note=f"{both['chains']:,.0f} of {both['raw']:,.0f}"))
        alone = echo(bench, in_flight, more=["--alone"])
        rows.append(Row(f"echo 30 B, each alone, {in_flight} in flight",
                        "instructions of both ends ÷ raw",
                        [alone["chains"] / alone["raw"]], at_most(1.08),
                        note=f"{alone['chains']:,.0f} of {alone['raw']:,.0f}"))
    for what, (size, calls) in LARGE.items():
        both = echo(bench, 16, size, calls)
        rows.append(Row(f"echo {what}, 16 in flight", "instructions of both ends ÷ raw",
                        [both["chains"] / both["raw"]], at_most(1.04),
                        note=f"{both['chains']:,.0f} of {both['raw']:,.0f}"))
    for end, once in (("server", stream_server_once), ("caller", stream_caller_once)):
        item = stream(bench, once)
        rows.append(Row("stream of items of 30 B", f"instructions of its {end} per item ÷ raw",
                        [item["chains"] / item["raw"]], at_most(1.08),
                        note=f"{item['chains']:,.0f} of {item['raw']:,.0f}"))
    for in_flight in (1, 16):
        both = hello_all(bench, in_flight)
        rows.append(Row(f"HelloAll with 3 calls, {in_flight} in flight",
                        "instructions of its server ÷ raw",
                        [both["chains"] / both["raw"]], at_most(1.04),
                        note=f"{both['chains']:,.0f} of {both['raw']:,.0f}"))
    rows.append(Row("HelloAll with 3 calls, 16 in flight", "instructions of its server",
                    [both["chains"] / 1000], at_most(195, " k"), unit=" k", note="policies on"))
    return rows


def load_baseline():
    with open(BASELINE, encoding="utf-8") as file:
        return json.load(file)


def key_of(row):
    return f"{row.name}: {row.figure}"


# How many calls share a message, and with it most of their cost, is chance where several run; of
# one it is not.
BY_CHANCE = {"echo 30 B, 16 in flight", "HelloAll with 3 calls, 16 in flight"}


def is_compared(row):
    return row.unit == "×" and row.name not in BY_CHANCE


def write_baseline(rows):
    with open(BASELINE, "w", encoding="utf-8") as file:
        json.dump({key_of(row): round(row.median, 4) for row in rows if is_compared(row)}, file,
                  indent=1, ensure_ascii=False)
        file.write("\n")


def compare(rows, baseline):
    """What rose by more than is allowed, in words."""
    risen = []
    for row in filter(is_compared, rows):
        before = baseline.get(key_of(row))
        if before is None:
            risen.append(f"{key_of(row)}: no baseline; write one with "
                         "./dev bench --instructions --update")
        elif row.median > before * MAY_RISE:
            risen.append(f"{key_of(row)}: {row.median:.4f}, was {before:.4f}: more than 3 % above. "
                         "Find out why (callgrind_annotate), or, if it is worth it, "
                         "./dev bench --instructions --update and say so in the commit")
    return risen
