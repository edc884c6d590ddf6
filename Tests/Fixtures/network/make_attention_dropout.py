#!/usr/bin/env python3
"""Writes attention_dropout.txt beside this file: the GPT of transformers.txt with dropout on its attention
probabilities, by PyTorch in float64.

Needs torch (2.13.0 made the committed file). The masks are given to PyTorch explicitly. They are drawn here by
a Philox4x32-10 of our own from (seed, step, layer, sample, head, query, key), as CKernels.h says; the layer is
the number of the attention among all layers of the network.
"""
import torch

import make_transformer_fixtures as transformers
from make_fixtures import Fixture

RATE, SEED, STEP, PURPOSE = 0.3, 1, 0, 11
# The attentions of h.0 and h.1 among the layers of the network.
LAYERS = [4, 14]
WORD = 0xFFFFFFFF


def philox(counter, key):
    a, b, c, d = counter
    k, l = key
    for _ in range(10):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = second >> 32 ^ b ^ k, second & WORD, first >> 32 ^ d ^ l, first & WORD
        k, l = k + 0x9E3779B9 & WORD, l + 0xBB67AE85 & WORD
    return a, b, c, d


def mask(layer, sample, heads, length):
    factors = torch.zeros(heads, length, length, dtype=torch.float64)
    for head in range(heads):
        own = philox((sample * heads + head, layer, STEP, PURPOSE), (SEED & WORD, SEED >> 32))
        for query in range(length):
            for key in range(length):
                words = philox((16 * (key // 64) + key % 16, query, own[2], own[3]), own[:2])
                factors[head, query, key] = words[key % 64 // 16] >= int(RATE * 2 ** 32)
    return factors / (1 - RATE)


class DroppedAttention(transformers.Attention):
    layer, sample = None, 0

    def forward(self, x):
        length = x.shape[0]
        q, k, v = (t.view(length, self.heads, self.size).transpose(0, 1) for t in self.c_attn(x).chunk(3, 1))
        scores = q @ k.transpose(1, 2) / self.size ** 0.5
        scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), float("-inf"))
        weights = scores.softmax(-1) * mask(self.layer, self.sample, self.heads, length)
        self.sample += 1
        return self.c_proj((weights @ v).transpose(0, 1).reshape(length, -1))


def main():
    torch.set_num_threads(1)
    torch.manual_seed(20)
    fixture = Fixture("attention_dropout.txt")
    network = transformers.GPT()
    for block, layer in zip(network.h, LAYERS):
        block.attn.__class__ = DroppedAttention
        block.attn.layer = layer
    transformers.network_case(fixture, "dropped", network)
    fixture.write()


if __name__ == "__main__":
    main()
