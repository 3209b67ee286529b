#!/usr/bin/env python3
"""What the verdict of once.py acquits, and what it must not."""
import unittest

from once import Kill, callee_of, verdict_on_once
from records import DEADLINE_EXCEEDED, OK, UNAVAILABLE, Call, Entry

CALLER, VICTIM, SUCCESSOR = 20, 30, 31
THERE, BESIDE = "127.0.0.1:11003", "127.0.0.1:11004"
GONE = f"{THERE}: Socket closed"
# Killed at 10 s; its callers knew 20 ms later.
KILL = Kill(THERE, VICTIM, 10.0, 10.02)


def call(due, end, code=UNAVAILABLE, id_=1):
    return Call(id_, due, end, code, 0)


def began(time, process, depth, id_=1):
    return Entry(id_, time, process, depth, "b")


def dropped(time, process, depth, id_=1):
    return Entry(id_, time, process, depth, "d")


def verdict(records, words=GONE, entries=(), kills=(KILL,)):
    return verdict_on_once(records, {each.id: words for each in records if each.code != OK}, kills, entries)


class Acquitted(unittest.TestCase):
    def test_one_that_the_victim_had_begun(self):
        found = verdict([call(9.99, 10.001)],
                        entries=[began(9.991, CALLER, 2), began(9.992, VICTIM, 1), dropped(10.0, CALLER, 2)])
        self.assertTrue(found.holds, found.problems)
        self.assertEqual(found.figures["of them begun there"], 1)

    def test_one_that_was_sent_there_before_anybody_knew(self):
        found = verdict([call(10.005, 10.012)], entries=[began(10.006, CALLER, 2), dropped(10.012, CALLER, 2)])
        self.assertTrue(found.holds, found.problems)
        self.assertEqual(found.figures["sent there before its callers knew"], 1)

    def test_one_that_never_came_to_the_first_chainlet(self):
        self.assertTrue(verdict([call(10.005, 10.012)]).holds)

    def test_those_that_are_answered(self):
        found = verdict([call(1, 2, OK, id_) for id_ in range(9)])
        self.assertTrue(found.holds, found.problems)
        self.assertEqual(found.figures["failed"], 0)


class Condemned(unittest.TestCase):
    def assert_fails(self, found, why):
        self.assertFalse(found.holds)
        self.assertIn(why, " ".join(found.problems))

    def test_a_failure_without_any_kill_about(self):
        self.assert_fails(verdict([call(8.0, 8.01)], entries=[began(8.001, CALLER, 2)]), "not in flight")

    def test_a_failure_at_another_replica_at_the_time_of_the_kill(self):
        self.assert_fails(verdict([call(10.005, 10.01)], f"{BESIDE}: Socket closed"), "not in flight")

    def test_a_failure_that_names_nobody(self):
        self.assert_fails(verdict([call(10.005, 10.01)], "the circuit is open"), "not in flight")

    def test_one_that_was_sent_there_when_its_caller_knew_already(self):
        late = [began(10.03, CALLER, 2), dropped(10.04, CALLER, 2)]
        self.assert_fails(verdict([call(10.01, 10.04)], entries=late), "not in flight")

    def test_one_that_failed_there_before_the_kill(self):
        self.assert_fails(verdict([call(9.9, 9.95)]), "not in flight")

    def test_one_that_the_victim_had_ended(self):
        ended = [began(9.8, VICTIM, 1), dropped(9.85, VICTIM, 1)]
        self.assert_fails(verdict([call(9.79, 9.9)], entries=ended), "not in flight")

    def test_another_code(self):
        self.assert_fails(verdict([call(10.005, 10.01, DEADLINE_EXCEEDED)]), "DEADLINE_EXCEEDED")

    def test_one_that_was_executed_twice(self):
        both = [began(9.99, VICTIM, 1), began(10.1, SUCCESSOR, 1), Entry(1, 10.2, SUCCESSOR, 1, "f")]
        self.assert_fails(verdict([call(9.98, 10.2, OK)], entries=both), "1 were executed twice")

    def test_that_nobody_was_killed(self):
        self.assert_fails(verdict([call(1, 2, OK)], kills=()), "nobody was killed")


class Words(unittest.TestCase):
    def test_the_transport_names_whom_it_called(self):
        self.assertEqual(callee_of(GONE), THERE)
        self.assertEqual(callee_of("unix:/run/say.sock:1: Socket closed"), "unix:/run/say.sock:1")

    def test_a_chainlet_does_not(self):
        self.assertEqual(callee_of("too busy: come again"), "")
        self.assertEqual(callee_of(""), "")


if __name__ == "__main__":
    unittest.main()
