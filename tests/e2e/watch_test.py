#!/usr/bin/env python3
"""A developer's loop: save, and the next answers change. On an installed Chains, outside the tree.

CHAINS_EDITS=20 makes the edits under load as many as a person would want to measure.
"""
import json
import os
import pathlib
import signal
import statistics
import tempfile
import time
import unittest

from platform_under_test import Platform, until
from watch_under_test import BUILD_SECONDS, Bench, PoemsProject, Project, Watch

EDITS = int(os.environ.get("CHAINS_EDITS", "4"))
RATE = 200  # requests a second
PATH = "/chains/hello/development/run_remote"
REQUEST = json.dumps({"names": ["Ada"]})

BYE_PROTO = """
service SayBye { rpc RunRemote(SayByeRequest) returns (SayByeResponse); }
message SayByeRequest { string name = 1; }
message SayByeResponse { string result = 1; }
"""
BYE_CLASS = """
class Brief final : public SayBye {
 public:
  chains::Task<SayByeResponse> RunRemote(SayByeRequest request) override;
};

class Greeter final"""
BYE_SOURCE = """
#include "hello_chain.h"
namespace hello {
chains::Task<SayByeResponse> Brief::RunRemote(SayByeRequest) { co_return SayByeResponse(); }
}  // namespace hello
"""


def setUpModule():
    folder = tempfile.TemporaryDirectory(prefix="ch")
    unittest.addModuleCleanup(folder.cleanup)
    OnAProject.project = Project(pathlib.Path(folder.name) / "hello")


class OnAProject(unittest.TestCase):
    """One copy of hello for all tests, each of which leaves it as it was; a platform and a `chains watch` for those of
    a class."""

    project = None

    @classmethod
    def setUpClass(cls):
        cls.platform = Platform("--memory", "1Ti")
        cls.addClassCleanup(cls.platform.close)

    @classmethod
    def start(cls, *flags):
        cls.watch = Watch(cls.platform, cls.project, "--run", REQUEST, *flags)
        cls.addClassCleanup(cls.watch.end_if_running)

    def until_answer(self, answer):
        until(lambda: self.platform.post(PATH, REQUEST) == (200, answer), answer, BUILD_SECONDS)


