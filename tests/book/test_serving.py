"""The server of `make serve`. Truth is RFC 9110, section 14: what is asked for is sent, and no more."""

import functools
import http.server
import threading
import urllib.error
import urllib.request

import pytest
import serving

DIGITS = b"0123456789"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "digits.txt").write_bytes(DIGITS)

    class Handler(serving.Handler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/digits.txt"
        server.shutdown()


@pytest.mark.parametrize(
    ("header", "status", "sent", "told"),
    [
        (None, 200, DIGITS, None),
        ("bytes=3-5", 206, b"345", "bytes 3-5/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-100", 206, b"89", "bytes 8-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-1,4-5", 200, DIGITS, None),
        ("lines=1-2", 200, DIGITS, None),
    ],
)
def test_a_part_of_a_file_is_sent_or_all_of_it(header, status, sent, told, address):
    request = urllib.request.Request(address, headers={"Range": header} if header else {})
    with urllib.request.urlopen(request) as answer:
        assert (answer.status, answer.read()) == (status, sent)
        assert answer.headers["Content-Range"] == told
        assert int(answer.headers["Content-Length"]) == len(sent)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-3"])
def test_a_part_that_there_is_not_is_refused(header, address):
    with pytest.raises(urllib.error.HTTPError, match="416"):
        urllib.request.urlopen(urllib.request.Request(address, headers={"Range": header}))
