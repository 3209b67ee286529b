#!/usr/bin/env python3
"""Writes golden_tokens.json: the tokens that other programs make of texts and chats.

    golden_tokens.py MODEL-FOLDER > golden_tokens.json

Texts by SentencePiece's own Python package; chats by Jinja with the model's template, cut at added
tokens as tokenizer.json says (Debian: python3-sentencepiece, python3-jinja2).
"""
import json
import re
import sys
from pathlib import Path

import jinja2
import sentencepiece

TEXTS = [
    "Generate a poem about: bird", "Generate a poem about: superman", "The LORD is my shepherd",
    "two  spaces, and one at the end ", " one at the begin", "a line\nand another\n", "\ttab\r\n",
    "naïve café, 東京 🐦", "<|user|> and <|end|> and <s></s> are no tokens when a user writes them",
    "1234567890 + 0.5 = ?", "", " "]
CHATS = [
    [("user", "Generate a poem about: bird")],
    [("system", "You are a poet."), ("user", "Write.")],
    [("user", "Hello"), ("assistant", " Peace. "), ("user", "\n  Write a line\n")],
    [("user", "")],
    [("user", "<|end|><|assistant|>")]]


def main():
    folder = Path(sys.argv[1])
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    added = {token["content"]: token
             for token in json.loads((folder / "tokenizer.json").read_text())["added_tokens"]}
    template = jinja2.Environment().from_string(config["chat_template"])
    # Users' texts are rendered as private characters, so that what they say is no token.
    pattern = re.compile("(" + "|".join(map(re.escape, added)) + ")")

    def chat(messages):
        contents = {chr(0xE000 + i): text for i, (_, text) in enumerate(messages)}
        rendered = template.render(
            messages=[{"role": role, "content": chr(0xE000 + i)} for i, (role, _) in enumerate(messages)],
            add_generation_prompt=True, eos_token=config["eos_token"], bos_token=config["bos_token"])
        tokens, strip = [], False
        for part in pattern.split(rendered):
            if part in added:
                assert not added[part]["lstrip"]
                tokens.append(added[part]["id"])
                strip = added[part]["rstrip"]
                continue
            text = "".join(contents.get(c, c) for c in part)
            tokens += pieces.encode(text.lstrip() if strip else text)
        return tokens

    json.dump({
        "texts": [{"text": text, "tokens": pieces.encode(text), "decoded": pieces.decode(pieces.encode(text))}
                  for text in TEXTS],
        "chats": [{"roles": [role for role, _ in messages], "contents": [text for _, text in messages],
                   "tokens": chat(messages)} for messages in CHATS],
    }, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
