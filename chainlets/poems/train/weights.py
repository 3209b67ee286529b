"""Reads and writes bfloat16 tensors in a safetensors file, without the library, which Debian lacks.

The format is in the README of github.com/huggingface/safetensors: 8 bytes of length, a JSON header
of {name: {dtype, shape, data_offsets}}, then the tensors.
"""
import json
import struct
from pathlib import Path

import torch


def write(tensors, file):
    header, data, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in sorted(tensors.items()):
        # torch 1.13 gives numpy no bfloat16; the bits do.
        data.append(tensor.to(torch.bfloat16).contiguous().view(torch.int16).numpy().tobytes())
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape),
                        "data_offsets": [at, at + len(data[-1])]}
        at += len(data[-1])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(file).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


def read(file):
    """{name: tensor}, in float32."""
    content = Path(file).read_bytes()
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    tensors = {}
    for name, entry in json.loads(content[8:begin]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        bits = torch.frombuffer(bytearray(content[begin + first:begin + last]), dtype=torch.int16)
        tensors[name] = bits.view(torch.bfloat16).float().view(entry["shape"])
    return tensors
