#!/usr/bin/env python3
"""What a chain's program says and does when it is started."""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from processes import BIN, Server, run, serve


class Program(unittest.TestCase):
    def test_runs_one_request(self):
        done = run("hello", "run", '{"names":["Ada"]}')
        self.assertEqual((done.stdout, done.returncode), ('"Hello, Ada"\n', 0), done.stderr)

    def test_answers_the_same_in_every_placement(self):
        for placement in ("together", "loopback", "grpc"):
            done = run("hello", "run", '{"names":["Ada","Grace"]}', "--placement", placement)
            self.assertEqual(done.stdout, '"Hello, Ada\\nHello, Grace"\n', placement + done.stderr)

    def test_reads_the_request_from_standard_input(self):
        done = run("hello", "run", "-", input='{"names":["Ada"]}')
        self.assertEqual(done.stdout, '"Hello, Ada"\n', done.stderr)

    def test_greets_ten_thousand_in_every_placement_with_nothing_configured(self):
        request = json.dumps({"names": [f"n{i}" for i in range(10000)]})
        for placement in ("together", "loopback", "grpc"):
            done = run("hello", "run", "-", "--placement", placement, input=request)
            self.assertEqual(done.returncode, 0, placement + done.stderr)
            self.assertEqual(len(json.loads(done.stdout).splitlines()), 10000)

    def test_prints_its_manifest(self):
        manifest = json.loads(run("hello", "--describe").stdout)
        self.assertEqual(manifest["entrypoint"], "hello.HelloAll")
        self.assertEqual(manifest["graph"], [{"from": "hello.HelloAll", "to": "hello.SayHello"}])
        say_hello = next(c for c in manifest["chainlets"] if c["name"] == "hello.SayHello")
        self.assertEqual(say_hello["methods"][0]["request_type"], "hello.SayHelloRequest")
        self.assertEqual(say_hello["resources"]["cpus"], 1)

    def test_describes_itself_for_programs_too(self):
        wire = subprocess.check_output([BIN / "hello", "--describe-wire"], timeout=60)
        again = subprocess.check_output([BIN / "hello", "--describe-wire"], timeout=60)
        self.assertEqual(wire, again)
        for part in (b"hello.HelloAll", b"SayHelloRequest", b"hello.proto"):
            self.assertIn(part, wire)

    def test_an_asset_that_is_not_there_is_named(self):
        for arguments in (("--describe",), ("serve", "--chainlets", "PhiLlm")):
            done = run("poems", *arguments, env={**os.environ, "PHI_MODEL": "/nowhere"})
            self.assertEqual(done.returncode, 2)
            self.assertIn("poems.PhiLlm: assets: there is no file /nowhere for model", done.stderr)

    def test_without_arguments_draws_the_graph_and_a_line_to_copy(self):
        done = run("hello")
        self.assertIn("hello.HelloAll", done.stdout)
        line = next(line for line in done.stdout.splitlines() if " run '" in line)
        copied = line.split(":", 1)[1].strip()
        answer = subprocess.run(["bash", "-c", copied], capture_output=True, text=True, timeout=60)
        self.assertEqual((answer.stdout, answer.returncode), ('"Hello, text"\n', 0), answer.stderr)

    def test_shows_the_error_of_a_chainlet_and_where_it_began(self):
        done = run("hello", "run", '{"names": []}')
        self.assertEqual(done.returncode, 1)
        self.assertIn("INVALID_ARGUMENT: names is empty", done.stderr)
        self.assertIn("hello.HelloAll.RunRemote", done.stderr)

    def test_says_what_is_wrong_with_a_command_line(self):
        for arguments, says in (
                (("serve", "--chainlets", "Nobody"), "it has hello.SayHello"),
                (("serve", "--endpoints", "SayHello"), "NAME=VALUE"),
                (("serve", "--chainlets", "HelloAll"), "--endpoints hello.SayHello=ADDRESS"),
                (("run", "{}", "--placement", "moon"), "--placement"),
                (("run", "{}", "--timeout", "soon"), "--timeout"),
                (("run", '{"names": 3}'), "names"),
                (("run", "{}"), "names"),
                (("serve", "--http", "127.0.0.1:0"), "FRONTEND gateway"),
                (("fly",), "fly")):
            done = run("hello", *arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn(says, done.stderr, arguments)

    def test_one_port_has_one_server(self):
        first = serve("hello", "SayHello")
        done = run("hello", "serve", "--chainlets", "SayHello", "--listen", first.address)
        self.assertEqual(first.stop(), 0)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(first.address, done.stderr)

    def test_answers_http_itself_when_it_is_linked_with_the_gateway(self):
        server = Server([BIN / "probe", "serve", "--http", "127.0.0.1:0"],
                        r"^answering HTTP at (\S+)\n")
        connection = http.client.HTTPConnection(server.address, timeout=60)
        for _ in range(3):  # one connection, kept
            connection.request("POST", "/run_remote", '{"steps": 3, "hold_ms": 1}')
            self.assertEqual(json.loads(connection.getresponse().read()), 3)
        connection.close()
        self.assertEqual(server.stop(), 0)
        done = run("probe", "serve", "--chainlets", "Step", "--http", "127.0.0.1:0")
        self.assertIn("does not serve the entrypoint, probe.Steps", done.stderr)

    def test_leaves_when_it_is_told_to(self):
        self.assertEqual(serve("hello", "SayHello").stop(), 0)

    def test_shows_that_it_lives_by_a_lock(self):
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["hello", "serve", "--chainlets", "SayHello", "--run-dir", folder]
            server = Server([BIN / "hello", *arguments[1:]], r" at (\S+)\n")
            lines = pathlib.Path(folder, "lock").read_text().splitlines()
            self.assertEqual(lines, [str(server.process.pid), server.address])
            second = run(*arguments)
            self.assertEqual(second.returncode, 2)
            self.assertIn(f"another process has the run folder {folder}", second.stderr)
            self.assertEqual(server.stop(), 0)

    def test_leaves_when_there_is_no_platform_for_long(self):
        with tempfile.NamedTemporaryFile("w") as token:
            token.write("secret\n")
            token.flush()
            done = run("hello", "serve", "--platform", "unix:/nowhere/platform", "--deployment", "d",
                       "--replica", "r", "--token-file", token.name, "--platform-timeout", "300ms")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no platform at unix:/nowhere/platform for 300ms", done.stderr)

    def test_a_platform_wants_a_token(self):
        done = run("hello", "serve", "--platform", "unix:/nowhere/platform", "--deployment", "d",
                   "--replica", "r", "--token-file", "/dev/null")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/dev/null has no token", done.stderr)

    def test_a_crash_says_where(self):
        with tempfile.NamedTemporaryFile("w") as secret:
            secret.write("crash")
            secret.flush()
            done = run("fragile", "serve", "--secret", f"voice={secret.name}")
        self.assertEqual(done.returncode, -signal.SIGABRT)
        self.assertIn("SIGABRT", done.stderr)
        self.assertIn("chains::internal::Assembly::MakeObject", done.stderr)

    def test_the_local_program_of_poems_prints_three(self):
        done = run("poems_local")
        self.assertEqual(json.loads(done.stdout), [f"Here's a poem about {word}"
                                                   for word in ("bird", "plane", "superman")])


if __name__ == "__main__":
    unittest.main()
