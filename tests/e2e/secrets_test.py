#!/usr/bin/env python3
"""Secrets and keys are in memory and where they were put, and nowhere else: no log, no core, no state.

A replica that has a secret crashes; then every file that it, its platform and its gateway wrote is
searched. BIN (environment) is where the programs are.
"""
import os
import pathlib
import re
import resource
import secrets
import signal
import unittest

from platform_under_test import BIN, Platform, until

SECRET = "voice-" + secrets.token_hex(16)
PATH = "/chains/fragile/production/run_remote"


def files_with(text, folder):
    found = []
    for path in pathlib.Path(folder).rglob("*"):
        try:
            if path.is_file() and text.encode() in path.read_bytes():
                found.append(path)
        except OSError:  # it went meanwhile, or is a socket
            continue
    return found


class Secrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        limit = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (limit[1], limit[1]))  # where cores are made at all
        cls.platform = Platform("--memory", "1Ti")
        cls.platform.run("secrets", "set", "voice", stdin=SECRET + "\n")
        cls.platform.push(BIN / "fragile")

    @classmethod
    def tearDownClass(cls):
        cls.platform.close()

    def voice(self):
        return next(iter(self.platform.replicas("fragile")["Voice"].values()), None)

    def test_a_crash_puts_no_secret_anywhere(self):
        self.assertEqual(self.platform.post(PATH, "{}"), (200, SECRET))
        crashed = until(self.voice, "the replica that has the secret")
        os.kill(crashed, signal.SIGSEGV)
        until(lambda: self.voice() not in (None, crashed), "another one in its place")
        self.assertEqual(self.platform.post(PATH, "{}"), (200, SECRET))
        logs = self.platform.run("logs", "fragile").stdout
        self.assertIn("SIGSEGV", logs)  # so the crash is in what is searched
        self.assertNotIn(SECRET, logs)
        found = [path for path in files_with(SECRET, self.platform.folder)
                 if not (path.name == "voice" and path.parent.name == "secrets")]
        self.assertEqual(found, [])

    def test_what_was_put_for_a_replica_is_its_users_alone(self):
        for path in files_with(SECRET, self.platform.folder):
            self.assertEqual(path.stat().st_mode & 0o777, 0o600, path)
            self.assertEqual(path.parent.parent.stat().st_mode & 0o777, 0o700, path)

    def test_replicas_and_the_platform_leave_no_cores(self):
        pids = [pid for each in self.platform.replicas("fragile").values() for pid in each.values()]
        self.assertGreaterEqual(len(pids), 2)
        for pid in [*pids, self.platform.process.pid]:
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0 ", pid)

    def test_replicas_gain_no_privileges_and_are_filtered(self):
        for pid in [pid for each in self.platform.replicas("fragile").values() for pid in each.values()]:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            self.assertEqual(re.search(r"NoNewPrivs:\s+(\d)", status)[1], "1")
            self.assertEqual(re.search(r"Seccomp:\s+(\d)", status)[1], "2")

    def test_no_text_of_a_key_is_in_a_log_or_in_the_audit(self):
        key = self.platform.json("keys", "create", "caller")["key"]
        rotated = self.platform.json("keys", "rotate", "caller")["key"]
        for each in (key, rotated):
            self.assertEqual(self.platform.post(PATH, "{}", key=each)[0], 200)
        self.assertEqual(self.platform.post(PATH, "{}", key="ck_" + "0" * 40)[0], 401)
        for each in (key, rotated, "ck_" + "0" * 40):
            self.assertEqual(files_with(each, self.platform.folder), [])
        audit = self.platform.run("audit").stdout
        for method in ("SetSecret", "CreateKey", "RotateKey", "Deploy"):
            self.assertIn(method, audit)
        self.platform.run("keys", "rotate", "caller", "--grace", "0s")
        until(lambda: self.platform.post(PATH, "{}", key=key)[0] == 401, "the first text to be refused")

    def test_a_key_of_one_chain_calls_no_other(self):
        self.platform.push(BIN / "hello")
        key = self.platform.json("keys", "create", "partner", "--chain", "hello")["key"]
        until(lambda: self.platform.post("/chains/hello/production/run_remote", '{"names": ["Ada"]}', key=key)
              == (200, "Hello, Ada"), "the key to be known")
        self.assertEqual(self.platform.post(PATH, "{}", key=key)[0], 403)
        late = self.platform.json("keys", "create", "late", "--expires", "1ms")["key"]
        status, answer = self.platform.post(PATH, "{}", key=late)
        self.assertEqual((status, "expired" in str(answer) or "not known" in str(answer)), (401, True))


if __name__ == "__main__":
    unittest.main()
