"""Writes the model's folder in the layout of Phi-3-mini-4k-instruct.

    export.py OUT FOLDER

tokenizer.json says the same as tokenizer.model, for readers that know only that.
"""
import json
import shutil
import sys
from pathlib import Path

import sentencepiece
import torch

import weights
from layout import ADDED, IDS, PIECES
from model import CONFIG

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}"
    "{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}"
    "{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}")


def added_tokens():
    """(id, token) of SentencePiece's control tokens and the appended ones, as in tokenizer.json."""
    for i, token in [*enumerate(("<unk>", "<s>", "</s>")), *((IDS[t], t) for t in ADDED)]:
        kept_blanks = token in ("<unk>", "<s>", "<|endoftext|>")
        yield i, {"content": token, "single_word": False, "lstrip": False,
                  "rstrip": not kept_blanks, "normalized": False, "special": token != "</s>"}


def merges(pieces):
    """BPE's merges, first ones first: a piece's rank is its id."""
    ids = {pieces.id_to_piece(i): i for i in range(PIECES)}
    found = []
    for piece, i in ids.items():
        if pieces.is_control(i) or pieces.is_unknown(i) or pieces.is_byte(i):
            continue
        halves = ((piece[:n], piece[n:]) for n in range(1, len(piece)))
        known = [(ids[a], ids[b], f"{a} {b}") for a, b in halves if a in ids and b in ids]
        found += [(-pieces.get_score(i), *pair) for pair in known]
    return [pair for _, _, _, pair in sorted(found)]


def tokenizer_json(pieces):
    def sequence(name, type_id):
        return {"Sequence": {"id": name, "type_id": type_id}}

    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, **token} for i, token in added_tokens()],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "pre_tokenizer": None,
        "post_processor": {"type": "TemplateProcessing", "single": [sequence("A", 0)],
                           "pair": [sequence("A", 0), sequence("B", 1)], "special_tokens": {}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>",
                  "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
                  "byte_fallback": True, "ignore_merges": False,
                  "vocab": {pieces.id_to_piece(i): i for i in range(PIECES)},
                  "merges": merges(pieces)},
    }


def tokenizer_config():
    return {
        "add_bos_token": False, "add_eos_token": False,
        "added_tokens_decoder": {str(i): token for i, token in added_tokens()},
        "bos_token": "<s>", "chat_template": CHAT_TEMPLATE, "clean_up_tokenization_spaces": False,
        "eos_token": "<|endoftext|>", "legacy": False,
        "model_max_length": CONFIG["max_position_embeddings"], "pad_token": "<|endoftext|>",
        "padding_side": "left", "sp_model_kwargs": {}, "tokenizer_class": "LlamaTokenizer",
        "unk_token": "<unk>", "use_default_system_prompt": False,
    }


def special_tokens_map():
    def entry(token):
        return {"content": token, "lstrip": False, "normalized": False, "rstrip": False,
                "single_word": False}

    return {"bos_token": entry("<s>"), "eos_token": entry("<|endoftext|>"),
            "pad_token": entry("<|endoftext|>"), "unk_token": entry("<unk>")}


def main():
    out, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(out / "tokenizer.model", folder / "tokenizer.model")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(out / "tokenizer.model"))
    generation = {
        "_from_model_config": True, "bos_token_id": CONFIG["bos_token_id"],
        "eos_token_id": [IDS["<|endoftext|>"], IDS["<|assistant|>"], IDS["<|end|>"]],
        "pad_token_id": CONFIG["pad_token_id"]}
    for name, value in {
            "config.json": CONFIG, "generation_config.json": generation, "added_tokens.json": IDS,
            "tokenizer.json": tokenizer_json(pieces), "tokenizer_config.json": tokenizer_config(),
            "special_tokens_map.json": special_tokens_map()}.items():
        short = name == "tokenizer.json"
        text = json.dumps(value, ensure_ascii=False, indent=None if short else 2)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    weights.write(torch.load(out / "best.pt"), folder / "model.safetensors")


if __name__ == "__main__":
    main()
