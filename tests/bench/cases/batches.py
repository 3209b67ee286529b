"""A kernel of 5 ms behind a Batcher, by bench-batcher: with batches of 8 against none."""

from processes import figures
from rows import Goal, Row, at_least, at_most, ratios

KERNEL_MS = 5
MAX_BATCH = 8
WAITS_MS = (0, 1, 2, 5, 10)
CALLERS = (8, 16)


def bound_ms(wait, late):
    """The most that p99 may be with up to two batches' worth of callers: a call waits for the batch
    that runs or, should there be none, for max_wait; then its own runs. Either is as late as the
    machine made the kernel in that round (its p99). 1 ms is for the ways between threads."""
    return wait + 2 * (KERNEL_MS + late) + 1


def batcher(bench):
    """Throughput and p99 against max_wait, for as many callers as a batch has members, and twice."""
    rows = []
    for callers in CALLERS:
        floor, *batched = bench.in_turn(
            lambda callers=callers: run(bench, callers, 1, 0),
            *[lambda callers=callers, wait=wait: run(bench, callers, MAX_BATCH, wait)
              for wait in WAITS_MS])
        for wait, results in zip(WAITS_MS, batched, strict=True):
            rows += rows_of(callers, wait, results, floor)
    return rows


def run(bench, callers, max_batch, wait):
    return figures([bench.program("bench-batcher"), "--callers", callers, "--max-batch", max_batch,
                    "--max-wait-ms", wait, "--seconds", bench.seconds], 60 + bench.seconds)


def rows_of(callers, wait, results, floor):
    """Throughput and p99 of one max_wait; `floor` is the same callers without batches."""
    name = f"kernel of {KERNEL_MS} ms, {callers} callers, max_wait {wait} ms"
    # Where a batch never waits and callers fill one, those who come back first go without the rest.
    goal = Goal() if wait == 0 and callers <= MAX_BATCH else at_least(6)
    bounds = [bound_ms(wait, each["late_p99_ms"]) for each in results]
    return [
        Row(name, "calls/s ÷ without batches", ratios(of("per_second", results),
                                                       of("per_second", floor)), goal,
            note=f"{middle('per_second', results):,.0f}/s in batches of "
                 f"{middle('batch', results):.1f}"),
        Row(name, "p99 ÷ its bound", ratios(of("p99_ms", results), bounds), at_most(1),
            note=f"{middle('p99_ms', results):.1f} ms, the bound {sorted(bounds)[len(bounds) // 2]:.1f}"
                 f" ms; without batches {middle('p99_ms', floor):.1f} ms"),
    ]


def of(key, results):
    return [each[key] for each in results]


def middle(key, results):
    return sorted(of(key, results))[len(results) // 2]
