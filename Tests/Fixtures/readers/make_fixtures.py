#!/usr/bin/env python3
"""Writes the fixtures of the data readers: tables, NPY files, PNG and JPEG images, and their expected values.

    python3 make_fixtures.py        (numpy and torch are needed)

Expected values are raw little-endian arrays (.f32, .u8) beside each file. The PNG and JPEG encoders are this
script's own, so that libpng and libjpeg are compared with something independent.
"""

import pathlib
import pickle
import struct
import zlib

import numpy
import torch

HERE = pathlib.Path(__file__).parent
random = numpy.random.default_rng(20240607)


def write(name, data):
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


# ---------------------------------------------------------------- tables

def make_table():
    """Makes a table of six columns: id (ignored), age (missing cells), income (exponents),
    city (quotes, missing cells), zip (categories that are numbers), label."""
    cities = ["Bern", "Köln, Süd", 'Old "Town"', "two\nlines", " padded "]
    rows = []
    for i in range(40):
        rows.append({
            "id": i, "age": None if i % 7 == 3 else int(random.integers(18, 90)),
            "income": float(numpy.float32(random.normal() * 10.0 ** int(random.integers(-3, 9)))),
            "city": None if i % 11 == 5 else cities[int(random.integers(0, 5))],
            "zip": ["01234", "1234", "99999"][int(random.integers(0, 3))],
            "label": ["no", "yes", "Maybe"][i % 3],
        })

    def quoted(text):
        return '"' + text.replace('"', '""') + '"'

    lines = ["id,age,\"income\",city,zip,label"]
    for i, row in enumerate(rows):
        age = ["", "NA", " ? "][i % 3] if row["age"] is None else str(row["age"])
        city = (
            ["", '""', "NA"][i % 3]
            if row["city"] is None
            else quoted(row["city"]) if i % 2 or not row["city"].isalpha() else row["city"]
        )
        lines.append(f"{row['id']},{age} , {row['income']!r},{city},{row['zip']},{row['label']}")
    text = "\ufeff" + "\r\n".join(lines) + "\r\n\r\n"
    write("table.csv", text.encode())

    names = sorted({row["city"] for row in rows if row["city"] is not None}, key=lambda name: name.encode())
    zips = sorted({row["zip"] for row in rows})
    counts = [sum(row["city"] == name for row in rows) for name in names]
    most = int(numpy.argmax(counts))  # of equally frequent ones the first
    mean = numpy.float32(
        numpy.mean([row["age"] for row in rows if row["age"] is not None], dtype=numpy.float64)
    )
    classes = sorted({row["label"] for row in rows}, key=lambda name: name.encode())

    def encode(row):
        city = most if row["city"] is None else names.index(row["city"])
        return (
            [mean if row["age"] is None else row["age"], row["income"]]
            + [float(k == city) for k in range(len(names))]
            + [float(row["zip"] == name) for name in zips]
        )

    for name, kept in [
        ("mean", rows),
        ("drop", [row for row in rows if row["age"] is not None and row["city"] is not None]),
    ]:
        write(f"table-{name}.f32", numpy.array([encode(row) for row in kept], "<f4").tobytes())
        write(f"table-{name}.u8", bytes(classes.index(row["label"]) for row in kept))


def make_numbers():
    """Decimal spellings and the doubles that Python reads in them."""
    texts = [
        "0", "-0", "1", "+2.50", ".5", "7.", "1e5", "1E-7", "123456789012345678", "9007199254740993",
        "0.1", "2.2250738585072011e-308", "4.9e-324", "1.7976931348623157e308",
        "179769313486231580793e289", "8.5e22", "1e23", "3.14159265358979323846264338327950288",
        "0.000000000000000000000000000000000000001", "99999999999999999999999", "6.02214076e+23",
    ]
    for _ in range(300):
        digits = "".join(random.choice(list("0123456789"), int(random.integers(1, 25))))
        point = int(random.integers(0, len(digits) + 1))
        texts.append(f"{digits[:point]}.{digits[point:]}e{int(random.integers(-60, 60))}")
    write(
        "numbers.txt", "".join(f"{text} {struct.pack('>d', float(text)).hex()}\n" for text in texts).encode()
    )


# ---------------------------------------------------------------- NPY

