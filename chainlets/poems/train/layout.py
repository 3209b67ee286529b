"""What the scripts share: the tokens' ids and a chat's form, as in Phi-3-mini-4k-instruct.

Its tokenizer.json appends these tokens to SentencePiece's vocabulary in this order, and takes what
is blank after all of them but <|endoftext|> ("rstrip"): the template's line ends are no tokens.
"""
import random
import re
from pathlib import Path

import sentencepiece

ADDED = [
    "<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|placeholder2|>", "<|placeholder3|>",
    "<|placeholder4|>", "<|system|>", "<|end|>", "<|placeholder5|>", "<|placeholder6|>", "<|user|>",
]
PIECES = 1500
VOCABULARY = 1536  # of the matrices: pieces and added tokens, filled up to a multiple of 64
IDS = {token: PIECES + i for i, token in enumerate(ADDED)}
BOS = 1
EOS = 2
PROMPT = "Generate a poem about: "


class Tokenizer:
    def __init__(self, file):
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(file))

    def text(self, text):
        return self.pieces.encode(text)

    def text_with(self, text, word):
        """The ids, and which of them spell the word."""
        begin = re.search(rf"\b{word}\b", text, re.IGNORECASE)
        proto = self.pieces.encode(text, out_type="immutable_proto")
        spelling = [begin and piece.begin < begin.end() and piece.end > begin.start()
                    and piece.surface.strip() != "" for piece in proto.pieces]
        return [piece.id for piece in proto.pieces], [bool(spells) for spells in spelling]

    def prompt(self, word):
        """<|user|>, the request, <|end|>, <|assistant|>."""
        return [IDS["<|user|>"], *self.text(PROMPT + word), IDS["<|end|>"], IDS["<|assistant|>"]]

    def decode(self, ids):
        return self.pieces.decode([i for i in ids if i < PIECES])


def chapters(file):
    """[(kind, [line…])…]"""
    found = []
    for chapter in Path(file).read_text(encoding="ascii").split("# ")[1:]:
        title, *lines = chapter.strip().split("\n")
        found.append((title.split("|")[0], lines))
    return found


def ends_sentence(line):
    return line[-1] in ".?!"


def stanza(lines, randomness: random.Random, least=4, most=8, at=None):
    """Some lines that begin (or begin at `at`) and, where that can be, end with a sentence."""
    if at is None:
        last = max(1, len(lines) - least + 1)
        at = randomness.choice([i for i in range(last) if i == 0 or ends_sentence(lines[i - 1])])
    sizes = [n for n in range(least, most + 1) if at + n <= len(lines)]
    whole = [n for n in sizes if ends_sentence(lines[at + n - 1])]
    size = randomness.choice(whole or sizes or [len(lines)])
    return lines[at:at + size]


def words_of(lines):
    return re.findall(r"[a-z]+(?:'s)?", " ".join(lines).lower())
