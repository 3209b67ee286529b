"""The processes of a row: replicas of a chain, proxies between them, load upon them.

BIN (environment) is the folder of the built programs. Every wait has a limit, and whatever was
started is ended with the World that started it.
"""
import concurrent.futures
import os
import pathlib
import random
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BIN = pathlib.Path(os.environ.get("BIN", "build/release/bin")).absolute()
PATIENCE = float(os.environ.get("READY_SECONDS", "60"))


class Broken(Exception):
    """A row could not be run: this says nothing about the chain."""


class Ports:
    """A hundred that are one world's, whatever runs beside it, until it is closed. They are below those that the
    system gives to connections: who is killed finds its own free when it starts again."""

    BLOCKS, SIZE, FIRST = 200, 100, 11_000

    def __init__(self):
        begin = random.randrange(self.BLOCKS)
        for block in (each % self.BLOCKS for each in range(begin, begin + self.BLOCKS)):
            self.claim = socket.socket(socket.AF_UNIX)  # in effect a lock, and gone with its process
            try:
                self.claim.bind(f"\0chains-soak-ports-{block}")
            except OSError:
                self.claim.close()
                continue
            self.left = iter(range(self.FIRST + block * self.SIZE, self.FIRST + (block + 1) * self.SIZE))
            return
        raise Broken("no ports are left: too many rows run at a time")

    def free_address(self):
        for port in self.left:
            with socket.socket() as free:
                try:
                    free.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return f"127.0.0.1:{port}"
        raise Broken("a row has no ports left")

    def close(self):
        self.claim.close()


def many_processors():
    """Whether this process may use so many that much goes on beside each other."""
    return len(os.sched_getaffinity(0)) >= 6


