"""A platform as a test needs it: `chains up` in a folder of its own, and everything ended after it.

Every wait has a limit, and looks for what it waits for instead of sleeping.
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time

BIN = pathlib.Path(os.environ["BIN"])
SECONDS = float(os.environ.get("READY_SECONDS", "60"))


class Failed(AssertionError):
    pass


class Platform:
    """`chains up`, and `chains …` against it."""

    def __init__(self, *flags, home=None, up=True):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ch"))
        self.home = home or self.folder / "h"
        self.flags = flags
        self.process = None
        if up:
            self.up()

    def up(self, environment=None):
        """Starts it, or starts it again: its state is where the last one left it. With more variables
        in its environment."""
        errors = open(self.folder / "up.log", "a")
        self.process = subprocess.Popen(
            [BIN / "chains", "up", "--home", self.home, "--listen", "127.0.0.1:0", "--grpc-listen", "127.0.0.1:0",
             *self.flags], stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})})
        errors.close()
        said, deadline = "", time.monotonic() + SECONDS
        while "Next: " not in said:
            ready = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                self.kill()
                raise Failed(f"chains up was not ready: {said}{(self.folder / 'up.log').read_text()}")
            said += piece.decode()
        self.http = re.search(r"HTTP\s+http://(\S+)", said)[1]
        self.grpc = re.search(r"gRPC\s+(\S+)", said)[1]
        page = re.search(r"page\s+(http://\S+)", said)
        self.page = page[1] if page else ""
        tls = re.search(r"both\s+https://(\S+)", said)
        self.tls = tls[1] if tls else ""
        key = re.search(r"CHAINS_API_KEY=(\S+)", said)
        self.key = key[1] if key else ""
        return self

    def run(self, *arguments, check=True, stdin="", timeout=SECONDS, cwd=None):
        """`chains ARGUMENTS`: a CompletedProcess, as text."""
        environment = {**os.environ, "CHAINS_HOME": str(self.home)}
        done = subprocess.run([str(BIN / "chains"), *map(str, arguments)], capture_output=True, text=True,
                              env=environment, input=stdin, timeout=timeout, cwd=cwd)
        if check and done.returncode != 0:
            raise Failed(f"chains {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments, **options):
        """The last line of its output, as JSON."""
        return json.loads(self.run(*arguments, "--output", "json", **options).stdout.strip().splitlines()[-1])

    def push(self, program, *flags, **options):
        """Pushes, and answers the id of the deployment once it is live."""
        event = self.json("push", program, *flags, **options)
        return event["deployment"]["id"]

    def status(self, *arguments):
        found = self.json("status", *arguments)
        return found.get("deployment", found)

    def replicas(self, *arguments):
        """{chainlet: {replica: pid}} of those that are ready."""
        return {each["chainlet"].split(".")[-1]:
                {r["name"]: r["pid"] for r in each.get("replicas", []) if r["state"] == "ready"}
                for each in self.status(*arguments)["chainlets"]}

    def post(self, path, body, key=None, headers=None, timeout=SECONDS):
        """(status, answer as JSON where it is)."""
        connection = http.client.HTTPConnection(self.http, timeout=timeout)
        try:
            connection.request("POST", path, body, {"Authorization": f"Api-Key {key or self.key}", **(headers or {})})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text

    def kill(self):
        """As if the power went: it has no time for anything."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def down(self):
        """Asks it to end; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed("chains up did not end")
        finally:
            self.process.stdout.close()

    def processes(self):
        """Pids of all replicas of this platform, whoever started them."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"serve" in command and any(str(self.home).encode() in each for each in command):
                found.append(int(entry.name))
        return found

    def known_pids(self):
        """Of the replicas that it knows."""
        return {replica["pid"] for deployment in self.json("list")["deployments"]
                for chainlet in deployment.get("chainlets", []) for replica in chainlet.get("replicas", [])}

    def close(self):
        """Ends everything; fails when a replica is left."""
        try:
            if self.process.poll() is None:
                code = self.down()
                if code != 0:
                    raise Failed(f"chains up ended with {code}: {(self.folder / 'up.log').read_text()}")
            until(lambda: not self.processes(), "all replicas to be gone")
        finally:
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
            if self.process.poll() is None:
                self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)


def until(condition, what, seconds=None):
    """Waits for it; what it answered."""
    deadline = time.monotonic() + (seconds or SECONDS)
    pause = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"waited in vain for {what}")
        pause.wait(0.02)


class Load:
    """Requests at a steady rate, in the background: answers are counted, failures kept."""

    def __init__(self, platform, path, body, rate):
        self.platform, self.path, self.body, self.rate = platform, path, body, rate
        self.answers, self.failures = {}, []
        self.slowest = 0.0
        self.lock, self.ending = threading.Lock(), threading.Event()

    def __enter__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(64)
        self.thread = threading.Thread(target=self._send)
        self.thread.start()
        until(lambda: self.answers or self.failures, "the first answer")
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        self.pool.shutdown()

    def _send(self):
        due = time.monotonic()
        while not self.ending.wait(max(0.0, due - time.monotonic())):
            due += 1 / self.rate
            self.pool.submit(self._one)

    def _one(self):
        began = time.monotonic()
        try:
            status, answer = self.platform.post(self.path, self.body)
        except Exception as error:  # whatever a client may see is a failure of the request
            status, answer = 0, repr(error)
        with self.lock:
            self.slowest = max(self.slowest, time.monotonic() - began)
            if status == 200:
                self.answers[str(answer)] = self.answers.get(str(answer), 0) + 1
            else:
                self.failures.append((status, answer))

    def sent(self):
        return sum(self.answers.values()) + len(self.failures)
