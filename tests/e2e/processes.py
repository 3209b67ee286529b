"""Starts programs of ours as a test needs them, and ends every one of them.

BIN (environment) is the folder of the built programs. A server is ready when it prints a line that
matches what the test waits for; every wait has a limit.
"""
import hashlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["BIN"])
READY_SECONDS = float(os.environ.get("READY_SECONDS", "60"))
SERVING = r"^serving .* at ([^ ,\n]+)"
KEY = "a-key-of-this-test"


class Server:
    """A program that runs until it is told to stop."""

    def __init__(self, arguments, ready):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.PIPE,
                                        stderr=self.errors, stdin=subprocess.DEVNULL)
        self.address = self._await(ready)

    def _await(self, ready):
        deadline, text = time.monotonic() + READY_SECONDS, ""
        while time.monotonic() < deadline:
            if not select.select([self.process.stdout], [], [], deadline - time.monotonic())[0]:
                break
            piece = os.read(self.process.stdout.fileno(), 65536).decode()
            if not piece:
                break
            text += piece
            found = re.search(ready, text, re.M)
            if found and text[found.start():].find("\n") >= 0:
                return found[1]
        self.kill()
        raise AssertionError(f"{self.process.args} was not ready: {text}{self.stderr()}")

    def stderr(self):
        if not self.errors.closed:
            self.errors.seek(0)
            self.said = self.errors.read()
        return self.said

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks it to leave; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=READY_SECONDS)
        finally:
            self.process.stdout.close()
            self.stderr()
            self.errors.close()


def serve(program, chainlets, *more):
    return Server([BIN / program, "serve", "--chainlets", chainlets, "--listen", "127.0.0.1:0", *more],
                  SERVING)


def gateway(folder, routes, *more):
    keys = pathlib.Path(folder) / "keys"
    keys.write_text(hashlib.sha256(KEY.encode()).hexdigest() + "\n")
    arguments = [BIN / "chains-gateway", "--listen", "127.0.0.1:0", "--api-keys", keys]
    for name, address in routes.items():
        arguments += ["--route", f"{name}={address}"]
    return Server(arguments + list(more), r"([0-9.]+:[0-9]+)$")


def run(program, *arguments, **options):
    """A program that ends by itself: its CompletedProcess, as text."""
    return subprocess.run([str(BIN / program), *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, **options)


def stats(*addresses):
    """What replicas did: {(method, replica): (calls, failed, most at once)}."""
    done = run("replica_stats", *addresses)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(\S+) on (\S+): (\d+) calls, (\d+) failed, at most (\d+) at once$",
                      done.stdout, re.M)
    return {(row[0], row[1]): tuple(map(int, row[2:])) for row in rows}


class EndToEnd(unittest.TestCase):
    """Tests over servers that setUpClass starts with `start`."""

    @classmethod
    def setUpClass(cls):
        cls.servers = []
        cls.folder = tempfile.TemporaryDirectory()
        try:
            cls.prepare()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def start(cls, server):
        cls.servers.append(server)
        return server

    @classmethod
    def tearDownClass(cls):
        codes = [server.stop() for server in reversed(cls.servers)]
        cls.folder.cleanup()
        assert not any(codes), f"exit codes {codes}: {[s.stderr() for s in cls.servers]}"

    def ask(self, path, body, headers=None, method="POST", key=KEY):
        """(status, headers, body as JSON where it is) of one HTTP request to self.gateway."""
        connection = http.client.HTTPConnection(self.gateway.address, timeout=60)
        fields = dict(headers or {})
        if key:
            fields["Authorization"] = f"Api-Key {key}"
        connection.request(method, path, body, fields)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        if response.headers.get("Content-Type", "").startswith("application/json"):
            text = json.loads(text)
        return response.status, response.headers, text

    def assert_error(self, answer, status, code, says):
        self.assertEqual(answer[0], status, answer)
        error = answer[2]["error"]
        self.assertEqual(error["code"], code)
        self.assertIn(says, error["message"])
        return error
