#!/usr/bin/env python3
"""Whether promtool accepts deploy/monitoring, and each alert fires on its fault, names who is ill, and is quiet else.

    PROMTOOL=promtool python3 tests/deploy/monitoring/rules_test.py
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
MONITORING = HERE.parents[2] / "deploy" / "monitoring"
PROMTOOL = os.environ.get("PROMTOOL", "promtool")

EDGE = 'chain="hello", deployment="d1", caller="hello.HelloAll", callee="hello.SayHello"'
CALLS = f'chains_calls_total{{{EDGE}, method="RunRemote", placement="remote", code="%s"}}'
CHAINLET = 'chain="hello", deployment="d1", chainlet="hello.SayHello"'
ROUTE = 'chain="hello", deployment="production", method="run_remote"'
REQUESTS = f'chains_gateway_requests_total{{{ROUTE}, status="%s"}}'


def late_histogram(name, labels, fast, slow, at, minutes=240):
    """Sixty observations a minute: below `fast` seconds, but from minute `at` on between it and `slow`."""
    return {f'{name}_bucket{{{labels}, le="{fast}"}}': f"0+60x{at} {60 * at}x{minutes - at}",
            f'{name}_bucket{{{labels}, le="{slow}"}}': f"0+60x{minutes}",
            f'{name}_bucket{{{labels}, le="+Inf"}}': f"0+60x{minutes}"}


# What goes wrong: the alert, its labels, the series, the minute at which it is looked at.
FAULTS = {
    "one request in 20 fails": (
        "ChainsRequestsFail", {"chain": "hello", "deployment": "production"},
        {REQUESTS % 200: "0+950x120", REQUESTS % 503: "0+50x120"}, 60),
    "requests become ten times slower": (
        "ChainsRequestsSlow", {"chain": "hello", "deployment": "production"},
        {REQUESTS % 200: "0+60x240", **late_histogram("chains_gateway_request_seconds", ROUTE, 0.1, 1, 200)}, 220),
    "a key calls more often than it may": (
        "ChainsGatewayRefuses", {"job": "chains-gateway", "instance": "g", "limit": "rate"},
        {'chains_gateway_refused_total{job="chains-gateway", instance="g", limit="rate"}': "0+600x120"}, 30),
    "a contract cannot be had": (
        "ChainsRoutesNotReady", {"instance": "g"},
        {'chains_gateway_routes{instance="g"}': "2x60", 'chains_gateway_routes_ready{instance="g"}': "1x60"}, 30),
    "a gateway is gone": (
        "ChainsDown", {"job": "chains-gateway", "instance": "g"},
        {'up{job="chains-gateway", instance="g"}': "1x10 0x60"}, 30),
    "a callee fails": (
        "ChainsEdgeFails", {"chain": "hello", "deployment": "d1", "caller": "hello.HelloAll", "callee": "hello.SayHello"},
        {CALLS % "OK": "0+900x60", CALLS % "INTERNAL": "0+100x60"}, 30),
    "a callee is late": (
        "ChainsEdgeLate", {"chain": "hello", "deployment": "d1", "caller": "hello.HelloAll", "callee": "hello.SayHello"},
        {CALLS % "OK": "0+900x60", CALLS % "DEADLINE_EXCEEDED": "0+100x60"}, 30),
    "calls are made again and again": (
        "ChainsEdgeTriesAgain",
        {"chain": "hello", "deployment": "d1", "caller": "hello.HelloAll", "callee": "hello.SayHello"},
        {CALLS % "OK": "0+1000x60", f'chains_call_attempts_total{{{EDGE}, kind="retry"}}': "0+80x60"}, 30),
    "a circuit opens": (
        "ChainsCircuitOpen",
        {"chain": "hello", "deployment": "d1", "caller": "hello.HelloAll", "callee": "hello.SayHello"},
        {f"chains_circuit_opened_total{{{EDGE}}}": "0x20 1x40"}, 23),
    "a replica is not like the others": (
        "ChainsReplicaLeftOut",
        {"chain": "hello", "deployment": "d1", "caller": "hello.HelloAll", "callee": "hello.SayHello"},
        {f"chains_circuit_replicas_left_out_total{{{EDGE}}}": "0+1x60"}, 30),
    "a chainlet has more than it can do": (
        "ChainsChainletRefuses", {"chain": "hello", "deployment": "d1", "chainlet": "hello.SayHello"},
        {f'chains_chainlet_refused_total{{{CHAINLET}, reason="full"}}': "0+100x60",
         f"chains_chainlet_duration_seconds_count{{{CHAINLET}}}": "0+1000x60"}, 30),
    "code blocks a reactor": (
        "ChainsReactorStalls", {"chain": "hello", "deployment": "d1"},
        {'chains_reactor_stalls_total{chain="hello", deployment="d1"}': "0+20x60"}, 30),
    "a process has too few processors": (
        "ChainsReactorLag", {"chain": "hello", "deployment": "d1"},
        late_histogram("chains_reactor_lag_seconds", 'chain="hello", deployment="d1"', 0.016, 0.25, 10), 40),
    "a device is full": (
        "ChainsGpuMemory", {"instance": "r", "device": "0"},
        {'chains_gpu_memory_used_bytes{instance="r", device="0"}': "99x60",
         'chains_gpu_memory_total_bytes{instance="r", device="0"}': "100x60"}, 30),
    "a replica does not come back": (
        "ChainsReplicasMissing", {"chain": "hello", "deployment": "d1", "chainlet": "hello.SayHello"},
        {f"chains_replicas_ready{{{CHAINLET}}}": "2x10 1x50", f"chains_replicas_wanted{{{CHAINLET}}}": "2x60"}, 30),
    "replicas crash": (
        "ChainsReplicasRestart", {"chain": "hello", "deployment": "d1", "chainlet": "hello.SayHello"},
        {f"chains_replica_restarts_total{{{CHAINLET}}}": "0x10 0+1x50"}, 30),
    "the collector of traces is gone": (
        "ChainsSpansDropped", {"instance": "p"},
        {'chains_otlp_spans_dropped_total{instance="p"}': "0+10x60", 'chains_spans_dropped_total{instance="p"}': "0x60"},
        30),
    "there are too many series": (
        "ChainsTelemetryDropped", {"instance": "p"},
        {'chains_metrics_series_dropped_total{instance="p"}': "0+10x60"}, 30),
}
WELL = {
    'up{job="chains-gateway", instance="g"}': "1x120",
    REQUESTS % 200: "0+6000x120",
    REQUESTS % 503: "0+1x120",
    REQUESTS % 400: "0+3000x120",
    **late_histogram("chains_gateway_request_seconds", ROUTE, 0.1, 1, 120, 120),
    CALLS % "OK": "0+18000x120",
    CALLS % "INVALID_ARGUMENT": "0+9000x120",
    f'chains_call_attempts_total{{{EDGE}, kind="hedge"}}': "0+900x120",
    f"chains_circuit_opened_total{{{EDGE}}}": "3x120",
    f"chains_circuit_replicas_left_out_total{{{EDGE}}}": "0x60 1x60",
    f'chains_chainlet_refused_total{{{CHAINLET}, reason="would_refuse"}}': "0+9000x120",
    f"chains_chainlet_duration_seconds_count{{{CHAINLET}}}": "0+18000x120",
    'chains_gateway_routes{instance="g"}': "2x120",
    'chains_gateway_routes_ready{instance="g"}': "2x120",
    'chains_gateway_refused_total{job="chains-gateway", instance="g", limit="would_rate"}': "0+6000x120",
    'chains_reactor_stalls_total{chain="hello", deployment="d1"}': "0+1x120",
    **late_histogram("chains_reactor_lag_seconds", 'chain="hello", deployment="d1"', 0.016, 0.25, 120, 120),
    'chains_gpu_memory_used_bytes{instance="r", device="0"}': "50x120",
    'chains_gpu_memory_total_bytes{instance="r", device="0"}': "100x120",
    'chains_metrics_series_dropped_total{instance="p"}': "7x120",
    'chains_platform_rows_left_out_total{instance="p"}': "3x120",
    'chains_spans_dropped_total{instance="p"}': "9x120",
    'chains_otlp_spans_dropped_total{instance="p"}': "4x120",
    f"chains_replicas_ready{{{CHAINLET}}}": "2x40 1x2 2x78",
    f"chains_replicas_wanted{{{CHAINLET}}}": "2x120",
    f"chains_replica_restarts_total{{{CHAINLET}}}": "0x40 1x80",
}


def promtool(*arguments):
    ended = subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def alerts():
    """Name → (severity, summary, action), as the file has them; YAML is read by promtool alone."""
    text = (MONITORING / "rules" / "alerts.yml").read_text()
    found = re.findall(r'- alert: (\w+).*?severity: (\w+).*?summary: "(.*?)"\n\s+action: "(.*?)"\n', text, re.S)
    return {name: (severity, summary, action) for name, severity, summary, action in found}


def case(name, series, minute, expected):
    """One of promtool's tests. JSON is YAML."""
    return {"name": name, "interval": "1m",
            "input_series": [{"series": each, "values": values} for each, values in series.items()],
            "alert_rule_test": [{"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": fired}
                                for alert, fired in expected.items()]}


