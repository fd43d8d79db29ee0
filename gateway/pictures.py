"""How is a picture made small? Its library takes three megabytes, so whoever has a picture loads this module then."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

THUMB = (480, 480)
LARGEST = 40_000_000
"""Pixels."""
Image.MAX_IMAGE_PIXELS = LARGEST


def shrink(body: bytes) -> tuple[bytes, int, int]:
    """A small JPEG and the picture's own size, turned as the camera meant it."""
    with Image.open(io.BytesIO(body)) as picture:
        picture.draft("RGB", THUMB)
        upright = ImageOps.exif_transpose(picture)
        width, height = upright.size
        upright.thumbnail(THUMB)
        out = io.BytesIO()
        upright.convert("RGB").save(out, "JPEG", quality=80)
        return out.getvalue(), width, height
