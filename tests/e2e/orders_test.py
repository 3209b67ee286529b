#!/usr/bin/env python3
"""What `chains up` orders of the policies of every chain, and of the page: that it gets where it acts."""
import http.client
import json
import pathlib
import subprocess
import unittest

from platform_under_test import BIN, Platform

NAMES = json.dumps({"names": ["Ada"]})
POLICIES = ["--max-in-flight", "50", "--limits-dry-run", "--no-hedge", "--circuit"]


class Orders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = Platform("--memory", "1Ti", "--no-ui", *POLICIES)

    @classmethod
    def tearDownClass(cls):
        cls.platform.close()

    def test_every_replica_is_told(self):
        self.platform.push(BIN / "hello", "--name", "told")
        self.assertEqual(self.platform.post("/chains/told/run_remote", NAMES), (200, "Hello, Ada"))
        replicas = self.platform.replicas("told")
        self.assertEqual(sorted(replicas), ["HelloAll", "SayHello"])
        for pid in (pid for some in replicas.values() for pid in some.values()):
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
            self.assertEqual(command[-len(POLICIES):], POLICIES)

    def test_without_a_page_browsers_get_none(self):
        self.assertEqual(self.platform.page, "")
        connection = http.client.HTTPConnection(self.platform.http, timeout=60)
        try:
            connection.request("GET", "/ui/", headers={"Authorization": f"Api-Key {self.platform.key}"})
            self.assertEqual(connection.getresponse().status, 404)
        finally:
            connection.close()

    def test_what_contradicts_itself_is_refused(self):
        for name in ("hedge", "circuit"):
            done = subprocess.run([BIN / "chains", "up", f"--{name}", f"--no-{name}"], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"--{name} and --no-{name} exclude each other", done.stderr)


if __name__ == "__main__":
    unittest.main()
