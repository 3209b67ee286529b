"""Compares the model's perplexity with a trigram model's on chapters that neither has seen.

    evaluate.py OUT FOLDER

Both say how likely each token of the same stanzas is, <s> given, the end included. The trigram
model is two, of all the training text and of its verse, mixed as dev.txt likes best. Fails when the
trigram model is the better one.
"""
import math
import sys
from pathlib import Path

import torch

import weights
from examples import plain, stanzas
from layout import Tokenizer
from model import Model
from train import batches_of, measure
from trigram import Mixed, Trigram, ngrams


def load(folder):
    model = Model()
    model.load_state_dict(weights.read(Path(folder) / "model.safetensors"))
    return model.eval()


def main():
    out, folder = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    tokenizer = Tokenizer(folder / "tokenizer.model")

    def part(name, **kinds):
        return [plain(tokenizer, lines) for lines in stanzas(out / f"{name}.txt", **kinds)]

    def ids(examples):
        return [ids for ids, _ in examples]

    trigram = Mixed(Trigram(ids(part("train", kinds=["verse"]))), Trigram(ids(part("train"))),
                    ids(part("dev")))
    test = part("test")
    losses = [-math.log(trigram.probability(n)) for stanza in ids(test) for n in ngrams(stanza)]
    by_trigram = math.exp(sum(losses) / len(losses))
    batches = list(batches_of(test))
    by_model = math.exp(measure(load(folder), batches, exact=True))
    print(f"{len(losses)} tokens: perplexity {by_model:.2f}, of trigrams {by_trigram:.2f} "
          f"(weight of verse {trigram.weight:.2f})")
    sys.exit(by_model >= by_trigram)


if __name__ == "__main__":
    main()
