"""Networks that break, resources that run out, versions that follow each other."""
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

from records import OK, back_after, by_code, calls
from verdict import Verdict
from world import BIN, PATIENCE, World, now

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "e2e"))


def partition(short):
    verdict = Verdict("partition gateway–entrypoint, entrypoint–leaf, 10 s", "no hang beyond deadline; heals by itself")
    before, cut, after = (1, 2, 2) if short else (5, 10, 10)
    for where in ("gateway–entrypoint", "entrypoint–leaf"):
        one_partition(verdict, where, before, cut, after)
    return verdict


def one_partition(verdict, where, before, cut, after):
    timeout, proxies = 1.0, []
    world = World(attempts=3)
    try:
        def through(address):
            proxies.append(world.proxy(address))
            return proxies[-1].address

        inner = where == "entrypoint–leaf"
        chain = world.deep(reach=through if inner else lambda address: address)
        top = chain["Top"][0].address
        gateway = world.gateway("deep/production", top if inner else through(top))
        load = world.load(gateway.address, (100, before + cut + after), sleep_us=1000,
                          timeout_ms=int(timeout * 1000), metadata=["chains-chain=deep"])
        time.sleep(before)
        proxies[0].ask("set blackhole")
        time.sleep(cut)
        proxies[0].ask("set")
        healed = now()
        records = calls(load.finish())
    finally:
        world.close()
    longest = max(each.end - each.due for each in records)
    recovery = back_after(records, healed, lambda each: each.code == OK)
    failed = sum(each.code != OK for each in records)
    verdict.figures[where] = {"failed": failed, "longest call, s": round(longest, 2), "deadline, s": timeout,
                              "healed after, s": None if recovery is None else round(recovery, 2),
                              "codes": by_code(records)}
    verdict.check(failed > 0, f"{where}: nothing failed, so there was no partition")
    verdict.check(longest <= timeout + 0.5, f"{where}: a call took {longest:.1f} s")
    verdict.check(recovery is not None and recovery < 3, f"{where}: healed after {recovery} s")


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
        load = world.load(top, (20, 7 if short else 30), timeout_ms=2000)
        time.sleep(1)
        # 25 MiB each: room for about twelve, and there are up to 45 at a time.
        greedy = calls(world.load(top, (15, 4), hold_mib=25, sleep_us=3_000_000, timeout_ms=5000,
                                  first_id=1_000_000).finish())
        ended = max(each.end for each in greedy)
        records = calls(load.finish())
        recovery = back_after(records, ended, lambda each: each.code == OK)
        verdict.figures = {"greedy": by_code(greedy), "others": by_code(records),
                           "recovery, s": None if recovery is None else round(recovery, 2)}
        verdict.check(leaf.runs(), "the leaf ended")
        verdict.check(any(each.code != OK for each in greedy), "nothing was refused")
        verdict.check(recovery is not None and recovery < 2, f"recovery takes {recovery} s")
    finally:
        world.close()
    return verdict


def threads(short):
    """Of a leaf whose calls wait on threads of its pool. Only for root: the leaf is another user, who may have few."""
    verdict = Verdict("threads exhausted", "refuses, recovers")
    if os.geteuid() != 0:
        verdict.check(False, "only root can start a replica as a user of its own")
        return verdict
    world = World()
    world.folder.chmod(0o755)
    world.settings({})
    try:
        # A user whom nobody else is: the limit is for all processes of one.
        leaf = world.replica("deep", "Leaf", prefix=["setpriv", "--reuid", "54321", "--clear-groups"])
        lower = world.replica("deep", "Lower", [("Leaf", leaf.address)])
        upper = world.replica("deep", "Upper", [("Lower", lower.address)])
        top = world.replica("deep", "Top", [("Upper", upper.address)])
        calls(world.load(top.address, (50, 1)).finish())
        leaf.limit(nproc=leaf.status("Threads"))
        seconds = 2 if short else 20
        records = calls(world.load(top.address, (50, seconds), blocks=True, sleep_us=100_000, timeout_ms=2000).finish())
        leaf.limit(nproc=None)
        freed = now()
        fresh = calls(world.load(top.address, (50, 4), blocks=True, sleep_us=1000, timeout_ms=2000).finish())
        recovery = back_after(fresh, freed, lambda each: each.code == OK)
        longest = max(each.end - each.due for each in records)
        verdict.figures = {"without threads": by_code(records), "longest call, s": round(longest, 2),
                           "afterwards": by_code(fresh), "recovery, s": None if recovery is None else round(recovery, 2)}
        verdict.check(leaf.runs(), "the leaf ended")
        verdict.check(longest <= 2.5, f"a call took {longest:.1f} s")
        verdict.check(recovery is not None and recovery < 2, f"recovery takes {recovery} s")
    finally:
        world.close()
    return verdict


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rollout(short):
    verdict = Verdict("rollout of every chainlet, 20 times, at 500 requests/s", "0 failed")
    from platform_under_test import Platform  # needs BIN
    times, rate = (1, 100) if short else (20, 500)
    world = World()
    world.settings({"attempts": 3, "replicas": 1})
    os.environ["TMPDIR"] = str(world.folder)
    platform = Platform("--memory", "1Ti", "--cpus", "64")
    try:
        platform.push(BIN / "deep", "--name", "deep")
        done = threading.Event()
        problems = []

        def roll():
            try:
                for _ in range(times):
                    platform.push(BIN / "deep", "--name", "deep", "--promote", timeout=PATIENCE)
            except Exception as error:  # told below
                problems.append(str(error))
            done.set()

        before = now()
        thread = threading.Thread(target=roll)
        records = []
        metadata = [f"authorization=Api-Key {platform.key}", "chains-chain=deep"]
        thread.start()
        while not done.is_set():
            records += calls(world.load(platform.grpc, (rate, 10), metadata=metadata, timeout_ms=10_000,
                                        first_id=1 + len(records)).finish())
        thread.join()
        verdict.figures = {"calls": len(records), "rollouts": times, "seconds": round(now() - before),
                           "codes": by_code(records)}
        verdict.check(not problems, "; ".join(problems))
        failed = sum(each.code != OK for each in records)
        verdict.check(failed == 0, f"{failed} failed")
    finally:
        platform.close()
        world.close()
    return verdict


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
