"""GPT-2's network in PyTorch, with nanoGPT's names of tensors (without its leading `transformer.`).

x₀ = wte[ids] + wpe[positions]; each block adds attn(ln_1(x)) and mlp(ln_2(x)); logits = ln_f(x) · wteᵀ: the
head is the embedding's matrix. Initial weights are nanoGPT's (https://github.com/karpathy/nanoGPT, model.py):
N(0, 0.02²), and 0.02/√(2 · layers) for the two projections that a block adds to x; biases are 0.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

IGNORED = -1


class Attention(nn.Module):
    def __init__(self, width, heads, bias, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.c_attn = nn.Linear(width, 3 * width, bias=bias)
        self.c_proj = nn.Linear(width, width, bias=bias)

    def forward(self, x, past=None):
        """`past` is a list of two tensors, keys and values, to which those of x are appended."""
        samples, length, width = x.shape
        query, key, value = (
            part.view(samples, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.c_attn(x).split(width, dim=2))
        if past is not None:
            past[:] = (
                [key, value] if not past else
                [torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)])
            key, value = past
        y = F.scaled_dot_product_attention(
            query, key, value, is_causal=length > 1, dropout_p=self.dropout if self.training else 0.0)
        y = self.c_proj(y.transpose(1, 2).reshape(samples, length, width))
        return F.dropout(y, self.dropout, self.training)


class MLP(nn.Module):
    def __init__(self, width, bias, dropout, approximate):
        super().__init__()
        self.dropout, self.approximate = dropout, approximate
        self.c_fc = nn.Linear(width, 4 * width, bias=bias)
        self.c_proj = nn.Linear(4 * width, width, bias=bias)

    def forward(self, x):
        x = self.c_proj(F.gelu(self.c_fc(x), approximate=self.approximate))
        return F.dropout(x, self.dropout, self.training)


class Block(nn.Module):
    def __init__(self, width, heads, bias, dropout, approximate):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, bias=bias)
        self.attn = Attention(width, heads, bias, dropout)
        self.ln_2 = nn.LayerNorm(width, bias=bias)
        self.mlp = MLP(width, bias, dropout, approximate)

    def forward(self, x, past=None):
        x = x + self.attn(self.ln_1(x), past)
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """Forward: token ids [samples, length] to logits [samples, length, vocabulary]."""

    def __init__(
            self, vocabulary, context, layers, heads, width, bias=False, dropout=0.0, approximate="none"):
        super().__init__()
        self.dropout = dropout
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(context, width)
        self.h = nn.ModuleList(Block(width, heads, bias, dropout, approximate) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width, bias=bias)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                projection = name.endswith("c_proj.weight")
                nn.init.normal_(parameter, std=0.02 / (2 * layers) ** 0.5 if projection else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def hidden(self, ids, pasts=None):
        """What the head reads: [samples, length, width]. `pasts` has a list for each block."""
        first = pasts[0][0].shape[2] if pasts and pasts[0] else 0
        positions = torch.arange(first, first + ids.shape[1])
        x = F.dropout(self.wte(ids) + self.wpe(positions), self.dropout, self.training)
        for block, past in zip(self.h, pasts or [None] * len(self.h)):
            x = block(x, past)
        return self.ln_f(x)

    def forward(self, ids, pasts=None):
        return F.linear(self.hidden(ids, pasts), self.wte.weight)


def token_loss(logits, labels):
    """The mean cross-entropy over the labels that are not `IGNORED`."""
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


def adamw(network, rate, beta2=0.99, decay=0.1, fused=True):
    """nanoGPT's optimizer: only tensors of two or more dimensions decay."""
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, beta2), fused=fused)


def learning_rate(settings, step, steps):
    """Rises in a straight line over the warm-up, then falls by a cosine to the least rate."""
    most, least, warmup = settings["rate"], settings["least_rate"], settings["warmup"]
    part = max(0, step - warmup) / (steps - warmup)
    return min(1, (step + 1) / warmup) * (least + (most - least) * (1 + math.cos(math.pi * part)) / 2)
