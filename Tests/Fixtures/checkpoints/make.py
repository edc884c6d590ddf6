#!/usr/bin/env python3
"""Makes small.safetensors with the reference implementation:

    pip install safetensors numpy; python3 make.py
"""
import os
import numpy as np
from safetensors.numpy import save_file

tensors = {
    "fc.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    "fc.bias": np.array([-1.5, 3e-7], dtype=np.float32),
    "bn.num_batches_tracked": np.array(12345678901, dtype=np.int64),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "flags": np.array([1, 255], dtype=np.uint8),
}
save_file(
    tensors,
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "small.safetensors"),
    metadata={"format": "pt"},
)
