"""Replicas that are killed under load."""
import random
import time

from records import NAMES, OK, UNAVAILABLE, by_code, calls, entries
from verdict import Verdict
from world import World, many_processors, now, side_by_side


def kill_each_second(load, replicas):
    """[(when, process id)], until the load ends. Who is killed is started again at once, at its address; on a
    machine where that takes longer than a second, the next kill waits for it, so that only one is down."""
    killed, due = [], now() + 1
    while load.runs():
        time.sleep(max(0, due - now()))
        due = now() + 1
        victim = random.choice(replicas)
        killed.append((now(), victim.process.pid))
        victim.kill()
        victim.start()
    return killed


def under_kills(method, rate, seconds):
    world = World(attempts=3)
    try:
        chain = world.deep(leaves=3, others=3)
        load = world.load(chain["Top"][0].address, (rate, seconds), method=f"/deep.Top/{method}", sleep_us=2000,
                          timeout_ms=10_000)
        killed = kill_each_second(load, chain["Leaf"] + chain["Lower"] + chain["Upper"])
        records = calls(load.finish())
        return load, records, killed, entries(world.ledger)
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
    verdict = Verdict("the same, not idempotent",
                      "only calls in flight there fail, each with the right code; none executed twice")
    rate, seconds = (150, 5) if short else (500, 60)
    load, records, killed, ledger = under_kills("Once", rate, seconds)
    failed = {each.id: each for each in records if each.code != OK}
    wrong = [each for each in failed.values() if each.code != UNAVAILABLE]
    # A killed process has neither finished nor dropped what was in flight there.
    victims, open_there, begun = {pid for _, pid in killed}, {}, {}
    for each in ledger:
        key = (each.id, each.depth)
        if each.what == "b":
            begun[key] = begun.get(key, 0) + 1
            if each.process in victims:
                open_there[each.id] = open_there.get(each.id, 0) + 1
        elif each.process in victims:
            open_there[each.id] -= 1
    # One that was on its way when a replica died is in no ledger; the time tells of it.
    moments = [when for when, _ in killed]
    elsewhere = [id_ for id_, each in failed.items() if open_there.get(id_, 0) <= 0
                 and not any(each.due <= when <= each.end for when in moments)]
    twice = [key for key, times in begun.items() if times > 1]
    verdict.figures = {"calls": len(records), "failed": len(failed), "kills": len(killed),
                       "failed, not in flight there": len(elsewhere), "executed twice": len(twice),
                       "codes": by_code(records)}
    verdict.check(not wrong, f"{len(wrong)} failed with another code than UNAVAILABLE, as "
                             f"{NAMES.get(wrong[0].code) if wrong else ''}")
    verdict.check(not elsewhere, f"{len(elsewhere)} failed that were not in flight in what was killed: "
                                 f"{load.said.strip()}")
    verdict.check(not twice, f"{len(twice)} were executed twice")
    return verdict
