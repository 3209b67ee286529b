"""What the bench makes of its figures."""

import os
import subprocess
import sys
import unittest

import instructions
import processes
from rows import Goal, Row, as_markdown, at_least, at_most, ratios


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
        lines = as_markdown([row(1.5)]).splitlines()
        self.assertEqual({line.count("|") for line in lines}, {8})


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


class Programs(unittest.TestCase):
    def test_one_that_fails_is_told_with_its_words(self):
        with self.assertRaisesRegex(processes.Failed, "ended with 3:\nno luck"):
            processes.run([sys.executable, "-c", "print('no luck', end=''); exit(3)"], 30)

    def test_a_server_that_ends_at_once_is_told_with_its_words(self):
        with self.assertRaisesRegex(processes.Failed, "did not start:\nno port"):
            processes.Server([sys.executable, "-c", "print('no port', end='')"])

    def test_a_server_is_ended_with_its_log(self):
        command = "import signal\nprint('listening on here', flush=True)\nsignal.pause()"
        with processes.Server([sys.executable, "-c", command]) as server:
            self.assertEqual(server.address, "here")
        self.assertIsNotNone(server.process.returncode)
        self.assertFalse(os.path.exists(server.log.name))

    def test_the_address_of_http_is_told_apart(self):
        said = "answering HTTP at a:1\nserving x, y at unix:/b"
        command = f"import signal\nprint({said!r}, flush=True)\nsignal.pause()"
        with processes.Server([sys.executable, "-c", command]) as server:
            self.assertEqual((server.address, server.http), ("unix:/b", "a:1"))

    def test_a_summary_of_system_calls_counts_only_when_it_is_whole(self):
        summary = "    calls syscall\n--------- ------\n      12 epoll_wait\n       1 read\n"
        self.assertEqual(processes.system_calls_in(summary), {})
        self.assertEqual(processes.system_calls_in(summary + "--------- ------\n      13 total\n"),
                         {"epoll_wait": 12, "read": 1})

    def test_words_that_do_not_go_together_are_refused(self):
        bench = os.path.join(os.path.dirname(__file__), "bench.py")
        done = subprocess.run([sys.executable, bench, "--programs", "x", "--check"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--check and --update go with --instructions", done.stderr)


if __name__ == "__main__":
    unittest.main()
