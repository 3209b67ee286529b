"""Writes what the model says in torch, in float32, for a C++ test to compare with.

    golden.py FOLDER FILE

Some of the logits after one request, and poems as greedy decoding writes them, with the smallest
distance between the best and the second logit on the way: a backend that is off by less writes the
same poem.
"""
import json
import sys
from pathlib import Path

import torch

from evaluate import load
from layout import IDS, PROMPT, Tokenizer

WORDS = ["bird", "plane", "superman", "sea", "king"]
MOST = 160  # tokens of a poem


@torch.no_grad()
def greedy(model, prompt):
    ids, margin = list(prompt), float("inf")
    while len(ids) < len(prompt) + MOST:
        best = model(torch.tensor([ids]))[0, -1].topk(2)
        margin = min(margin, (best.values[0] - best.values[1]).item())
        ids.append(best.indices[0].item())
        if ids[-1] == IDS["<|end|>"]:
            break
    return ids[len(prompt):], margin


def poem(model, tokenizer, word):
    tokens, margin = greedy(model, tokenizer.prompt(word))
    return {"request": PROMPT + word, "text": tokenizer.decode(tokens), "tokens": tokens,
            "smallest_margin": round(margin, 4)}


def main():
    folder, file = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    tokenizer, model = Tokenizer(folder / "tokenizer.model"), load(folder)
    prompt = tokenizer.prompt("bird")
    with torch.no_grad():
        logits = model(torch.tensor([prompt]))[0, -1]
    shown = sorted({*logits.topk(8).indices.tolist(), *range(0, len(logits), 97)})
    golden = {
        "request": PROMPT + "bird",
        "prompt": prompt,
        "of_tokens": shown,
        "logits": [round(logits[i].item(), 5) for i in shown],
        "poems": [poem(model, tokenizer, word) for word in WORDS],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    members = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in golden.items())
    file.write_text("{\n" + ",\n".join(members) + "\n}\n", encoding="ascii")
    for one in golden["poems"]:
        print(f"--- {one['request']} ({one['smallest_margin']})\n{one['text']}")


if __name__ == "__main__":
    main()
