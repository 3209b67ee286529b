#!/usr/bin/env python3
"""Calls that nobody waits for: accepted, looked at, cancelled, told to a webhook; and what the gateway
says of itself. As clients of a platform see it."""
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import queue
import tempfile
import threading
import unittest

from edge_client import Edge
from platform_under_test import BIN, Platform, until

BASE = "/chains/streaming/production/"
HELLO = "/chains/hello/production/async_run_remote"
ORIGIN = "https://app.example"
SECRET = "a secret of this test that is long enough"


class Receiver:
    """A webhook's endpoint: answers what it is told to, then 200; what it was told."""

    def __init__(self):
        self.answers, self.deliveries = queue.Queue(), queue.Queue()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.put((self.headers, body))
                self.send_response(200 if receiver.answers.empty() else receiver.answers.get())
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/done"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def next(self):
        """(headers, JSON) of the next delivery, whose signature is right."""
        headers, body = self.deliveries.get(timeout=60)
        signed = headers["X-Chains-Timestamp"].encode() + b"." + body
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert headers["X-Chains-Signature"] == f"v1={expected}", headers
        return headers, json.loads(body)


class AsyncCalls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["no_proxy"] = "127.0.0.1"
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        home = folder / "h"
        home.mkdir(mode=0o700)
        (home / "webhook-secrets").write_text(SECRET + "\n")
        (home / "webhook-secrets").chmod(0o600)
        cls.platform = Platform("--webhook-allow-private", "--cors-origin", ORIGIN, home=home)
        cls.addClassCleanup(cls.platform.close)
        cls.platform.push(BIN / "streaming")
        cls.platform.push(BIN / "hello")
        cls.edge = Edge(cls.platform.http, cls.platform.key)
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)

    def submit(self, path, model_input, headers=None, **more):
        status, answer = self.edge.json(path, json.dumps({"model_input": model_input, **more}), headers)
        self.assertEqual(status, 201, answer)
        return answer["request_id"]

    def status(self, id_):
        status, answer = self.edge.json(f"/async_request/{id_}")
        self.assertEqual((status, answer["request_id"]), (200, id_))
        return answer

    def await_status(self, id_, *wanted):
        return until(lambda: (found := self.status(id_))["status"] in wanted and found, f"{id_} to be {wanted}")

    def test_a_call_is_accepted_and_answered_later(self):
        done = self.await_status(self.submit(HELLO, {"names": ["Ada"]}), "SUCCEEDED")
        self.assertEqual(done["result"], "Hello, Ada")
        done = self.await_status(self.submit(BASE + "async_gather", {"items": 2, "interval_ms": 0}), "SUCCEEDED")
        self.assertEqual(len(done["result"]["items"]), 2)

    def test_a_call_that_fails_says_why(self):
        id_ = self.submit(BASE + "async_gather", {"interval_ms": 0, "cause_error": True})
        failed = self.await_status(id_, "FAILED")
        self.assertEqual(failed["errors"][0]["code"], "ABORTED")

    def test_what_can_never_be_called_is_refused_at_once(self):
        for body in ("[", "{}", '{"model_input": {"names": [1]}}', '{"model_input": {"names": []}, "priority": 9}'):
            status, answer = self.edge.json(HELLO, body)
            self.assertEqual((status, answer["error"]["code"]), (400, "INVALID_ARGUMENT"), body)
        self.assertEqual(self.edge.json(BASE + "async_nope", "{}")[0], 404)
        self.assertEqual(self.edge.json("/async_request/req_nope")[0], 404)

    def test_who_repeats_a_key_means_the_same_call(self):
        key = {"Idempotency-Key": "order 7"}
        first = self.submit(HELLO, {"names": ["Ada"]}, key)
        self.assertEqual(self.submit(HELLO, {"names": ["Ada"]}, key), first)
        self.assertNotEqual(self.submit(HELLO, {"names": ["Ada"]}, {"Idempotency-Key": "order 8"}), first)
        status, _ = self.edge.json(HELLO, '{"model_input": {"names": ["Sid"]}}', key)
        self.assertEqual(status // 100, 4)

    def test_a_call_that_runs_is_cancelled(self):
        id_ = self.submit(BASE + "async_gather", {"interval_ms": 600000})
        self.await_status(id_, "IN_PROGRESS")
        self.assertEqual(self.edge.all(f"/async_request/{id_}", method="DELETE")[0] // 100, 2)
        self.await_status(id_, "CANCELED")
        until(lambda: not any(each.get("in_flight") for each in self.platform.status("streaming")["chainlets"]),
              "its work to end")

    def test_a_webhook_is_told_until_it_listens_and_always_by_the_same_id(self):
        for answer in (503, 500):
            self.receiver.answers.put(answer)
        id_ = self.submit(HELLO, {"names": ["Ada"]}, webhook_endpoint=self.receiver.url)
        told = [self.receiver.next() for _ in range(3)]
        self.assertEqual([headers["X-Chains-Attempt"] for headers, _ in told], ["1", "2", "3"])
        self.assertEqual({headers["X-Chains-Delivery"] for headers, _ in told}, {id_})
        for _, body in told:
            self.assertEqual((body["request_id"], body["result"]), (id_, "Hello, Ada"))
        until(lambda: self.status(id_)["webhook_status"] == "SUCCEEDED", "the delivery to be noted")

    def test_a_platform_that_was_killed_goes_on_with_what_it_accepted(self):
        ids = [self.submit(HELLO, {"names": [f"Number {i}"]}, webhook_endpoint=self.receiver.url) for i in range(5)]
        self.platform.kill()
        self.platform.up()
        self.edge.address = self.platform.http
        for index, id_ in enumerate(ids):
            self.assertEqual(self.await_status(id_, "SUCCEEDED")["result"], f"Hello, Number {index}")
        told = set()
        while told < set(ids):
            told.add(self.receiver.next()[1]["request_id"])

    def test_keys_are_asked_for(self):
        stranger = Edge(self.platform.http, "wrong")
        self.assertEqual(stranger.json(HELLO, '{"model_input": {"names": ["Ada"]}}')[0], 401)
        self.assertEqual(stranger.json(f"/async_request/{self.submit(HELLO, {'names': ['Ada']})}")[0], 401)

    def test_it_describes_itself_for_generators_of_clients(self):
        status, document = self.edge.json("/openapi.json")
        self.assertEqual((status, document["openapi"][:3]), (200, "3.1"))
        for path in (BASE + "run_remote", BASE + "gather", BASE + "sum_up", "/chains/hello/production/run_remote"):
            self.assertIn("post", document["paths"][path])
        status, one = self.edge.json("/chains/hello/production/openapi.json")
        self.assertEqual(status, 200)
        self.assertTrue(all("streaming" not in path for path in one["paths"]), one["paths"].keys())

    def test_pages_of_one_origin_may_call_and_of_others_not(self):
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        for origin, allowed in ((ORIGIN, ORIGIN), ("https://other.example", None)):
            headers = {"Origin": origin, **asks}
            _, answer, _ = Edge(self.platform.http, "").all(BASE + "run_remote", headers=headers, method="OPTIONS")
            self.assertEqual(answer["Access-Control-Allow-Origin"], allowed)
            _, answer, _ = self.edge.all(BASE + "gather", '{"interval_ms": 0}', {"Origin": origin})
            self.assertEqual(answer["Access-Control-Allow-Origin"], allowed)


if __name__ == "__main__":
    unittest.main()