def now():
    """As records tell the time."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def side_by_side(at_once, **parts):
    """What each part (a function) found, by its name; they run at the same time or one after the other."""
    with concurrent.futures.ThreadPoolExecutor(len(parts) if at_once else 1) as pool:
        running = {name: pool.submit(part) for name, part in parts.items()}
        return {name: future.result() for name, future in running.items()}


class Program:
    """One that runs until it is ended; `ready` is a pattern of what it prints when it can be used."""

    def __init__(self, world, name, arguments, ready, environment=None):
        self.world, self.name, self.arguments, self.ready = world, name, [str(a) for a in arguments], ready
        self.environment = {**world.environment, **(environment or {})}
        self.log = open(world.folder / f"{name}.log", "ab")
        self.ended = None  # once the world is closed: with which code it had ended before
        self.start()

    def start(self, wait=True):
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, env=self.environment)
        if wait:
            self.await_ready()
        return self

    def await_ready(self):
        said, deadline = "", time.monotonic() + PATIENCE
        while not (found := re.search(self.ready, said, re.M)):
            wait = max(0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], wait)[0]:
                raise Broken(f"{self.name} was not ready within {PATIENCE} s: {said}")
            piece = os.read(self.process.stdout.fileno(), 65536).decode(errors="replace")
            if not piece:
                raise Broken(f"{self.name} ended before it was ready; {self.log.name} may say why")
            said += piece
        self.address = found[1]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def connections_to(self):
        """Those that other processes of this world have to it now."""
        return Connections(self.address, [each.process.pid for each in self.world.programs if each is not self])

    def runs(self):
        return self.process.poll() is None

    def limit(self, prefix=(), **resources):
        """From now on, and at once: limit(nproc=1), limit(data=None), which takes it away. `prefix`: what makes
        somebody who may do that to it, where this process may not."""
        for name, value in resources.items():
            hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))[1]  # it inherited it
            soft = hard if value is None else value
            soft = "unlimited" if soft == resource.RLIM_INFINITY else soft
            done = subprocess.run([*prefix, "prlimit", f"--pid={self.process.pid}", f"--{name}={soft}:"],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise Broken(f"{self.name} cannot be limited: {done.stderr.strip()}")

    def status(self, field):
        """A number of /proc/PID/status."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", text)[1])

    def resident(self):
        """Bytes of memory."""
        return self.status("VmRSS") * 1024

    def ask(self, line):
        """For a proxy: its answer to a line."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise Broken(f"{self.name} does not answer {line}")
        return os.read(self.process.stdout.fileno(), 65536).decode().strip()


class Connections:
    """TCP connections to an address, as these processes have them."""

    ESTABLISHED = "01"

    def __init__(self, address, processes):
        port = f":{int(address.rsplit(':', 1)[1]):04X}"
        sockets = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                _, _, remote, state, *rest = line.split()
                if remote.endswith(port) and state == self.ESTABLISHED:
                    sockets.add(f"socket:[{rest[5]}]")
        self.address = address
        # By process; none where the system shows none.
        self.held = {process: mine for process in processes if (mine := self.open_in(process) & sockets)}

    @staticmethod
    def open_in(process):
        """What a process has open; nothing once it has ended."""
        found, folder = set(), f"/proc/{process}/fd"
        try:
            for each in os.listdir(folder):
                try:
                    found.add(os.readlink(f"{folder}/{each}"))
                except FileNotFoundError:
                    continue
        except (FileNotFoundError, ProcessLookupError):
            return set()
        return found

    def await_end(self):
        """Until each process has closed its own: then it knows that nobody is there. No event tells another process
        of that, so this looks again and again."""
        deadline = time.monotonic() + PATIENCE
        while any(self.open_in(process) & sockets for process, sockets in self.held.items()):
            if time.monotonic() > deadline:
                raise Broken(f"callers of {self.address} kept their connections for {PATIENCE} s after its end")
            time.sleep(0.0005)


class World:
    def __init__(self, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="soak"))
        self.ledger = self.folder / "ledger"
        self.environment = {**os.environ, "TMPDIR": str(self.folder)}
        self.programs, self.count, self.ports = [], 0, Ports()
        self.settings({"ledger": self.ledger, **settings})

    def settings(self, values):
        """For replicas that start from now on (deep/settings.h)."""
        lines = [f"{name}={value}\n" for name, value in values.items()]
        (self.folder / "soak.settings").write_text("".join(lines))

    def start(self, name, arguments, ready, environment=None):
        self.count += 1
        program = Program(self, f"{name}-{self.count}", arguments, ready, environment)
        self.programs.append(program)
        return program

    def replica(self, chain, chainlet, callees=(), faults=(), environment=None, prefix=()):
        """`callees`: (chainlet, address), once for each replica of it. It keeps its address."""
        arguments = [*prefix, BIN / chain, "serve", "--chainlets", chainlet, "--listen", self.ports.free_address()]
        for name, address in callees:
            arguments += ["--endpoints", f"{name}={address}"]
        for fault in faults:
            arguments += ["--fault", fault]
        return self.start(chainlet, arguments, r"^serving .* at ([^ ,\n]+)\n", environment)

    def proxy(self, target):
        return self.start("proxy", [BIN / "soak-proxy", "--target", target], r"^passing on from (\S+)\n")

    def gateway(self, route, address):
        """Its one port takes gRPC as well."""
        return self.start("gateway", [BIN / "chains-gateway", "--listen", "127.0.0.1:0", "--no-auth", "--route",
                                      f"{route}={address}"], r"(127\.0\.0\.1:\d+)")

    def deep(self, leaves=1, others=1, tops=1, faults_of_lower=(), slow=(), reach=lambda address: address):
        """The whole chain: {chainlet: replicas}. `slow`: by how much the leaves in their order are;
        `reach`: what Lower calls instead of a leaf's address."""
        leaf = [self.replica("deep", "Leaf", environment={"SLOW": str(by)})
                for by in [*slow, *[1] * (leaves - len(slow))]]
        lower = [self.replica("deep", "Lower", [("Leaf", reach(each.address)) for each in leaf], faults_of_lower)
                 for _ in range(others)]
        upper = [self.replica("deep", "Upper", [("Lower", each.address) for each in lower])
                 for _ in range(others)]
        top = [self.replica("deep", "Top", [("Upper", each.address) for each in upper]) for _ in range(tops)]
        return {"Leaf": leaf, "Lower": lower, "Upper": upper, "Top": top}

    def hello(self, replicas=1, slow=(), program="hello", reach=lambda address: address):
        """The chain of chainlets/hello, likewise; as it is, or as `program` soak-hello."""
        say = [self.replica(program, "SayHello", environment={"SLOW": str(by)})
               for by in [*slow, *[1] * (replicas - len(slow))]]
        return {"SayHello": say,
                "HelloAll": [self.replica(program, "HelloAll", [("SayHello", reach(each.address)) for each in say])]}

    def load(self, address, *rates, **flags):
        """Starts load; finish() is its records. Flags are soak-load's: sleep_us=2000 is --sleep-us 2000."""
        return Load(self, address, rates, flags)

    def close(self):
        for program in self.programs:
            program.ended = program.process.poll()
            if program.ended is None:
                program.process.kill()
            program.process.wait()
            program.process.stdin.close()
            program.process.stdout.close()
            program.log.close()
        self.ports.close()
        if "KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)


class Load:
    def __init__(self, world, address, rates, flags):
        world.count += 1
        self.log = world.folder / f"calls-{world.count}"
        self.failures = world.folder / f"failures-{world.count}"
        self.seconds = sum(seconds for _, seconds in rates)
        arguments = [BIN / "soak-load", address, "--log", self.log, "--failures", self.failures]
        for rate, seconds in rates:
            arguments += ["--rate", f"{rate}x{seconds}"]
        for name, value in flags.items():
            for each in value if isinstance(value, list) else [value]:
                arguments += ["--" + name.replace("_", "-"), *([] if each is True else [each])]
        self.begin = now() + 0.1  # about: its own clock starts when it does
        self.process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace")

    def runs(self):
        return self.process.poll() is None

    def finish(self):
        """The file of its records, and what it said."""
        try:
            self.said, _ = self.process.communicate(timeout=self.seconds + PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise Broken("the load did not end: calls hang beyond their deadlines, or it is far behind its rate")
        if self.process.returncode != 0:
            raise Broken(f"the load failed: {self.said}")
        return self.log
