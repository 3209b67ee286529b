"""What `chains watch` needs around it: a project of its own, the command as a process, and a load."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading

from platform_under_test import BIN, SECONDS, Failed

CHAINLETS = pathlib.Path(__file__).resolve().parents[2] / "chainlets"
HELLO = CHAINLETS / "hello"
# The first build makes a precompiled header, beside whatever else this machine does.
BUILD_SECONDS = 4 * SECONDS


# Poems, with the fake in place of its model, in a file of its own as models are: what builds in seconds.
POEMS = CHAINLETS / "poems"
POEMS_FILES = ("poems.proto", "poems_chain.h", "poem_generator.cc", "fake_phi_llm.h")
POEMS_CMAKE = "chains_add_chain(poems PROTOS poems.proto SOURCES poem_generator.cc typist.cc MAIN main.cc)\n"
TYPIST_HEADER = """
#pragma once
#include "fake_phi_llm.h"
struct Typist final : poems::PhiLlm {
  chains::Task<poems::PhiLlmResponse> RunRemote(poems::PhiLlmRequest request) override;
  chains::Stream<poems::PhiLlmToken> Generate(poems::PhiLlmRequest request) override;
  poems::FakePhiLlm fake;
};
"""
TYPIST_SOURCE = """
#include "typist.h"
chains::Task<poems::PhiLlmResponse> Typist::RunRemote(poems::PhiLlmRequest request) {
  return fake.RunRemote(std::move(request));
}
chains::Stream<poems::PhiLlmToken> Typist::Generate(poems::PhiLlmRequest request) {
  return fake.Generate(std::move(request));
}
"""
POEMS_MAIN = """
#include "chains/chain/chain.h"
#include "poems_chain.h"
#include "typist.h"
int main(int argc, char** argv) {
  chains::Chain chain("poems");
  chain.Add<Typist>(chains::Resources{.memory = "64Mi"});
  chain.Add<poems::Poet>(chains::Needs<poems::PhiLlm>{}, chains::Resources{.memory = "64Mi"}).Entrypoint();
  return chain.Main(argc, argv);
}
"""


class Project:
    """A copy of hello that finds an installed Chains, and what is done to it: edits as editors do them."""

    def __init__(self, folder):
        shutil.copytree(HELLO, folder)
        self.begin(folder, (HELLO / "CMakeLists.txt").read_text())

    def begin(self, folder, cmake):
        self.folder = folder
        self.save("CMakeLists.txt", f"cmake_minimum_required(VERSION 3.25)\nproject({folder.name} LANGUAGES CXX)\n"
                  "find_package(chains REQUIRED)\n" + cmake)
        self.original = {path.name: path.read_text() for path in folder.iterdir()}

    def read(self, name):
        return (self.folder / name).read_text()

    def save(self, name, text):
        """Another file, renamed over the old one."""
        beside = self.folder / f".{name}.new"
        beside.write_text(text)
        beside.rename(self.folder / name)

    def edit(self, name, old, new):
        """In the original of the file."""
        if old not in self.original[name]:
            raise Failed(f"there is no {old!r} in {name}")
        self.save(name, self.original[name].replace(old, new))

    def greet(self, word):
        self.edit("say_hello.cc", '"Hello, "', f'"{word}, "')

    def restore(self):
        """As it was copied; the files that were changed."""
        changed = [name for name, text in self.original.items() if self.read(name) != text]
        for path in self.folder.iterdir():
            if path.is_file() and path.name not in self.original:
                path.unlink()
                changed.append(path.name)
        for name in changed:
            if name in self.original:
                self.save(name, self.original[name])
        return changed


class PoemsProject(Project):
    """The same for poems."""

    def __init__(self, folder):
        folder.mkdir()
        for name in POEMS_FILES:
            shutil.copy(POEMS / name, folder)
        for name, text in (("typist.h", TYPIST_HEADER), ("typist.cc", TYPIST_SOURCE), ("main.cc", POEMS_MAIN)):
            (folder / name).write_text(text)
        self.begin(folder, POEMS_CMAKE)


class Watch:
    """`chains watch` as a process. What it writes is kept, a line each, and may be waited for."""

    def __init__(self, platform, project, *flags):
        self.process = subprocess.Popen(
            [str(BIN / "chains"), "watch", str(project.folder), *flags], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            env={**os.environ, "CHAINS_HOME": str(platform.home)})
        self.lines, self.written = [], threading.Condition()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            with self.written:
                self.lines.append(line.rstrip("\n"))
                self.written.notify_all()
        with self.written:
            self.lines.append(None)  # the end
            self.written.notify_all()

    def now(self):
        """A place in what it has written: wait from there."""
        with self.written:
            return len(self.lines)

    def line(self, wanted, since=0, seconds=BUILD_SECONDS):
        """The first line from `since` on of which `wanted(line)` is true."""
        seen, found = since, []

        def look():
            nonlocal seen
            while seen < len(self.lines):
                line = self.lines[seen]
                seen += 1
                if line is None or wanted(line):
                    found.append(line)
                    return True
            return False

        with self.written:
            if not self.written.wait_for(look, timeout=seconds) or found[0] is None:
                raise Failed("waited in vain; it wrote:\n" + "\n".join(map(str, self.lines[since:])))
        return found[0]

    def event(self, *names, since=0):
        """The first event of one of these names, with --output json."""
        return json.loads(self.line(lambda line: any(f'{{"event":"{name}"' in line for name in names), since))

    def live(self, since):
        """The next outcome, which must be a good one."""
        event = self.event("live", "failed", "build_failed", since=since)
        if event["event"] != "live":
            raise Failed(json.dumps(event, indent=1))
        return event

    def end_if_running(self):
        if self.process.poll() is None:
            self.end()

    def end(self):
        """Ctrl-C: the exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed("chains watch did not end; it wrote:\n" + "\n".join(map(str, self.lines[-30:])))
        finally:
            self.thread.join()
            self.process.stdout.close()
        return code


class Bench:
    """`chains bench` in the background, for as long as the `with` takes: its reports."""

    def __init__(self, platform, chain, environment, data, rate):
        self.command = ["bench", chain, "--environment", environment, "--data", data, "--rate", str(rate),
                        "--duration", "2s"]
        self.platform, self.reports, self.problem = platform, [], None
        self.ending, self.thread = threading.Event(), threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        if self.problem:
            raise self.problem

    def _run(self):
        try:
            while not self.ending.is_set():
                self.reports.append(self.platform.json(*self.command, timeout=2 * SECONDS)["report"])
        except Exception as problem:  # for the thread that waits
            self.problem = problem

    def calls(self):
        return sum(report["calls"] for report in self.reports)

    def failures(self):
        """What went wrong → how often."""
        return {report["first_error"]: report["errors"] for report in self.reports if report["errors"]}
