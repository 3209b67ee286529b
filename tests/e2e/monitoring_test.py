#!/usr/bin/env python3
"""deploy/monitoring on a real platform: a Prometheus of Debian's reads it, and its alerts fire on real faults.

Configuration and rules are those of deploy/monitoring but for addresses and times: what looks back minutes looks
back seconds here. Two faults cannot be made here, a full GPU and too many series; tests/deploy/monitoring has these.
"""
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.parse

from platform_under_test import BIN, Failed, Platform, until
from processes import Server

MONITORING = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
CLUMSY = "/chains/clumsy/production/run_remote"
HELLO = "/chains/hello/production/run_remote"
# What rules look back, here.
SECONDS = {"5m": "10s", "10m": "150s", "15m": "60s", "1h": "20s", "1d": "30s"}
NOT_HERE = {"ChainsGpuMemory", "ChainsTelemetryDropped"}
# No GPU, and no chainlet that takes calls in batches.
NO_DATA_HERE = {"Memory of devices", "Size of batches"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sooner(text):
    """Rules, with seconds for minutes."""
    text = re.sub(r"\[(\w+)\]", lambda found: f"[{SECONDS[found[1]]}]", text)
    text = re.sub(r"offset \w+", "offset 5s", text)
    return re.sub(r"for: \w+", "for: 1s", text)


class NoCollector(http.server.BaseHTTPRequestHandler):
    """Wants no spans."""

    def do_POST(self):  # noqa: N802
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Prometheus:
    def __init__(self, folder, targets):
        """`targets`: addresses by job."""
        folder.mkdir()
        (folder / "rules").mkdir()
        for file in (MONITORING / "rules").glob("*.yml"):
            (folder / "rules" / file.name).write_text(sooner(file.read_text()))
        config = (MONITORING / "prometheus.yml").read_text()
        config = re.sub(r"_interval: 15s", "_interval: 1s", config)
        for job, addresses in targets.items():
            config, changed = re.subn(rf"(job_name: {job}\n.*?targets: )\[.*?\]",
                                      lambda found, to=addresses: found[1] + json.dumps(to), config, flags=re.S)
            assert changed == 1, job
        (folder / "prometheus.yml").write_text(config)
        self.address = f"127.0.0.1:{free_port()}"
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address={self.address}", "--enable-feature=exemplar-storage"],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        until(self._ready, "Prometheus")

    def _ready(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise Failed(f"prometheus ended: {self.log.read()}")
        try:
            return self._get("/-/ready")[0] == 200
        except OSError:
            return False

    def _get(self, path):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def ask(self, path, **parameters):
        status, text = self._get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        answer = json.loads(text)
        assert status == 200, answer
        return answer["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def fired(self):
        """Alerts that fired by now, whether they still do or not."""
        return {each["metric"]["alertname"]
                for each in self.query('count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[15m]))')}

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.log.close()


class Stream:
    """Requests, so many at a time, one after the other, until it ends. What they are answered is the alerts' to say."""

    def __init__(self, platform, path, body, at_a_time=1, every=0.1, **options):
        self.ending = threading.Event()
        self.pool = concurrent.futures.ThreadPoolExecutor(at_a_time)
        for _ in range(at_a_time):
            self.pool.submit(self._send, platform, path, json.dumps(body), every, options)

    def _send(self, platform, path, body, every, options):
        while not self.ending.wait(every):
            with contextlib.suppress(OSError, http.client.HTTPException):
                platform.post(path, body, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.pool.shutdown()


@unittest.skipUnless(shutil.which("prometheus"), "SKIPPED: prometheus is not installed (./dev setup test)")
class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ended = contextlib.ExitStack()
        try:
            cls.begin()
        except BaseException:
            cls.ended.close()
            raise
        cls.addClassCleanup(cls.ended.close)

    @classmethod
    def begin(cls):
        collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NoCollector)
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        cls.ended.callback(collector.server_close)
        cls.ended.callback(collector.shutdown)
        metrics = f"127.0.0.1:{free_port()}"
        cls.platform = Platform("--memory", "1Ti", "--metrics", metrics, "--fault", "SayHello: 25% UNAVAILABLE",
                                "--trace-drawn", "100", "--otlp", f"http://127.0.0.1:{collector.server_port}")
        cls.ended.callback(cls.platform.close)
        # A gateway whose only route leads nowhere.
        cls.lost = Server([BIN / "chains-gateway", "--listen", "127.0.0.1:0", "--no-auth", "--route",
                           f"lost/production=127.0.0.1:{free_port()}"], r"([0-9.]+:[0-9]+)$")
        cls.ended.callback(cls.lost.stop)
        cls.platform.push(BIN / "hello")
        cls.clumsy = cls.platform.push(BIN / "clumsy")
        cls.prometheus = Prometheus(cls.platform.folder / "p", {
            "chains-platform": [metrics], "chains-replica": [],
            "chains-gateway": [cls.platform.http, cls.lost.address]})
        cls.ended.callback(cls.prometheus.close)
        # Receipts: only with one does a caller learn how long its call was on the network.
        for stream in (Stream(cls.platform, HELLO, {"names": ["Ada", "Sid"]}, at_a_time=2, every=0.03,
                              headers={"Chains-Receipt": "1"}), Stream(cls.platform, CLUMSY, {})):
            cls.ended.enter_context(stream)

    def assert_fires(self, *alerts, seconds=60):
        """Each of them, within that time."""
        try:
            until(lambda: self.prometheus.fired().issuperset(alerts), f"alerts: {alerts}", seconds)
        except Failed as failed:
            raise Failed(f"{failed}; these fired: {sorted(self.prometheus.fired())}") from None

    def stream(self, body, path=CLUMSY, **options):
        return Stream(self.platform, path, body, **options)

    # In this order: each fault is left to end before the next begins, but for those that last.

    def test_1_all_targets_answer(self):
        def all_up():
            found = {(each["metric"]["job"], each["value"][1]) for each in self.prometheus.query("up")}
            return found == {("chains-platform", "1"), ("chains-gateway", "1")}
        until(all_up, "all targets to be up")
        for job in self.prometheus.ask("targets")["activeTargets"]:
            self.assertEqual(job["lastError"], "", job)

    def test_2_a_trace_is_an_exemplar(self):
        def shown():
            self.platform.post(CLUMSY, "{}", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
            now = time.time()
            found = self.prometheus.ask("query_exemplars", query="chains_gateway_request_seconds_bucket",
                                        start=now - 120, end=now + 5)
            return any(each["labels"].get("trace_id") == TRACE for one in found for each in one["exemplars"])
        until(shown, "the trace among exemplars")

    def test_3_faults_fire_their_alerts(self):
        with self.subTest("replicas that are not reached now and then, and a route to nowhere"):
            self.assert_fires("ChainsEdgeTriesAgain", "ChainsRoutesNotReady")
        with self.subTest("a collector that takes nothing"):
            self.assert_fires("ChainsSpansDropped")
            told = self.platform.run("traces").stderr
            self.assertRegex(told, r"\d+ spans did not get to the collector")
            self.assertIn("the collector of traces: ", told)
        by_id = f"/chains/clumsy/deployment/{self.clumsy}/run_remote"
        with self.subTest("requests that become slow"):
            with self.stream({}, path=by_id):
                until(lambda: len(self.prometheus.query(
                    'chains:request_seconds:p99_5m{deployment=~"deployment/.*"} offset 12s')) > 0, "what is usual")
            with self.stream({"holdMs": 3000}, path=by_id, at_a_time=2):
                self.assert_fires("ChainsRequestsSlow")
        with self.subTest("a chainlet that has more than it can do"):
            with self.stream({"holdMs": 300}, at_a_time=16):
                self.assert_fires("ChainsChainletRefuses")
        with self.subTest("calls that are late"):
            with self.stream({"holdMs": 2000}, headers={"Chains-Timeout": "300ms"}):
                self.assert_fires("ChainsEdgeLate")
        with self.subTest("code that blocks"):
            with self.stream({"blockMs": 300}, at_a_time=2):
                self.assert_fires("ChainsReactorStalls", "ChainsReactorLag")
        with self.subTest("a chainlet that fails"):
            with self.stream({"failWith": 13}, at_a_time=4, every=0.02):
                self.assert_fires("ChainsRequestsFail", "ChainsEdgeFails", "ChainsCircuitOpen")
        with self.subTest("a key that calls more often than it may"):
            made = self.platform.json("keys", "create", "eager", "--scope", "invoke", "--rate", "1/s")
            with self.stream({}, at_a_time=2, every=0.05, key=made["key"]):
                self.assert_fires("ChainsGatewayRefuses")
        with self.subTest("replicas that are killed again and again"):
            killed = set()

            def kill():
                for pid in self.platform.replicas("clumsy").get("Carry", {}).values():
                    if pid not in killed:
                        killed.add(pid)
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
                return self.prometheus.fired().issuperset({"ChainsReplicasRestart", "ChainsReplicasMissing"})
            until(kill, "alerts on replicas", 60)
        # Chance decides how soon one is missed three times in a row, so this fault had the time of all others.
        with self.subTest("replicas that are not reached several times in a row"):
            self.assert_fires("ChainsReplicaLeftOut")
        with self.subTest("a gateway that is gone"):
            self.lost.kill()
            self.assert_fires("ChainsDown")

    def test_4_no_alert_is_left_out(self):
        alerts = set(re.findall(r"- alert: (\w+)", (MONITORING / "rules" / "alerts.yml").read_text()))
        self.assertEqual(alerts - self.prometheus.fired(), NOT_HERE)

    def test_5_the_dashboard_shows_it(self):
        for panel in json.loads((MONITORING / "grafana" / "chains.json").read_text())["panels"]:
            for target in panel.get("targets", []):
                with self.subTest(f"{panel['title']}: {target['expr']}"):
                    found = [self.prometheus.query(self.filled(target["expr"], chain)) for chain in ("clumsy", "hello")]
                    if panel["title"] not in NO_DATA_HERE:
                        self.assertTrue(any(found))

    @staticmethod
    def filled(expression, chain):
        for name, value in (("$__rate_interval", "2m"), ("$chain", chain), ("$deployment", ".*")):
            expression = expression.replace(name, value)
        return expression


if __name__ == "__main__":
    unittest.main()
