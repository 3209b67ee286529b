#!/usr/bin/env python3
"""Layout and style that a machine can see. Prints FILE:LINE: what is wrong; what to do.

tidy.py ROOT
"""
import os
import pathlib
import re
import subprocess
import sys

import cpp
import named_tests

TOP_LEVEL = {
    ".ci", ".clang-format", ".clang-tidy", ".dockerignore", ".gitignore", "ARCHITECTURE.md", "CMakeLists.txt",
    "CMakePresets.json", "CONTRIBUTING.md", "README.md", "SECURITY.md", "chainlets", "deploy", "dev", "docker",
    "gateway", "proto", "runtime", "tests"}

# Who may include whom: between the parts, and between the folders of runtime/chains.
PARTS = {
    "runtime": {"runtime"},
    "gateway": {"gateway", "runtime"},
    "chainlets": {"chainlets", "runtime"},
    "deploy": {"deploy", "runtime"}}
RUNTIME = {"core": {"core"}}
RUNTIME["batch"] = RUNTIME["core"] | {"batch"}
RUNTIME["gpu"] = RUNTIME["core"] | {"gpu"}
RUNTIME["contract"] = RUNTIME["core"] | {"contract", "v1"}
RUNTIME["json"] = RUNTIME["contract"] | {"json"}
RUNTIME["grpc"] = RUNTIME["contract"] | {"grpc"}
RUNTIME["http"] = RUNTIME["json"] | {"http"}
RUNTIME["policy"] = RUNTIME["contract"] | {"policy"}
RUNTIME["metrics"] = RUNTIME["policy"] | {"metrics", "gpu"}
RUNTIME["chain"] = RUNTIME["grpc"] | RUNTIME["metrics"] | RUNTIME["http"] | {"chain", "chains.h"}
RUNTIME["main"] = RUNTIME["chain"] | {"main"}
RUNTIME["testing"] = RUNTIME["chain"] | {"testing"}
RUNTIME["chains.h"] = RUNTIME["chain"]

MAX_LINES = 400
TEXT = {".cc", ".h", ".proto", ".py", ".sh", ".cmake", ".txt", ".md", ".json", ""}
CODE = {".cc", ".h", ".proto", ".py", ".sh", ".cmake", ""}

# (pattern, files it does not apply to, what to say); in C++ without comments and strings.
BANNED = [
    (r"\b(sleep_for|sleep_until|SleepFor|usleep|nanosleep)\b|(?<![\w.>:])sleep\(",
     r"(?!tests/)", "a test must not sleep; wait for the event, or use the fake clock"),
    (r"\bstd::(cout|cerr)\b|\bprintf\(|\bputs\(",
     r"(.*/)?main\.cc|runtime/chains/main/|gateway/app/|chainlets/[^/]*/(tools/|[^/]*_local\.cc)|tests/",
     "a library does not print; return a status, or let the program say it"),
    (r"(\.|->)detach\(\)", None, "a detached thread outlives what it uses; join it"),
    (r"\bthrow\s*[^;\s]", r"runtime/chains/main/command_line\.cc|tests/",  # CLI11 wants it so
     "nothing throws here; return an absl::Status"),
    (r"\busing namespace\b", None, "name what is used"),
]


