#!/usr/bin/env python3
"""Writes templates.txt: what PyPI's tokenizers 0.23 adds to texts with add_special_tokens=True.

Each line has, between tabs: the fixture with the tokenizer, the post-processor that it gets, a text (JSON), the
ids without and with special tokens. Needs make_text.py's fixtures.
"""
import json
import pathlib

from tokenizers import Tokenizer

here = pathlib.Path(__file__).resolve().parent
byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}


def template(tokenizer, pieces):
    single = [{"Sequence": {"id": "A", "type_id": 0}} if piece == "$A" else
              {"SpecialToken": {"id": piece, "type_id": 0}} for piece in pieces.split()]
    names = sorted(set(pieces.split()) - {"$A"})
    return {"type": "TemplateProcessing", "single": single,
            "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {name: {"id": name, "ids": [tokenizer.token_to_id(name)], "tokens": [name]}
                               for name in names}}


lines = []
for base, kinds in {
    "gpt2": ["bytes", "$A <|endoftext|>", "<|endoftext|> $A <|endoftext|>", "both"],
    "qwen2": ["bytes", "$A <|endoftext|>"],
    "llama2": ["<s> $A", "<s> $A </s>", "<s> <s> $A </s> </s>"],
    "metaspace": ["<s> $A </s>"],
}.items():
    text = (here / f"{base}.json").read_text()
    assert '"post_processor":null' in text
    plain = Tokenizer.from_str(text)
    for kind in kinds:
        processor = byte_level if kind == "bytes" else {
            "type": "Sequence", "processors": [
                byte_level, template(plain, "$A <|endoftext|>"), template(plain, "<|endoftext|> $A")],
        } if kind == "both" else template(plain, kind)
        part = json.dumps(processor)
        tokenizer = Tokenizer.from_str(text.replace('"post_processor":null', f'"post_processor":{part}'))
        for sample in ["What is an atom ?", "", "two\nlines \u00e9", " <s>x<|endoftext|>"]:
            ids = [" ".join(map(str, tokenizer.encode(sample, add_special_tokens=add).ids))
                   for add in (False, True)]
            lines.append("\t".join([base, part, json.dumps(sample), *ids]))
(here / "templates.txt").write_text("\n".join(lines) + "\n")
