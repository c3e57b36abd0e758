"""An SMTP server for one test: aiosmtpd, told by a JSON object on the command line what to demand and what to do wrong.

It listens on a free port of 127.0.0.1 and writes one JSON object a line into the file that `told` names: {"event":
"listening", "port": N} first, then what it sees, each before it answers the client. It ends when its standard input
does, so that it never outlives the test.
"""

import asyncio
import base64
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

OPTIONS = json.loads(sys.argv[1])
TOLD = open(OPTIONS["told"], "w", encoding="utf-8")
STARTTLS, IMPLICIT = OPTIONS["tls"] == "starttls", OPTIONS["tls"] == "implicit"


def tell(event, **what):
    print(json.dumps({"event": event, **what}), file=TOLD, flush=True)


class Handler:
    def __init__(self):
        self.drops = OPTIONS["drop_after_data"]

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if OPTIONS["pipelining"]:
            responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = OPTIONS["replies"].get(address)
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient accepted"

    async def handle_DATA(self, server, session, envelope):
        encrypted = server.transport.get_extra_info("ssl_object")
        tell(
            "mail",
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            helo=session.host_name,
            login=session.auth_data.login.decode() if session.auth_data else None,
            tls=encrypted.version() if encrypted else None,
            content=base64.b64encode(envelope.original_content).decode(),
        )
        if self.drops > 0:
            self.drops -= 1
            server.transport.abort()
        return "250 2.0.0 OK queued as AIO1"


def authenticate(server, session, envelope, mechanism, data):
    right = [data.login.decode(), data.password.decode()] == OPTIONS["login"]
    tell("login", mechanism=mechanism, accepted=right)
    # With `handled` true the server would answer nothing, and the client wait for ever.
    refusal = None if right else "535 5.7.8 This account is locked, call 0123"
    return AuthResult(success=right, handled=False, message=refusal, auth_data=data)


async def main():
    # It warns of its own deprecations.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    context = None
    if STARTTLS or IMPLICIT:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(OPTIONS["chain"])
    handler, loop = Handler(), asyncio.get_running_loop()
    # A client that turns away from a certificate breaks its handshake: that is what some tests want to see.
    loop.set_exception_handler(lambda loop, context: None)

    def connected():
        tell("connected")
        return SMTP(
            handler,
            hostname="aiosmtpd.test",
            ident="Python",
            loop=loop,
            tls_context=context if STARTTLS else None,
            require_starttls=STARTTLS,
            auth_required=OPTIONS["login"] is not None,
            auth_require_tls=STARTTLS,
            auth_exclude_mechanism=OPTIONS["without_mechanisms"],
            authenticator=authenticate,
        )

    server = await loop.create_server(connected, "127.0.0.1", 0, ssl=context if IMPLICIT else None)
    tell("listening", port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