def make_npy():
    (HERE / "npy").mkdir(exist_ok=True)
    base = numpy.arange(4 * 2 * 3 * 2).reshape(4, 2, 3, 2) * 5
    for name in ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
        values = (
            base % 2
            if name == "b1"
            else base - 120 if name[0] == "i" else base / 8 - 7 if name[0] == "f" else base
        )
        for order in "<>" if name[1] != "1" else "|":
            array = values.astype(order.replace("|", "") + name)
            layout = "F" if order == ">" or name == "u1" else "C"
            numpy.save(
                HERE / "npy" / f"{name}-{'big' if order == '>' else 'little'}.npy",
                numpy.asarray(array, order=layout),
            )
        write(f"npy/{name}.f32", values.astype(name).astype("<f4").tobytes())
    numpy.save(HERE / "npy" / "labels.npy", numpy.array([2, 0, 1, 2]))
    numpy.save(HERE / "npy" / "values.npy", numpy.array([[0.5, -1], [2, 3], [1e-3, 4], [0, 0]], "<f8"))
    with open(HERE / "npy" / "version2.npy", "wb") as file:
        numpy.lib.format.write_array(file, numpy.arange(8.0).reshape(4, 2), version=(2, 0))
    numpy.save(HERE / "npy" / "objects.npy", numpy.array([1, "two", None], dtype=object), allow_pickle=True)
    numpy.save(HERE / "npy" / "records.npy", numpy.zeros(3, dtype=[("a", "f4"), ("b", "i4")]))
    numpy.save(HERE / "npy" / "text.npy", numpy.array(["a", "bc"]))


