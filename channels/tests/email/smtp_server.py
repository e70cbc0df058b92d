"""A mail server on loopback for tests: says its port, then one JSON line for each mail that it took.

Recipients named permanent@ are refused with 550, transient@ with 451, denied@ with 530.

    smtp_server.py                           no TLS, no credentials
    smtp_server.py starttls CHAIN KEY        mail is taken after STARTTLS and AUTH only
    smtp_server.py tls CHAIN KEY             TLS from the first byte, mail is taken after AUTH only

The one user is ops with the password "p@ss: word".
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("permanent@"):
            return "550 5.1.1 no such\tuser \x1b[2J here"
        if address.startswith("transient@"):
            return "451 4.3.0 come back later"
        if address.startswith("denied@"):
            return "530 5.7.0 Authentication required"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            "user": session.auth_data,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "names": message.keys(),
            "oneClick": message["list-unsubscribe-post"],
            "subject": message["subject"],
            "messageId": message["message-id"],
            "unsubscribe": message["list-unsubscribe"],
            "parts": [part.get_content_type() for part in message.walk()],
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
        })
        return "250 OK"


def say(value):
    print(json.dumps(value), flush=True)


def authenticate(server, session, envelope, mechanism, data):
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ops", b"p@ss: word")
    return AuthResult(success=known, handled=False, auth_data=data.login.decode() if known else None)


def protocol(loop, mode, context):
    if mode == "none":
        return SMTP(Handler(), hostname="mail.test", loop=loop)
    options = {"tls_context": context, "require_starttls": True} if mode == "starttls" else {"auth_require_tls": False}
    return SMTP(
        Handler(), hostname="mail.test", loop=loop, authenticator=authenticate, auth_required=True, **options
    )


async def main():
    loop = asyncio.get_running_loop()
    mode, *files = sys.argv[1:] or ["none"]
    context = None
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    server = await loop.create_server(
        lambda: protocol(loop, mode, context), "127.0.0.1", 0, ssl=context if mode == "tls" else None
    )
    say(server.sockets[0].getsockname()[1])
    # Ends with the test, whichever way that ends: its end of the pipe closes.
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
