#!/usr/bin/env python3
"""Kills a gateway at random moments while requests are queued at it, and looks what became of them.

Nothing that was accepted is lost: each request is called at least once, ends, and is answered under
one id, whatever was asked again; its webhook hears of it, and of nothing under two ids. KILLS
(environment) says how often; BIN where the programs are; QUEUE another queue than a file of SQLite.
"""
import collections
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

BIN = pathlib.Path(os.environ["BIN"])
KILLS = int(os.environ.get("KILLS", "5"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
PATIENCE = 60
SECRET = "a-secret-that-only-this-test-has"


class Told(http.server.BaseHTTPRequestHandler):
    """A webhook that now and then answers that it is busy, after it heard."""
    heard = collections.defaultdict(list)  # by the id in the body: (delivery id, body)
    bad_signatures = 0
    lock = threading.Lock()
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = self.headers["X-Chains-Timestamp"].encode() + b"." + body
        expected = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        with self.lock:
            Told.bad_signatures += expected != self.headers["X-Chains-Signature"]
            self.heard[json.loads(body)["request_id"]].append((self.headers["X-Chains-Delivery"], body))
            status = 503 if random.random() < 0.05 else 200
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Webhooks(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Who tells it is killed in the middle of a word: that is the point."""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Gateway:
    """Started again and again at the same address, over the same queue."""

    def __init__(self, folder, queue, ledger):
        self.port = free_port()
        secret = folder / "secret"
        secret.write_text(SECRET + "\n")
        self.log = open(folder / "gateway.log", "w")
        self.command = [BIN / "chains-gateway", "--listen", f"127.0.0.1:{self.port}", "--no-auth",
                        "--route", f"ledger/production={ledger}", "--async-queue", queue,
                        "--webhook-allow-private", "--webhook-secret-file", secret]
        self.process = None

    def start(self):
        self.process = subprocess.Popen([str(a) for a in self.command], stdout=subprocess.DEVNULL,
                                        stderr=self.log, stdin=subprocess.DEVNULL)

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


class Load:
    """Submits requests from several threads, each again and again until it was accepted."""

    def __init__(self, gateway, webhook):
        self.gateway, self.webhook = gateway, webhook
        self.ids = collections.defaultdict(set)  # by name: every id that was answered
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.refused = collections.Counter()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        count = 0
        while not self.ending.is_set():
            count += 1
            self.submit(f"job-{number}-{count}")

    def submit(self, name):
        body = json.dumps({"model_input": {"name": name}, "webhook_endpoint": self.webhook,
                           "priority": random.randrange(3), "max_time_in_queue_seconds": 86400})
        accepted = 0
        # Now and then once more, as a client that did not hear the answer would.
        wanted = 2 if random.random() < 0.2 else 1
        while accepted < wanted:
            try:
                status, answer = self.gateway.ask("POST", "/production/async_run_remote", body,
                                                  {"Idempotency-Key": name})
            except (OSError, http.client.HTTPException):
                self.ending.wait(0.01)  # it is away
                continue
            if status != 201:
                with self.lock:
                    self.refused[(status, str(answer)[:100])] += 1
                self.ending.wait(0.05)
                continue
            accepted += 1
            with self.lock:
                self.ids[name].add(answer["request_id"])

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()


def await_all(ids, has_ended):
    """Those of `ids` that have not within PATIENCE seconds."""
    left, deadline = set(ids), time.monotonic() + PATIENCE
    while left and time.monotonic() < deadline:
        left = {each for each in left if not has_ended(each)}
        if left:
            time.sleep(0.05)
    return left


def judge(gateway, load, ledger):
    """What is wrong."""
    problems = []
    two = {name: ids for name, ids in load.ids.items() if len(ids) != 1}
    if two:
        problems.append(f"{len(two)} requests were answered with several ids: {list(two.items())[:3]}")
    names = {next(iter(ids)): name for name, ids in load.ids.items()}
    final = {}

    def has_ended(each):
        status, job = gateway.ask("GET", f"/async_request/{each}")
        final[each] = (status, job.get("status"), job.get("result"))
        return status != 200 or job["status"] not in ("QUEUED", "IN_PROGRESS")

    left = await_all(names, has_ended)
    if left:
        problems.append(f"{len(left)} requests did not end: {[final[each] for each in list(left)[:3]]}")
    wrong = {each: became for each, became in final.items()
             if became != (200, "SUCCEEDED", names[each]) and each not in left}
    if wrong:
        problems.append(f"{len(wrong)} requests became something else: {list(wrong.items())[:3]}")
    called = collections.Counter(ledger.read_text().splitlines())
    lost = [name for name in names.values() if called[name] == 0]
    if lost:
        problems.append(f"{len(lost)} requests were never called: {lost[:3]}")
    untold = await_all(names, lambda each: each in Told.heard)
    if untold:
        problems.append(f"{len(untold)} webhooks heard nothing: {list(untold)[:3]}")
    unsteady = [each for each, heard in Told.heard.items() if len(set(heard)) != 1]
    if unsteady:
        problems.append(f"{len(unsteady)} webhooks heard the same of two ids or bodies: {unsteady[:3]}")
    if Told.bad_signatures:
        problems.append(f"{Told.bad_signatures} signatures were wrong")
    print(f"{KILLS} kills: {len(names)} requests accepted, {sum(called.values())} calls, "
          f"{sum(map(len, Told.heard.values()))} webhooks told; refused meanwhile: {dict(load.refused)}")
    return problems


def main():
    random.seed(SEED)
    print(f"SEED={SEED} KILLS={KILLS}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ledger = folder / "ledger"
        ledger.touch()
        address = f"unix:{folder}/replica.sock"
        replica = subprocess.Popen([str(BIN / "ledger"), "serve", "--listen", address],
                                   stdout=subprocess.PIPE, env={**os.environ, "LEDGER": str(ledger)})
        replica.stdout.readline()
        server = Webhooks(("127.0.0.1", 0), Told)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        gateway = Gateway(folder, os.environ.get("QUEUE", f"sqlite:{folder}/queue.db"), address)
        gateway.start()
        load = Load(gateway, f"http://127.0.0.1:{server.server_port}/done")
        try:
            for _ in range(KILLS):
                time.sleep(random.uniform(0, 0.5))
                gateway.kill()
                gateway.start()
            load.end()
            problems = judge(gateway, load, ledger)
            code = gateway.kill(signal.SIGTERM)
            if code != 0:
                problems.append(f"the gateway ended with {code}")
        finally:
            load.ending.set()
            gateway.process.kill()
            replica.kill()
            server.shutdown()
        if problems:
            print((folder / "gateway.log").read_text()[-2000:])
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems or not load.ids else 0


if __name__ == "__main__":
    sys.exit(main())