class AsEvents(OnAProject):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start("--output", "json")
        # What is saved while the first build has only begun is not lost.
        cls.watch.event("watching")
        cls.project.greet("Early")
        until(lambda: cls.platform.post(PATH, REQUEST) == (200, "Early, Ada"), "the early edit", BUILD_SECONDS)
        cls.put_back()

    @classmethod
    def put_back(cls):
        since = cls.watch.now()
        if cls.project.restore():
            cls.watch.live(since)
            until(lambda: cls.platform.post(PATH, REQUEST) == (200, "Hello, Ada"), "hello as it was", BUILD_SECONDS)

    def tearDown(self):
        self.put_back()

    def pids(self):
        """{chainlet: pid}, once those that were exchanged have left."""
        def ask():
            replicas = self.platform.replicas("hello")
            return all(len(each) == 1 for each in replicas.values()) and replicas
        return {chainlet: next(iter(each.values())) for chainlet, each in until(ask, "one process each").items()}

    def test_answers_follow_each_save_and_no_request_fails(self):
        times = []
        with Bench(self.platform, "hello", "development", REQUEST, RATE) as bench:
            until(bench.calls, "the load")
            before = self.pids()
            for edit in range(EDITS):
                since = self.watch.now()
                began = time.monotonic()
                self.project.greet(f"Hi {edit}")
                self.until_answer(f"Hi {edit}, Ada")
                times.append(time.monotonic() - began)
                live = self.watch.live(since)
                self.assertEqual(live["changes"], {"exchanged": ["SayHello"], "unchanged": ["HelloAll"]})
                after = self.pids()
                self.assertNotEqual(after["SayHello"], before["SayHello"])
                self.assertEqual(after["HelloAll"], before["HelloAll"])
                before = after
        self.assertEqual(bench.failures(), {})
        self.assertGreater(bench.calls(), RATE)
        worst = max(report["p99_us"] for report in bench.reports) / 1000
        print(f"save to first new answer: median {statistics.median(times):.2f} s of {sorted(round(t, 2) for t in times)}"
              f"; {bench.calls()} requests, none failed, p99 of the slowest 2 s {worst:.1f} ms", flush=True)

    def test_a_syntax_error_is_shown_where_it_is_and_the_old_goes_on(self):
        before, since = self.pids(), self.watch.now()
        self.project.edit("say_hello.cc", "SayHelloResponse response;", "SayHelloResponse response")
        failed = self.watch.event("build_failed", "live", since=since)
        line = self.project.original["say_hello.cc"].splitlines().index("  SayHelloResponse response;") + 1
        self.assertIn("error", failed, failed)
        self.assertRegex(failed["error"]["message"], rf"say_hello\.cc:({line}|{line + 1}):\d+: error: expected")
        self.assertEqual(self.platform.post(PATH, REQUEST), (200, "Hello, Ada"))
        self.assertEqual(self.pids(), before)

    def test_a_crash_at_the_start_is_shown_and_the_old_goes_on(self):
        before, since = self.pids(), self.watch.now()
        self.project.edit("hello_chain.h", "class Polite final : public SayHello {\n public:\n",
                          "class Polite final : public SayHello {\n public:\n  Polite();\n")
        self.project.edit("say_hello.cc", "namespace hello {\n",
                          'namespace hello {\n\nPolite::Polite() {\n'
                          '  chains::Log(chains::Context(), chains::Severity::kError, "the voice broke");\n'
                          '  std::abort();\n}\n')
        failed = self.watch.event("failed", "build_failed", "live", since=since)
        self.assertEqual(failed["event"], "failed", failed)
        self.assertIn("SayHello", failed["error"]["message"])
        self.assertIn("signal 6", failed["error"]["message"])
        self.assertIn("the voice broke", failed["error"]["message"])
        self.assertEqual(self.platform.post(PATH, REQUEST), (200, "Hello, Ada"))
        # HelloAll's own code includes the header: its new process is gone again, the old one stayed.
        until(lambda: self.pids() == before, "only what served before")

    def test_an_edit_during_a_build_begins_the_next(self):
        since = self.watch.now()
        self.project.greet("Never")
        self.watch.event("changed", since=since)
        since = self.watch.now()
        self.project.greet("Now")
        self.until_answer("Now, Ada")
        self.watch.live(since)
        self.assertNotIn("Never", "".join(line for line in self.watch.lines if '"event":"answer"' in line))

    def test_changed_resources_are_in_force(self):
        since = self.watch.now()
        polite = 'chain.Add<hello::Polite>(chains::Resources{.memory = "%s"}'
        self.project.edit("main.cc", polite % "128Mi", polite % "96Mi")
        changes = self.watch.live(since)["changes"]
        self.assertIn("SayHello", changes["exchanged"])
        memory = {each["display_name"]: int(each["resources"]["memory_bytes"])
                  for each in self.platform.status("hello")["chainlets"]}
        self.assertEqual(memory, {"SayHello": 96 << 20, "HelloAll": 128 << 20})
        self.assertEqual(self.platform.post(PATH, REQUEST), (200, "Hello, Ada"))

    def test_a_chainlet_can_be_added_and_removed(self):
        since = self.watch.now()
        self.project.save("hello.proto", self.project.original["hello.proto"] + BYE_PROTO)
        self.project.save("say_bye.cc", BYE_SOURCE)
        self.project.edit("hello_chain.h", "\nclass Greeter final", BYE_CLASS)
        self.project.edit("main.cc", "  chain.Add<hello::Polite>",
                          '  chain.Add<hello::Brief>(chains::Resources{.memory = "128Mi"});\n  chain.Add<hello::Polite>')
        self.project.edit("CMakeLists.txt", "say_hello.cc", "say_hello.cc say_bye.cc")
        self.assertEqual(self.watch.live(since)["changes"].get("added"), ["SayBye"])
        bye = self.pids()["SayBye"]
        self.assertEqual(self.platform.post(PATH, REQUEST), (200, "Hello, Ada"))
        since = self.watch.now()
        self.project.restore()
        self.assertEqual(self.watch.live(since)["changes"].get("removed"), ["SayBye"])
        self.assertEqual(set(self.pids()), {"SayHello", "HelloAll"})
        until(lambda: bye not in self.platform.processes(), "its process to end")

    def test_a_platform_that_is_started_again_is_waited_for(self):
        self.assertEqual(self.platform.down(), 0)
        since = self.watch.now()
        self.project.greet("Patient")
        self.assertIn("does not answer", self.watch.event("note", since=since)["note"])
        self.platform.up()
        self.watch.live(since)
        self.until_answer("Patient, Ada")

    def test_logs_of_all_chainlets_are_tailed(self):
        since = self.watch.now()
        self.project.save("main.cc", self.project.original["main.cc"] + "// both are exchanged\n"
                          "extern const char kLonger[] = \"by this\";\n")
        self.watch.live(since)
        for chainlet in ("hello.SayHello", "hello.HelloAll"):
            self.watch.line(lambda line: '"event":"log"' in line and f'"{chainlet}"' in line and "serving" in line, since)


