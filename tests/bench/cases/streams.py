"""Streams that a server sends: what an item costs."""

from rows import Row, at_most, ratios

from cases.common import cpu, per_second

ITEMS = 10_000
NAME = f"stream of {ITEMS:,} items of 30 B"


def streams(bench):
    """Small items, read as they come, against the same by hand."""
    with bench.echo_server("raw") as raw, bench.echo_server("chains") as ours:
        def read(kind, server):
            return bench.caller(kind, "repeat", server.address, 1, 30, [server.pid],
                                ["--items", ITEMS, "--warm-up", 1])
        floor, mine = bench.in_turn(lambda: read("raw", raw), lambda: read("chains", ours))
    return [
        Row(NAME, "CPU of both ends per item ÷ raw", ratios(cpu(mine), cpu(floor)), at_most(1.08),
            note=f"raw {cpu(floor)[0] / ITEMS:.2f} µs"),
        Row(NAME, "CPU of the server per item ÷ raw", ratios(cpu(mine, [1]), cpu(floor, [1])),
            note=f"raw {cpu(floor, [1])[0] / ITEMS:.2f} µs"),
        Row(NAME, "items/s ÷ raw", ratios(per_second(mine), per_second(floor)),
            note=f"raw {per_second(floor)[0] * ITEMS:,.0f}/s"),
    ]