class Rules(unittest.TestCase):
    def run_cases(self, cases):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "cases.yml"
            file.write_text(json.dumps({"rule_files": [str(each) for each in (MONITORING / "rules").glob("*.yml")],
                                        "evaluation_interval": "1m", "tests": cases}))
            return promtool("test", "rules", file)

    def test_promtool_accepts_configuration_and_rules(self):
        code, said = promtool("check", "config", MONITORING / "prometheus.yml")
        self.assertEqual(code, 0, said)

    def test_promtool_accepts_the_configuration_of_a_cluster(self):
        text = (MONITORING / "kubernetes.yml").read_text()
        # Debian's promtool knows no clusters: what is found there stands here already.
        text, found = re.subn(r"kubernetes_sd_configs:\n +- role: pod\n +namespaces: .*\n",
                              "static_configs: [{targets: ['127.0.0.1:1']}]\n", text)
        self.assertEqual(found, 1)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "kubernetes.yml"
            file.write_text(text.replace("rules/*.yml", str(MONITORING / "rules" / "*.yml")))
            code, said = promtool("check", "config", file)
        self.assertEqual(code, 0, said)

    def test_where_all_is_well_no_alert_fires(self):
        code, said = self.run_cases([case("well", WELL, 90, {alert: [] for alert in alerts()})])
        self.assertEqual(code, 0, said)

    def test_every_alert_has_a_fault_that_fires_it(self):
        self.assertEqual({alert for alert, *_ in FAULTS.values()}, set(alerts()))

    def test_each_alert_fires_on_its_fault_alone(self):
        for fault, (alert, labels, series, minute) in FAULTS.items():
            with self.subTest(fault):
                # What it says differs by value, so promtool is asked for labels by the series that alerts leave.
                severity = alerts()[alert][0]
                code, said = self.run_cases([firing(fault, alert, {**labels, "severity": severity}, series, minute)])
                self.assertEqual(code, 0, said)

    def test_a_summary_names_its_chain_and_an_action_says_what_to_do(self):
        for alert, (_, summary, action) in alerts().items():
            with self.subTest(alert):
                self.assertRegex(summary, r"\$labels\.(chain|instance)")
                self.assertGreater(len(action), 20)


