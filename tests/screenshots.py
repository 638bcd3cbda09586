"""Screenshots of messages, drawn by Pillow with a font of its own."""

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont


def shot(*lines: str, font: Path | None = None, size: int = 20) -> bytes:
    """A screenshot of a message, black on white."""
    letters = ImageFont.truetype(font, size) if font else ImageFont.load_default(size)
    image = Image.new("RGB", (760, 60 + 2 * size * len(lines)), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((30, 30 + 2 * size * number), line, fill="black", font=letters)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
