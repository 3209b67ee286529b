"""Slow replicas, too much load, leaves that are down, callers who leave."""
import functools
import time

from records import (DEADLINE_EXCEEDED, OK, back_after, by_code, calls, entries, latencies, per_second, quantile)
from verdict import Verdict
from world import World, many_processors, now, side_by_side


SLOW_BY, SLOW_US = 100, 2000


def slow_replica(short):
    verdict = Verdict("one replica 100× slow", "p99 ≤ 2× of without (hedged), ≤ 5 % extra calls")
    rate, seconds = (100, 5) if short else (200, 60)
    both = {name: lambda one=one: (one((), rate, seconds), one((SLOW_BY,), rate, seconds))
            for name, one in (("deep", one_slow_of_deep), ("hello", one_slow_of_hello))}
    for name, (without, found) in side_by_side(short, **both).items():
        ratio = found["p99"] / without["p99"]
        figures = {"p99 without, ms": round(without["p99"], 2), "p99 with, ms": round(found["p99"], 2),
                   "ratio": round(ratio, 2), "codes": by_code(found["records"])}
        if "extra" in found:
            figures["extra calls"] = f"{100 * found['extra']:.1f} %"
            figures["met the slow one"] = found["met"]
            figures["of them answered by another"] = found["rescued"]
            # Of few calls, what the edge had saved up counts as well.
            most = 0.05 + (3 / len(found["records"]) if short else 0)
            verdict.check(found["extra"] <= most, f"{name}: {100 * found['extra']:.1f} % extra calls")
            # Balancing avoids the slow one, too; those that it sends there are for hedging to save.
            verdict.check(found["met"] > 0, f"{name}: no call met the slow replica, so nothing is shown")
            # Briefly, calls that the machine makes late spend what the few had saved up.
            verdict.check(found["rescued"] >= (0.5 if short else 0.9) * found["met"],
                          f"{name}: of {found['met']} calls that met the slow replica only {found['rescued']} were "
                          "answered by another")
        verdict.figures[name] = figures
        if short:
            # Of so few calls five that are late are the p99. Without policies a third would be slow.
            most = quantile(latencies(found["records"]), 0.9)
            verdict.check(most <= SLOW_BY * SLOW_US / 1000 / 2, f"{name}: p90 is {most:.0f} ms")
        else:
            verdict.check(ratio <= 2, f"{name}: p99 is {ratio:.1f}×")
        verdict.check(all(each.code == OK for each in found["records"]), f"{name}: calls failed")
    return verdict


def one_slow_of_deep(slow, rate, seconds):
    world = World(hedging=1, attempts=3)
    try:
        chain = world.deep(leaves=3, slow=slow)
        top = chain["Top"][0].address
        calls(world.load(top, (rate, 2), sleep_us=SLOW_US, first_id=10_000_000).finish())  # so that it has learned
        records = calls(world.load(top, (rate, seconds), sleep_us=SLOW_US).finish())
        begun = [each for each in entries(world.ledger) if each.depth == 1 and each.what == "b" and each.id < 10_000_000]
    finally:
        world.close()
    met = {each.id for each in begun if slow and each.process == chain["Leaf"][0].process.pid}
    soon = SLOW_BY * SLOW_US / 1e6 * 0.9
    return {"records": records, "p99": quantile(latencies(records), 0.99), "extra": len(begun) / len(records) - 1,
            "met": len(met), "rescued": sum(each.id in met and each.end - each.due < soon for each in records)}


def one_slow_of_hello(slow, rate, seconds):
    world = World(hedging=1, sleep_us=SLOW_US)
    try:
        address = world.hello(replicas=3, slow=slow, program="soak-hello")["HelloAll"][0].address
        flags = {"method": "/hello.HelloAll/RunRemote", "hello": 1}
        calls(world.load(address, (rate, 2), **flags).finish())
        records = calls(world.load(address, (rate, seconds), **flags).finish())
    finally:
        world.close()
    return {"records": records, "p99": quantile(latencies(records), 0.99)}


def overload(short):
    verdict = Verdict("2× overload for 60 s",
                      "goodput ≥ 90 % of capacity, p99 of the accepted ≤ deadline, recovery < 2 s after")
    parts = {name: functools.partial(one_overload, name, short) for name in ("deep", "hello")}
    for name, (records, over, end) in side_by_side(short, **parts).items():
        good = [each.end for each in records if each.code == OK]
        # The first second fills the queue.
        goodput = per_second(good, over + 1, end) / CAPACITY
        calm = [each for each in records if each.due < over - 0.2]
        usual = quantile(latencies(calm), 0.99)
        accepted = quantile(latencies([each for each in records if over <= each.due < end]), 0.99)
        recovery = back_after(records, end, lambda each: each.code == OK and (each.end - each.due) * 1000 < 2 * usual)
        verdict.figures[name] = {"capacity, 1/s": CAPACITY, "goodput": f"{100 * goodput:.0f} %",
                                 "p99 accepted, ms": round(accepted), "deadline, ms": DEADLINE_MS,
                                 "recovery, s": None if recovery is None else round(recovery, 2),
                                 "codes": by_code(records)}
        verdict.check(goodput >= 0.9, f"{name}: goodput is {100 * goodput:.0f} %")
        verdict.check(accepted <= DEADLINE_MS, f"{name}: p99 of the accepted is {accepted:.0f} ms")
        verdict.check(recovery is not None and recovery < 2, f"{name}: recovery takes {recovery} s")
    return verdict


AT_A_TIME, WORK_US, DEADLINE_MS = 8, 40_000, 500
CAPACITY = AT_A_TIME / (WORK_US / 1e6)


def one_overload(name, short):
    """The records, and when the overload began and ended."""
    before, during, after = (1, 4, 3) if short else (10, 60, 10)
    world = World(limit=AT_A_TIME, sleep_us=WORK_US)
    try:
        if name == "deep":
            address, flags = world.deep()["Top"][0].address, {"sleep_us": WORK_US}
        else:
            address = world.hello(program="soak-hello")["HelloAll"][0].address
            flags = {"method": "/hello.HelloAll/RunRemote", "hello": 1}
        records = calls(world.load(address, (CAPACITY / 2, before), (2 * CAPACITY, during), (CAPACITY / 2, after),
                                   timeout_ms=DEADLINE_MS, **flags).finish())
    finally:
        world.close()
    begin = min(each.due for each in records)
    return records, begin + before, begin + before + during


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
    # With so many processors that they carry it, within six minutes.
    total, rate = (1500, 500) if short else (1_000_000, 3000 if many_processors() else 1000)
    load = world.load(chain["Top"][0].address, (rate, total / rate), sleep_us=5000, leave=0.3, leave_within_ms=10)
    time.sleep(total / rate * 0.3)
    first = {each.name: each.resident() for each in replicas}
    carried = calls(load.finish())
    stayed = [each for each in carried if not each.left]
    verdict.check(sum(each.code != OK for each in stayed) <= len(stayed) / 1000,
                  f"of the calls for leaks failed: {by_code(carried)}")
    grown = {name: each.resident() / first[name] - 1 for name, each in ((each.name, each) for each in replicas)}
    worst = max(grown, key=grown.get)
    verdict.figures["calls for leaks"] = f"{total} at {rate}/s"
    verdict.figures["RSS, last 70 % of them"] = f"{100 * grown[worst]:+.1f} % ({worst})"
    # Briefly, what is measured is warm-up.
    verdict.check(short or grown[worst] <= 0.02, f"{worst} grew by {100 * grown[worst]:.1f} %")
