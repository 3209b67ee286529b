"""Networks that break, versions that follow each other."""
import concurrent.futures
import functools
import os
import pathlib
import subprocess
import sys
import time

from records import OK, back_after, by_code, calls, latencies, quantile
from verdict import Verdict
from world import BIN, PATIENCE, World, many_processors, now, side_by_side

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "e2e"))


def partition(short):
    verdict = Verdict("partition gateway–entrypoint, entrypoint–leaf, 10 s", "no hang beyond deadline; heals by itself")
    seconds = (1, 2, 2) if short else (5, 10, 10)
    places = ("gateway–entrypoint", "entrypoint–leaf")
    parts = {f"{chain}, {where}": functools.partial(one_partition, chain, where == places[1], seconds)
             for chain in ("deep", "hello") for where in places}
    for name, (records, healed) in side_by_side(short or many_processors(), **parts).items():
        longest = max(each.end - each.due for each in records)
        recovery = back_after(records, healed, lambda each: each.code == OK)
        failed = sum(each.code != OK for each in records)
        verdict.figures[name] = {"failed": failed, "longest call, s": round(longest, 2), "deadline, s": TIMEOUT,
                                 "healed after, s": None if recovery is None else round(recovery, 2),
                                 "codes": by_code(records)}
        verdict.check(failed > 0, f"{name}: nothing failed, so there was no partition")
        verdict.check(longest <= TIMEOUT + 0.5, f"{name}: a call took {longest:.1f} s")
        verdict.check(recovery is not None and recovery < 3, f"{name}: healed after {recovery} s")
    return verdict


TIMEOUT = 1.0


def one_partition(name, inner, seconds):
    before, cut, after = seconds
    proxies = []
    world = World(attempts=3)
    try:
        def through(address):
            proxies.append(world.proxy(address))
            return proxies[-1].address

        chain = {"deep": world.deep, "hello": world.hello}[name](reach=through if inner else lambda address: address)
        top = chain["Top" if name == "deep" else "HelloAll"][0].address
        gateway = world.gateway(f"{name}/production", top if inner else through(top))
        flags = {"sleep_us": 1000} if name == "deep" else {"method": "/hello.HelloAll/RunRemote", "hello": 3}
        load = world.load(gateway.address, (100, before + cut + after), timeout_ms=int(TIMEOUT * 1000),
                          metadata=[f"chains-chain={name}"], **flags)
        time.sleep(before)
        proxies[0].ask("set blackhole")
        time.sleep(cut)
        proxies[0].ask("set")
        healed = now()
        return calls(load.finish()), healed
    finally:
        world.close()


def corrupt(short):
    verdict = Verdict("corrupt and truncated frames between processes", "no crash, no hang")
    seconds = 1 if short else 60
    world, proxies = World(attempts=3), []
    try:
        def through(address):
            proxies.append(world.proxy(address))
            return proxies[-1].address

        chain = world.deep(reach=through)
        gateway = world.gateway("deep/production", through(chain["Top"][0].address))
        for faults in ("corrupt=2000", "to-client: cut=3000", "to-target: cut=3000", "rate=20000 delay=2ms jitter=2ms"):
            for proxy in proxies:
                proxy.ask(f"set {faults}")
            records = calls(world.load(gateway.address, (50, seconds), timeout_ms=1000,
                                       metadata=["chains-chain=deep"]).finish())
            longest = max(each.end - each.due for each in records)
            verdict.figures[faults] = by_code(records)
            verdict.check(longest <= 1.5, f"{faults}: a call took {longest:.1f} s")
        for proxy in proxies:
            proxy.ask("set")
            proxy.ask("reset")
        records = calls(world.load(gateway.address, (50, 4), timeout_ms=2000, metadata=["chains-chain=deep"]).finish())
        end = records[-1].due
        verdict.figures["afterwards"] = by_code(records)
        verdict.check(all(each.code == OK for each in records if each.due > end - 1), "it does not heal")
        dead = [each.name for each in world.programs if not each.runs()]
        verdict.check(not dead, f"ended: {', '.join(dead)}")
    finally:
        world.close()
    return verdict


def rollout(short):
    """Of deep and of hello, each under load of its own."""
    verdict = Verdict("rollout of every chainlet, 20 times, at 500 requests/s", "0 failed")
    times, rate = (1, 100) if short else (20, 500)
    world = World()
    world.settings({"attempts": 3, "replicas": 1})
    os.environ["TMPDIR"] = str(world.folder)
    from platform_under_test import Platform  # needs BIN
    platform = Platform("--memory", "1Ti", "--cpus", "64")
    try:
        for name in ("deep", "hello"):
            platform.push(BIN / name, "--name", name, "--promote", timeout=PATIENCE)
        begin = now()
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            rolling = pool.submit(roll, platform, times)
            loads = {name: pool.submit(load_while, rolling, world, platform, name, rate) for name in ("deep", "hello")}
            found = {name: each.result() for name, each in loads.items()}
        verdict.figures = {"rollouts of each": times, "seconds": round(now() - begin)}
        problem = rolling.exception()
        verdict.check(problem is None, str(problem))
    finally:
        platform.close()
        world.close()
    for name, (records, said) in found.items():
        failed = sum(each.code != OK for each in records)
        verdict.figures[name] = {"calls": len(records), "codes": by_code(records),
                                 "p99, ms": round(quantile(latencies(records), 0.99), 1)}
        verdict.check(failed == 0, f"{name}: {failed} failed: {said}")
    return verdict


def roll(platform, times):
    for _ in range(times):
        for name in ("deep", "hello"):
            platform.push(BIN / name, "--name", name, "--promote", timeout=PATIENCE)


def load_while(rolling, world, platform, name, rate):
    """Records of calls, and what failures said."""
    flags = {"method": "/hello.HelloAll/RunRemote", "hello": 3} if name == "hello" else {}
    records, said = [], ""
    while not rolling.done():
        load = world.load(platform.grpc, (rate, 10), timeout_ms=10_000, first_id=1 + len(records),
                          metadata=[f"authorization=Api-Key {platform.key}", f"chains-chain={name}"], **flags)
        records += calls(load.finish())
        said += "".join(line for line in load.said.splitlines(True) if not line.startswith("0 "))
    return records, said.strip()


def fuzz(short):
    verdict = Verdict("corrupt and truncated input, 1 h of fuzz on every parser, ASan", "no crash, no hang")
    if short:
        verdict.figures = {"see": "the tests fuzz_*, which replay every corpus"}
        return verdict
    done = subprocess.run(["./dev", "soak", "fuzz"], cwd=pathlib.Path(__file__).parents[3], capture_output=True,
                          text=True)
    verdict.figures = {"said": (done.stdout + done.stderr).strip().splitlines()[-1:]}
    verdict.check(done.returncode == 0, "./dev soak fuzz failed")
    return verdict
