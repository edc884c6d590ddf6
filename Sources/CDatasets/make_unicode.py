#!/usr/bin/env python3
"""Writes unicode.bin: what tokenizers need to know of Unicode's characters.

The classes are those of PyPI's `tokenizers` (0.23.3: Oniguruma with Unicode 16, Rust's `char::is_numeric` with
Unicode 17, and the crate `unicode-normalization-alignments`), asked for every character, so that texts are split
and normalized as there. All numbers are little-endian:

    u32 n, n × (first scalar << 8 | class): runs of characters of one class
        0 other, 1 letter, 2 number, 3 white space, 4 number for `Digits` but no \\p{N}, 5 mark;
        + 128 if the character may change under NFC, or the characters beside it
    u32 n, n × (first scalar << 8 | canonical combining class): runs
    u32 n, n × (u32 scalar, u32 first, u32 second or 0): canonical decompositions, one step each;
        + 2^31 in `second` if the pair is not composed again. Hangul syllables follow from arithmetic.
"""
import pathlib
import struct
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

scalars = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
nfc = normalizers.NFC().normalize_str


def members(pattern):
    """The characters that a class of Oniguruma matches."""
    splitter = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found = set()
    for start in range(0, 0x110000, 0x1000):
        text = "".join(chr(c) for c in range(start, start + 0x1000) if not 0xD800 <= c < 0xE000)
        for piece, _ in splitter.pre_tokenize_str(text):
            found.update(map(ord, piece))
    return found


def numeric():
    splitter = pre_tokenizers.Digits(individual_digits=True)
    found = set()
    for start in range(0, 0x110000, 0x1000):
        text = "".join(chr(c) + "a" for c in range(start, start + 0x1000) if not 0xD800 <= c < 0xE000)
        found.update(ord(piece) for piece, _ in splitter.pre_tokenize_str(text) if len(piece) == 1)
    return found - {ord("a")}


letters, numbers, spaces, marks = map(members, (r"\p{L}", r"\p{N}", r"\s", r"\p{M}"))
digits = numeric()
assert not letters & numbers and not (letters | numbers) & spaces and numbers <= digits

# The combining classes that the crate knows: a mark that is newer is not reordered.
combining = {}
for c in scalars:
    order = unicodedata.combining(chr(c))
    if order == 0:
        continue
    # Between these marks, of classes 240 and 1, a character moves, unless its class is unknown.
    low, high = chr(0x334), chr(0x345)
    sample = "q" + high + chr(c) + low
    if nfc(sample) == unicodedata.normalize("NFC", sample):
        combining[c] = order

decompositions = []
for c in scalars:
    entry = unicodedata.decomposition(chr(c))
    if not entry or entry.startswith("<"):
        continue
    parts = [int(part, 16) for part in entry.split()]
    if len(parts) == 1:
        if nfc(chr(c)) != chr(c):
            decompositions.append((c, parts[0], 1 << 31))
        continue
    recomposes = unicodedata.normalize("NFC", chr(c)) == chr(c)
    if recomposes and nfc(chr(parts[0]) + chr(parts[1])) != chr(c):
        continue  # newer than the crate
    decompositions.append((c, parts[0], parts[1] | (0 if recomposes else 1 << 31)))

unstable = set(combining) | {c for c in scalars if nfc(chr(c)) != chr(c)}
unstable |= {second for _, _, second in decompositions if second < 1 << 31}
unstable |= set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))


def kind(c):
    value = (1 if c in letters else 2 if c in numbers else 3 if c in spaces else 4 if c in digits
             else 5 if c in marks else 0)
    return value + (128 if c in unstable else 0)


def runs(value):
    found, last = [], None
    for c in range(0x40000):
        now = value(c)
        if now != last:
            found.append(c << 8 | now)
            last = now
    return struct.pack(f"<I{len(found)}I", len(found), *found)


# Beyond these planes are variation selectors and private characters alone.
assert all(kind(c) in (0, 5) for c in scalars if c >= 0x40000)
data = runs(kind) + runs(lambda c: combining.get(c, 0)) + struct.pack("<I", len(decompositions))
data += b"".join(struct.pack("<III", *entry) for entry in decompositions)
path = pathlib.Path(__file__).resolve().parent / "unicode.bin"
path.write_bytes(data)
print(len(data), "bytes,", len(decompositions), "decompositions,", len(combining), "combining")
