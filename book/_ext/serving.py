"""Serve the built book on this machine: `python book/_ext/serving.py FOLDER PORT`.

As `python -m http.server` does, and parts of a file too, without which no browser goes to a place in a film.
"""

from __future__ import annotations

import functools
import http.server
import os
import re
import sys
from http import HTTPStatus

__all__ = ["Handler", "asked_part", "main"]


def asked_part(header: str | None, size: int) -> tuple[int, int] | None:
    """The first and the last byte of the part that is asked for; None for the whole.

    Raises `ValueError` where the file has no such part.

    >>> asked_part("bytes=5-", 10), asked_part("bytes=-2", 10), asked_part(None, 10)
    ((5, 9), (8, 9), None)
    """
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not match or not any(match.groups()):
        return None
    if not match[1]:
        first, last = max(size - int(match[2]), 0), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
    if first > last:
        raise ValueError(f"`header` must ask for a part of {size} bytes, got {header!r}")
    return first, last


class Handler(http.server.SimpleHTTPRequestHandler):
    """Answers with a file, or with the part of it that is asked for."""

    def send_head(self):
        """The file at the beginning of what is asked for, after the headers were sent."""
        self.left = None
        path = self.translate_path(self.path)
        if "Range" not in self.headers or not os.path.isfile(path):
            return super().send_head()
        size = os.path.getsize(path)
        try:
            part = asked_part(self.headers["Range"], size)
        except ValueError:
            self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return None
        if part is None:
            return super().send_head()
        first, last = part
        file = open(path, "rb")  # noqa: SIM115 - the caller closes it
        file.seek(first)
        self.left = last - first + 1
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(self.left))
        self.end_headers()
        return file

    def copyfile(self, source, outputfile):
        """Send the rest of a file, or as much of it as is asked for."""
        if self.left is None:
            super().copyfile(source, outputfile)
            return
        while self.left and (piece := source.read(min(self.left, 1 << 16))):
            outputfile.write(piece)
            self.left -= len(piece)

    def end_headers(self):
        """End the headers, after the one that says that parts may be asked for."""
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()


def main(folder: str, port: str) -> None:
    """Serve a folder at a port of this machine until Ctrl-C."""
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), handler) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main(*sys.argv[1:])
