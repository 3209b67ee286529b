#!/usr/bin/env python3
"""Streams at the edge of a platform: out, in and both ways, as curl and browsers ask for them."""
import json
import unittest

from edge_client import Edge, broken_off, delimited, events, field, line, undelimited
from platform_under_test import BIN, Platform, until

BASE = "/chains/streaming/production/"
RUN, SUM, ECHO = BASE + "run_remote", BASE + "sum_up", BASE + "echo"
LINES = {"Content-Type": "application/x-ndjson"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
EVENTS = {"Accept": "text/event-stream"}


def header(items):
    return {"header": {"message": "Start.", "items": items}}


def item(number):
    return {"item": {"number": number, "text": f"Item {number}"}}


def footer(items):
    return {"footer": {"message": "Done.", "items": items}}


def whole(items):
    return [header(items), *map(item, range(1, items + 1)), footer(items)]


class EdgeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = Platform()
        cls.addClassCleanup(cls.platform.close)
        cls.platform.push(BIN / "streaming")
        cls.platform.push(BIN / "probe")
        cls.edge = Edge(cls.platform.http, cls.platform.key)

    def assert_error(self, answer, status, code, says=""):
        self.assertEqual((answer[0], answer[1]["error"]["code"]), (status, code), answer)
        self.assertIn(says, answer[1]["error"]["message"])

    def await_idle(self):
        until(lambda: not any(each.get("in_flight") for each in self.platform.status("streaming")["chainlets"]),
              "all that ran for clients that have left to end")


class StreamsOut(EdgeTest):
    def test_lines_are_what_comes_without_being_asked(self):
        with self.edge.ask(RUN, '{"items": 2, "interval_ms": 1}') as response:
            self.assertEqual((response.status, response.headers["Content-Type"]), (200, "application/x-ndjson"))
            self.assertEqual([line(response) for _ in range(4)], whole(2))
            self.assertIsNone(line(response))

    def test_a_part_is_here_before_the_next_one_is_made_and_leaving_stops_the_rest(self):
        with self.edge.ask(RUN, '{"interval_ms": 600000}') as response:
            self.assertEqual(line(response), header(4))
            until(lambda: any(each.get("in_flight") for each in self.platform.status("streaming")["chainlets"]),
                  "the stream to be seen")
        self.await_idle()

    def test_an_error_before_the_first_part_is_an_error_like_any_other(self):
        for headers in ({}, EVENTS, {"Accept": "application/json"}):
            self.assert_error(self.edge.json(RUN, '{"items": 0}', headers), 400, "INVALID_ARGUMENT", "items is 0")

    def test_an_error_in_mid_stream_is_the_last_line_and_no_clean_end(self):
        with self.edge.ask(RUN, '{"interval_ms": 0, "cause_error": true}') as response:
            self.assertEqual([line(response) for _ in range(3)], whole(4)[:3])
            error = line(response)["error"]
            self.assertEqual((error["code"], error["message"]), ("ABORTED", "an error, as cause_error asked"))
            self.assertEqual([hop["chainlet"] for hop in error["path"]],
                             ["streaming.Consumer", "streaming.Generator"])
            self.assertTrue(broken_off(response))

    def test_the_deadline_ends_a_stream(self):
        with self.edge.ask(RUN, '{"interval_ms": 600000}', {"Chains-Timeout": "300ms"}) as response:
            self.assertEqual(line(response), header(4))
            self.assertEqual(line(response)["error"]["code"], "DEADLINE_EXCEEDED")
            self.assertTrue(broken_off(response))
        self.await_idle()

    def test_events(self):
        status, headers, text = self.edge.all(RUN, '{"items": 2, "interval_ms": 1}', EVENTS)
        self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, "text/event-stream"))
        *parts, end = events(text.decode())
        self.assertEqual([json.loads(each["data"]) for each in parts], whole(2))
        self.assertEqual([each["id"] for each in parts], ["1", "2", "3", "4"])
        self.assertEqual((end["event"], end["id"]), ("end", "end"))

    def test_an_error_in_mid_stream_is_the_last_event(self):
        _, _, text = self.edge.all(RUN, '{"interval_ms": 0, "cause_error": true}', EVENTS)
        *parts, end = events(text.decode())
        self.assertEqual([json.loads(each["data"]) for each in parts], whole(4)[:3])
        self.assertEqual(end["event"], "error")
        self.assertEqual(json.loads(end["data"])["error"]["code"], "ABORTED")

    def test_one_array_of_all_within_bounds(self):
        accept = {"Accept": "application/json"}
        self.assertEqual(self.edge.json(RUN, '{"items": 2, "interval_ms": 0}', accept), (200, whole(2)))
        status, answer = self.edge.json(RUN, '{"items": 20000, "interval_ms": 0}', accept)
        self.assertEqual(status // 100, 4)
        self.assertIn("10000", answer["error"]["message"].replace(",", ""))
        status, answer = self.edge.json(RUN, '{"interval_ms": 0, "cause_error": true}', accept)
        self.assertEqual((status, answer["error"]["code"]), (409, "ABORTED"))
        self.await_idle()

    def test_protobuf_messages_with_their_lengths(self):
        status, headers, stream = self.edge.all(RUN, b"\x08\x02\x10\x00", {**PROTOBUF, "Accept": "application/x-protobuf"})
        self.assertEqual((status, headers["Content-Type"]), (200, "application/x-protobuf"))
        texts = [field(1, "Start.") + field(2, 2), *(field(1, n) + field(2, f"Item {n}") for n in (1, 2)),
                 field(1, "Done.") + field(2, 2)]
        self.assertEqual(undelimited(stream), [field(kind, text) for kind, text in zip((1, 2, 2, 3), texts)])

    def test_get_asks_methods_without_side_effects(self):
        for query in ("items=2&interval_ms=1", "request=%7B%22items%22%3A2%2C%22interval_ms%22%3A1%7D"):
            _, _, text = self.edge.all(f"{RUN}?{query}", headers=EVENTS)
            self.assertEqual([json.loads(each["data"]) for each in events(text.decode())[:-1]], whole(2))
        status, answer = self.edge.json(BASE + "gather?items=1&interval_ms=0")
        self.assertEqual((status, answer["items"]), (200, [item(1)["item"]]))
        self.assert_error(self.edge.json(RUN + "?items=many"), 400, "INVALID_ARGUMENT", "items")
        status, headers, _ = self.edge.all("/chains/probe/production/run_remote?steps=1&hold_ms=0")
        self.assertEqual((status, headers["Allow"]), (405, "POST"))

    def test_an_event_source_does_not_begin_anew_after_the_end(self):
        status, _, text = self.edge.all(RUN + "?items=2", headers={**EVENTS, "Last-Event-ID": "end"})
        self.assertEqual((status, text), (204, b""))


class StreamsIn(EdgeTest):
    def test_lines_are_requests(self):
        self.assertEqual(self.edge.json(SUM, '{"number": 40}\n{"number": "2"}\n', LINES), (200, "42"))
        self.assertEqual(self.edge.json(SUM, '{"number": 40}\n{"number": 2}', LINES), (200, "42"))
        self.assertEqual(self.edge.json(SUM, "", LINES), (200, "0"))

    def test_lines_may_come_in_any_pieces(self):
        pieces = [b'{"num', b'ber": 4', b'0}\n', b'{"number": 1}\n{"number": 1}', b"\n"]
        self.assertEqual(self.edge.json(SUM, iter(pieces), LINES), (200, "42"))

    def test_a_mistake_names_its_line(self):
        for bad in ('{"number": 1.5}', '{"number": 1', "{}", "[]"):
            answer = self.edge.json(SUM, f'{{"number": 1}}\n{bad}\n{{"number": 1}}\n', LINES)
            self.assert_error(answer, 400, "INVALID_ARGUMENT", "line 2")

    def test_an_array_is_requests(self):
        answer = self.edge.json(SUM, '[{"number": 40}, {"number": 2}]', {"Content-Type": "application/json"})
        self.assertEqual(answer, (200, "42"))

    def test_protobuf_messages_with_their_lengths_are_requests(self):
        status, _, reply = self.edge.all(SUM, delimited(field(1, 40), b"", field(1, 2)), PROTOBUF)
        self.assertEqual((status, reply), (200, field(1, 42)))

    def test_both_ways_at_once_where_the_client_reads_while_it_sends(self):
        with self.edge.ask(ECHO, '{"text": "a"}\n{"text": "ö"}\n', LINES) as response:
            for count, text in enumerate(("a", "ö"), 1):
                said = line(response)
                self.assertEqual((int(said["count"]), said["text"]), (count, text))

    def test_a_failure_of_the_chainlet_ends_the_request(self):
        largest = 2**63 - 1
        answer = self.edge.json(SUM, f'{{"number": {largest}}}\n{{"number": 1}}\n', LINES)
        self.assert_error(answer, 400, "OUT_OF_RANGE")


if __name__ == "__main__":
    unittest.main()
