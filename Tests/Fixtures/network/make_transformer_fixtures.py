#!/usr/bin/env python3
"""Writes transformers.txt beside this file: small transformers by PyTorch, over samples of unequal lengths.

Needs torch (2.13.0 made the committed file); run it again only to change a fixture. The format is that of
layers.txt (make_fixtures.py). Each sample is computed by itself, without padding. A label of -1 is not
counted; losses and gradients are means over the positions that count.

`gpt` and `llama`: float64 arithmetic on float32 numbers: logits, loss and gradients of one batch.
`sgd` and `adam`: 20 updates of a small GPT in float64. `adam/bound/TENSOR` is the largest distance from there
of three float32 trainings: as it is, samples in another order, and parameters changed by 6e-8. It leaves out
the keys' part of `c_attn.bias`.
"""
import torch
from torch import nn
from torch.nn import functional as F

from make_fixtures import Fixture

VOCABULARY, LENGTHS = 11, [5, 1, 9, 7, 3]


class Attention(nn.Module):
    def __init__(self, width, heads, kv_heads, bias, rotary=None, causal=True):
        super().__init__()
        self.heads, self.kv_heads, self.rotary, self.causal = heads, kv_heads, rotary, causal
        self.size = width // heads
        self.c_attn = nn.Linear(width, (heads + 2 * kv_heads) * self.size, bias=bias)
        self.c_proj = nn.Linear(width, width, bias=bias)

    def turn(self, x):
        if self.rotary is None:
            return x
        half = self.rotary // 2
        frequencies = 10000.0 ** (-torch.arange(half, dtype=torch.float64) * 2 / self.rotary)
        angles = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * frequencies
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        a, b, rest = x[..., :half], x[..., half:2 * half], x[..., 2 * half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], -1)

    def forward(self, x):
        length, size = x.shape[0], self.size
        q, k, v = self.c_attn(x).split([self.heads * size, self.kv_heads * size, self.kv_heads * size], 1)
        q = self.turn(q.view(length, -1, size).transpose(0, 1))
        k = self.turn(k.view(length, -1, size).transpose(0, 1))
        v = v.view(length, -1, size).transpose(0, 1)
        repeat = self.heads // self.kv_heads
        k, v = k.repeat_interleave(repeat, 0), v.repeat_interleave(repeat, 0)
        scores = q @ k.transpose(1, 2) / size ** 0.5
        if self.causal:
            scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), float("-inf"))
        return self.c_proj((scores.softmax(-1) @ v).transpose(0, 1).reshape(length, -1))


class GPTBlock(nn.Module):
    def __init__(self, width, heads, bias):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads, heads, bias)
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(width, 4 * width, bias=bias),
             "c_proj": nn.Linear(4 * width, width, bias=bias)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp.c_proj(F.gelu(self.mlp.c_fc(self.ln_2(x))))


class GPT(nn.Module):
    """nanoGPT's network; the head has the table of the embedding."""

    def __init__(self, width=12, heads=3, layers=2, context=9, bias=True):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(VOCABULARY, width), nn.Embedding(context, width)
        self.h = nn.ModuleList(GPTBlock(width, heads, bias) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe.weight[:len(tokens)]
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)


class LlamaBlock(nn.Module):
    def __init__(self, width, heads, kv_heads, hidden):
        super().__init__()
        self.ln_1, self.ln_2 = nn.RMSNorm(width, eps=1e-5), nn.RMSNorm(width, eps=1e-5)
        self.attn = Attention(width, heads, kv_heads, False, rotary=4, causal=False)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        a, b = self.gate_up(self.ln_2(x)).chunk(2, -1)
        return x + self.down(F.silu(a) * b)


class Llama(nn.Module):
    """Llama's network with grouped queries, but each position sees all others."""

    def __init__(self, width=24, heads=4, kv_heads=2, hidden=10):
        super().__init__()
        self.wte = nn.Embedding(VOCABULARY, width)
        self.h = nn.ModuleList([LlamaBlock(width, heads, kv_heads, hidden)])
        self.ln_f = nn.RMSNorm(width, eps=1e-5)
        self.lm_head = nn.Linear(width, VOCABULARY, bias=False)

    def forward(self, tokens):
        x = self.wte(tokens)
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


