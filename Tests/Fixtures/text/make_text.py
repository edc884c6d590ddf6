#!/usr/bin/env python3
"""Writes the fixtures of tokenizers with PyPI's `tokenizers` 0.23.3.

    make_text.py TREC_TRAIN_CSV TINYSHAKESPEARE_TXT_GZ

The tokenizers are trained on the questions of TREC. `strings.bin` has random strings; `NAME.ids` has the ids
of the first of them, a line each; `hashes.txt` has SHA-256 of the ids of all, of what they become as text
again, and of the ids of whole files that are no part of the repository.
"""
import csv
import gzip
import hashlib
import json
import pathlib
import random
import struct
import sys

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers,
                        processors, trainers)

here = pathlib.Path(__file__).resolve().parent
questions = [row[1] for row in csv.reader(open(sys.argv[1], encoding="utf-8"))][1:]
trec = open(sys.argv[1], encoding="utf-8", newline="").read()
shakespeare = gzip.open(sys.argv[2], "rt", encoding="utf-8", newline="").read()
modern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
alphabet = pre_tokenizers.ByteLevel.alphabet()
tokenizers = {}


def trained(text, size, pre, ignore=False, specials=("<|endoftext|>",)):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore))
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(specials), initial_alphabet=alphabet, show_progress=False))
    return tokenizer


def split(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


bytes_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizers["gpt2"] = trained(trec, 400, bytes_level)
tokenizers["llama3"] = trained(trec, 400, split(modern), ignore=True,
                               specials=("<|begin_of_text|>", "<|end_of_text|>"))
tokenizers["llama3"].post_processor = processors.Sequence([
    processors.ByteLevel(trim_offsets=False),
    processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A $B:1",
                                  special_tokens=[("<|begin_of_text|>", 0)])])
tokenizers["qwen2"] = trained(trec, 400, split(modern.replace("{1,3}", "")))
tokenizers["qwen2"].normalizer = normalizers.NFC()
tokenizers["smollm"] = trained(trec, 400, pre_tokenizers.Sequence([
    pre_tokenizers.Digits(individual_digits=True), bytes_level]))
tokenizers["added"] = trained(trec, 400, pre_tokenizers.ByteLevel(add_prefix_space=True))
tokenizers["added"].add_tokens([
    AddedToken("foo bar", lstrip=True, rstrip=True), AddedToken("foo", normalized=False),
    AddedToken("é", normalized=True), AddedToken("▁x", rstrip=True, normalized=False)])


def metaspace(pre, norm, dec, fuse=True, without=()):
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=fuse))
    if norm:
        tokenizer.normalizer = norm
    if pre:
        tokenizer.pre_tokenizer = pre
    tokenizer.decoder = dec
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(questions, trainers.BpeTrainer(
        vocab_size=500, special_tokens=specials, show_progress=False))
    tree = json.loads(tokenizer.to_str())
    tree["added_tokens"] = [token for token in tree["added_tokens"] if token["id"] < 3]
    for name in without:
        tree["model"]["vocab"]["no " + name] = tree["model"]["vocab"].pop(name)
    return Tokenizer.from_str(json.dumps(tree))


def llama2_decoder():
    return decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                              decoders.Strip(" ", 1, 0)])


tokenizers["llama2"] = metaspace(None, normalizers.Sequence([
    normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), llama2_decoder())
tokenizers["metaspace"] = metaspace(pre_tokenizers.Metaspace(prepend_scheme="always"), None,
                                    decoders.Metaspace(prepend_scheme="always"), fuse=False,
                                    without=[f"<0x{byte:02X}>" for byte in range(0xE0, 0xF0)])
tokenizers["metaspace-first"] = metaspace(
    pre_tokenizers.Metaspace(prepend_scheme="first", split=False), None, llama2_decoder())

# Random strings of characters that are likely to be taken wrongly.
random.seed(19)
ranges = [(0x20, 0x7E)] * 6 + [
    (0x9, 0xD), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF), (0xE00, 0xFFF),
    (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE00, 0xFFFF), (0x10000, 0x11FFF), (0x1D100, 0x1F9FF),
    (0x20000, 0x2FFFF),
    (0xE0000, 0xE01FF), (0, 0x1F)]
words = ["'s", "'S", "'ſ", "'re", "'LL", "'ve", "don't", "foo", "foo bar", " ", "  ", "\n", "\r\n", "\t",
         "\u3000", "\x85", " \n ", "<|endoftext|>", "<s>", "</s>", "<unk>", "<|begin_of_text|>", "▁", "▁x", "é",
         "e\u0301", "123", "12345", "½", "the", " and", "King", "<0x41>", "\u1100\u1161\u11a8", "각", "\u212b",
         "a\u0323\u0307", "\U00011935\U00011930", "\u200b", "\ufeff"]


def text():
    parts = []
    used = ranges if random.random() > 0.3 else ranges[:8]
    for _ in range(random.randrange(0, 25)):
        if random.random() < 0.4:
            parts.append(random.choice(words))
        else:
            scalar = random.randint(*random.choice(used))
            parts.append(chr(65 if 0xD800 <= scalar < 0xE000 else scalar) * random.choice([1, 1, 1, 2, 3]))
    return "".join(parts)


def digest(ids):
    return hashlib.sha256(b"".join(id.to_bytes(4, "little") for id in ids)).hexdigest()


strings = [text() for _ in range(600)]
packed = [struct.pack("<I", len(string.encode())) + string.encode() for string in strings]
(here / "strings.bin").write_bytes(b"".join(packed))
hashes = {}
for name, tokenizer in tokenizers.items():
    tokenizer.save(str(here / f"{name}.json"), pretty=False)
    encoded = [tokenizer.encode(string).ids for string in strings]
    (here / f"{name}.ids").write_text("".join(" ".join(map(str, ids)) + "\n" for ids in encoded[:50]))
    decoded = [tokenizer.decode(ids, skip_special_tokens=skip) for ids in encoded for skip in (True, False)]
    hashes[f"{name} ids"] = hashlib.sha256("".join(f"{ids}\n" for ids in encoded).encode()).hexdigest()
    hashes[f"{name} texts"] = hashlib.sha256("\0".join(decoded).encode()).hexdigest()
    hashes[f"{name} shakespeare"] = digest(tokenizer.encode(shakespeare).ids)
    hashes[f"{name} trec"] = digest(tokenizer.encode(trec).ids)

# GPT-2's two files.
tokenizers["gpt2"].model.save(str(here), "gpt2")

# Training: a text with many equally frequent pairs, and pairs that make a token that is there already.
ties = " ".join("".join(random.choice("abc") for _ in range(random.randrange(1, 30))) for _ in range(200))
ties += " " + "a" * 100 + " aa aaa" * 20 + " éé漢漢字" * 5 + "\n"
(here / "ties.txt").write_text(ties)
tokenizers["trained"] = trained(ties, 512, bytes_level)
(here / "trained.json").write_text(tokenizers["trained"].to_str())
for name, whole, size in [("shakespeare", shakespeare, 512), ("trec", trec, 2000)]:
    file = trained(whole, size, bytes_level).to_str()
    hashes["trained " + name] = hashlib.sha256(file.encode()).hexdigest()
(here / "hashes.txt").write_text("".join(f"{name} {value}\n" for name, value in hashes.items()))
