"""The verdict on calls that must not be made twice, while replicas are killed: a function of what was written down.

A call that failed was in flight in a replica that was killed, if that had begun it and not ended it (the ledger), or
if it was sent there while nobody there could answer any more and nobody could know: whom it was sent to is what its
failure names, when is when its caller began it, and the time is from the kill until the process was gone and each of
its callers had closed its connections to it. Any other failure is one too many.
"""
import collections
import re

from records import NAMES, OK, UNAVAILABLE, by_code
from verdict import Verdict

# Of a replica: where it listened, its process, when it was killed, and when all of its callers knew.
Kill = collections.namedtuple("Kill", "address process begin known")


def callee_of(words):
    """The address that a failure of the transport begins with; "" where it names none."""
    found = re.match(r"(\S+:\d+): ", words)
    return found[1] if found else ""


class Ledger:
    """What chainlets did, by call."""

    def __init__(self, entries):
        self.begun = collections.Counter()  # by call and depth
        self.open_in = collections.defaultdict(collections.Counter)  # by call: processes that have not ended it
        self.last_begin = {}  # by call: when it got to the deepest chainlet that it came to
        for each in entries:
            if each.what == "b":
                self.begun[each.id, each.depth] += 1
                self.open_in[each.id][each.process] += 1
                self.last_begin[each.id] = max(each.time, self.last_begin.get(each.id, each.time))
            else:
                self.open_in[each.id][each.process] -= 1

    def is_open(self, call, process):
        return self.open_in[call][process] > 0

    def twice(self):
        return [key for key, times in self.begun.items() if times > 1]


def sent_to_the_dead(call, words, kills, ledger):
    sent, callee = ledger.last_begin.get(call.id, call.due), callee_of(words)
    return any(callee == kill.address and call.end >= kill.begin and sent <= kill.known for kill in kills)


def verdict_on_once(records, failures, kills, entries):
    """`failures`: by call, what it was told."""
    verdict = Verdict("the same, not idempotent",
                      "only calls in flight there fail, each with the right code; none executed twice")
    ledger = Ledger(entries)
    failed = [each for each in records if each.code != OK]
    begun = {each.id for each in failed if any(ledger.is_open(each.id, kill.process) for kill in kills)}
    sent = {each.id for each in failed
            if each.id not in begun and sent_to_the_dead(each, failures.get(each.id, ""), kills, ledger)}
    elsewhere = [each for each in failed if each.id not in begun and each.id not in sent]
    wrong = [each for each in failed if each.code != UNAVAILABLE]
    twice = ledger.twice()
    longest = max((kill.known - kill.begin for kill in kills), default=0)
    verdict.figures = {"calls": len(records), "failed": len(failed), "kills": len(kills),
                       "of them begun there": len(begun), "sent there before its callers knew": len(sent),
                       "which took them at most, ms": round(longest * 1000, 1),
                       "not in flight there": len(elsewhere), "executed twice": len(twice), "codes": by_code(records)}
    verdict.check(kills, "nobody was killed, so nothing is shown")
    verdict.check(not wrong, f"{len(wrong)} failed with another code than UNAVAILABLE, as "
                             f"{NAMES.get(wrong[0].code, wrong[0].code) if wrong else ''}")
    verdict.check(not elsewhere, f"{len(elsewhere)} failed that were not in flight in what was killed, as "
                                 f"{failures.get(elsewhere[0].id, 'without a word') if elsewhere else ''}")
    verdict.check(not twice, f"{len(twice)} were executed twice")
    return verdict
