"""Trains OUT/tokenizer.model on OUT/train.txt: SentencePiece BPE like Llama's, so like Phi-3's.

<unk> is 0, <s> 1, </s> 2, then 256 bytes for what has no piece (a line end is <0x0A>). Nothing is
normalized, a space is put before the first word only. While it learns, that space is written out
in the text instead, so that it also learns the words with which a later line of a poem begins.
"""
import sys
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from layout import PIECES, PROMPT, chapters


def sentences(file):
    for kind, lines in chapters(file):
        for i, line in enumerate(lines):
            for _ in range(3 if kind == "verse" else 1):
                yield line if i % 6 else " " + line
    for _ in range(1000):  # so that the request is few tokens
        yield " " + PROMPT.strip()


def main():
    out = Path(sys.argv[1])
    model = out / "tokenizer.model"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=sentences(out / "train.txt"), model_prefix=str(out / "tokenizer"),
        model_type="bpe", vocab_size=PIECES, byte_fallback=True, split_digits=True,
        character_coverage=1.0, normalization_rule_name="identity", add_dummy_prefix=False,
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, num_threads=1, minloglevel=1)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.read_bytes())
    proto.normalizer_spec.add_dummy_prefix = True
    proto.trainer_spec.model_prefix = "tokenizer"
    model.write_bytes(proto.SerializeToString())
    (out / "tokenizer.vocab").unlink()


if __name__ == "__main__":
    main()
