#!/usr/bin/env python3
"""A platform and a gateway as two processes that share a token in a file, as compose.yaml has them."""
import json
import os
import pathlib
import subprocess
import unittest

from processes import BIN, EndToEnd, Server

HELLO = "/chains/hello/production/run_remote"


class Apart(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.home = pathlib.Path(cls.folder.name) / "h"
        cls.token = pathlib.Path(cls.folder.name) / "token"
        cls.platform = cls.start(cls.up())
        cls.gateway = cls.start(cls.front())
        cls.push()

    @classmethod
    def up(cls):
        return Server([BIN / "chains", "up", "--home", cls.home, "--platform-listen", "127.0.0.1:0", "--open",
                       "--gateway-token-file", cls.token], r"platform +([0-9.]+:[0-9]+)$")

    @classmethod
    def front(cls):
        return Server([BIN / "chains-gateway", "--listen", "127.0.0.1:0", "--platform", cls.platform.address,
                       "--token-file", cls.token], r"([0-9.]+:[0-9]+)$")

    @classmethod
    def push(cls):
        done = subprocess.run([BIN / "chains", "push", BIN / "hello"], capture_output=True, text=True, timeout=120,
                              env=dict(os.environ, CHAINS_HOME=str(cls.home)))
        assert done.returncode == 0, done.stderr

    def test_a_chain_answers_through_the_gateway(self):
        answer = self.ask(HELLO, json.dumps({"names": ["Ada"]}), key=None)
        self.assertEqual((answer[0], answer[2]), (200, "Hello, Ada"))

    def test_the_token_is_for_its_owner_only(self):
        self.assertEqual(self.token.stat().st_mode & 0o777, 0o600)

    def test_the_gateway_says_that_it_lives_and_nobody_else_does(self):
        for page, code, says in ((f"http://{self.gateway.address}/healthz", 0, ""),
                                 ("http://127.0.0.1:9/healthz", 1, "Connection refused")):
            done = subprocess.run([BIN / "chains-gateway", "--check", page], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, code)
            self.assertIn(says, done.stderr)

    def test_a_file_without_a_token_is_named(self):
        empty = pathlib.Path(self.folder.name) / "empty"
        empty.write_text("\n")
        done = subprocess.run([BIN / "chains", "up", "--home", self.home.with_name("o"), "--gateway-token-file",
                               empty], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{empty}: there is no token in it", done.stderr)

    def test_the_token_outlives_the_platform(self):
        before = self.token.read_text()
        other = self.home.with_name("p")
        up = [BIN / "chains", "up", "--home", other, "--gateway-token-file", self.token]
        self.start(Server(up, r"platform +(unix:.*)$"))
        self.assertEqual(self.token.read_text(), before)


if __name__ == "__main__":
    unittest.main()
