"""The language model: what a step takes against what reading its weights takes."""

from processes import figures
from rows import Goal, Row, at_least, ratios

SECONDS = 600


def model(bench):
    """Rows of the CPU backend, and of the CUDA backend where a device is."""
    return on_processors(bench)


def on_processors(bench):
    taken = figures([bench.program("bench-model"), "--rounds", bench.rounds, "--megabytes",
                     bench.megabytes], SECONDS)
    return backend_rows(taken, at_least(0.6), at_least(3))


def backend_rows(taken, floor_goal, gain_goal):
    """Rows of what bench-model printed. The floor of a step is the time that its weights take to be
    read: all sequences of the step share it."""
    size = taken["weight_bytes"]
    floors = [size / rate for rate in taken["bytes_per_second"]]
    name = f"model of {size / 1e9:.2f} GB on a {taken['name'].split(',')[0]}"
    rows = [Row(f"{name}: its memory", "is read at", [rate / 1e9 for rate in
                                                      taken["bytes_per_second"]], unit=" GB/s",
                note=taken["name"])]
    for count in (1, 8, 32):
        steps = taken[f"step_of_{count}"]
        batch = f"{name}: batch {count}"
        rows.append(Row(batch, "tokens/s", [count / step for step in steps], unit="/s"))
        rows.append(Row(batch, "speed ÷ reading the weights", ratios(floors, steps),
                        floor_goal if count == 1 else Goal()))
    rows.append(Row(f"{name}: batch 8", "tokens/s ÷ one by one",
                    [8 * one / eight for one, eight in
                     zip(taken["step_of_1"], taken["step_of_8"], strict=True)], gain_goal))
    rows.append(Row(f"{name}: prompt of 256 tokens", "time to the first token",
                    [1000 * seconds for seconds in taken["prompt"]], unit=" ms"))
    return rows
