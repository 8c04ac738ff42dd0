"""Build messages with text, images, audio and files.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import io
import math
import os
import struct
import tempfile
import wave
import zlib
from contextlib import ExitStack
from pathlib import Path

from opper_chat import InvalidArgumentError, Opper
from opper_chat.messages import audio, file, image, system, user

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


def red_square(size: int = 64) -> bytes:
    """Return an image: a PNG of one color."""

    def piece(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\xcc\x00\x00" * size) * size)
    return b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", head) + piece(b"IDAT", rows) + piece(b"IEND", b"")


def tone(seconds: float = 0.1) -> io.BytesIO:
    """Return audio: a WAV file in memory with a tone of 440 Hz."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(24_000)
        waves = (math.sin(2 * math.pi * 440 * n / 24_000) for n in range(int(seconds * 24_000)))
        out.writeframes(b"".join(struct.pack("<h", int(20_000 * height)) for height in waves))
    sound.seek(0)
    return sound


def ask(client: Opper, folder: Path) -> None:
    """Send an image from a file and a text file from memory."""
    picture = folder / "square.png"
    picture.write_bytes(red_square())
    completion = client.chat.completions.create(
        model=MODEL,
        messages=[
            system("Answer in one sentence."),
            user(
                "What colour is this, and does the note say the same?",
                image(picture, detail="low"),
                file(b"The square is red.", filename="note.txt"),
            ),
        ],
    )
    print("text:   ", completion.text)


def look() -> None:
    """Print what would be sent: a part is a plain dict."""
    part = audio(tone())
    print("sound:  ", part["type"], "with", ", ".join(part["input_audio"]))


def mistakes() -> None:
    """Content that cannot be sent raises an error before the request."""
    for source, limit in (("square.png", None), (b"%PDF-1.7", None), (red_square(), 100)):
        try:
            image(source, max_bytes=limit)
        except InvalidArgumentError as error:
            print("refused:", error)


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = stack.enter_context(Opper())
        else:
            from opper_chat.testing import LocalServer

            server = stack.enter_context(LocalServer())
            client = stack.enter_context(Opper(api_key="local", base_url=server.base_url))
        print("Talking to", client.base_url)
        ask(client, folder)
        look()
        mistakes()


if __name__ == "__main__":
    main()
