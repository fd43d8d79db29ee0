"""What does a made-up client photograph? A sketch of the niche with its sizes, drawn here."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw

SIZE = (480, 360)
WALL, NICHE, INK, PAPER = "#d8d2c8", "#b9b0a2", "#4a4540", "#f4f1ec"


@cache
def niche() -> bytes:
    """A PNG of some kilobytes."""
    image = Image.new("RGB", SIZE, WALL)
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 320), (480, 320), (480, 360), (0, 360)], fill="#a88f6f")
    draw.rectangle((120, 40, 370, 320), fill=NICHE, outline=INK, width=3)
    draw.polygon([(120, 40), (160, 70), (160, 300), (120, 320)], fill="#a79d8e", outline=INK)
    draw.polygon([(370, 40), (330, 70), (330, 300), (370, 320)], fill="#c6bdaf", outline=INK)
    for ends, text, place in (
        (((120, 22), (370, 22)), "2,40", (228, 10)),
        (((396, 40), (396, 320)), "2,65", (404, 168)),
    ):
        draw.line(ends, fill=INK, width=2)
        for x, y in ends:
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=INK)
        draw.rectangle((place[0] - 6, place[1] - 2, place[0] + 46, place[1] + 24), fill=PAPER)
        draw.text(place, text, fill=INK, font_size=20)
    made = io.BytesIO()
    image.save(made, "PNG", optimize=True)
    return made.getvalue()
