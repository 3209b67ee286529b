#!/usr/bin/env python3
"""A file must not compile, and the compiler must say why in our words, early.

negative_compile.py --compiler COMPILER [--compiler COMPILER] [--only-first FLAG]... FILE SENTENCE [FLAG...]

With each compiler: FILE fails, with SENTENCE in the first lines of what is printed; when SENTENCE is
"-", with those of FILE's comments `// Says: SENTENCE`, or, of one compiler,
`// Says (g++): SENTENCE`; a file without such a comment must compile. A file that has a part for
CORRECTED compiles with -DCORRECTED, so that it does not fail for another reason. --only-first=FLAG is for
the first compiler alone, which has headers of other libraries precompiled, say.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

FIRST_LINES = 10


def compile_file(compiler, file, flags):
    return subprocess.run([compiler, "-std=c++20", "-fsyntax-only", *flags, file],
                          capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})


def first_lines(output):
    return re.sub(r"\s+", " ", " ".join(output.splitlines()[:FIRST_LINES]))


def sentences_of(text, compiler):
    name = "clang++" if "clang" in os.path.basename(compiler) else "g++"
    says = re.findall(r"^// Says(?: \((.+?)\))?: (.+)$", text, re.M)
    return [sentence for only, sentence in says if only in ("", name)]


def problem_of(compiler, file, sentence, flags):
    text = pathlib.Path(file).read_text()
    sentences = [sentence] if sentence != "-" else sentences_of(text, compiler)
    done = compile_file(compiler, file, flags)
    if not sentences:
        return f"does not compile, but must:\n{done.stderr}" if done.returncode else None
    if done.returncode == 0:
        return "compiled, but must not"
    for each in sentences:
        if each not in first_lines(done.stderr):
            return (f"does not say in its first {FIRST_LINES} lines:\n  {each}\nbut:\n"
                    + "\n".join(done.stderr.splitlines()[:2 * FIRST_LINES]))
    if "CORRECTED" not in text:
        return None
    corrected = compile_file(compiler, file, ["-DCORRECTED", *flags])
    if corrected.returncode != 0:
        return f"does not compile when it is corrected:\n{corrected.stderr}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", action="append", required=True)
    parser.add_argument("--only-first", action="append", default=[])
    parser.add_argument("file")
    parser.add_argument("sentence")
    arguments, flags = parser.parse_known_args()
    problems = 0
    for compiler in arguments.compiler:
        own = arguments.only_first if compiler == arguments.compiler[0] else []
        problem = problem_of(compiler, arguments.file, arguments.sentence, [*own, *flags])
        if problem:
            print(f"{arguments.file}, {compiler}: {problem}")
            problems += 1
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
