"""Replicas that are killed under load."""
import random
import time

from once import Kill, verdict_on_once
from records import OK, calls, entries, failures
from verdict import Verdict
from world import World, many_processors, now, side_by_side


def kill_each_second(load, replicas):
    """Kills, until the load ends. Who is killed is started again as soon as its callers know that it is gone, at its
    address; on a machine where that takes longer than a second, the next kill waits for it, so that only one is
    down."""
    killed, due = [], now() + 1
    while load.runs():
        time.sleep(max(0, due - now()))
        due = now() + 1
        victim = random.choice(replicas)
        connections, process, begin = victim.connections_to(), victim.process.pid, now()
        victim.kill()
        connections.await_end()
        known = now()
        victim.start()
        # A system that does not show connections: its callers know at the latest when somebody listens there again.
        killed.append(Kill(victim.address, process, begin, known if connections.held else now()))
    return killed


def under_kills(method, rate, seconds):
    """The load, its records, the kills, what failures said, and the ledger."""
    world = World(attempts=3)
    try:
        chain = world.deep(leaves=3, others=3)
        load = world.load(chain["Top"][0].address, (rate, seconds), method=f"/deep.Top/{method}", sleep_us=2000,
                          timeout_ms=10_000)
        killed = kill_each_second(load, chain["Leaf"] + chain["Lower"] + chain["Upper"])
        records = calls(load.finish())
        return load, records, killed, failures(load.failures), entries(world.ledger)
    finally:
        world.close()


def hello_under_kills(rate, seconds):
    world = World()
    try:
        chain = world.hello(3)
        load = world.load(chain["HelloAll"][0].address, (rate, seconds), method="/hello.HelloAll/RunRemote", hello=3,
                          timeout_ms=10_000)
        killed = kill_each_second(load, chain["SayHello"])
        return load, calls(load.finish()), killed
    finally:
        world.close()


def kill_idempotent(short):
    verdict = Verdict("kill -9 a replica every second, 3 replicas, idempotent", "0 failed of 100,000")
    rate, seconds = (150, 4) if short else (500, 200)
    found = side_by_side(many_processors(), deep=lambda: under_kills("RunRemote", rate, seconds)[:3],
                         hello=lambda: hello_under_kills(rate, seconds))
    for name, (load, records, killed) in found.items():
        failed = [each for each in records if each.code != OK]
        verdict.figures[name] = {"calls": len(records), "failed": len(failed), "kills": len(killed)}
        verdict.check(len(records) == rate * seconds, f"{name}: {rate * seconds} calls were to be made")
        verdict.check(not failed, f"{name}: {len(failed)} failed: {load.said.strip()}")
    return verdict


def kill_once(short):
    rate, seconds = (150, 5) if short else (500, 60)
    _, records, killed, failed, ledger = under_kills("Once", rate, seconds)
    verdict = verdict_on_once(records, failed, killed, ledger)
    verdict.check(len(records) == rate * seconds, f"{rate * seconds} calls were to be made")
    return verdict
