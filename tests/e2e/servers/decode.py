"""Reads mail with Python's own `email`: one message a line, in base64; answers each with a line of JSON."""

import base64
import email
import email.policy
import json
import sys


def decoded(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = list(message.walk())
    return {
        "headers": [[name, str(value)] for name, value in message.items()],
        "defects": [repr(defect) for part in parts for defect in part.defects],
        "parts": [
            {
                "type": part.get_content_type(),
                "charset": (part.get_param("charset") or "").lower(),
                "name": part.get_filename(),
                "attached": part.get_content_disposition() == "attachment",
                "content": base64.b64encode(part.get_payload(decode=True)).decode(),
            }
            for part in parts
            if not part.is_multipart()
        ],
    }


for line in sys.stdin:
    print(json.dumps(decoded(base64.b64decode(line))), flush=True)
