"""Tests that a document names as what holds its sentences: they exist.

In ARCHITECTURE.md and SECURITY.md a table whose last column is headed "test" names in each row at least one: a
test of GoogleTest (by itself or as Suite.Name) or unittest, or a file or a folder below tests/.
"""
import re

DOCUMENTS = ("ARCHITECTURE.md", "SECURITY.md")
GOOGLE_TEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
PYTHON_TEST = re.compile(r"\bdef (test_\w+)")


def rows_of(text):
    """(line, cells) of every row of the tables whose last column is headed "test"."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif cells[-1].strip("| ").lower() == "test":
            inside = True
        elif inside and not set(line) <= set("|-: "):
            yield number, cells


def named_in(cell):
    return re.findall(r"`([^`]+)`", cell)


def exist(root):
    """Every name that may be given: of tests, files and folders."""
    names = set()
    for path in sorted((root / "tests").rglob("*")):
        names.add(path.name)
        if path.suffix == ".cc":
            for suite, test in GOOGLE_TEST.findall(path.read_text()):
                names.update((test, f"{suite}.{test}"))
        elif path.suffix == ".py":
            names.update(PYTHON_TEST.findall(path.read_text()))
    return names


def problems(root):
    """(path, line, what is wrong; what to do)."""
    documents = [name for name in DOCUMENTS if (root / name).exists()]
    rows = [(name, *row) for name in documents for row in rows_of((root / name).read_text())]
    known = exist(root) if rows else set()
    for name, line, cells in rows:
        named = named_in(cells[-1])
        if not named:
            yield name, line, "no test is named for this sentence; name one, or write that none can be"
        for test in named:
            if test.rsplit("/", 1)[-1] not in known:
                yield name, line, f"there is no test {test}; name one that holds this sentence"
