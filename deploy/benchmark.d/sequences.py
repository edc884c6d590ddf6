"""PyTorch's side of what deploy/benchmark measures of sequences, on one machine, in one process.

    sequences.py MODEL SECONDS THREADS [compile] [serve]

    gpt_nano            a training step of nanoGPT's model for CPUs: 4 layers, 4 heads, width 128, context
                        64, vocabulary 65, batch 12; AdamW, the gradient's norm clipped at 1
    gpt2, gpt2_long     a training step of GPT-2 with 124 million random weights: batch 4 of 64 tokens, or 2
                        of 512; AdamW
    lstm, gru, rnn      a training step of one layer 256 wide, 256 inputs, length 128, batch 32; a head of 10
                        classes reads the last output; Adam
    attention:T[:S:H]   scaled_dot_product_attention alone, forward and backward: causal, T positions, head
                        width 64, S samples (4) of H heads (12)
    generate            128 tokens by GPT-2 with a cache, one stream, after a prompt of 32

A step is forward, cross-entropy, backward and update. compile: torch.compile. Prints a line of JSON:
milliseconds per step or call (the best, the lower quartile, the median) and their number, memory in KiB
(`peak_kib` of the process, `peak_without_import_kib` beyond what it holds after `import torch`), and
`tokens_per_second` of the median (positions of all samples). serve: measures once for each line of the
standard input, so that two programs can take turns without starting (or compiling) anew.
"""
import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

sys.path.append(str(pathlib.Path(__file__).parent.parent / "check-accuracy.d"))
from gpt import GPT, adamw, token_loss


def memory_kib(field):
    """VmRSS, what the process holds now, or VmHWM, the most it ever held."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(field))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.layer = kind(256, 256, batch_first=True)
        self.head = nn.Linear(256, 10)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


def recurrent(kind):
    network = Recurrent(kind)
    x, labels = torch.randn(32, 128, 256), torch.randint(10, (32,))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    return training(network, optimizer, lambda model: F.cross_entropy(model(x), labels)), 32 * 128


def language(samples, length, clipped=False, **sizes):
    network = GPT(**sizes)
    ids = torch.randint(sizes["vocabulary"], (samples, length + 1))
    optimizer = adamw(network, 1e-4)
    loss = lambda model: token_loss(model(ids[:, :-1]), ids[:, 1:])
    return training(network, optimizer, loss, clipped), samples * length


def training(network, optimizer, loss, clipped=False):
    model = torch.compile(network) if "compile" in sys.argv[4:] else network

    def step():
        optimizer.zero_grad()
        loss(model).backward()
        if clipped:
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    return step


def attention(length, samples=4, heads=12):
    shape = (samples, heads, length, 64)
    inputs = [torch.randn(shape, requires_grad=True) for _ in range(3)]
    gradient = torch.randn(shape)

    def step():
        for tensor in inputs:
            tensor.grad = None
        F.scaled_dot_product_attention(*inputs, is_causal=True).backward(gradient)

    return step, samples * length


GPT2 = {"vocabulary": 50257, "context": 1024, "layers": 12, "heads": 12, "width": 768, "bias": True,
        "approximate": "tanh"}


def generate(prompt=32, count=128):
    network = GPT(**GPT2).eval()
    ids = torch.randint(GPT2["vocabulary"], (1, prompt))

    @torch.inference_mode()
    def run():
        pasts, read = [[] for _ in network.h], ids
        for _ in range(count):
            logits = F.linear(network.hidden(read, pasts)[:, -1], network.wte.weight)
            read = torch.multinomial(torch.softmax(logits, 1), 1)

    return run, count


MODELS = {
    "gpt_nano": lambda: language(
        12, 64, clipped=True, vocabulary=65, context=64, layers=4, heads=4, width=128),
    "gpt2": lambda: language(4, 64, **GPT2),
    "gpt2_long": lambda: language(2, 512, **GPT2),
    "lstm": lambda: recurrent(nn.LSTM),
    "gru": lambda: recurrent(nn.GRU),
    "rnn": lambda: recurrent(nn.RNN),
    "generate": generate,
}


def measure(step, tokens, seconds):
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    times.sort()
    median, peak = times[len(times) // 2], memory_kib("VmHWM")
    return {
        "ms_best": times[0], "ms_lower_quartile": times[len(times) // 4], "ms_median": median,
        "steps": len(times), "tokens_per_second": 1e3 * tokens / median, "peak_kib": peak,
        "peak_without_import_kib": peak - IMPORTED_KIB}


IMPORTED_KIB = memory_kib("VmRSS")
name, seconds, threads = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)
if name.startswith("attention:"):
    step, tokens = attention(*map(int, name.split(":")[1:]))
else:
    step, tokens = MODELS[name]()
begin = time.perf_counter()
for number in range(3):
    if number == 0 or time.perf_counter() - begin < 2 * seconds:
        step()
for line in sys.stdin if "serve" in sys.argv[4:] else [""]:
    print(json.dumps(measure(step, tokens, seconds)), flush=True)