def randomize(network):
    with torch.no_grad():
        for name, p in network.named_parameters():
            if "ln_" in name and "weight" in name:
                p.copy_(1 + torch.randn(p.shape) * 0.2)
            elif p.dim() == 2:
                p.copy_(torch.randn(p.shape) * (0.7 / p.shape[1]) ** 0.5)
            else:
                p.copy_(torch.randn(p.shape) * 0.1)


def batch(lengths):
    tokens = [torch.randint(VOCABULARY, (n,)) for n in lengths]
    labels = [torch.randint(VOCABULARY, (n,)) for n in lengths]
    labels[2][:4] = -1
    return tokens, labels


def loss_of(network, tokens, labels):
    logits = torch.cat([network(t) for t in tokens])
    return logits, F.cross_entropy(logits, torch.cat(labels), ignore_index=-1)


def add_batch(fixture, name, tokens, labels):
    fixture.add(f"{name}/tokens", torch.cat(tokens))
    fixture.add(f"{name}/labels", torch.cat(labels))


def network_case(fixture, name, network):
    randomize(network)
    network = network.double()
    tokens, labels = batch(LENGTHS)
    for key, p in network.named_parameters():
        fixture.add(f"{name}/{key}", p)
    add_batch(fixture, name, tokens, labels)
    logits, loss = loss_of(network, tokens, labels)
    loss.backward()
    fixture.add(f"{name}/logits", logits)
    fixture.add(f"{name}/loss", loss)
    for key, p in network.named_parameters():
        fixture.add(f"{name}/gradient/{key}", p.grad)


def train(state, batches, optimizer, dtype, permutes=False, perturbs=False):
    network = GPT(layers=1).to(dtype)
    network.load_state_dict({key: value.to(dtype) for key, value in state.items()})
    if perturbs:
        with torch.no_grad():
            for p in network.parameters():
                p.mul_(1 + 6e-8 * torch.randn(p.shape).sign())
    rule = optimizer(network.parameters())
    losses = []
    for tokens, labels in batches:
        if permutes:
            tokens, labels = tokens[::-1], labels[::-1]
        rule.zero_grad()
        loss = loss_of(network, tokens, labels)[1]
        loss.backward()
        rule.step()
        losses.append(loss.item())
    return losses, {key: p.detach().double() for key, p in network.named_parameters()}


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "adam": lambda p: torch.optim.Adam(p, lr=0.002, betas=(0.9, 0.99), eps=1e-8),
}


def without_keys(key, tensor):
    """A key's bias adds the same number to all scores of a query, and the softmax does not see it. Its true
    gradient is 0, so that Adam moves it by rounding errors alone."""
    if not key.endswith("c_attn.bias"):
        return tensor
    query, _, value = tensor.chunk(3)
    return torch.cat([query, value])


def optimizer_case(fixture, name):
    network = GPT(layers=1)
    randomize(network)
    state = network.state_dict()
    batches = [batch(LENGTHS) for _ in range(20)]
    for key, value in state.items():
        fixture.add(f"{name}/{key}", value)
    add_batch(fixture, name, [t for b in batches for t in b[0]], [t for b in batches for t in b[1]])
    losses, trained = train(state, batches, OPTIMIZERS[name], torch.float64)
    fixture.add(f"{name}/losses", losses)
    others = [train(state, batches, OPTIMIZERS[name], torch.float32, *how)[1]
              for how in [(), (True,), (False, True)]]
    for key, value in trained.items():
        fixture.add(f"{name}/trained/{key}", value)
        bound = max(without_keys(key, other[key] - value).abs().max().item() for other in others)
        fixture.add(f"{name}/bound/{key}", [bound])


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(19)
    fixture = Fixture("transformers.txt")
    network_case(fixture, "gpt", GPT())
    network_case(fixture, "llama", Llama())
    optimizer_case(fixture, "sgd")
    optimizer_case(fixture, "adam")
    fixture.write()


if __name__ == "__main__":
    main()