class Tidy:
    def __init__(self, root):
        self.root = root
        self.problems = []

    def add(self, path, line, text):
        self.problems.append(f"{path}:{line}: {text}")

    def files(self):
        """Paths below root that belong to the project: what git knows or could know."""
        listed = subprocess.run(
            ["git", "-C", str(self.root), "ls-files", "--cached", "--others", "--exclude-standard"],
            capture_output=True, text=True)
        inside = subprocess.run(["git", "-C", str(self.root), "rev-parse", "--show-prefix"],
                                capture_output=True, text=True)
        if listed.returncode == 0 and inside.stdout.strip() == "":
            names = set(listed.stdout.splitlines())
        else:
            names = {os.path.relpath(os.path.join(folder, name), self.root)
                     for folder, _, found in os.walk(self.root) for name in found}
            names = {name for name in names if not re.match(r"(build|\.git|\.cache)/", name)}
        return sorted(name for name in names if (self.root / name).is_file())

    def check(self):
        for path in self.files():
            self.check_place(path)
            suffix = pathlib.PurePath(path).suffix
            if suffix not in TEXT or path.startswith("tests/tidy/"):
                continue
            text = (self.root / path).read_text(errors="replace")
            self.check_text(path, text, suffix)
            if suffix in (".cc", ".h"):
                self.check_cpp(path, text, suffix)
        for problem in named_tests.problems(self.root):
            self.add(*problem)
        return self.problems

    def check_place(self, path):
        top = path.split("/")[0]
        if top not in TOP_LEVEL:
            self.add(path, 1, f"{top} is no part of the top level; put it below "
                              f"one of {', '.join(sorted(TOP_LEVEL))}")

    def check_text(self, path, text, suffix):
        lines = text.splitlines()
        if len(lines) > MAX_LINES and suffix in CODE:
            self.add(path, MAX_LINES, f"{len(lines)} lines; split it into ideas of {MAX_LINES} lines at most")
        for number, line in enumerate(lines, 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                self.add(path, number, "unfinished; finish it, or say so in README's roadmap")
        if suffix in (".cmake", ".txt") and re.search(r"\bfile\s*\(\s*GLOB", text):
            self.add(path, cpp.line_of(text, text.index("GLOB")), "name sources, do not search them")

    def check_cpp(self, path, text, suffix):
        code = cpp.without_comments_and_strings(text)
        self.check_includes(path, text)
        for pattern, exempt, say in BANNED:
            if exempt and re.match(exempt, path):
                continue
            for match in re.finditer(pattern, code):
                self.add(path, cpp.line_of(code, match.start()), say)
        self.check_ownership(path, code)
        self.check_awaits(path, code)
        self.check_lambdas(path, code)
        if suffix == ".h":
            self.check_header(path, text, code)

    def check_header(self, path, text, code):
        if "#pragma once" not in text:
            self.add(path, 1, "a header begins its code with #pragma once")
        if not text.startswith("//"):
            self.add(path, 1, "a header begins with a comment that says what it is for")
        for match in re.finditer(r"^\s*#\s*define\b", code, re.M):
            if path.startswith("runtime/"):
                self.add(path, cpp.line_of(code, match.start() + 1), "no macros; write a function or constant")

    def check_includes(self, path, text):
        part, *rest = path.split("/")
        if part not in PARTS:
            return
        for match in re.finditer(r'^\s*#\s*include\s+(["<])([^">]+)[">]', text, re.M):
            line, quote, name = cpp.line_of(text, match.start(2)), match[1], match[2]
            included = name.split("/")
            target = "runtime" if included[0] == "chains" else included[0]
            if quote == '"' and target in PARTS and target not in PARTS[part]:
                self.add(path, line, f"{part} must not include {target} (CONTRIBUTING.md)")
            if part == "runtime" and rest[0] == "chains":
                self.check_runtime_include(path, rest[1], line, name, included)

    def check_runtime_include(self, path, folder, line, name, included):
        allowed = RUNTIME.get(folder, set())
        if included[0] == "chains" and included[1] not in allowed:
            self.add(path, line, f"runtime/chains/{folder} must not include chains/{included[1]} (CONTRIBUTING.md)")
        if included[0] in ("grpc", "grpcpp") and folder != "grpc" and path.endswith(".h"):
            self.add(path, line, f"{name} in a header would reach chainlets; keep gRPC in runtime/chains/grpc")
        if path.startswith("runtime/chains/gpu/cuda/") and (
                included[0] == "absl" or included[0] == "chains" and included[1:3] not in (
                    ["gpu", "abi.h"], ["gpu", "cuda"])):
            self.add(path, line, "a GPU module links neither the runtime nor Abseil; only chains/gpu/abi.h crosses")
        if folder == "core" and included[0] in ("grpc", "grpcpp", "google"):
            self.add(path, line, "runtime/chains/core stands on Abseil alone")

    def check_ownership(self, path, code):
        """What is new goes into an owner in the same breath, or is a constant that is never destroyed."""
        if re.match(r"runtime/chains/(core|grpc)/|tests/bench/floors/", path):
            return  # the asynchronous core, and what the bench sets against it, written as by hand
        for match in re.finditer(r"\bnew\b(?!\s*[(>])|\bdelete\b", code):
            before = code[:match.start()].rstrip()
            if re.search(r"\boperator$|=$" if match[0] == "delete" else
                         r"\boperator$|\bunique_ptr<[^;]*>( \w+)?\($|\bstatic const\b[^;]*=$", before):
                continue
            self.add(path, cpp.line_of(code, match.start()),
                     f"{match[0]} is for runtime/chains/core and grpc; use std::make_unique or a value")

    def check_awaits(self, path, code):
        """g++ 12 destroys aggregate and closure temporaries inside a co_await expression twice."""
        for await_ in re.finditer(r"\bco_(await|yield)\b", code):
            i, end = await_.end(), cpp.operand_end(code, await_.end())
            while i < end:
                lambda_ = cpp.lambda_at(code, i) if code[i] == "[" else None
                if lambda_:
                    captures, _, body_end = lambda_
                    by_value = [c for c in captures if not c.startswith("&") and c != "this"]
                    if by_value:
                        self.add(path, cpp.line_of(code, i),
                                 f"a lambda that captures by value ({', '.join(by_value)}) inside {await_[0]}: "
                                 "g++ 12 destroys it twice; name a local and move it")
                    i = body_end
                elif code[i] == "{":
                    self.add(path, cpp.line_of(code, i),
                             f"braces inside {await_[0]}: g++ 12 destroys such a temporary twice; "
                             "name a local and move it")
                    i = cpp.matching(code, i)
                i += 1

    def check_lambdas(self, path, code):
        """A coroutine outlives the closure that it reads its captures from."""
        if path.startswith("tests/"):
            return
        for bracket in re.finditer(r"\[", code):
            lambda_ = cpp.lambda_at(code, bracket.start())
            if not lambda_ or not lambda_[0]:
                continue
            body = code[lambda_[1]:lambda_[2]]
            if re.search(r"\bco_(await|return|yield)\b", body):
                self.add(path, cpp.line_of(code, bracket.start()),
                         "a lambda that captures must not be a coroutine; pass what it needs as arguments")


def main():
    problems = Tidy(pathlib.Path(sys.argv[1]).resolve()).check()
    print("\n".join(problems))
    sys.exit(f"{len(problems)} problems" if problems else 0)


if __name__ == "__main__":
    main()
