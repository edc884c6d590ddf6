"""Measures Gloo's all-reduce: one call after the other, for a second per size.

Rank 0 prints a line of JSON per size: milliseconds per call, the best and the median of runs of 5 ms or more.
torchrun starts it; the arguments are sizes in bytes.
"""
import json
import sys
import time

import torch
import torch.distributed as dist

torch.set_num_threads(1)
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
for text in sys.argv[1:]:
    count = int(text) // 4
    x, times, calls = torch.zeros(count), [], 1
    for _ in range(3):
        dist.all_reduce(x)
    start = time.perf_counter()
    while True:
        begin = time.perf_counter()
        for _ in range(calls):
            dist.all_reduce(x)
        end = time.perf_counter()
        isLong = end - begin >= 0.005
        if isLong:
            times.append((end - begin) / calls)
        word = torch.tensor([int(end - start < 1 or len(times) < 3), calls if isLong else 2 * calls])
        dist.broadcast(word, 0)
        calls = int(word[1])
        if not word[0]:
            break
    times.sort()
    if rank == 0:
        line = {
            "workers": size, "bytes": int(text),
            "ms_best": 1e3 * times[0], "ms_median": 1e3 * times[len(times) // 2]}
        print(json.dumps(line), flush=True)
dist.destroy_process_group()