class AsText(OnAProject):
    def tearDown(self):
        self.project.restore()

    def test_a_person_reads_what_changed_and_ctrl_c_ends_it(self):
        self.start("--verbose")
        self.watch.line(lambda line: line.startswith("live after"))
        self.watch.line(lambda line: line.startswith("answer in"))
        since = self.watch.now()
        self.project.greet("Servus")
        self.watch.line(lambda line: '+ "Servus, Ada"' in line, since)
        said = "\n".join(self.watch.lines[since:])
        for wanted in ("changed: say_hello.cc\n", "Building CXX object", "\nbuilt in ", "\n  SayHello: exchanged\n",
                       "\n  HelloAll: unchanged\n", "\n  noticed after ", '- "Hello, Ada"'):
            self.assertIn(wanted, said)
        # Also in the middle of a build, which ends with it.
        since = self.watch.now()
        self.project.greet("Nobody")
        self.watch.line(lambda line: line.startswith("changed:"), since)
        self.assertEqual(self.watch.end(), 0, self.watch.lines[-20:])
        self.assertIn("watching ended; the development deployment goes on", self.watch.lines)
        self.assertEqual(self.platform.post(PATH, REQUEST), (200, "Servus, Ada"))
        until(lambda: not compilers_in(self.project.folder), "compilers to be gone")


class OfPoems(unittest.TestCase):
    def test_an_edit_of_the_poet_leaves_the_language_model_as_it_is(self):
        platform = Platform("--memory", "1Ti")
        self.addCleanup(platform.close)
        folder = tempfile.TemporaryDirectory(prefix="ch")
        self.addCleanup(folder.cleanup)
        project = PoemsProject(pathlib.Path(folder.name) / "poems")
        path, words = "/chains/poems/development/run_remote", '{"words": ["bird"]}'
        watch = Watch(platform, project, "--output", "json")
        self.addCleanup(watch.end_if_running)
        watch.live(0)
        self.assertEqual(platform.post(path, words), (200, ["Here's a poem about bird"]))
        before, since = platform.replicas("poems"), watch.now()
        project.edit("poem_generator.cc", '"Generate a poem about: ", word', '"Generate a poem about: ", word, "-song"')
        self.assertEqual(watch.live(since)["changes"], {"exchanged": ["PoemGenerator"], "unchanged": ["PhiLlm"]})
        until(lambda: platform.post(path, words) == (200, ["Here's a poem about bird-song"]), "the edited poem")
        after = platform.replicas("poems")
        self.assertEqual(after["PhiLlm"], before["PhiLlm"])
        self.assertNotEqual(after["PoemGenerator"], before["PoemGenerator"])


def compilers_in(folder):
    """Pids of what still builds there."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(str(folder)):
                found.append(int(entry.name))
        except OSError:
            continue  # it has ended, or is somebody else's
    return found


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started this ignored
    unittest.main()
