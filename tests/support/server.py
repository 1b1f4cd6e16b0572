"""A web server whose answers a test writes down beforehand, one for each request."""

import contextlib
import re
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer:
    """What a server says to one request.

    Attributes:
        content: the file as it lies at the server.
        sent: how many bytes of what it announces it sends before it closes the connection; None for all.
        announced: the Content-Length it claims, None for the true one, "none" for no such header, "chunked" for none
            but a content that comes in chunks, the last of which says that it is the last.
        etag, modified: what identifies the version; None for no such header.
        honours_range: whether it sends a part where one is asked for and the version is the right one.
        heeds_if_range: whether it looks at the version for that.
        status: answer with this and no file.
        headers: further ones.
        pause: called before the last byte is sent.
    """

    def __init__(
        self,
        content: bytes = b"",
        *,
        sent: int | None = None,
        announced: int | str | None = None,
        etag: str | None = '"v1"',
        modified: str | None = None,
        honours_range: bool = True,
        heeds_if_range: bool = True,
        status: int = 200,
        headers: dict[str, str] | None = None,
        pause: Callable[[], object] | None = None,
    ):
        self.__dict__.update(locals())

    def give(self, handler: BaseHTTPRequestHandler) -> None:
        body, status, headers = self._choose(handler.headers)
        handler.send_response(status)
        for name, value in (headers | {"ETag": self.etag, "Last-Modified": self.modified}).items():
            if value is not None:
                handler.send_header(name, value)
        if self.announced == "chunked":
            handler.send_header("Transfer-Encoding", "chunked")
            body = b"".join(
                b"%x\r\n%s\r\n" % (len(body[k : k + 999]), body[k : k + 999]) for k in range(0, len(body), 999)
            )
            body += b"0\r\n\r\n"
        elif self.announced != "none":
            handler.send_header("Content-Length", str(len(body) if self.announced is None else self.announced))
        handler.end_headers()
        body = body[: self.sent]
        if self.pause:
            handler.wfile.write(body[:-1])
            handler.wfile.flush()
            self.pause()
            body = body[-1:]
        handler.wfile.write(body)

    def _choose(self, asked) -> tuple[bytes, int, dict[str, str]]:
        headers = dict(self.headers or {})
        if self.status != 200:
            return b"no", self.status, headers
        first = re.fullmatch(r"bytes=(\d+)-", asked.get("Range", ""))
        same = asked.get("If-Range") in (self.etag, self.modified) or not self.heeds_if_range
        if not (first and same and self.honours_range):
            return self.content, 200, headers
        first, total = int(first[1]), len(self.content)
        if first >= total:
            return b"", 416, {"Content-Range": f"bytes */{total}"} | headers
        return self.content[first:], 206, {"Content-Range": f"bytes {first}-{total - 1}/{total}"} | headers


class Server:
    """Answers the requests for each path in turn; the last answer also serves all later ones.

    Attributes:
        answers: for each path its answers; other paths are not found.
        requests: the path and the headers of each request so far.
        url: where it is.
    """

    def __init__(self):
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    @property
    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.requests]

    def __enter__(self) -> "Server":
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, server: Server, *arguments):
        self.of = server
        super().__init__(*arguments)

    def do_GET(self):
        self.of.requests.append((self.path, dict(self.headers)))
        answers = self.of.answers.get(self.path, [Answer(status=404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client has heard enough
            answer.give(self)

    def log_message(self, *_):
        pass
