"""Trains the model: OUT/train.txt and OUT/tokenizer.model become OUT/best.pt, one thread.

    train.py OUT [--minutes 40] [--from WEIGHTS]

Muon for the layers' matrices, AdamW for the rest. The rate of learning is a warm-up, then a cosine
that follows the clock: on a slower or busier machine the model learns less, not longer. Every 200
steps the loss on the held-out chapters of dev.txt is measured; the best of these models
is kept. Matrices are multiplied in bfloat16 and kept in float32.
"""
import argparse
import math
import time
from pathlib import Path

import torch
from torch.nn import functional as F

from examples import Examples, plain, stanzas
from layout import IDS, Tokenizer
from model import Model
from muon import Muon

BATCH_TOKENS = 2048
POOL = 24  # batches drawn at a time, to put examples of like length together
MATRIX_RATE = 0.02  # of learning
OTHER_RATE = 3e-3  # of the vocabulary's two matrices, and norms
WARM_UP = 50  # steps
MEASURED = 200  # steps


def padded(examples):
    """ids, what is to be said next, and its weight: [batch, length]."""
    length = max(len(ids) for ids, _ in examples) - 1
    ids = torch.full((len(examples), length + 1), IDS["<|endoftext|>"])
    weights = torch.zeros(len(examples), length)
    for row, (tokens, weight) in enumerate(examples):
        ids[row, :len(tokens)] = torch.tensor(tokens)
        weights[row, :len(weight)] = torch.tensor(weight)
    return ids[:, :-1], ids[:, 1:], weights


def batches_of(examples):
    """Cuts examples into batches of about BATCH_TOKENS."""
    batch = []
    for example in sorted(examples, key=lambda example: len(example[0])):
        if (len(batch) + 1) * len(example[0]) > BATCH_TOKENS and batch:
            yield padded(batch)
            batch = []
        batch.append(example)
    yield padded(batch)


def batches(examples, verse_share):
    while True:
        pool, size = [], 0
        while size < POOL * BATCH_TOKENS:
            pool.append(examples.draw(verse_share()))
            size += len(pool[-1][0])
        pool = list(batches_of(pool))
        examples.randomness.shuffle(pool)
        yield from pool


def loss_of(model, batch, exact=False):
    ids, wanted, weights = batch
    said = weights > 0
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not exact):
        logits = model.lm_head(model.model(ids)[said])
    losses = F.cross_entropy(logits.float(), wanted[said], reduction="none")
    return (losses * weights[said]).sum() / weights.sum()


@torch.no_grad()
def measure(model, parts, exact=False):
    model.eval()
    losses = [(loss_of(model, batch, exact).item(), batch[2].sum().item()) for batch in parts]
    model.train()
    return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)


def optimizers_for(model):
    matrices = [p for p in model.model.layers.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if not any(p is m for m in matrices)]
    optimizers = [Muon(matrices, MATRIX_RATE),
                  torch.optim.AdamW(others, OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0)]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["full_rate"] = group["lr"]
    return optimizers


def rate_at(step, done):
    return min(step / WARM_UP, 0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--minutes", type=float, default=40)
    arguments.add_argument("--dropout", type=float, default=0.05)
    arguments.add_argument("--from", dest="weights", type=Path, help="goes on from a best.pt")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--rate", type=float, default=1, help="times the rates of learning")
    arguments = arguments.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)

    tokenizer = Tokenizer(arguments.out / "tokenizer.model")
    examples = Examples(tokenizer, arguments.out / "train.txt", arguments.seed)
    held_out = stanzas(arguments.out / "dev.txt")
    dev = list(batches_of([plain(tokenizer, lines) for lines in held_out]))
    model = Model(arguments.dropout)
    if arguments.weights:
        model.load_state_dict(torch.load(arguments.weights))
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    optimizers = optimizers_for(model)
    begin, done = time.monotonic(), 0.0
    best, tokens = math.inf, 0
    for step, batch in enumerate(batches(examples, lambda: 0.35 + 0.45 * done), start=1):
        done = min(1.0, (time.monotonic() - begin) / (60 * arguments.minutes))
        loss = loss_of(model, batch)
        model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = arguments.rate * group["full_rate"] * rate_at(step, done)
            optimizer.step()
        tokens += batch[0].numel()
        if step % 50 == 0:
            print(f"{done:.3f} step {step}, {tokens} tokens, loss {loss.item():.3f}", flush=True)
        if step % MEASURED == 0 or done == 1:
            held = measure(model, dev)
            print(f"step {step}, held-out perplexity {math.exp(held):.2f}", flush=True)
            if held < best:
                best = held
                torch.save(model.state_dict(), arguments.out / "best.pt")
        if done == 1:
            break


if __name__ == "__main__":
    main()
