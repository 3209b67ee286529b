#!/usr/bin/env python3
"""Clients of other people, in C++ and in Python, with stubs of hello.proto and poems.proto alone, call a
platform's production and an older deployment through its TLS port: every kind of call, its deadline, its
end, its key."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from certificates import Certificate
from platform_under_test import BIN, Platform, until

PYTHON = "/usr/bin/python3"  # Debian's, whose package grpcio is
ROOT = pathlib.Path(__file__).resolve().parents[2]
CODES = {"CANCELLED": 1, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "UNAUTHENTICATED": 16}


def stubs(folder):
    """Python's stubs of both contracts, and the messages that they import."""
    done = subprocess.run(
        ["protoc", "-I", ROOT / "proto", "-I", ROOT / "chainlets/hello", "-I", ROOT / "chainlets/poems",
         f"--python_out={folder}", f"--grpc_out={folder}",
         f"--plugin=protoc-gen-grpc={shutil.which('grpc_python_plugin')}", "hello.proto", "poems.proto",
         "chains/v1/options.proto"], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


class StockStubs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.clients = {"C++": [BIN / "stock_client"]}
        if python_has_grpc():
            stubs(cls.folder)
            cls.clients["Python"] = [PYTHON, pathlib.Path(__file__).with_name("stock_client.py")]
        cls.certificate = Certificate(cls.folder)
        cls.platform = Platform("--memory", "1Ti", "--tls-listen", "127.0.0.1:0", "--tls-cert", cls.certificate.cert,
                                "--tls-key", cls.certificate.key)
        cls.addClassCleanup(cls.platform.close)
        cls.push()

    @classmethod
    def push(cls):
        """Two of each chain; of poems the older one has another model, and so other poems."""
        model = cls.folder / "model"
        subprocess.run([BIN / "phi_make_model", model], check=True, stdout=subprocess.DEVNULL)
        cls.older, cls.production = {}, {}
        with variable("PHI_MODEL", str(model)):
            cls.older["poems"] = cls.platform.push(BIN / "poems")
        cls.older["hello"] = cls.platform.push(BIN / "hello")
        for chain in ("poems", "hello"):
            cls.production[chain] = cls.platform.push(BIN / chain, "--promote")

    def call(self, client, kind, *words, chain, deployment=None, key=None, deadline_ms=60000):
        """A CompletedProcess; of production, else of the deployment. An empty key is none."""
        key = self.platform.key if key is None else key
        metadata = [f"authorization=Api-Key {key}"] if key else []
        metadata.append(f"chains-deployment={deployment}" if deployment else f"chains-chain={chain}")
        done = subprocess.run(
            [*map(str, self.clients[client]), kind, self.platform.tls, *words], capture_output=True, timeout=120,
            env={**os.environ, "TLS_CA": str(self.certificate.cert), "METADATA": ";".join(metadata),
                 "STUBS": str(self.folder), "DEADLINE_MS": str(deadline_ms)})
        # A random model's words have ends of lines of all kinds in them.
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def assert_code(self, done, code):
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertTrue(done.stderr.startswith(f"code {CODES[code]}:"), done.stderr)

    def each(self):
        for client in self.clients:
            for which in ("production", "older"):
                with self.subTest(client=client, which=which):
                    yield client, (self.older if which == "older" else {})

    def over_http(self, path, body):
        status, answer = self.platform.post(path, json.dumps(body))
        self.assertEqual(status, 200, answer)
        return answer

    def in_flight(self):
        """Of all replicas of poems: calls that run or wait."""
        chainlets = [chainlet for deployment in (self.older["poems"], self.production["poems"])
                     for chainlet in self.platform.status("--deployment", deployment)["chainlets"]]
        return sum(each.get("in_flight", 0) for each in chainlets)

    def test_unary_calls_are_answered(self):
        for client, deployments in self.each():
            done = self.call(client, "hello", "Ada", "Grace", chain="hello", deployment=deployments.get("hello"))
            self.assertEqual((done.stdout, done.returncode), ("Hello, Ada\nHello, Grace\n", 0), done.stderr)

    def test_each_deployment_answers_for_itself(self):
        poems = {}
        for client, deployments in self.each():
            id_ = deployments.get("poems")
            path = f"/chains/poems/deployment/{id_}/run_remote" if id_ else "/chains/poems/production/run_remote"
            expected, = self.over_http(path, {"words": ["river"]})
            done = self.call(client, "poems", "river", chain="poems", deployment=id_)
            self.assertEqual(done.stdout, expected + "\n", done.stderr)
            poems[id_] = done.stdout
        self.assertEqual(len(set(poems.values())), 2)

    def test_streams_come_token_by_token(self):
        for client, deployments in self.each():
            id_ = deployments.get("poems")
            done = self.call(client, "poem", "bird", chain="poems", deployment=id_)
            self.assertEqual(done.returncode, 0, done.stderr)
            tokens = done.stdout.split("\n")[:-1]
            self.assertGreater(len(tokens), 10)
            whole = self.call(client, "poems", "bird", chain="poems", deployment=id_).stdout
            self.assertEqual("".join(tokens).replace("\\n", "\n"), whole[:-1])

    def test_a_deadline_ends_the_call_and_its_work(self):
        words = [f"word {i}" for i in range(300)]  # of work for many seconds
        for client, deployments in self.each():
            done = self.call(client, "poems", *words, chain="poems", deployment=deployments.get("poems"),
                             deadline_ms=300)
            self.assert_code(done, "DEADLINE_EXCEEDED")
            until(lambda: self.in_flight() == 0, "the work of a call whose deadline is past to end")

    def test_a_client_that_cancels_ends_the_call_and_its_work(self):
        for client, deployments in self.each():
            done = self.call(client, "cancel", "cloud", chain="poems", deployment=deployments.get("poems"))
            self.assert_code(done, "CANCELLED")
            self.assertGreaterEqual(len(done.stdout.splitlines()), 2)
            until(lambda: self.in_flight() == 0, "the work of a call that was cancelled to end")

    def test_a_wrong_key_is_unauthenticated(self):
        for client, deployments in self.each():
            for key in ("wrong", ""):
                done = self.call(client, "hello", "Ada", chain="hello", deployment=deployments.get("hello"), key=key)
                self.assert_code(done, "UNAUTHENTICATED")

    def test_a_deployment_that_is_not_there_is_not_found(self):
        for client in self.clients:
            self.assert_code(self.call(client, "hello", "Ada", chain="hello", deployment="nope"), "NOT_FOUND")

    def test_python_is_among_the_clients(self):
        if "Python" not in self.clients:
            self.skipTest("python3-grpcio is not installed (./dev setup test)")


def python_has_grpc():
    return os.path.exists(PYTHON) and subprocess.run(
        [PYTHON, "-c", "import grpc"], capture_output=True, timeout=60).returncode == 0


@contextlib.contextmanager
def variable(name, value):
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


if __name__ == "__main__":
    unittest.main()
