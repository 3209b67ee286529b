"""Programs of a build, started and ended by the bench. Every wait has a deadline."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time

START_SECONDS = 60
ADDRESS = r"(?:listening on|serving .* at|answers at) ([^\s,]+)"
CALLGRIND = ["valgrind", "--tool=callgrind", "--error-exitcode=99"]


class Failed(Exception):
    """A program did not do what it was to do; the message has its words."""


class Server:
    """A program that says where it listens and serves until SIGTERM. `address` is of gRPC, or of a
    program that has no other; `http` of the HTTP that it answers beside. With `callgrind`,
    the file of its output, it runs under that."""

    def __init__(self, command, callgrind=None):
        self.command = [str(word) for word in command]
        self.callgrind = callgrind
        words = self.command
        if callgrind is not None:
            words = under_callgrind(self.command, callgrind)
        self.log = tempfile.NamedTemporaryFile(prefix="bench-", suffix=".log", delete=False)
        self.process = subprocess.Popen(words, stdout=self.log, stderr=subprocess.STDOUT)
        self.pid = self.process.pid
        self.addresses = self._wait_for_addresses()
        self.address = self.addresses[0]
        self.http = next(iter(re.findall(r"answering HTTP at (\S+)", self.output())), None)

    def output(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            return log.read()

    def _wait_for_addresses(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = re.findall(ADDRESS, self.output())
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        said = self.output()
        self.process.kill()
        self.process.wait()
        raise Failed(f"{' '.join(self.command)} did not start:\n{said}")

    def stop(self):
        """Under callgrind: its instructions."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Failed(f"{' '.join(self.command)} did not end in 30 s") from None
        output = self.output()
        self.log.close()
        os.unlink(self.log.name)
        return instructions_in(output) if self.callgrind else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.log.closed:
            self.stop()


def cpu_seconds(pids):
    """Processor time of processes together, to a hundredth of a second."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()  # from the third on
        ticks += int(fields[11]) + int(fields[12])  # utime, stime
    return ticks / os.sysconf("SC_CLK_TCK")


def under_callgrind(command, out_file):
    return CALLGRIND + [f"--callgrind-out-file={out_file}"] + command


def instructions_in(output):
    found = re.search(r"Collected : (\d+)", output)
    if not found:
        raise Failed(f"callgrind counted nothing:\n{output}")
    return int(found.group(1))


def run(command, seconds, env=None):
    """Runs a program to its end, in our environment or `env`; what it printed on both outputs."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False,
                          env=env)
    if done.returncode != 0:
        raise Failed(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def figures(command, seconds=120):
    """Runs a program that prints one line of JSON."""
    return json.loads(run(command, seconds)[0].strip().splitlines()[-1])
