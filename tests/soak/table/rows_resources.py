"""Resources that run out."""
import os
import pathlib
import socket
import time

from records import OK, RESOURCE_EXHAUSTED, UNAVAILABLE, back_after, by_code, calls
from verdict import Verdict
from world import World, now


def descriptors(short):
    """Of the gateway, and of an entrypoint."""
    verdict = Verdict("file descriptors exhausted", "refuses, recovers")
    world = World()
    try:
        leaf = world.replica("deep", "Leaf")
        lower = world.replica("deep", "Lower", [("Leaf", leaf.address)])
        upper = world.replica("deep", "Upper", [("Lower", lower.address)])
        top = world.replica("deep", "Top", [("Upper", upper.address)], prefix=["prlimit", "--nofile=80"])
        calls(world.load(top.address, (20, 1), connections=1).finish())
        load = world.load(top.address, (50, 2.5 if short else 10), timeout_ms=2000, connections=1)
        time.sleep(0.5)
        host, port = top.address.rsplit(":", 1)
        held = []
        for _ in range(200):
            held.append(socket.create_connection((host, int(port)), timeout=2))
        busy = processor_seconds(top.process.pid)
        time.sleep(1)
        busy = processor_seconds(top.process.pid) - busy
        for each in held:
            each.close()
        freed = now()
        records = calls(load.finish())
        fresh = calls(world.load(top.address, (20, 3), timeout_ms=2000, connections=1).finish())
        recovery = back_after(fresh, freed, lambda each: each.code == OK)
        verdict.figures = {"connected before": by_code(records), "afterwards": by_code(fresh),
                           "processor, of 1 s without descriptors": round(busy, 2)}
        verdict.check(top.runs(), "the entrypoint ended")
        verdict.check(all(each.code == OK for each in records), "calls of who was connected failed")
        verdict.check(recovery is not None and recovery < 2, "new connections are not served afterwards")
        verdict.check(busy < 0.5, f"it keeps a processor busy: {busy:.2f} s of one")
    finally:
        world.close()
    return verdict


def memory(short):
    """Of a leaf: calls hold more and more of it, up to what it may have; then they end."""
    verdict = Verdict("memory exhausted", "refuses, recovers")
    world = World()
    try:
        chain = world.deep()
        top, leaf = chain["Top"][0].address, chain["Leaf"][0]
        calls(world.load(top, (50, 1)).finish())
        leaf.limit(data=(leaf.status("VmData") + 300 * 1024) * 1024)
        load = world.load(top, (20, 10 if short else 30), timeout_ms=2000)
        time.sleep(1)
        # 25 MiB each: there would be 45 at a time, and there is room for twelve, which come within a second.
        greedy = world.load(top, (15, 4), hold_mib=25, sleep_us=3_000_000, timeout_ms=5000, first_id=1_000_000)
        held = calls(greedy.finish())
        ended = max(each.end for each in held)
        records = calls(load.finish())
    finally:
        world.close()
    recovery = back_after(records, ended, lambda each: each.code == OK)
    verdict.figures = {"greedy": by_code(held), "others": by_code(records),
                       "recovery, s": None if recovery is None else round(recovery, 2)}
    verdict.check(leaf.ended is None, f"the leaf ended: {leaf.ended}")
    verdict.check(any(each.code == OK for each in held), "nothing was held")
    verdict.check(any(each.code in (RESOURCE_EXHAUSTED, UNAVAILABLE) for each in held), "nothing was refused")
    verdict.check("declare more" in greedy.said, f"a refusal does not say what to do: {greedy.said.strip()}")
    verdict.check(recovery is not None and recovery < 2, f"recovery takes {recovery} s")
    return verdict


def threads(short):
    """Of a leaf: some calls need a thread of its pool, others need none. Where root starts it, the leaf is a user
    of its own, because no such limit is for root."""
    verdict = Verdict("threads exhausted", "refuses what needs one, serves the rest, recovers")
    world = World()
    world.folder.chmod(0o755)
    world.settings({})
    try:
        as_nobody = ["setpriv", "--reuid", "54321", "--clear-groups"] if os.geteuid() == 0 else []
        leaf = world.replica("deep", "Leaf", prefix=as_nobody)
        lower = world.replica("deep", "Lower", [("Leaf", leaf.address)])
        upper = world.replica("deep", "Upper", [("Lower", lower.address)])
        top = world.replica("deep", "Top", [("Upper", upper.address)])
        calls(world.load(top.address, (50, 1)).finish())
        leaf.limit(as_nobody, nproc=1)  # it has more, so it gets none
        seconds = 2 if short else 20
        others = world.load(top.address, (50, seconds), sleep_us=1000, timeout_ms=2000)
        load = world.load(top.address, (50, seconds), blocks=True, sleep_us=100_000, timeout_ms=2000)
        records, served = calls(load.finish()), calls(others.finish())
        leaf.limit(as_nobody, nproc=None)
        freed = now()
        fresh = calls(world.load(top.address, (50, 3), blocks=True, sleep_us=1000, timeout_ms=2000).finish())
    finally:
        world.close()
    recovery = back_after(fresh, freed, lambda each: each.code == OK)
    longest = max(each.end - each.due for each in records)
    verdict.figures = {"without threads": by_code(records), "longest call, s": round(longest, 2),
                       "calls that need none": by_code(served), "afterwards": by_code(fresh),
                       "recovery, s": None if recovery is None else round(recovery, 2)}
    verdict.check(leaf.ended is None, f"the leaf ended: {leaf.ended}")
    verdict.check(all(each.code in (RESOURCE_EXHAUSTED, UNAVAILABLE) for each in records),
                  f"calls without a thread came to something else: {load.said.strip()}")
    verdict.check("pids.max" in load.said, f"a refusal does not say what to do: {load.said.strip()}")
    verdict.check(all(each.code == OK for each in served), f"calls that need none failed: {others.said.strip()}")
    verdict.check(longest <= 2.5, f"a call took {longest:.1f} s")
    verdict.check(recovery is not None and recovery < 2, f"recovery takes {recovery} s")
    return verdict


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
