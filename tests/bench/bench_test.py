"""What the bench makes of its figures."""

import argparse
import contextlib
import http.server
import io
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

import bench
import instructions
import peers
import processes
from cases import batches
from cases.peers import check_answer
from cases.system_calls import counts_in
from rows import Goal, Row, as_json, as_markdown, at_least, at_most, ratios

# Says what it is told, and serves until it is ended.
SAY = "import signal, sys\nprint(sys.argv[1], flush=True)\nsignal.pause()"


def row(value, name="echo", unit="×"):
    return Row(name, "instructions ÷ raw", [value], unit=unit)


class Verdicts(unittest.TestCase):
    def test_tell_whether_the_median_meets_the_goal(self):
        self.assertEqual(Row("a", "b", [1.0, 1.2, 1.1], at_most(1.1)).verdict, "met")
        self.assertEqual(Row("a", "b", [1.0, 1.2, 1.11], at_most(1.1)).verdict, "MISSED")
        self.assertEqual(Row("a", "b", [0.94], at_least(0.95)).verdict, "MISSED")
        self.assertEqual(Row("a", "b", [0.94], Goal()).verdict, "")

    def test_ratios_pair_the_rounds(self):
        self.assertEqual(ratios([2, 9], [1, 3]), [2, 3])
        with self.assertRaises(ValueError):
            ratios([1, 2], [1])

    def test_a_table_has_a_cell_for_each_head(self):
        lines = as_markdown([row(1.5), Row("a", "b", [], at_least(2))]).splitlines()
        self.assertEqual({line.count("|") for line in lines}, {8})

    def test_what_was_not_measured_is_skipped_with_the_reason(self):
        skipped = Row("a", "b", [], at_least(2), note="no device")
        self.assertEqual(skipped.verdict, "")
        self.assertEqual(skipped.cells()[3:], ["SKIPPED", "", "", "no device"])
        self.assertIn('"median": null', as_json([skipped], "a machine"))


class Baseline(unittest.TestCase):
    KEY = "echo: instructions ÷ raw"

    def test_lets_a_small_rise_pass(self):
        self.assertEqual(instructions.compare([row(1.029)], {self.KEY: 1.0}), [])

    def test_refuses_a_rise_of_more_than_three_percent(self):
        self.assertIn("was 1.0000", instructions.compare([row(1.031)], {self.KEY: 1.0})[0])

    def test_refuses_a_row_that_it_does_not_know(self):
        self.assertIn("no baseline", instructions.compare([row(1.0, "new")], {self.KEY: 1.0})[0])

    def test_compares_no_absolute_counts(self):
        self.assertEqual(instructions.compare([row(999, unit=" k")], {}), [])


class Parts(unittest.TestCase):
    def test_one_that_fails_costs_no_other_its_figures(self):
        def fail(_):
            raise processes.Failed("no luck")
        options = argparse.Namespace(instructions=False, only=None)
        parts = {"bad": fail, "good": lambda _: [1]}
        with unittest.mock.patch.object(bench.cases, "ALL", parts), \
                contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(bench.measure(None, options), ([1], ["bad: no luck"]))


class Batches(unittest.TestCase):
    FLOOR = [{"per_second": 200, "p99_ms": 40.0, "late_p99_ms": 0.1, "batch": 1.0}]

    def rows(self, callers, wait, per_second, p99, late=0.25):
        return batches.rows_of(callers, wait, [
            {"per_second": per_second, "p99_ms": p99, "late_p99_ms": late, "batch": 8.0}], self.FLOOR)

    def test_are_a_part_that_can_be_measured_alone(self):
        self.assertIs(bench.cases.ALL["batcher"], batches.batcher)

    def test_make_six_times_the_calls_within_the_bound_of_their_wait(self):
        throughput, p99 = self.rows(8, 2, 1200, 13.4)
        self.assertEqual((throughput.verdict, p99.verdict), ("met", "met"))
        throughput, p99 = self.rows(8, 2, 1199, 13.6)
        self.assertEqual((throughput.verdict, p99.verdict), ("MISSED", "MISSED"))
        self.assertIn("13.6 ms, the bound 13.5 ms", p99.note)

    def test_bound_grows_with_what_the_machine_is_late(self):
        self.assertEqual(self.rows(8, 2, 1200, 14.4, late=0.75)[1].verdict, "met")

    def test_that_never_wait_are_only_shown_where_callers_just_fill_one(self):
        self.assertEqual(self.rows(8, 0, 900, 5.0)[0].verdict, "")
        self.assertEqual(self.rows(16, 0, 900, 5.0)[0].verdict, "MISSED")

    def test_are_measured_in_turn_for_each_wait(self):
        asked = []

        def answer(command, _):
            asked.append(command)
            return self.FLOOR[0]
        with unittest.mock.patch.object(batches, "figures", answer):
            rows = batches.batcher(bench.cases.Bench("/programs", "/folder", 1, 0.1))
        self.assertEqual(len(rows), 2 * len(batches.CALLERS) * len(batches.WAITS_MS))
        self.assertEqual(asked[0][:5], ["/programs/bench-batcher", "--callers", 8, "--max-batch", 1])


