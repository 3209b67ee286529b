"""What load and ledgers wrote down, and figures of it. Times are seconds of CLOCK_MONOTONIC."""
import collections
import pathlib
import struct

OK, CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE = 0, 1, 4, 8, 14
NAMES = {0: "OK", 1: "CANCELLED", 2: "UNKNOWN", 4: "DEADLINE_EXCEEDED", 8: "RESOURCE_EXHAUSTED", 13: "INTERNAL",
         14: "UNAVAILABLE", 100: "too many in flight"}

Call = collections.namedtuple("Call", "id due end code left")
Entry = collections.namedtuple("Entry", "id time process depth what")


def calls(path):
    """In the order in which they ended."""
    return [Call(id_, due / 1e9, end / 1e9, code, left)
            for id_, due, end, code, left in struct.iter_unpack("<QqqII", pathlib.Path(path).read_bytes())]


def failures(path):
    """What each call that failed was told, by its id."""
    lines = (line.split(" ", 2) for line in pathlib.Path(path).read_text(errors="replace").splitlines())
    return {int(id_): words for id_, _, words in lines}


def entries(path):
    """Of a ledger, in their order; `what` is b(egun), f(inished) or d(ropped)."""
    data = pathlib.Path(path).read_bytes() if pathlib.Path(path).exists() else b""
    data = data[:len(data) - len(data) % 24]  # of a process that was killed in the middle of a word
    return [Entry(id_, nanoseconds / 1e9, process, depth, chr(what))
            for id_, nanoseconds, process, depth, what, _ in struct.iter_unpack("<QQIHBb", data)]


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def latencies(some):
    """In milliseconds, of those that were answered well."""
    return [(each.end - each.due) * 1000 for each in some if each.code == OK]


def by_code(some):
    """{"OK": 99, "UNAVAILABLE": 1}"""
    counts = collections.Counter(NAMES.get(each.code, str(each.code)) for each in some)
    return dict(counts.most_common())


def per_second(times, begin, end):
    return sum(begin <= time < end for time in times) / max(1e-9, end - begin)


def back_after(some, since, good):
    """Seconds from `since` until every call that was due later is `good`; None where the last ones are not."""
    later = sorted((each for each in some if each.due >= since), key=lambda each: each.due)
    if not later or not good(later[-1]):
        return None
    bad = [each.due for each in later if not good(each)]
    return max(bad) - since if bad else 0.0
