"""Slow replicas, too much load, leaves that are down, callers who leave."""
import time

from records import (DEADLINE_EXCEEDED, OK, back_after, by_code, calls, entries, latencies, per_second, quantile)
from verdict import Verdict
from world import World, now


def slow_replica(short):
    verdict = Verdict("one replica 100× slow", "p99 ≤ 2× of without (hedged), ≤ 5 % extra calls")
    rate, seconds = (100, 4) if short else (200, 60)
    found = {}
    for name, slow in (("without", ()), ("with", (100,))):
        world = World(hedging=1, attempts=3)
        try:
            chain = world.deep(leaves=3, slow=slow)
            top = chain["Top"][0].address
            calls(world.load(top, (rate, 2), sleep_us=2000, first_id=10_000_000).finish())  # so that it has learned
            begun = len([each for each in entries(world.ledger) if each.depth == 1 and each.what == "b"])
            records = calls(world.load(top, (rate, seconds), sleep_us=2000).finish())
            all_begun = len([each for each in entries(world.ledger) if each.depth == 1 and each.what == "b"])
            found[name] = (quantile(latencies(records), 0.99), (all_begun - begun) / len(records) - 1, records)
        finally:
            world.close()
    ratio = found["with"][0] / found["without"][0]
    verdict.figures = {"p99 without, ms": round(found["without"][0], 2), "p99 with, ms": round(found["with"][0], 2),
                       "ratio": round(ratio, 2), "extra calls": f"{100 * found['with'][1]:.1f} %",
                       "codes": by_code(found["with"][2])}
    # Beside other tests both are long; a call that waits for the slow replica takes 200 ms.
    verdict.check(ratio <= 2 or (short and found["with"][0] <= 100), f"p99 is {ratio:.1f}×")
    verdict.check(found["with"][1] <= 0.05, f"{100 * found['with'][1]:.1f} % extra calls")
    verdict.check(all(each.code == OK for each in found["with"][2]), "calls failed")
    return verdict


def overload(short):
    verdict = Verdict("2× overload for 60 s",
                      "goodput ≥ 90 % of capacity, p99 of the accepted ≤ deadline, recovery < 2 s after")
    before, during, after = (1, 4, 3) if short else (10, 60, 10)
    at_a_time, sleep_us, deadline_ms = 8, 40_000, 500
    capacity = at_a_time / (sleep_us / 1e6)
    world = World(limit=at_a_time)
    try:
        chain = world.deep()
        load = world.load(chain["Top"][0].address, (capacity / 2, before), (2 * capacity, during),
                          (capacity / 2, after), sleep_us=sleep_us, timeout_ms=deadline_ms)
        records = calls(load.finish())
    finally:
        world.close()
    begin = min(each.due for each in records)
    over, end = begin + before, begin + before + during
    good = [each.end for each in records if each.code == OK]
    # The first second fills the queue.
    goodput = per_second(good, over + 1, end) / capacity
    calm = [each for each in records if each.due < over - 0.2]
    usual = quantile(latencies(calm), 0.99)
    accepted = quantile(latencies([each for each in records if over <= each.due < end]), 0.99)
    recovery = back_after(records, end, lambda each: each.code == OK and (each.end - each.due) * 1000 < 2 * usual)
    verdict.figures = {"capacity, 1/s": capacity, "goodput": f"{100 * goodput:.0f} %", "p99 accepted, ms": round(accepted),
                       "deadline, ms": deadline_ms, "recovery, s": None if recovery is None else round(recovery, 2),
                       "codes": by_code(records)}
    verdict.check(goodput >= 0.9, f"goodput is {100 * goodput:.0f} %")
    verdict.check(accepted <= deadline_ms, f"p99 of the accepted is {accepted:.0f} ms")
    verdict.check(recovery is not None and recovery < 2, f"recovery takes {recovery} s")
    return verdict


def storm(short):
    verdict = Verdict("retry storm: leaf down 30 s, depth 4",
                      "load on the leaf ≤ 1.2× of normal; whole back < 3 s after")
    before, down, after = (1, 4, 4) if short else (10, 30, 10)
    rate = 200  # so that what a budget allows at once is little beside it
    figures = verdict.figures
    # It is reached, and its answers are lost: every attempt is load on it.
    fault = f"Leaf: 100% UNAVAILABLE after from {before}s to {before + down}s"
    world = World(attempts=3)
    try:
        chain = world.deep(leaves=1, faults_of_lower=[fault])
        records = calls(world.load(chain["Top"][0].address, (rate, before + down + after), sleep_us=1000,
                                   timeout_ms=2000).finish())
        begun = [each.time for each in entries(world.ledger) if each.depth == 1 and each.what == "b"]
    finally:
        world.close()
    start = min(begun)  # about when the fault's clock began
    normal = per_second(begun, start, start + before)
    storming = per_second(begun, start + before, start + before + down)
    figures["load on the leaf"] = f"{storming / normal:.2f}×"
    figures["codes"] = by_code(records)
    recovery = back_after(records, start + before + down, lambda each: each.code == OK)
    figures["back after lost answers, s"] = None if recovery is None else round(recovery, 2)
    verdict.check(storming <= 1.2 * normal, f"load on the leaf is {storming / normal:.2f}×")
    verdict.check(recovery is not None and recovery < 3, f"back after {recovery} s")
    kill_the_leaf(verdict, rate, before, down, after)
    return verdict


