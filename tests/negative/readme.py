#!/usr/bin/env python3
"""README.md names every file that breaks a rule, and only tests and files that there are."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent


def main():
    readme = (HERE / "README.md").read_text()
    listed = (HERE / "CMakeLists.txt").read_text()
    tests = "".join(path.read_text() for path in (HERE / "../runtime/chain").glob("validate*_test.cc"))
    contracts = {path.name for path in (HERE / "../plugin/contracts").glob("*.proto")}
    problems = []
    for path in sorted((HERE / "compile").glob("*.cc")):
        name = f"compile/{path.name}"
        problems += [f"{where} does not name {name}"
                     for where, text in (("README.md", readme), ("CMakeLists.txt", listed)) if name not in text]
    problems += [f"there is no {name}" for name in re.findall(r"`(compile/\w+\.cc)`", readme)
                 if not (HERE / name).exists()]
    problems += [f"README.md does not name the contract {name}" for name in sorted(contracts) if name not in readme]
    named = set(re.findall(r"`([A-Z]\w+)`", readme.split("## The rules")[1]))
    there = set(re.findall(r"^TEST\(Validate\w*, (\w+)\)", tests, re.M))
    rules = {name for name in named if len(name) > 8}
    problems += [f"there is no test {name}" for name in sorted(rules - there)]
    sys.exit("\n".join(problems) or 0)


main()
