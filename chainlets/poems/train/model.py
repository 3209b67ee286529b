"""Phi-3's decoder in torch, tiny. Parameters have the names and shapes of the published layout.

After Phi3ForCausalLM in transformers' src/transformers/models/phi3/modeling_phi3.py: qkv_proj is
queries, keys, values one below the other; gate_up_proj the gate, then what it gates; rotary turns a
head's two halves; a group of query heads shares one head of keys and values; no bias anywhere.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from layout import BOS, IDS, VOCABULARY

CONFIG = {
    "architectures": ["Phi3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": BOS,
    "embd_pdrop": 0.0,
    "eos_token_id": IDS["<|endoftext|>"],
    "hidden_act": "silu",
    "hidden_size": 192,
    "initializer_range": 0.02,
    "intermediate_size": 384,
    "max_position_embeddings": 512,
    "model_type": "phi3",
    "num_attention_heads": 6,
    "num_hidden_layers": 4,
    "num_key_value_heads": 2,
    "original_max_position_embeddings": 512,
    "pad_token_id": IDS["<|endoftext|>"],
    "resid_pdrop": 0.0,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "sliding_window": 255,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "use_cache": True,
    "vocab_size": VOCABULARY,
}
HIDDEN = CONFIG["hidden_size"]
HEADS = CONFIG["num_attention_heads"]
KV_HEADS = CONFIG["num_key_value_heads"]
SIZE = HIDDEN // HEADS  # of a head
MIDDLE = CONFIG["intermediate_size"]


class RmsNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(HIDDEN))

    def forward(self, x):
        mean = x.pow(2).mean(-1, keepdim=True)
        return x * torch.rsqrt(mean + CONFIG["rms_norm_eps"]) * self.weight


def rotary(length):
    steps = torch.arange(0, SIZE, 2, dtype=torch.float32) / SIZE
    angles = torch.arange(length, dtype=torch.float32)[:, None] * CONFIG["rope_theta"] ** -steps
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def turned(x, turn):
    first, second = x.chunk(2, dim=-1)
    return x * turn[0] + torch.cat((-second, first), dim=-1) * turn[1]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv_proj = nn.Linear(HIDDEN, (HEADS + 2 * KV_HEADS) * SIZE, bias=False)
        self.o_proj = nn.Linear(HEADS * SIZE, HIDDEN, bias=False)

    def forward(self, x, turn, mask):
        batch, length, _ = x.shape
        qkv = self.qkv_proj(x).float().view(batch, length, -1, SIZE).transpose(1, 2)
        q, k, v = qkv.split((HEADS, KV_HEADS, KV_HEADS), dim=1)
        q, k = turned(q, turn), turned(k, turn)
        # Heads that share keys lie beside each other: fold them into the rows.
        q = q.reshape(batch, KV_HEADS, HEADS // KV_HEADS * length, SIZE)
        scores = (q @ k.transpose(2, 3)).view(batch, HEADS, length, length) / math.sqrt(SIZE)
        weights = (scores + mask).softmax(-1).view(batch, KV_HEADS, -1, length)
        heads = (weights @ v).view(batch, HEADS, length, SIZE)
        return self.o_proj(heads.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate_up_proj = nn.Linear(HIDDEN, 2 * MIDDLE, bias=False)
        self.down_proj = nn.Linear(MIDDLE, HIDDEN, bias=False)

    def forward(self, x):
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(up * F.silu(gate))


class Layer(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.self_attn = Attention()
        self.mlp = Mlp()
        self.input_layernorm = RmsNorm()
        self.post_attention_layernorm = RmsNorm()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, turn, mask):
        x = x + self.dropout(self.self_attn(self.input_layernorm(x), turn, mask))
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x)))


class Decoder(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.embed_tokens = nn.Embedding(VOCABULARY, HIDDEN)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(CONFIG["num_hidden_layers"]))
        self.norm = RmsNorm()
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids):
        length = ids.shape[1]
        ahead = torch.arange(length)[None, :] - torch.arange(length)[:, None]
        unseen = (ahead > 0) | (ahead <= -CONFIG["sliding_window"])
        mask = torch.zeros(length, length).masked_fill(unseen, -1e9)
        turn = rotary(length)
        x = self.dropout(self.embed_tokens(ids))
        for layer in self.layers:
            x = layer(x, turn, mask)
        return self.norm(x)


class Model(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.model = Decoder(dropout)
        self.lm_head = nn.Linear(HIDDEN, VOCABULARY, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                into_residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                depth = 2 * CONFIG["num_hidden_layers"] if into_residual else 1
                nn.init.normal_(weight, std=CONFIG["initializer_range"] / math.sqrt(depth))

    def forward(self, ids):
        """ids: [batch, length]; logits: [batch, length, vocabulary]."""
        return self.lm_head(self.model(ids)).float()