def kill_the_leaf(verdict, rate, before, down, after):
    """The other way to be down: nothing listens."""
    world = World(attempts=3)
    try:
        chain = world.deep(leaves=1)
        leaf = chain["Leaf"][0]
        load = world.load(chain["Top"][0].address, (rate, before + down + after), sleep_us=1000, timeout_ms=2000)
        time.sleep(before)
        leaf.kill()
        time.sleep(down)
        leaf.start()
        up_again = now()
        records = calls(load.finish())
    finally:
        world.close()
    recovery = back_after(records, up_again, lambda each: each.code == OK)
    verdict.figures["back after a restart, s"] = None if recovery is None else round(recovery, 2)
    verdict.check(recovery is not None and recovery < 3, f"back {recovery} s after the restart")


def leaving(short):
    verdict = Verdict("client leaves at random (30 %)", "no work after cancel beyond one hop's round trip; no leak "
                                                        "over 1 M calls (RSS flat ±2 %)")
    rate, seconds = (150, 3) if short else (300, 30)
    world = World()
    try:
        chain = world.deep()
        records = calls(world.load(chain["Top"][0].address, (rate, seconds), sleep_us=30_000, leave=0.3,
                                   leave_within_ms=40, timeout_ms=5000).finish())
        ledger = entries(world.ledger)
        left = {each.id: each.end for each in records if each.left and each.code != OK}
        late, begun_late = after_leaving(left, ledger)
        verdict.figures = {"calls": len(records), "left": len(left), "work after leaving, p50 ms": round(quantile(late, 0.5), 2),
                           "p99 ms": round(quantile(late, 0.99), 2), "max ms": round(max(late, default=0), 2),
                           "codes": by_code(records)}
        # What the four hops of a call take both ways, on this machine at this moment.
        hops = [each - 30 for each in latencies(records)]
        verdict.figures["four hops and back, p50 ms"] = round(quantile(hops, 0.5), 2)
        verdict.figures["four hops and back, p99 ms"] = round(quantile(hops, 0.99), 2)
        for share in (0.5, 0.99):
            verdict.check(quantile(late, share) <= max(2, quantile(hops, share)),
                          f"p{100 * share:.0f} of work after leaving is {quantile(late, share):.1f} ms, that of four "
                          f"hops and back {quantile(hops, share):.1f} ms")
        verdict.check(begun_late <= len(left) / 100, f"{begun_late} began more than 20 ms after their caller had left")
        verdict.check(all(each.left or each.code == OK for each in records), "calls of those who stayed failed")
        leak(verdict, world, chain, short)
    finally:
        world.close()
    return verdict


def after_leaving(left, ledger):
    """Milliseconds for which any chainlet worked on after its caller had left; how many began so late."""
    last, begun_late = {}, 0
    for each in ledger:
        if each.id not in left:
            continue
        after = (each.time - left[each.id]) * 1000
        if each.what == "b":
            begun_late += after > 20
        else:
            last[each.id] = max(last.get(each.id, 0), after)
    return list(last.values()), begun_late


def leak(verdict, world, chain, short):
    world.settings({})
    replicas = [each for some in chain.values() for each in some]
    for each in replicas:  # without a ledger, and with nothing behind them
        each.kill()
        each.start()
    total, rate = (1500, 500) if short else (1_000_000, 1000)
    load = world.load(chain["Top"][0].address, (rate, total / rate), sleep_us=5000, leave=0.3, leave_within_ms=10)
    time.sleep(total / rate * 0.3)
    first = {each.name: each.resident() for each in replicas}
    load.finish()
    grown = {name: each.resident() / first[name] - 1 for name, each in ((each.name, each) for each in replicas)}
    worst = max(grown, key=grown.get)
    verdict.figures["calls for leaks"] = total
    verdict.figures["RSS, last 70 % of them"] = f"{100 * grown[worst]:+.1f} % ({worst})"
    # Briefly, what is measured is warm-up.
    verdict.check(short or grown[worst] <= 0.02, f"{worst} grew by {100 * grown[worst]:.1f} %")