class Peers(unittest.TestCase):
    def test_what_answers_otherwise_is_not_measured(self):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'"Hello"')

            def log_message(self, *_):
                pass
        with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            with self.assertRaisesRegex(processes.Failed, "other: 200 .*Hello.* is not the answer"):
                check_answer("other", "127.0.0.1:%d" % server.server_port)
            thread.join()

    def test_those_that_are_not_installed_fail_with_how_to(self):
        with unittest.mock.patch.object(peers, "PYTHON", "/absent/python3"), \
                self.assertRaisesRegex(processes.Failed, "FastAPI .*; install it with ./dev setup"):
            peers.fastapi(contextlib.ExitStack())
        with unittest.mock.patch.object(peers, "GOOGLE_APIS", "/absent"), \
                tempfile.TemporaryDirectory() as folder, \
                self.assertRaisesRegex(processes.Failed, "gateway .*; install it with ./dev setup"):
            peers.go_gateway(contextlib.ExitStack(), folder)


class Programs(unittest.TestCase):
    def test_one_that_fails_is_told_with_its_words(self):
        with self.assertRaisesRegex(processes.Failed, "ended with 3:\nno luck"):
            processes.run([sys.executable, "-c", "print('no luck', end=''); exit(3)"], 30)

    def test_a_server_that_ends_at_once_is_told_with_its_words(self):
        with self.assertRaisesRegex(processes.Failed, "did not start:\nno port"):
            processes.Server([sys.executable, "-c", "print('no port', end='')"])

    def test_a_server_is_ended_with_its_log(self):
        with processes.Server([sys.executable, "-c", SAY, "listening on here"]) as server:
            self.assertEqual(server.address, "here")
        self.assertIsNotNone(server.process.returncode)
        self.assertFalse(os.path.exists(server.log.name))

    def test_the_address_of_http_is_told_apart(self):
        said = "answering HTTP at a:1\nserving x, y at unix:/b"
        command = f"import signal\nprint({said!r}, flush=True)\nsignal.pause()"
        with processes.Server([sys.executable, "-c", command]) as server:
            self.assertEqual((server.address, server.http), ("unix:/b", "a:1"))

    def test_counts_of_system_calls_have_their_names(self):
        table = ("# started on Wed\n\n13,,raw_syscalls:sys_enter,100,100.00,,\n"
                 "12,,syscalls:sys_enter_epoll_wait,100,100.00,,\n"
                 "<not counted>,,syscalls:sys_enter_futex,0,0.00,,\n")
        self.assertEqual(counts_in(table), {None: 13, "epoll_wait": 12})

    def test_each_way_to_say_where_one_serves_is_understood(self):
        for said in ("listening on here", "serving hello.SayHello, b at here",
                     "chains-gateway answers at here, there"):
            with processes.Server([sys.executable, "-c", SAY, said]) as server:
                self.assertEqual(server.address, "here", said)

    def test_processor_time_grows_with_work(self):
        before, spent = processes.cpu_seconds([os.getpid()]), time.process_time()
        while time.process_time() < spent + 0.05:
            pass
        self.assertGreater(processes.cpu_seconds([os.getpid()]), before)
        self.assertGreaterEqual(processes.cpu_seconds([os.getpid(), os.getpid()]), 2 * before)

    def test_words_that_do_not_go_together_are_refused(self):
        done = subprocess.run([sys.executable, bench.__file__, "--programs", "x", "--check"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--check and --update go with --instructions", done.stderr)


if __name__ == "__main__":
    unittest.main()