def make_other_arrays():
    """Targets of four samples, and arrays that are not of numbers."""
    def save(name, values, *more, **options):
        numpy.save(HERE / "npy" / f"{name}.npy", numpy.array(values, *more), **options)

    words = ["ünï猫", "cat", "bird", "ünï猫"]
    save("words", words)
    save("words-big", words, ">U7")
    save("words-bytes", ["dog", "cat", "bird", "dog"], "S6")
    save("empty-word", ["a", "", "b", "a"])
    one_hot = numpy.eye(3)[[2, 0, 1, 2]]
    save("one-hot", one_hot)
    save("one-hot-int", one_hot, "i8")
    save("one-hot-bool", one_hot, bool)
    save("float-labels", [1.0, 0.0, 0.0, 1.0])
    save("float-classes", [1.0, 0.5, 0.0, 1.0])
    save("bool-labels", [True, False, False, True])
    save("labels-from-1", [1, 2, 3, 1], "i4")
    save("gaps", [0, 5, 0, 5], "i2")
    save("signed", [-1, 1, 1, -1])
    save("column", [[2], [0], [1], [2]])
    save("row", [[2, 0, 1, 2]])
    save("planes", numpy.zeros((2, 3, 8, 6)), "u1")
    save("pixels", numpy.zeros((2, 8, 6, 3)), "u1")
    save("complex", [1 + 2j, 0])
    save("dates", ["2026-01-01", "2026-01-02"], "M8[D]")
    save("long-floats", [1, 2], "longdouble")
    save("bytes", [b"ab", b"cd"], "V2")
    save("dictionary", {"x": 1}, allow_pickle=True)
    save("scalar", 1.5)
    numpy.savez(HERE / "npy" / "archive", x=numpy.zeros(2))
    (HERE / "npy" / "archive.npz").rename(HERE / "npy" / "archive.npy")
    write("npy/pickle.npy", pickle.dumps([1, 2]))
    write("npy/pointer.npy", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    write("npy/page.npy", b"<!DOCTYPE html>\n<html></html>\n")
    write("npy/hdf5.npy", b"\x89HDF\r\n\x1a\n")


# ---------------------------------------------------------------- PNG

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def filtered(rows, distance):
    """Rows of bytes, each with another of PNG's five filters."""
    output, above = b"", bytes(len(rows[0])) if rows else b""
    for y, row in enumerate(rows):
        kind = y % 5
        line = bytearray()
        for x, value in enumerate(row):
            left = row[x - distance] if x >= distance else 0
            corner = above[x - distance] if x >= distance else 0
            p = left + above[x] - corner
            near = min(
                [(abs(p - left), 0, left), (abs(p - above[x]), 1, above[x]), (abs(p - corner), 2, corner)]
            )[2]
            line.append((value - [0, left, above[x], (left + above[x]) // 2, near][kind]) % 256)
        output += bytes([kind]) + bytes(line)
        above = row
    return output


def packed(samples, depth):
    """Rows `[height, width · channels]` of samples as PNG's bytes."""
    rows = []
    for row in samples:
        bits = "".join(format(int(value), f"0{depth}b") for value in row)
        bits += "0" * (-len(bits) % 8)
        rows.append(bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)))
    return rows


def png(samples, depth, color, extra=b"", interlaced=False):
    """samples: `[height, width, channels]`"""
    height, width, channels = samples.shape
    distance = max(1, depth * channels // 8)
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [
            (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
        ]
    data = b""
    for x, y, dx, dy in passes:
        part = samples[y::dy, x::dx]
        if part.size:
            data += filtered(packed(part.reshape(part.shape[0], -1), depth), distance)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def on_white(colors, alpha):
    """Colours `[height, width, channels]` on white, as bytes."""
    shown = (colors * alpha[..., None] + 255.0 * (255 - alpha[..., None])) / 255
    return numpy.rint(shown).astype("u1").tobytes()


def make_png():
    for depth in [1, 2, 4, 8, 16]:
        grey = random.integers(0, 2 ** depth, (7, 11, 1))
        write(f"images/grey{depth}.png", png(grey, depth, 0))
        write(f"images/grey{depth}.u8", numpy.floor(grey * 255 / (2**depth - 1) + 0.5).astype("u1").tobytes())
    for depth in [8, 16]:
        rgb = random.integers(0, 2 ** depth, (6, 9, 3))
        write(f"images/rgb{depth}.png", png(rgb, depth, 2))
        write(f"images/rgb{depth}.u8", numpy.floor(rgb * 255 / (2 ** depth - 1) + 0.5).astype("u1").tobytes())
    rgba = random.integers(0, 256, (5, 4, 4))
    write("images/rgba8.png", png(rgba, 8, 6))
    write("images/rgba8.u8", on_white(rgba[:, :, :3], rgba[:, :, 3]))
    both = random.integers(0, 256, (5, 4, 2))
    write("images/greyalpha8.png", png(both, 8, 4))
    write("images/greyalpha8.u8", on_white(both[:, :, :1], both[:, :, 1]))
    for depth in [2, 8]:
        palette = random.integers(0, 256, (2 ** depth, 3))
        indices = random.integers(0, 2 ** depth, (8, 5, 1))
        extra = chunk(b"PLTE", palette.astype("u1").tobytes()) + chunk(b"tRNS", bytes([0, 128]))
        write(f"images/palette{depth}.png", png(indices, depth, 3, extra))
        alpha = numpy.array([0, 128] + [255] * (2 ** depth - 2))
        write(f"images/palette{depth}.u8", on_white(palette[indices[:, :, 0]], alpha[indices[:, :, 0]]))
    rgb = random.integers(0, 256, (13, 10, 3))
    write("images/interlaced.png", png(rgb, 8, 2, interlaced=True))
    write("images/interlaced.u8", rgb.astype("u1").tobytes())
    huge = struct.pack(">IIBBBBB", 2 ** 31 - 1, 2 ** 31 - 1, 8, 2, 0, 0, 0)
    write(
        "images/huge.bad.png",
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", huge) + chunk(b"IDAT", b"x") + chunk(b"IEND", b""),
    )
    claim = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    write(
        "images/claim.bad.png",
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", claim) + chunk(b"IDAT", b"x") + chunk(b"IEND", b""),
    )


# ---------------------------------------------------------------- JPEG (ITU-T T.81, baseline)

ZIGZAG = sorted(range(64), key=lambda k: (k // 8 + k % 8, (k // 8) if (k // 8 + k % 8) % 2 else (k % 8)))
COSINES = numpy.array(
    [
        [(0.5 if u else 0.125**0.5) * numpy.cos((2 * x + 1) * u * numpy.pi / 16) for x in range(8)]
        for u in range(8)
    ]
)
# A Huffman table of our own: every category 0 … 11 has 4 bits for DC; every AC symbol that occurs has 8 bits.
DC = list(range(12))


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def amplitude(value):
    size = abs(value).bit_length()
    return size, "" if size == 0 else format(value if value > 0 else value + 2 ** size - 1, f"0{size}b")


def jpeg(planes, step, adobe=None):
    """Encodes planes `[components, height, width]`, whose sizes are multiples of 8.
    Returns the file and its decoded planes, before colour conversion."""
    components, height, width = planes.shape
    blocks, decoded = [], numpy.zeros(planes.shape)
    for y in range(0, height, 8):
        for x in range(0, width, 8):
            for c in range(components):
                coefficients = numpy.rint(
                    COSINES @ (planes[c, y : y + 8, x : x + 8] - 128.0) @ COSINES.T / step
                ).astype(int)
                blocks.append((c, [int(coefficients.flat[k]) for k in ZIGZAG]))
                decoded[c, y:y + 8, x:x + 8] = COSINES.T @ (coefficients * step) @ COSINES + 128
    symbols, last = [], [0] * components
    for c, block in blocks:
        size, bits = amplitude(block[0] - last[c])
        last[c] = block[0]
        symbols.append(("dc", size, bits))
        run = 0
        while block and block[-1] == 0:
            block.pop()
        for value in block[1:]:
            if value == 0:
                run += 1
                continue
            while run > 15:
                symbols.append(("ac", 0xF0, ""))
                run -= 16
            size, bits = amplitude(value)
            symbols.append(("ac", run << 4 | size, bits))
            run = 0
        if len(block) < 64:
            symbols.append(("ac", 0, ""))
    used = sorted({symbol for kind, symbol, _ in symbols if kind == "ac"})
    assert len(used) < 255
    text = "".join(
        (format(symbol, "04b") if kind == "dc" else format(used.index(symbol), "08b")) + bits
        for kind, symbol, bits in symbols
    )
    text += "1" * (-len(text) % 8)
    scan = bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\x00")
    file = b"\xff\xd8"
    if adobe is not None:
        file += segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, adobe))
    else:
        file += segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
    file += segment(0xDB, bytes([0]) + bytes([step] * 64))
    file += segment(
        0xC0,
        struct.pack(">BHHB", 8, height, width, components)
        + b"".join(bytes([c + 1, 0x11, 0]) for c in range(components)),
    )
    file += segment(0xC4, bytes([0x00, 0, 0, 0, len(DC)] + [0] * 12 + DC))
    file += segment(0xC4, bytes([0x10] + [0] * 7 + [len(used)] + [0] * 8 + used))
    file += segment(
        0xDA,
        bytes([components]) + b"".join(bytes([c + 1, 0x00]) for c in range(components)) + bytes([0, 63, 0]),
    )
    return file + scan + b"\xff\xd9", decoded


def make_jpeg():
    y, x = numpy.mgrid[0:16, 0:24]
    picture = numpy.stack([128 + 80 * numpy.sin(x / 5 + y / 7), 128 + 30 * numpy.cos(x / 9), 120 + 2 * y])
    file, decoded = jpeg(picture[:1], 5)
    write("images/grey.jpg", file)
    write("images/grey.u8", numpy.clip(numpy.rint(decoded[0]), 0, 255).astype("u1").tobytes())
    file, decoded = jpeg(picture, 4)
    write("images/color.JPEG", file)
    luma, blue, red = numpy.clip(numpy.rint(decoded), 0, 255)
    rgb = numpy.stack(
        [
            luma + 1.402 * (red - 128),
            luma - 0.344136 * (blue - 128) - 0.714136 * (red - 128),
            luma + 1.772 * (blue - 128),
        ],
        -1,
    )
    write("images/color.u8", numpy.clip(numpy.rint(rgb), 0, 255).astype("u1").tobytes())
    write("images/cmyk.jpg", jpeg(numpy.concatenate([picture, picture[:1]]), 4, adobe=0)[0])


def make_resizes():
    image = random.integers(0, 256, (17, 23, 3))
    write("resize/source.u8", image.astype("u1").tobytes())
    planes = torch.tensor(image, dtype=torch.float64).permute(2, 0, 1)[None]
    for height, width in [(8, 8), (17, 40), (40, 5), (1, 1), (34, 46)]:
        out = torch.nn.functional.interpolate(
            planes, (height, width), mode="bilinear", antialias=True, align_corners=False
        )[0]
        write(
            f"resize/{height}x{width}.f32", out.permute(1, 2, 0).contiguous().numpy().astype("<f4").tobytes()
        )


make_table()
make_numbers()
make_npy()
make_other_arrays()
make_png()
make_jpeg()
make_resizes()
