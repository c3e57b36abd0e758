#!/usr/bin/env python3
"""A small JSON mail API on loopback, for the stranger's connector. It sends nothing: it writes down what it received.

The first line on the standard output is {"listening": "https://127.0.0.1:PORT"}; then one JSON line a request. A mail whose
subject is `answer 503` is answered with that status, whatever it is.
"""

import argparse
import base64
import hmac
import json
import re
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

BODY_BYTES = 64 << 20


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        if self.path != "/health":
            self.answer(404, {"error": "there is /health and /messages"})
        elif self.key() != "right":
            self.answer(401, {"error": "the API key is wrong"})
        else:
            self.answer(200, {"server": "stranger/1"})

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES:
            self.close_connection = True
            self.answer(413 if length.isdecimal() else 411, {"error": f"give a Content-Length of at most {BODY_BYTES}"})
            return
        body = self.rfile.read(int(length))
        settings = self.server.settings
        if settings.redirect:
            self.answer(307, {"error": "moved"}, body, {"Location": settings.redirect})
        elif self.path != "/messages":
            self.answer(404, {"error": "there is /health and /messages"}, body)
        elif self.key() != "right":
            self.answer(401, {"error": "the API key is wrong"}, body)
        else:
            self.take(body)

    def take(self, body):
        try:
            mail = checked(json.loads(body))
        except ValueError as error:
            self.answer(422, {"error": str(error)}, body)
            return
        asked = re.fullmatch(r"answer (\d{3})", mail["subject"])
        status = int(asked[1]) if asked else 202
        if status == 202:
            self.answer(202, {"id": f"m-{mail['message_id']}"}, body)
        else:
            headers = {"Retry-After": "30"} if status in (429, 503) else {}
            self.answer(status, {"error": "as the subject says"}, body, headers)

    def key(self):
        """The key is judged here and written down nowhere."""
        given = self.headers.get_all("X-Api-Key", [])
        if not given:
            return "absent"
        right = self.server.settings.api_key.encode()
        return "right" if len(given) == 1 and hmac.compare_digest(given[0].encode(), right) else "wrong"

    def answer(self, status, members, body=b"", headers=None):
        """Writes the request down before it is answered, so that whoever has the answer finds it."""
        others = {name: value for name, value in self.headers.items() if name.lower() != "x-api-key"}
        try:
            received = json.loads(body)
        except ValueError:
            received = body.decode(errors="replace") or None
        self.server.write(
            {
                "method": self.command,
                "path": self.path,
                "key": self.key(),
                "headers": others,
                "body": received,
                "status": status,
            }
        )
        content = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """The lines of `answer` say it all."""


def checked(mail):
    """The mail, if it is one; ValueError says what is wrong with it."""

    def must(holds, what):
        if not holds:
            raise ValueError(what)

    def is_mailbox(entry):
        return isinstance(entry, dict) and "@" in str(entry.get("email"))

    must(isinstance(mail, dict), "the body must be an object")
    must(is_mailbox(mail.get("from")), "from: must be a mailbox")
    for field in ("to", "cc", "bcc"):
        entries = mail.get(field)
        must(isinstance(entries, list) and all(map(is_mailbox, entries)), f"{field}: must be a list of mailboxes")
    must(mail["to"] or mail["cc"] or mail["bcc"], "to: at least one recipient is needed")
    must(isinstance(mail.get("subject"), str), "subject: must be a text")
    must(isinstance(mail.get("message_id"), str), "message_id: must be a text")
    for field in ("text", "html"):
        must(mail.get(field) is None or isinstance(mail[field], str), f"{field}: must be a text or null")
    must(isinstance(mail.get("attachments"), list), "attachments: must be a list")
    for entry in mail["attachments"]:
        must(isinstance(entry, dict) and isinstance(entry.get("content"), str), "attachments: each needs a content")
        base64.b64decode(entry["content"], validate=True)
    return mail


class Server(ThreadingHTTPServer):
    def __init__(self, settings):
        super().__init__(("127.0.0.1", settings.port), Api)
        self.settings = settings
        self.lock = Lock()
        self.record = settings.record.open("a", encoding="utf-8") if settings.record else None
        if settings.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*settings.tls)
            # The handshake is the handler's affair: a client that is slow at it holds up nobody else.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def write(self, members):
        with self.lock:
            print(json.dumps(members), file=self.record, flush=True)

    def handle_error(self, request, client_address):
        """A connection that ends early, such as one whose handshake the client gives up, is no event here."""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--port", type=int, default=0, help="0, the default, takes one that is free")
    arguments.add_argument("--api-key-file", type=Path, required=True, help="the file that holds the key")
    arguments.add_argument("--tls", nargs=2, type=Path, metavar=("CERTIFICATE", "KEY"), help="PEM files; without: http")
    arguments.add_argument("--redirect", metavar="URL", help="answer every POST with 307 and this place")
    arguments.add_argument("--record", type=Path, metavar="FILE", help="write the requests here, not on the output")
    settings = arguments.parse_args()
    settings.api_key = settings.api_key_file.read_text(encoding="utf-8").strip()
    with Server(settings) as server:
        scheme = "https" if settings.tls else "http"
        print(json.dumps({"listening": f"{scheme}://127.0.0.1:{server.server_port}"}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
