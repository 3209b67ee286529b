#!/usr/bin/env python3
"""A platform whose replicas and gateway show each other certificates (chains up --mtls)."""
import json
import pathlib
import stat
import subprocess
import unittest

from platform_under_test import BIN, Platform, until

NAMES = json.dumps({"names": ["Ada", "Sid"]})


class MutualTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = Platform("--mtls", "--memory", "1Ti")
        cls.deployment = cls.platform.push(BIN / "hello", "--name", "shop")
        cls.platform.push(BIN / "hello", "--name", "other")

    @classmethod
    def tearDownClass(cls):
        cls.platform.close()

    def folder(self, chain, chainlet):
        """The run folder of a replica."""
        name = next(iter(self.platform.replicas(chain)[chainlet]))
        deployment = self.platform.status(chain)["id"]
        return pathlib.Path(self.platform.home) / "run" / deployment / name.rsplit("-", 1)[1]

    def call(self, callee, *credentials):
        """One call of SayHello, by curl, which speaks HTTP/2 and shows certificates."""
        body = b"\0\0\0\0\5\n\3Ada"
        done = subprocess.run(
            ["curl", "-s", "-k", "--http2-prior-knowledge" if not credentials else "--http2",
             "--unix-socket", callee / "s", "-X", "POST", "-H", "content-type: application/grpc", "-H", "te: trailers",
             "--data-binary", "@-", "-D", "-", "-o", "/dev/null", "--max-time", "20", *credentials,
             ("https" if credentials else "http") + "://chains.internal/hello.SayHello/RunRemote"],
            input=body, capture_output=True, timeout=60)
        return done.returncode, done.stdout.decode()

    def test_a_chain_answers_whatever_it_is_called(self):
        for chain in ("shop", "other"):
            self.assertEqual(self.platform.post(f"/chains/{chain}/production/run_remote", NAMES),
                             (200, "Hello, Ada\nHello, Sid"))

    def test_only_who_depends_on_a_chainlet_is_answered(self):
        callee = self.folder("shop", "SayHello")
        for chain, chainlet, status in (("shop", "HelloAll", "0"), ("shop", "SayHello", "7"),
                                        ("other", "HelloAll", "7")):
            own = self.folder(chain, chainlet) / "identity" / "identity.pem"
            code, head = self.call(callee, "--cert", own, "--key", own)
            self.assertEqual(code, 0, head)
            self.assertIn(f"grpc-status: {status}", head, (chain, chainlet))
        self.assertIn("the caller is spiffe://chains.local/chain/other/chainlet/hello.HelloAll",
                      head.replace("%20", " "))

    def test_who_shows_nothing_gets_no_answer(self):
        callee = self.folder("shop", "SayHello")
        for credentials in ((), ("--cacert", callee / "identity" / "roots.pem")):
            self.assertNotIn("grpc-status: 0", self.call(callee, *credentials)[1])

    def test_keys_are_for_their_owner_alone(self):
        home = pathlib.Path(self.platform.home)
        keys = [home / "ca.pem", home / "gateway-identity" / "identity.pem",
                self.folder("shop", "SayHello") / "identity" / "identity.pem"]
        for key in keys:
            self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600, key)
            self.assertIn("PRIVATE KEY", key.read_text())

    def answers(self):
        return self.platform.post("/chains/shop/production/run_remote", NAMES)[0] == 200

    def test_a_platform_that_was_killed_is_the_same_authority(self):
        before = self.folder("shop", "HelloAll")
        self.platform.kill()
        self.platform.up()
        until(self.answers, "routes of the platform that came back")
        self.assertEqual(self.folder("shop", "HelloAll"), before, "its replicas were taken over")
        self.platform.run("scale", "shop", "SayHello", "--min-replica", "2", "--max-replica", "2")
        until(lambda: len(self.platform.replicas("shop")["SayHello"]) == 2, "another replica")
        self.assertTrue(self.answers())


if __name__ == "__main__":
    unittest.main()