def firing(fault, alert, labels, series, minute):
    """Exactly this alert fires, with these labels: Prometheus' own series ALERTS says so."""
    shown = ", ".join(f'{name}="{value}"' for name, value in
                      sorted({**labels, "alertname": alert, "alertstate": "firing"}.items()))
    return {"name": fault, "interval": "1m",
            "input_series": [{"series": each, "values": values} for each, values in series.items()],
            "promql_expr_test": [{"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{minute}m",
                                  "exp_samples": [{"labels": f"ALERTS{{{shown}}}", "value": 1}]}]}


class Dashboard(unittest.TestCase):
    def queries(self):
        for file in (MONITORING / "grafana").glob("*.json"):
            for panel in json.loads(file.read_text())["panels"]:
                for target in panel.get("targets", []):
                    yield f"{file.stem}: {panel['title']}", target["expr"]

    def test_promtool_accepts_every_query(self):
        found = list(self.queries())
        self.assertGreater(len(found), 10)
        filled = [re.sub(r"\$__rate_interval", "5m", re.sub(r"\$(\w+)", r"\1", re.sub(r"\$__rate_interval", "5m", expr)))
                  for _, expr in found]
        rules = {"groups": [{"name": "queries", "rules": [{"record": f"query:{i}", "expr": expr}
                                                          for i, expr in enumerate(filled)]}]}
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "queries.yml"
            file.write_text(json.dumps(rules))
            code, said = promtool("check", "rules", file)
        self.assertEqual(code, 0, said)

    def test_metrics_that_it_reads_are_told_by_somebody(self):
        root = HERE.parents[2]
        sources = (root / "runtime" / "chains" / "metrics").glob("*.cc")
        told = set(re.findall(r'"(chains_[a-z_]+)"', "".join(file.read_text() for file in sources)))
        read = "".join(expr for _, expr in self.queries()) + "".join(
            file.read_text() for file in (MONITORING / "rules").glob("*.yml"))
        for name in sorted(set(re.findall(r"\bchains_[a-z_]+", read))):
            with self.subTest(name):
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", name), told)

    def test_rules_that_it_reads_are_recorded(self):
        recorded = set(re.findall(r"record: (\S+)", (MONITORING / "rules" / "recording.yml").read_text()))
        for where, expr in self.queries():
            for name in re.findall(r"\bchains:[\w:]+", expr):
                with self.subTest(where):
                    self.assertIn(name, recorded)


if __name__ == "__main__":
    unittest.main()
