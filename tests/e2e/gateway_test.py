#!/usr/bin/env python3
"""What a client of the gateway sees: answers, and every kind of failure. Servers are processes."""
import json
import socket
import unittest

import processes
from processes import KEY, EndToEnd, serve, stats

PROBE = "/chains/probe/production/run_remote"
HELLO = "/chains/hello/production/run_remote"


class Gateway(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.say = cls.start(serve("hello", "SayHello"))
        cls.all = cls.start(serve("hello", "HelloAll", "--endpoints", f"SayHello={cls.say.address}"))
        cls.step = cls.start(serve("probe", "Step", "--replica", "worker"))
        cls.steps = cls.start(
            serve("probe", "Steps", "--replica", "walker", "--endpoints", f"Step={cls.step.address}"))
        # Nobody listens there: the port was free a moment ago, and connections are refused.
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            cls.nobody = f"127.0.0.1:{free.getsockname()[1]}"
        cls.alone = cls.start(serve("probe", "Steps", "--endpoints", f"Step={cls.nobody}"))
        cls.gateway = cls.start(processes.gateway(cls.folder.name, {
            "hello/production": cls.all.address,
            "probe/production": cls.steps.address,
            "lonely/production": cls.alone.address}))

    def test_answers_with_the_bare_result(self):
        status, headers, body = self.ask(HELLO, '{"names": ["Marius","Sid","Bola"]}')
        self.assertEqual((status, body), (200, "Hello, Marius\nHello, Sid\nHello, Bola"))
        self.assertTrue(headers["Content-Type"].startswith("application/json"))

    def test_takes_bearer_keys_too_and_other_spellings_of_the_route(self):
        for path in (HELLO, "/chains/hello/environments/production/run_remote", "/chains/hello/run_remote"):
            answer = self.ask(path, '{"names": ["Ada"]}', {"Authorization": f"Bearer {KEY}"}, key=None)
            self.assertEqual((answer[0], answer[2]), (200, "Hello, Ada"), path)

    def test_ignores_keys_it_does_not_know(self):
        answer = self.ask(HELLO, '{"names": ["Ada"], "mood": {"good": true}}')
        self.assertEqual((answer[0], answer[2]), (200, "Hello, Ada"))

    def test_answers_an_object_for_several_fields_and_forwards_headers(self):
        answer = self.ask("/chains/probe/production/count_down", '{"from": 3, "unit": "s"}',
                          {"X-Probe": "seen"})
        self.assertEqual((answer[0], answer[2]), (200, {"from": 3, "header": "seen"}))

    def test_refuses_json_that_is_none(self):
        self.assert_error(self.ask(HELLO, '{"names": ["Ada",]'), 400, "INVALID_ARGUMENT", "1:18")

    def test_names_all_keys_that_are_missing(self):
        error = self.assert_error(self.ask("/chains/probe/production/count_down", "{}"),
                                  400, "INVALID_ARGUMENT", "from")
        self.assertIn("unit", error["message"])

    def test_names_the_field_of_a_wrong_type(self):
        self.assert_error(self.ask("/chains/probe/production/count_down", '{"from": 30.5, "unit": ""}'),
                          400, "INVALID_ARGUMENT", "from")
        answer = self.ask("/chains/probe/production/count_down", '{"from": "30", "unit": ""}')
        self.assertEqual(answer[2]["from"], 30)

    def test_says_which_paths_there_are(self):
        self.assert_error(self.ask("/chains/nope/production/run_remote", "{}"), 404, "NOT_FOUND", "hello")
        self.assert_error(self.ask("/chains/hello/production/nope", "{}"), 404, "NOT_FOUND", "run_remote")
        status, headers, _ = self.ask(HELLO, "{}", method="PUT")
        self.assertEqual((status, headers["Allow"]), (405, "GET, POST"))

    def test_wants_a_key(self):
        self.assertEqual(self.ask(HELLO, "{}", key=None)[0], 401)
        self.assertEqual(self.ask(HELLO, "{}", key="another")[0], 401)

    def test_refuses_a_body_that_is_too_large(self):
        connection = socket.create_connection(self.gateway.address.split(":"), timeout=60)
        connection.sendall((f"POST {HELLO} HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key {KEY}\r\n"
                            "Content-Length: 200000000\r\n\r\n").encode())
        self.assertIn(b" 413 ", connection.recv(65536).split(b"\r\n")[0])
        connection.close()

    def test_passes_an_error_of_a_chainlet_on_with_its_path(self):
        answer = self.ask(PROBE, '{"steps": 1, "hold_ms": 0, "fail_with": 9}')
        error = self.assert_error(answer, 400, "FAILED_PRECONDITION", "as it was told")
        self.assertEqual([(hop["chainlet"], hop["replica"]) for hop in error["path"]],
                         [("probe.Steps", "walker"), ("probe.Step", "worker")])

    def test_ends_with_the_deadline(self):
        answer = self.ask(PROBE, '{"steps": 1, "hold_ms": 600000}', {"Chains-Timeout": "200ms"})
        self.assert_error(answer, 504, "DEADLINE_EXCEEDED", "")
        self.await_idle()

    def test_says_that_a_dependency_is_down(self):
        answer = self.ask("/chains/lonely/production/run_remote", '{"steps": 1, "hold_ms": 0}')
        error = self.assert_error(answer, 503, "UNAVAILABLE", self.nobody)
        self.assertEqual(error["path"][-1]["chainlet"], "probe.Step")

    def test_answers_a_receipt_to_whom_asks_for_one(self):
        status, headers, _ = self.ask(HELLO + "?receipt=1", '{"names": ["Ada", "Sid"]}')
        self.assertEqual(status, 200)
        all_names = json.loads(headers["Chains-Receipt"])["call"]
        self.assertEqual((all_names["chainlet"], all_names["code"]), ("hello.HelloAll", "OK"))
        self.assertEqual([call["chainlet"] for call in all_names["calls"]], 2 * ["hello.SayHello"])
        for call in [all_names, *all_names["calls"]]:
            self.assertNotIn("callee", call)  # each answered with a receipt of its own
        self.assertIsNone(self.ask(HELLO, '{"names": ["Ada"]}')[1]["Chains-Receipt"])

    def test_the_receipt_of_a_failure_says_who_did_not_answer(self):
        status, headers, _ = self.ask("/chains/lonely/production/run_remote", '{"steps": 1, "hold_ms": 0}',
                                      {"Chains-Receipt": "1"})
        self.assertEqual(status, 503)
        steps = json.loads(headers["Chains-Receipt"])["call"]
        self.assertEqual((steps["chainlet"], steps["code"]), ("probe.Steps", "UNAVAILABLE"))
        self.assertEqual(steps["calls"][0]["replica"], self.nobody)
        self.assertEqual(steps["calls"][0]["callee"], "silent")

    def test_a_client_that_leaves_stops_all_of_its_work(self):
        before = self.steps_done()
        connection = socket.create_connection(self.gateway.address.split(":"), timeout=60)
        body = '{"steps": 1000000, "hold_ms": 1}'
        connection.sendall((f"POST {PROBE} HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key {KEY}\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        self.poll(lambda: self.steps_done() > before + 5)  # it runs
        connection.close()
        self.await_idle()
        after = self.steps_done()
        # A request that comes later is counted exactly: nothing else was done meanwhile.
        self.assertEqual(self.ask(PROBE, '{"steps": 7, "hold_ms": 0}')[2], 7)
        self.assertEqual(self.steps_done(), after + 7)

    def test_tells_its_health_and_describes_itself(self):
        self.assertEqual(self.ask("/healthz", None, method="GET", key=None)[0], 200)
        self.poll(lambda: self.ask("/readyz", None, method="GET", key=None)[0] == 200)
        status, _, text = self.ask("/metrics", None, method="GET", key=None)
        self.assertEqual(status, 200)
        self.assertIn("# TYPE", text)
        status, _, openapi = self.ask("/openapi.json", None, method="GET", key=None)
        self.assertEqual(status, 200)
        self.assertTrue(openapi["openapi"].startswith("3.1"))
        self.assertIn(HELLO, json.dumps(openapi["paths"]))

    # What the replicas say of themselves.

    def steps_done(self):
        return stats(self.step.address).get(("probe.Step.RunRemote", "worker"), (0, 0, 0))[0]

    def await_idle(self):
        last = [None]

        def quiet():
            now = stats(self.step.address, self.steps.address)
            last[0], before = now, last[0]
            return now == before

        self.poll(quiet)

    def poll(self, condition):
        """Asks until it holds; each asking is a call to a replica, there is nothing to wait for."""
        for _ in range(2000):
            if condition():
                return
        self.fail("it did not happen")


if __name__ == "__main__":
    unittest.main()
