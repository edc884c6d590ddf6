#!/usr/bin/env python3
"""Writes models/ and transformers.txt beside this file: tiny random models of Hugging Face's `transformers`.

Needs torch and transformers (2.13.0 and 5.24 made the committed files); run it again only to change a
fixture. Each folder of models/ is what `save_pretrained` writes: config.json and safetensors.

    gpt2          GPT2LMHeadModel, float32, names with `transformer.`, tied head
    gpt2-hub      the same tensors as the files of GPT-2 in public model hubs have them: names without
                  `transformer.`, buffers `h.N.attn.bias` (the causal mask) among them
    llama         LlamaForCausalLM, float32 in three shards, 2 key/value heads for 4 heads, head not tied
    llama-tied    LlamaForCausalLM like SmolLM: bfloat16, tied head, another base of the rotary angles; its
                  config.json has the fields of transformers before 5, as most files in public hubs do
    qwen2         Qwen2ForCausalLM, bfloat16, tied head, biases of query, key and value

The lines of transformers.txt are those of ../network/make_fixtures.py: MODEL/ids [samples, length] and
MODEL/logits [samples, length, vocabulary], computed in float64 from the stored weights (transformers itself
computes RMS norms and rotary angles in float32).
"""
import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM)
from transformers.utils import logging

HERE = pathlib.Path(__file__).parent
MODELS = HERE / "models"
sys.path.append(str(HERE.parent / "network"))
import make_fixtures as base

LENGTH = 21
SMALL = {
    "vocab_size": 61, "hidden_size": 32, "intermediate_size": 56, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 48,
    "bos_token_id": 0, "eos_token_id": 0}
CASES = {
    "gpt2": (GPT2LMHeadModel, GPT2Config(
        vocab_size=61, n_positions=48, n_embd=24, n_layer=2, n_head=3, bos_token_id=0, eos_token_id=0),
        torch.float32, "1GB"),
    "llama": (LlamaForCausalLM, LlamaConfig(**SMALL, rms_norm_eps=1e-5), torch.float32, "40KB"),
    "llama-tied": (LlamaForCausalLM, LlamaConfig(
        **SMALL, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 100000.0}),
        torch.bfloat16, "1GB"),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(
        **SMALL, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}),
        torch.bfloat16, "1GB"),
}


def randomize(model):
    """Weights large enough that attention is far from uniform; norms' scales around 1, biases not 0."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 2:
                p.normal_(std=1.5 / p.shape[1] ** 0.5)
            else:
                p.normal_(std=0.2).add_(1 if name.endswith("weight") else 0)


def write_model(fixture, name):
    kind, config, dtype, shard = CASES[name]
    torch.manual_seed(29)
    model = kind(config).eval()
    randomize(model)
    model = model.to(dtype)
    model.save_pretrained(MODELS / name, max_shard_size=shard)
    (MODELS / name / "generation_config.json").unlink(missing_ok=True)
    if name == "llama-tied":
        write_older_config(MODELS / name / "config.json")
    model = kind.from_pretrained(MODELS / name, dtype=torch.float64, attn_implementation="eager").eval()
    ids = torch.randint(config.vocab_size, (2, LENGTH))
    with torch.no_grad():
        logits = model(ids).logits
    assert logits.dtype == torch.float64
    fixture.add(f"{name}/ids", ids)
    fixture.add(f"{name}/logits", logits)
    files = sorted(path.name for path in (MODELS / name).iterdir())
    print(f"  {name}: {sum(p.numel() for p in model.parameters())} parameters, "
          f"logits from {logits.min():.2f} to {logits.max():.2f}: {', '.join(files)}")


def write_older_config(path):
    config = json.loads(path.read_text())
    config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
    config["torch_dtype"] = config.pop("dtype")
    del config["head_dim"]
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def write_hub_copy():
    folder = MODELS / "gpt2-hub"
    folder.mkdir()
    shutil.copy(MODELS / "gpt2/config.json", folder)
    tensors = {
        key.removeprefix("transformer."): tensor
        for key, tensor in load_file(MODELS / "gpt2/model.safetensors").items()}
    config = json.loads((folder / "config.json").read_text())
    context = config["n_positions"]
    for block in range(config["n_layer"]):
        tensors[f"h.{block}.attn.bias"] = torch.ones(context, context).tril().view(1, 1, context, context)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def main():
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    shutil.rmtree(MODELS, ignore_errors=True)
    fixture = base.Fixture("transformers.txt")
    fixture.path = HERE / "transformers.txt"
    for name in CASES:
        write_model(fixture, name)
    write_hub_copy()
    fixture.write()


if __name__ == "__main__":
    main()
