"""Makes the corpus: the World English Bible as lines of verse, one file of chapters per part.

    mod2imp engWEB2015eb | prepare.py OUT

Reads the OSIS text of the Debian package sword-text-web as mod2imp (libsword-utils) prints it and
writes OUT/train.txt, dev.txt and test.txt. A chapter is "# kind|name" and its lines. Lines of kind
"verse" are as the translators broke them (<l>); of kind "prose" they are cut at the clauses. Dev
and test are chapters of verse that no part of training sees, the tokenizer's included.
"""
import re
import sys
from pathlib import Path

# Lists of names, numbers and rules teach nothing about verse.
SKIPPED_BOOKS = {
    "Leviticus", "Numbers", "I Chronicles", "Ezra", "Nehemiah", "I Esdras", "Esther (Greek)",
    "III Maccabees", "IV Maccabees", "II Maccabees", "I Maccabees",
}
HIDDEN = re.compile(
    r"<(note|title|reference|rdg|speaker|catchWord)\b[^>]*?(?<!/)>.*?</\1>", re.DOTALL)
PLAIN = str.maketrans({"“": "", "”": "", "‘": "", "’": "'", "—": " - ", "–": "-", "…": "..."})
QUOTE_END = re.compile(r"(?<=[,.;:?!])'")
SUNG = re.compile(r"^(?!.*(Selah|[\[\]/%\d])).*[a-z]{2}")  # neither a note nor a letter
LONGEST_CLAUSE = 9  # words
ONE_PART_IN = 16  # of the chapters of verse is for dev, and one for test


def chapters_of(dump):
    """Yields (name, [(is_verse, text)…]) in the order of the dump."""
    name, pieces, in_line = None, [], False
    for entry in dump.split("$$$")[1:]:
        key, _, markup = entry.partition("\n")
        where = re.fullmatch(r"(.+) (\d+):(\d+)", key.strip())
        if not where or where[3] == "0":
            continue
        if f"{where[1]} {where[2]}" != name:
            if name:
                yield name, pieces
            name, pieces, in_line = f"{where[1]} {where[2]}", [], False
        markup = HIDDEN.sub(" ", markup)
        for part in re.split(r"(<l [^>]*>)", markup):
            if part.startswith("<l "):
                in_line = "sID=" in part
                pieces.append((in_line, "\n"))
            else:
                pieces.append((in_line, re.sub(r"<[^>]*>", "", part)))
    if name:
        yield name, pieces


def clauses(text):
    """Prose, cut where a reader takes breath."""
    lines = []
    for part in re.findall(r"[^,;:.?!]+[,;:.?!']*", text):
        words = part.split()
        while words:
            size = len(words)
            if size > LONGEST_CLAUSE:
                size = min(size // 2, LONGEST_CLAUSE)
            line, words = words[:size], words[size:]
            if lines and len(lines[-1].split()) + len(line) <= 6 and lines[-1][-1] not in ".?!":
                lines[-1] += " " + " ".join(line)
            else:
                lines.append(" ".join(line))
    return lines


def lines_of(pieces):
    """The chapter's kind and its lines, in ASCII."""
    verse, prose = [], []
    for is_verse, run in groups(pieces):
        text = QUOTE_END.sub("", run.translate(PLAIN)).encode("ascii", "ignore").decode()
        text = re.sub(r" +", " ", text).replace(" ,", ",")
        if is_verse:
            verse += [line.strip() for line in text.split("\n") if SUNG.search(line)]
        else:
            prose += clauses(" ".join(text.split()))
    return ("verse", verse) if len(verse) > len(prose) else ("prose", prose)


def groups(pieces):
    """Joins neighbours of one kind; a break between two lines is of their kind."""
    run, kind = "", None
    for is_verse, text in pieces:
        if text.strip() and is_verse != kind:
            if run.strip():
                yield kind, run
            run, kind = "", is_verse
        run += text
    if run.strip():
        yield kind, run


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    parts = {"train": [], "dev": [], "test": []}
    seen = 0
    for name, pieces in chapters_of(sys.stdin.read()):
        if name.rsplit(" ", 1)[0] in SKIPPED_BOOKS:
            continue
        kind, lines = lines_of(pieces)
        part = "train"
        if kind == "verse":
            seen += 1
            part = {5: "dev", 13: "test"}.get(seen % ONE_PART_IN, "train")
        if len(lines) >= 4:
            parts[part].append(f"# {kind}|{name}\n" + "\n".join(lines) + "\n")
    for part, texts in parts.items():
        (out / f"{part}.txt").write_text("".join(texts), encoding="ascii")
        print(f"{part}: {len(texts)} chapters, {sum(map(len, texts))} characters")


if __name__ == "__main__":
    main()
