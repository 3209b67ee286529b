"""Calls within a process, and JSON, timed by bench-inside."""

from processes import figures
from rows import Row, at_least, at_most, ratios


def inside(bench):
    """Calls within a process, and JSON, timed by bench-inside."""
    goals = {
        "JSON to wire, 33 B": at_least(15), "JSON to wire, 226 B": at_least(15),
        "JSON to wire, 10,000 strings": at_least(15), "JSON to wire, 1 MiB of bytes": at_least(11),
        "wire to JSON, 33 B": at_least(12), "wire to JSON, 226 B": at_least(9),
        "wire to JSON, 10,000 strings": at_least(3), "wire to JSON, 1 MiB of bytes": at_least(2),
    }
    call = "call in the same process, both edges"
    nanoseconds = {f"{call}, a number each way": 60, f"{call}, a string each way": 60,
                   "gather of 3": 150}
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
