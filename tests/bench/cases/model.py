"""The language model: what a step takes against what reading its weights takes."""

import os
import shutil

from processes import figures
from rows import Goal, Row, at_least, at_most, ratios

SECONDS = 600


def model(bench):
    """Rows of the CPU backend, of the chain that runs on it, and of the CUDA backend where a device
    is."""
    return on_processors(bench) + through_the_chain(bench) + on_a_device(bench)


def on_processors(bench):
    taken = figures([bench.program("bench-model"), "--rounds", bench.rounds, "--megabytes",
                     bench.megabytes], SECONDS)
    return backend_rows(taken, at_least(0.6), at_least(3))


def on_a_device(bench):
    """No floor: what a device's memory gives only a kernel of its own could measure."""
    taken = figures([bench.program("bench-model"), "--device", "--rounds", bench.rounds,
                     "--megabytes", bench.megabytes], SECONDS)
    if "skipped" in taken:
        return [Row("model on a GPU", "tokens/s", [], note=taken["skipped"])]
    return backend_rows(taken, Goal(), at_least(6))


def through_the_chain(bench):
    """Eight calls of PhiLlm over gRPC. What a call costs besides the model is the time in which no
    step ran while eight were under way."""
    folder = os.path.join(bench.folder, "model")
    try:
        taken = figures([bench.program("bench-model-chain"), "--rounds", min(bench.rounds, 3),
                         "--megabytes", bench.megabytes, "--folder", folder], SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    name = f"{name_of(taken)}, through the chain"
    added = [100 * (together - steps) / together for together, steps in
             zip(taken["together"], taken["steps"], strict=True)]
    return [
        Row(f"{name}: 8 calls at once", "tokens/s", ratios(taken["tokens"], taken["together"]),
            unit="/s"),
        Row(f"{name}: 8 calls at once", "tokens/s ÷ one by one",
            ratios(taken["alone"], taken["together"]), at_least(3)),
        Row(f"{name}: 8 calls at once", "time outside the model's steps", added, at_most(1, " %"),
            unit=" %"),
        Row(f"{name}: prompt of 256 letters", "time to the first token",
            [1000 * seconds for seconds in taken["first_token"]], unit=" ms"),
    ]


def name_of(taken):
    return f"model of {taken['weight_bytes'] / 1e9:.2f} GB on a {taken['name'].split(',')[0]}"


def backend_rows(taken, floor_goal, gain_goal):
    """Rows of what bench-model printed. The floor of a step is the time that its weights take to be
    read: all sequences of the step share it."""
    size = taken["weight_bytes"]
    name = name_of(taken)
    rates = taken.get("bytes_per_second", [])
    floors = [size / rate for rate in rates]
    rows = [Row(f"{name}: its memory", "is read at", [rate / 1e9 for rate in rates], unit=" GB/s",
                note=taken["name"])] if rates else []
    for count in (1, 8, 32):
        steps = taken[f"step_of_{count}"]
        batch = f"{name}: batch {count}"
        rows.append(Row(batch, "tokens/s", [count / step for step in steps], unit="/s"))
        if floors:
            rows.append(Row(batch, "speed ÷ reading the weights", ratios(floors, steps),
                            floor_goal if count == 1 else Goal()))
    rows.append(Row(f"{name}: batch 8", "tokens/s ÷ one by one",
                    [8 * one / eight for one, eight in
                     zip(taken["step_of_1"], taken["step_of_8"], strict=True)], gain_goal))
    rows.append(Row(f"{name}: prompt of 256 tokens", "time to the first token",
                    [1000 * seconds for seconds in taken["prompt"]], unit=" ms"))
    return rows
