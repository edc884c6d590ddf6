#!/usr/bin/env python3
"""Writes warps.txt beside this file: float32 images, warped in float64 by affine_grid and grid_sample of
torch.nn.functional (bilinear, zeros padding, align_corners=False).

Needs torch (2.13.0 made the committed file); run it again only to change the fixture. A line is

    CASE/TENSOR  DIMENSION×DIMENSION  BITS BITS ...

with the bits of each float32 as 8 hexadecimal digits; images are NHWC. `operations` holds flip x, flip y
(1: flipped), the factors of scale x and y, shear and rotation in degrees, and the shifts x and y in pixels.
They lead from the source to the result; this script composes one matrix per operation, and torch inverts it.
"""

import math
import pathlib

import torch
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent

# name: (height, width, channels), (flip x, flip y, scale x, scale y, shear, rotation, shift x, shift y)
CASES = {
    "rotation": ((9, 9, 1), (0, 0, 1, 1, 0, 25, 0, 0)),
    "rotation_back": ((6, 11, 1), (0, 0, 1, 1, 0, -70, 0, 0)),
    "scale": ((8, 8, 3), (0, 0, 1.3, 1.3, 0, 0, 0, 0)),
    "stretch": ((7, 10, 1), (0, 0, 0.7, 1.25, 0, 0, 0, 0)),
    "shear": ((8, 12, 1), (0, 0, 1, 1, 20, 0, 0, 0)),
    "part_of_a_pixel": ((5, 6, 1), (0, 0, 1, 1, 0, 0, 0.25, -1.5)),
    "flips_and_shift": ((6, 7, 3), (1, 1, 1, 1, 0, 0, 2, -1)),
    "all": ((13, 10, 3), (1, 0, 0.9, 1.2, -12, 33, 2, -3)),
    "all_large": ((28, 28, 1), (0, 1, 1.1, 0.8, 8, 130, -4, 1)),
}


def matrix(flip_x, flip_y, scale_x, scale_y, shear, rotation, shift_x, shift_y):
    """From source to result, in pixels from the centre, y down, rotation counter-clockwise to the eye."""
    def m(*rows):
        return torch.tensor(rows, dtype=torch.float64)
    a = math.radians(rotation)
    flip = m((-1.0 if flip_x else 1.0, 0, 0), (0, -1.0 if flip_y else 1.0, 0), (0, 0, 1))
    scale = m((scale_x, 0, 0), (0, scale_y, 0), (0, 0, 1))
    slant = m((1, math.tan(math.radians(shear)), 0), (0, 1, 0), (0, 0, 1))
    turn = m((math.cos(a), math.sin(a), 0), (-math.sin(a), math.cos(a), 0), (0, 0, 1))
    shift = m((1, 0, shift_x), (0, 1, shift_y), (0, 0, 1))
    return shift @ turn @ slant @ scale @ flip


def main():
    lines = []
    torch.manual_seed(5)
    for name, ((h, w, c), operations) in CASES.items():
        image = torch.rand(1, c, h, w)
        operations = torch.tensor(operations, dtype=torch.float32).tolist()
        back = torch.linalg.inv(matrix(*operations))
        # torch's coordinates run from -1 to 1 over the whole width and height
        units = torch.diag(torch.tensor([w / 2, h / 2, 1], dtype=torch.float64))
        theta = (torch.linalg.inv(units) @ back @ units)[:2].unsqueeze(0)
        grid = F.affine_grid(theta, (1, c, h, w), align_corners=False)
        warped = F.grid_sample(
            image.double(), grid, mode="bilinear", padding_mode="zeros", align_corners=False
        )
        for tensor, values in [
            ("operations", torch.tensor(operations, dtype=torch.float32)),
            ("image", image[0].permute(1, 2, 0)), ("warped", warped[0].permute(1, 2, 0)),
        ]:
            shape = "x".join(str(n) for n in values.shape)
            bits = values.float().contiguous().view(torch.int32).flatten().tolist()
            lines.append(f"{name}/{tensor} {shape} " + " ".join(f"{b & 0xFFFFFFFF:08x}" for b in bits))
    (HERE / "warps.txt").write_text("\n".join(lines) + "\n")


main()
