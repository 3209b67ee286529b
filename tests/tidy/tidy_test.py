#!/usr/bin/env python3
"""tidy.py finds what it is for, and lets pass what is good: each rule on samples of its own."""
import pathlib
import tempfile
import unittest

import tidy

HEADER = "// What it is for.\n#pragma once\n"


def problems(files):
    """What tidy says of a tree with these files (path → text)."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tidy.Tidy(pathlib.Path(root)).check()


class TidyTest(unittest.TestCase):
    def assert_bad(self, path, text, says):
        found = problems({path: text})
        self.assertTrue(any(says in problem for problem in found), f"{says!r} is not in {found}")

    def assert_good(self, path, text):
        self.assertEqual(problems({path: text}), [])

    def test_the_top_level_is_fixed(self):
        self.assert_bad("notes.md", "x\n", "top level")
        self.assert_good("docker/README.md", "x\n")

    def test_parts_include_only_what_they_may(self):
        self.assert_bad("gateway/a.cc", '#include "chainlets/hello/hello_chain.h"\n', "must not include chainlets")
        self.assert_bad("runtime/chains/chain/a.cc", '#include "gateway/http/server.h"\n', "must not include gateway")
        self.assert_bad("chainlets/hello/a.cc", '#include "deploy/plan.h"\n', "must not include deploy")
        self.assert_bad("runtime/chains/core/a.cc", '#include "chains/contract/bytes.h"\n', "core must not include")
        self.assert_bad("runtime/chains/policy/a.cc", '#include "chains/grpc/server.h"\n', "policy must not include")
        self.assert_bad("runtime/chains/chain/a.cc", '#include "chains/main/run.h"\n', "chain must not include")
        self.assert_bad("runtime/chains/core/a.cc", "#include <google/protobuf/message.h>\n", "Abseil alone")
        self.assert_bad("runtime/chains/contract/a.h", HEADER + "#include <grpcpp/grpcpp.h>\n", "keep gRPC")
        self.assert_bad("runtime/chains/gpu/a.cc", '#include "chains/contract/bytes.h"\n', "gpu must not include")
        self.assert_bad("runtime/chains/gpu/cuda/a.cc", '#include "chains/core/task.h"\n', "links neither")
        self.assert_bad("runtime/chains/gpu/cuda/a.cc", '#include "absl/status/status.h"\n', "links neither")
        self.assert_good("runtime/chains/gpu/cuda/a.cc", '#include "chains/gpu/cuda/kit.h"\n')
        self.assert_good("runtime/chains/gpu/a.cc", '#include "chains/core/task.h"\n')
        self.assert_good("runtime/chains/main/a.cc", '#include "chains/chain/chain.h"\n')
        self.assert_good("gateway/a.cc", '#include "chains/core/task.h"\n')

    def test_headers_begin_with_what_they_are_for(self):
        self.assert_bad("gateway/a.h", "#pragma once\n", "begins with a comment")
        self.assert_bad("gateway/a.h", "// What.\n", "#pragma once")
        self.assert_bad("runtime/chains/core/a.h", HEADER + "#define CHECK(x) x\n", "no macros")
        self.assert_good("gateway/a.h", HEADER)

    def test_documents_name_tests_that_exist(self):
        table = "| what | test |\n|---|---|\n| it holds | %s |\n\nwords | `NoTest` |\n"
        there = {"tests/a_test.cc": "TEST_F(A,\n       ItHolds) {}\n", "tests/b_test.py": "def test_it(self):\n"}
        good = problems({**there, "ARCHITECTURE.md": table % "`ItHolds`, `A.ItHolds`, `test_it`, `tests/a_test.cc`"})
        self.assertEqual(good, [])
        for named, says in (("`ItFails`", "there is no test ItFails"), ("`B.ItHolds`", "there is no test B.ItHolds"), ("ItHolds", "no test is named")):
            found = problems({**there, "SECURITY.md": table % named})
            self.assertTrue(any(f"SECURITY.md:3: {says}" in problem for problem in found), found)

    def test_memory_has_an_owner(self):
        self.assert_bad("gateway/a.cc", "auto* a = new A();\n", "new is for")
        self.assert_bad("gateway/a.cc", "void F() { delete a; }\n", "delete is for")
        self.assert_good("gateway/a.cc", "#include <new>\nA(const A&) = delete;\n")
        self.assert_good("gateway/a.cc", "return std::unique_ptr<A>(new A(b));\n")
        self.assert_good("gateway/a.cc", "std::unique_ptr<A> a(new A(b));\n")
        self.assert_good("gateway/a.cc", "static const auto* const kA = new A();\n")
        self.assert_good("runtime/chains/core/a.cc", "auto* a = new A();\n")
        self.assert_good("gateway/a.cc", "// a new one\nf(\"new A\");\n")

    def test_tests_do_not_sleep(self):
        self.assert_bad("tests/a.cc", "std::this_thread::sleep_for(x);\n", "must not sleep")
        self.assert_bad("tests/a.cc", "absl::SleepFor(x);\n", "must not sleep")
        self.assert_good("tests/a.cc", "co_await chains::Sleep(x);\n")

    def test_libraries_do_not_print(self):
        self.assert_bad("gateway/route/a.cc", "std::cout << x;\n", "does not print")
        self.assert_bad("runtime/chains/core/a.cc", 'printf("here");\n', "does not print")
        self.assert_good("gateway/main.cc", 'std::printf("here");\n')
        self.assert_good("chainlets/hello/a.cc", "std::snprintf(b, sizeof(b), f);\n")

    def test_threads_are_joined(self):
        self.assert_bad("gateway/a.cc", "std::thread(f).detach();\n", "join")

    def test_nothing_throws(self):
        self.assert_bad("gateway/a.cc", "throw Error();\n", "absl::Status")
        self.assert_good("runtime/chains/core/a.cc", "try { throw; } catch (...) {}\n")

    def test_no_braces_inside_an_await(self):
        self.assert_bad("chainlets/a.cc", "co_await F({.a = s});\n", "braces inside co_await")
        self.assert_bad("chainlets/a.cc", "auto x = co_await Outcome(F(A{s}));\n", "braces inside co_await")
        self.assert_bad("chainlets/a.cc", "co_yield Item{s};\n", "braces inside co_yield")
        self.assert_bad("tests/a.cc", "if (co_await F(A{1})) {}\n", "braces inside co_await")
        self.assert_good("chainlets/a.cc", "while (co_await F(a)) { G({.b = 1}); }\n")
        self.assert_good("chainlets/a.cc", "// co_await F({.a = s});\n")
        self.assert_good("chainlets/a.cc", "auto a = std::pair{co_await F(b), C{1}};\n")

    def test_no_capture_by_value_inside_an_await(self):
        self.assert_bad("chainlets/a.cc", "co_await Blocking([s] { return s; });\n", "captures by value (s)")
        self.assert_bad("chainlets/a.cc", "co_await Blocking([=] { return s; });\n", "captures by value (=)")
        self.assert_bad("chainlets/a.cc", "co_await B([&a, s = std::move(s)]() mutable -> int { return 1; });\n",
                        "captures by value (s = std::move(s))")
        self.assert_good("chainlets/a.cc", "co_await Blocking([&] { A a{1}; return a; });\n")
        self.assert_good("chainlets/a.cc", "co_await Blocking([this, &a] { return a[i]; });\n")
        self.assert_good("chainlets/a.cc", "co_await F(a[i], b[s]);\n")

    def test_no_lambda_coroutine_captures(self):
        self.assert_bad("chainlets/a.cc", "auto f = [&a]() -> Task<int> { co_return a; };\n", "must not be a coroutine")
        self.assert_good("chainlets/a.cc", "auto f = [](A& a) -> Task<int> { co_return a; };\n")

    def test_files_are_one_idea_and_finished(self):
        self.assert_bad("gateway/a.cc", "int a;\n" * 401, "split it")
        self.assert_bad("gateway/a.cc", "// TODO: more\n", "unfinished")
        self.assert_bad("gateway/CMakeLists.txt", "file(GLOB sources *.cc)\n", "name sources")
        self.assert_good("gateway/a.cc", "int a;\n" * 400)


if __name__ == "__main__":
    unittest.main()
