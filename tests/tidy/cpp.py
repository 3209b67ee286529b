"""Just enough of C++'s syntax for the rules of tidy.py: text without comments and strings, brackets,
lambdas."""
import re

_TOKENS = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.S)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def without_comments_and_strings(text):
    """The text with comments and what is in quotes blanked; lines and columns stay."""
    def blank(match):
        word = match.group()
        inside = re.sub(r"[^\n]", " ", word)
        return inside if word[0] == "/" else word[0] + inside[1:-1] + word[-1]
    return _TOKENS.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def matching(text, at):
    """Where the bracket that opens at `at` closes, or the end of the text."""
    close, depth = _CLOSING[text[at]], 0
    for i in range(at, len(text)):
        if text[i] == text[at]:
            depth += 1
        elif text[i] == close:
            depth -= 1
            if depth == 0:
                return i
    return len(text)


def is_lambda(text, at):
    """Whether the '[' at `at` introduces a lambda: not an index, an attribute or an array."""
    if text[at:at + 2] == "[[" or text[at - 1:at] == "[":
        return False
    before = text[:at].rstrip()
    if re.search(r"\b(return|co_return|co_await|co_yield)$", before):
        return True
    return not re.search(r"[\w\])>]$", before)


def lambda_at(text, at):
    """(captures, start of the body, end of the body) of the lambda at `at`; None when it is none."""
    if not is_lambda(text, at):
        return None
    closed = matching(text, at)
    i = closed + 1
    while i < len(text) and text[i] != "{":
        if text[i] in ";,)":
            return None
        i = matching(text, i) + 1 if text[i] in "(<[" and text[i] != "<" else i + 1
    if i >= len(text):
        return None
    captures = [part.strip() for part in _split(text[at + 1:closed])]
    return [part for part in captures if part], i, matching(text, i)


def _split(text):
    """The parts of a list, at the commas that stand in no bracket."""
    part, depth = "", 0
    for c in text:
        depth += (c in "([{<") - (c in ")]}>")
        if c == "," and depth == 0:
            yield part
            part = ""
        else:
            part += c
    yield part


def operand_end(text, at):
    """Where the expression that begins at `at` ends: at a ';', ',' or bracket that is not its own."""
    i = at
    while i < len(text):
        if text[i] in "([{":
            i = matching(text, i)
        elif text[i] in ")]};,":
            return i
        i += 1
    return len(text)
