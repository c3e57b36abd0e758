"""A mail connector in Python, written from the contract in `wit/` alone: each mail is one POST of JSON.

The API's key never comes in here. The host gives a handle, which stands for the key in one header of the way out.
Attachments stay out too: each goes from the host's stream into the request's body as base64.
"""

import functools
import json
from contextlib import ExitStack

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.sender import Receipt
from wit_world.imports import credentials, http, log, parameters
from wit_world.imports.failures import Failure

ANSWER_BYTES = 64 * 1024
"""What is read of an answer; the rest is not looked at."""

TEXT_CHARS = 500
"""What is repeated of a server's words."""


def failed(kind, text, code=None, retry_after=None):
    return Err(Failure(kind, code, text, retry_after, []))


def export(function):
    """Whatever goes wrong inside becomes a failure: an exception that leaves an export is a trap, and tells nobody why."""

    @functools.wraps(function)
    def wrapped(*arguments):
        try:
            return function(*arguments)
        except Exception as error:
            if isinstance(error, Err) and isinstance(error.value, Failure):
                raise
            raise failed("other", f"{function.__qualname__}: {type(error).__name__}: {error}") from None

    return wrapped


class Session(exports.Session):
    @export
    def open(self):
        address("/")
        key()

    @export
    def verify(self):
        status, headers, answer = exchange("GET", "/health", [])
        if status != 200:
            raise refusal(status, headers, answer)
        return [("endpoint", address("")), ("status", str(status)), ("server", words(answer, "server"))]

    def close(self):
        """Nothing is kept open here: connections are the host's."""


class Sender(exports.Sender):
    @export
    def send(self, message):
        with ExitStack() as held:
            held.enter_context(message)
            body = compose(message, held)
            status, headers, answer = exchange("POST", "/messages", body)
        log.write(log.Level.INFO, f"POST /messages: {status}")
        if status != 202:
            raise refusal(status, headers, answer)
        return Receipt(words(answer, "id") or None, "202 accepted", [], [])


def compose(message, held):
    """The mail as JSON, in pieces. `held` keeps the streams until the request is gone."""
    to, cc, bcc = lists(message)
    mail = {
        "message_id": message.id(),
        "from": mailbox(message.from_()),
        "reply_to": [mailbox(entry) for entry in message.reply_to()],
        "to": to,
        "cc": cc,
        "bcc": bcc,
        "subject": message.subject(),
        "text": message.text(),
        "html": message.html(),
    }
    pieces = [text(json.dumps(mail)[:-1] + ', "attachments": [')]
    for number, attachment in enumerate(message.attachments()):
        held.enter_context(attachment)
        about = {
            "name": attachment.name(),
            "type": attachment.content_type(),
            "content_id": attachment.content_id(),
        }
        comma = ", " if number else ""
        pieces.append(text(comma + json.dumps(about)[:-1] + ', "content": "'))
        pieces.append(http.Chunk_Stream(held.enter_context(attachment.base64())))
        pieces.append(text('"}'))
    return pieces + [text("]}")]


def lists(message):
    """To, Cc and Bcc for an API that reads its recipients from them: together exactly the envelope, which alone decides who
    receives. It holds fewer than the header where a mail is sent again for those who did not get it."""
    pending = dict.fromkeys(message.envelope().recipients)

    def taken(entries):
        chosen = {entry.email: mailbox(entry) for entry in entries if entry.email in pending}
        for email in chosen:
            del pending[email]
        return list(chosen.values())

    to, cc = taken(message.to()), taken(message.cc())
    return to, cc, [{"name": None, "email": email} for email in pending]


def mailbox(entry):
    return {"name": entry.name, "email": entry.email}


def text(json_text):
    return http.Chunk_Bytes(json_text.encode())


def address(path):
    endpoint = json.loads(parameters.json())["endpoint"]
    if "?" in endpoint:
        raise failed("configuration", "endpoint: give the address of the API without `?` and what follows it.")
    return endpoint.rstrip("/") + path


@functools.cache
def key():
    """The handle that stands for the API's key, good for the whole session."""
    try:
        return credentials.handle("key")
    except Err as error:
        why = getattr(error.value, "value", type(error.value).__name__)
        raise failed("configuration", f"api_key: the key cannot be used: {why}") from None


def exchange(method, path, body):
    """One request; answers the status, the header fields by lower-case name, and what the server says."""
    headers = [http.Field("accept", "application/json"), http.Field("x-api-key", key())]
    if body:
        headers.append(http.Field("content-type", "application/json"))
    try:
        response = http.send(http.Request(method, address(path), headers, body))
    except Err as error:
        raise unanswered(error.value) from None
    with response.body as stream:
        return response.status, {field.name.lower(): field.value for field in response.headers}, read(stream)


def read(stream):
    """The answer's body. One that breaks off changes nothing about the status that came before it."""
    answer = b""
    try:
        while len(answer) < ANSWER_BYTES and (block := stream.read(ANSWER_BYTES)) is not None:
            answer += block
    except Err:
        pass
    return answer.decode(errors="replace")


def words(answer, member):
    """A member of a JSON answer, as text; nothing where the answer is something else."""
    try:
        return str(json.loads(answer)[member])[:TEXT_CHARS]
    except (ValueError, LookupError, TypeError):
        return ""


def unanswered(error):
    """No answer came: the failure has no code, since only the remote has codes."""
    why = getattr(error, "value", "no answer within the time limit")
    match error:
        case http.HttpError_Refused() | http.HttpError_Tls():
            return failed("configuration", why)
        case http.HttpError_Unreachable():
            return failed("unreachable", why)
        case http.HttpError_Timeout():
            return failed("timeout", why)
        case _:
            return failed("other", why)


def refusal(status, headers, answer):
    """The failure that an answer means. Its code is the server's own status."""
    said = words(answer, "error") or answer[:TEXT_CHARS].strip() or "the server gave no reason"
    retry_after = None
    match status:
        case 401 | 403:
            kind = "authentication"
        case 413:
            kind = "too-large"
        case 429 | 503:
            kind, retry_after = "throttled", seconds(headers.get("retry-after", ""))
        case 502 | 504:
            # A gateway that lost sight of the API: the API may have taken the mail.
            kind = "unknown-outcome"
        case 404 | 405:
            kind, said = "configuration", f"endpoint: no such API is there: {said}"
        case _ if 300 <= status < 400:
            place = headers.get("location", "nowhere")[:TEXT_CHARS]
            kind, said = "configuration", f"endpoint: the server points to {place}, which is not followed"
        case _ if status == 408 or status >= 500:
            kind = "temporary"
        case _ if 400 <= status:
            kind = "rejected"
        case _:
            kind, said = "unknown-outcome", f"the API answers 202 to what it takes, and not: {said}"
    return failed(kind, said, str(status), retry_after)


def seconds(retry_after):
    """Retry-After (RFC 9110 section 10.2.3) as seconds; its other form, a date, is left to the host's own pace."""
    digits = retry_after.strip()
    return min(int(digits), 2**32 - 1) if digits.isascii() and digits.isdecimal() and len(digits) < 11 else None
