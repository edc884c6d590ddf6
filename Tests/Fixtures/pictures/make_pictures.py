#!/usr/bin/env python3
"""Writes PNG and JPEG files that say how they are to be shown, and their pixels as a viewer shows them.

    python3 make_pictures.py        (Pillow, numpy, and a C compiler with libjpeg for arithmetic coding)

`pictures.txt` has a line per file: its name, width, height, channels, the greatest difference that is allowed,
and what is said about it ("-": nothing). `pictures.u8` has the pixels, one after the other. Pillow has them: `exif_transpose`,
`alpha_composite` on white, `convert("RGB")`; for 16 bits, which Pillow does not keep, numpy has.
"""

import io
import pathlib
import struct
import subprocess
import tempfile
import zlib

import numpy
from PIL import Image, ImageCms, ImageOps

HERE = pathlib.Path(__file__).parent
random = numpy.random.default_rng(20261130)
lines, pixels = [], []


def keep(name, file, expected, tolerance=0, said="-"):
    """Writes a file and its expected pixels `[height, width]` or `[height, width, 3]`."""
    (HERE / name).write_bytes(file)
    expected = numpy.asarray(expected, "u1")
    pixels.append(expected.tobytes())
    height, width = expected.shape[:2]
    lines.append(f"{name} {width} {height} {3 if expected.ndim == 3 else 1} {tolerance} {said}\n")


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def shown(file):
    """The pixels as a viewer shows them, by Pillow."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    if image.has_transparency_data:
        grey = image.mode in ("L", "LA", "1")
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return numpy.asarray(white.convert("RGB"))[:, :, 0] if grey else numpy.asarray(white.convert("RGB"))
    return numpy.asarray(image.convert("L" if image.mode in ("L", "1") else "RGB"))


def add(name, file, tolerance=0, said="-"):
    keep(name, file, shown(file), tolerance, said)


# ---------------------------------------------------------------- pictures

def picture(width=13, height=9):
    """Red, green, blue and grey quarters with a gradient, so that no two orientations look the same."""
    y, x = numpy.mgrid[0:height, 0:width]
    image = numpy.zeros((height, width, 3))
    top, left = y < height // 2, x < width // 3
    image[top & left] = [220, 20, 10]
    image[top & ~left] = [15, 200, 30]
    image[~top & left] = [20, 30, 210]
    image[~top & ~left] = [120, 120, 120]
    return Image.fromarray(numpy.clip(image + (3 * x + y)[..., None], 0, 255).astype("u1"))


def noise(height, width, channels, bits):
    return random.integers(0, 2 ** bits, (height, width, channels))


# ---------------------------------------------------------------- EXIF

def exif(orientation, order="<", kind=3, count=1):
    """A TIFF structure with the orientation, as SHORT (3) or LONG (4)."""
    value = struct.pack(order + ("H" if kind == 3 else "I"), orientation).ljust(4, b"\0")
    make = struct.pack(order + "HHI", 0x010F, 2, 4) + b"abc\0"
    entry = struct.pack(order + "HHI", 0x0112, kind, count) + value
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 2) + make + entry + bytes(4)


def with_segments(jpeg, *segments):
    """Puts segments (marker, content) behind the first two bytes."""
    middle = b"".join(bytes([0xFF, m]) + struct.pack(">H", len(c) + 2) + c for m, c in segments)
    return jpeg[:2] + middle + jpeg[2:]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(png, *chunks, at_end=False):
    """Puts chunks behind the header, or before the end."""
    place = len(png) - 12 if at_end else 33
    return png[:place] + b"".join(chunk(*each) for each in chunks) + png[place:]


def make_orientations():
    jpeg = encoded(picture(), "JPEG", quality=95, subsampling=0)
    png = encoded(picture(), "PNG")
    for orientation in range(1, 9):
        said = "-" if orientation == 1 else "turnedUpright"
        add(f"orientation{orientation}.jpg",
            with_segments(jpeg, (0xE1, b"Exif\0\0" + exif(orientation, "<>"[orientation % 2]))), 2, said)
        add(f"orientation{orientation}.png",
            with_chunks(png, (b"eXIf", exif(orientation, "><"[orientation % 2]))), 0, said)
    grey = encoded(picture().convert("L"), "PNG")
    add("orientation6-grey.png", with_chunks(grey, (b"eXIf", exif(6))), 0, "turnedUpright")
    add("orientation6-at-the-end.png", with_chunks(png, (b"eXIf", exif(6)), at_end=True), 0, "turnedUpright")
    plain = shown(jpeg)
    for name, tiff in [("0", exif(0)), ("9", exif(9)), ("two-values", exif(6, count=2)), ("cut", exif(6)[:20])]:
        keep(f"orientation-{name}.jpg", with_segments(jpeg, (0xE1, b"Exif\0\0" + tiff)), plain, 2)
    turned = shown(with_segments(jpeg, (0xE1, b"Exif\0\0" + exif(6))))
    keep("orientation6-long.jpg", with_segments(jpeg, (0xE1, b"Exif\0\0" + exif(6, kind=4))), turned, 2,
         "turnedUpright")
    xmp = (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>")
    keep("orientation6-behind-xmp.jpg", with_segments(jpeg, xmp, (0xE1, b"Exif\0\0" + exif(6))), turned, 2,
         "turnedUpright")
    keep("orientation6-then-3.jpg",
         with_segments(jpeg, (0xE1, b"Exif\0\0" + exif(6)), (0xE1, b"Exif\0\0" + exif(3))), turned, 2,
         "turnedUpright")


# ---------------------------------------------------------------- transparency and depth

def png(samples, depth, color, *chunks, interlaced=False):
    """Encodes samples `[height, width, channels]` without filters."""
    height, width, _ = samples.shape
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [
            (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
        ]
    data = b""
    for x, y, dx, dy in passes:
        for row in samples[y::dy, x::dx]:
            bits = "".join(format(int(value), f"0{depth}b") for value in row.flat)
            bits += "0" * (-len(bits) % 8)
            if bits:
                data += b"\0" + bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*each) for each in chunks)
        + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    )


def on_white(colors, alpha):
    """8-bit colours `[h, w, c]` on white."""
    return numpy.rint((colors * alpha[..., None] + 255.0 * (255 - alpha[..., None])) / 255)


def eight(samples):
    return numpy.floor(samples / 257 + 0.5)


def make_transparency():
    for interlaced in [False, True]:
        end = "-interlaced" if interlaced else ""
        add(f"rgba8{end}.png", png(noise(6, 5, 4, 8), 8, 6, interlaced=interlaced), 0, "laidOnWhite")
        add(f"greyalpha8{end}.png", png(noise(6, 5, 2, 8), 8, 4, interlaced=interlaced), 0, "laidOnWhite")
        samples = noise(6, 5, 4, 16)
        samples[0, 0, 3] = 0
        keep(f"rgba16{end}.png", png(samples, 16, 6, interlaced=interlaced),
             on_white(eight(samples[..., :3]), eight(samples[..., 3])), 0, "laidOnWhite,from16Bits")
        samples = noise(6, 5, 2, 16)
        keep(f"greyalpha16{end}.png", png(samples, 16, 4, interlaced=interlaced),
             on_white(eight(samples[..., :1]), eight(samples[..., 1]))[..., 0], 0, "laidOnWhite,from16Bits")
        for depth in [1, 2, 4, 8]:
            palette = random.integers(0, 256, (2 ** depth, 3)).astype("u1")
            indices = noise(9, 11, 1, depth)
            indices[0, :2, 0] = [0, 1]
            add(f"palette{depth}-transparent{end}.png",
                png(indices, depth, 3, (b"PLTE", palette.tobytes()), (b"tRNS", bytes([0, 128])),
                    interlaced=interlaced), 0, "laidOnWhite")
        for depth in [1, 2, 4, 8]:
            samples = noise(9, 11, 1, depth)
            value = int(samples[3, 3, 0])
            keep(f"grey{depth}-transparent{end}.png",
                 png(samples, depth, 0, (b"tRNS", struct.pack(">H", value)), interlaced=interlaced),
                 numpy.where(samples == value, 255, samples * 255 // (2 ** depth - 1))[..., 0], 0, "laidOnWhite")
    samples = noise(4, 5, 3, 8)
    key = samples[1, 2]
    add("rgb8-transparent.png", png(samples, 8, 2, (b"tRNS", struct.pack(">HHH", *key))), 0, "laidOnWhite")
    samples = noise(4, 5, 3, 16)
    key = samples[1, 2]
    hidden = (samples == key).all(-1, keepdims=True)
    keep("rgb16-transparent.png", png(samples, 16, 2, (b"tRNS", struct.pack(">HHH", *key))),
         numpy.where(hidden, 255, eight(samples)), 0, "laidOnWhite,from16Bits")
    opaque = numpy.concatenate([noise(4, 5, 3, 8), numpy.full((4, 5, 1), 255)], -1)
    add("rgba8-opaque.png", png(opaque, 8, 6))
    # A drawing in black whose hidden pixels are black too: without its alpha there would be nothing to see.
    drawing = numpy.zeros((8, 8, 4), int)
    drawing[2:6, 2:6, 3] = 255
    add("black-drawing.png", png(drawing, 8, 6), 0, "laidOnWhite")
    add("white-background-named.png", png(noise(4, 5, 4, 8), 8, 6, (b"bKGD", bytes([0, 9, 0, 8, 0, 7]))), 0,
        "laidOnWhite")
    dark = random.integers(0, 200, (6, 7, 1))
    dark[2, 2] = 199
    keep("grey16-dark.png", png(dark, 16, 0), eight(dark)[..., 0], 0, "from16Bits")
    for depth in [1, 2, 4]:
        add(f"palette{depth}-interlaced.png",
            png(noise(9, 11, 1, depth), depth, 3, (b"PLTE", bytes(random.integers(0, 256, 3 * 2 ** depth).tolist())),
                interlaced=True))
    samples = noise(9, 11, 3, 16)
    keep("rgb16-interlaced.png", png(samples, 16, 2, interlaced=True), eight(samples), 0, "from16Bits")


# ---------------------------------------------------------------- colours

def profile(name, space=b"RGB "):
    """The part of an ICC profile (version 4) that names it."""
    text = name.encode("utf-16-be")
    tag = b"mluc" + struct.pack(">IIIHHII", 0, 1, 12, 0x656E, 0x5553, len(text), 28) + text
    return bytes(16) + space + bytes(108) + struct.pack(">I4sII", 1, b"desc", 144, len(tag)) + tag


def make_colors():
    jpeg = encoded(picture(), "JPEG", quality=95, subsampling=0)
    plain = encoded(picture(), "PNG")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, data, said in [("srgb", srgb, "-"), ("p3", profile("Display P3"), "space=Display_P3")]:
        add(f"profile-{name}.jpg", with_segments(jpeg, (0xE2, b"ICC_PROFILE\0\1\1" + data)), 2, said)
        packed = b"name\0\0" + zlib.compress(data)
        add(f"profile-{name}.png", with_chunks(plain, (b"iCCP", packed)), 0, said)
    for name, value, said in [("1", 100_000, "space=gamma_1.0"), ("srgb", 45_455, "-")]:
        add(f"gamma-{name}.png", with_chunks(plain, (b"gAMA", struct.pack(">I", value))), 0, said)
    add("gamma-1-but-srgb.png",
        with_chunks(plain, (b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))), 0)
    add("cicp-pq.png", with_chunks(plain, (b"cICP", bytes([9, 16, 0, 1]))), 0, "space=H.273_9/16")
    add("cicp-srgb.png", with_chunks(plain, (b"cICP", bytes([1, 13, 0, 1]))), 0)

    add("progressive.jpg", encoded(picture(40, 30), "JPEG", quality=90, progressive=True), 2)
    add("progressive-grey.jpg", encoded(picture(40, 30).convert("L"), "JPEG", quality=90, progressive=True), 2)
    for name, sampling in [("422", 1), ("420", 2)]:
        add(f"subsampled-{name}.jpg", encoded(picture(40, 30), "JPEG", quality=95, subsampling=sampling), 2)
    add("rgb-inside.jpg", encoded(picture(), "JPEG", quality=95, keep_rgb=True), 2)
    add("restarts.jpg", encoded(picture(40, 30), "JPEG", quality=90, restart_marker_blocks=1), 2)
    inks = picture().convert("CMYK")
    values = numpy.array(inks)
    values[..., 3] = numpy.mgrid[0:9, 0:13][1] * 12
    inks = Image.fromarray(values, "CMYK")
    add("cmyk.jpg", encoded(inks, "JPEG", quality=98), 3, "fromCMYK")
    add("cmyk-progressive.jpg", encoded(inks, "JPEG", quality=98, progressive=True), 3, "fromCMYK")
    for name, space, coding in [("arithmetic", "JCS_YCbCr", 1), ("ycck", "JCS_YCCK", 0)]:
        image = inks if name == "ycck" else picture(40, 30)
        file = by_libjpeg(image, space, coding)
        if name == "ycck":
            assert Image.open(io.BytesIO(file)).info["adobe_transform"] == 2
        add(f"{name}.jpg", file, 3, "fromCMYK" if name == "ycck" else "-")


ENCODER = r"""
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
int main(int count, char **words) {
    int width = atoi(words[1]), height = atoi(words[2]), channels = atoi(words[3]);
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_stdio_dest(&c, stdout);
    c.image_width = width, c.image_height = height, c.input_components = channels;
    c.in_color_space = channels == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_colorspace(&c, SPACE);
    jpeg_set_quality(&c, 98, TRUE);
    c.arith_code = atoi(words[4]);
    jpeg_start_compress(&c, TRUE);
    JSAMPLE *row = malloc(width * channels);
    for (int y = 0; y < height; y++) {
        if (fread(row, 1, width * channels, stdin) != width * channels) return 1;
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    return 0;
}
"""


def by_libjpeg(image, space, arithmetic):
    """What Pillow cannot write. The stored values of CMYK are inverted, as Photoshop's are."""
    values = numpy.asarray(image)
    if values.shape[2] == 4:
        values = 255 - values
    with tempfile.TemporaryDirectory() as place:
        source, program = pathlib.Path(place, "a.c"), pathlib.Path(place, "a")
        source.write_text(ENCODER.replace("SPACE", space))
        subprocess.run(["cc", "-w", source, "-o", program, "-ljpeg"], check=True)
        words = [str(n) for n in (image.width, image.height, values.shape[2], arithmetic)]
        return subprocess.run([program, *words], input=values.tobytes(), capture_output=True, check=True).stdout


# ---------------------------------------------------------------- several pictures, and missing ends

def make_files():
    frames = [picture(), picture().rotate(180)]
    add("animated.png", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]), 0, "firstOfSeveral")
    add("two-pictures.jpg", encoded(frames[0], "MPO", save_all=True, append_images=frames[1:], quality=95,
                                    subsampling=0), 2, "firstOfSeveral")
    jpeg = encoded(picture(), "JPEG", quality=95, subsampling=0)
    for name, file in [("baseline", jpeg), ("progressive", encoded(picture(), "JPEG", progressive=True)),
                       ("grey", encoded(picture().convert("L"), "JPEG"))]:
        keep(f"without-end-{name}.jpg", file[:-2], shown(file), 2, "withoutEnd")
    keep("without-half-the-end.jpg", jpeg[:-1], shown(jpeg), 2, "withoutEnd")
    add("bytes-behind-the-end.jpg", jpeg + b"more bytes", 2)
    png = encoded(picture(), "PNG")
    keep("without-end.png", png[:-12], shown(png), 0, "withoutEnd")
    keep("without-half-the-end.png", png[:-5], shown(png), 0, "withoutEnd")
    add("bytes-behind-the-end.png", png + b"more bytes")
    # A high picture that lacks its last bytes: only the last row of blocks is not whole.
    smooth = Image.fromarray((numpy.mgrid[0:80, 0:64][1] * 3 + numpy.mgrid[0:80, 0:64][0]).astype("u1"))
    high = encoded(smooth, "JPEG", quality=80)
    (HERE / "without-last-bytes.jpg").write_bytes(high[:-8])
    (HERE / "without-last-bytes.u8").write_bytes(shown(high)[:72].tobytes())


make_orientations()
make_transparency()
make_colors()
make_files()
(HERE / "pictures.txt").write_text("".join(lines))
(HERE / "pictures.u8").write_bytes(b"".join(pixels))
