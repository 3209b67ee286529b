"""Requests at a steady rate, whether or not earlier ones were answered: each that fails is counted.

    with Load(address, path, key, body, rate=100) as load:
        until(lambda: load.answers.get('"Hello, Ada"'), "the first answer")
    load.failures                              # [(seconds after the begin, status or 0, what came)]

A sender is a thread with a connection of its own, as a client has that keeps its connections. A request is sent once:
nothing is tried again, so what this counts as failed a caller would have seen.
"""
import collections
import http.client
import queue
import threading
import time

from cluster import until

SENDERS = 48


class Load:
    def __init__(self, address, path, key, body, rate, timeout=60, headers=None):
        self.address, self.path, self.body, self.rate, self.timeout = address, path, body, rate, timeout
        self.headers = {"Authorization": f"Api-Key {key}", "Content-Type": "application/json", **(headers or {})}
        self.answers, self.failures, self.times = collections.Counter(), [], []
        self.seen = {}  # answer → when it came first
        self.lock, self.ending, self.due = threading.Lock(), threading.Event(), queue.Queue()

    def __enter__(self):
        self.began = time.monotonic()
        self.senders = [threading.Thread(target=self._send, daemon=True) for _ in range(SENDERS)]
        self.clock = threading.Thread(target=self._tick, daemon=True)
        for thread in [*self.senders, self.clock]:
            thread.start()
        until(lambda: self.answers or self.failures, "the first answer")
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.clock.join()
        for _ in self.senders:
            self.due.put(None)
        for thread in self.senders:
            thread.join(timeout=self.timeout)

    def _tick(self):
        due = time.monotonic()
        while not self.ending.wait(max(0.0, due - time.monotonic())):
            self.due.put(due)
            due += 1 / self.rate

    def _send(self):
        connection = None
        while True:
            due = self.due.get()
            if due is None:
                break
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
                connection.request("POST", self.path, self.body, self.headers)
                response = connection.getresponse()
                status, text = response.status, response.read().decode()
                if response.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as problem:
                status, text = 0, repr(problem)
                connection.close()
                connection = None
            self._count(due, status, text)
        if connection is not None:
            connection.close()

    def _count(self, due, status, text):
        now = time.monotonic()
        with self.lock:
            self.times.append(now - due)
            if status == 200:
                self.answers[text] += 1
                self.seen.setdefault(text, now)
            else:
                self.failures.append((round(now - self.began, 2), status, text[:300]))

    def sent(self):
        with self.lock:
            return len(self.times)

    def figures(self):
        """For people."""
        with self.lock:
            times = sorted(self.times)
            seconds = time.monotonic() - self.began
        at = lambda part: times[min(len(times) - 1, int(part * len(times)))] * 1000  # noqa: E731
        return (f"{len(times)} requests, {len(times) / seconds:.0f}/s, {len(self.failures)} failed, "
                f"p50 {at(.5):.0f} ms, p99 {at(.99):.0f} ms, slowest {times[-1] * 1000:.0f} ms")
