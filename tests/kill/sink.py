"""A mail server outside the product: it writes each e-mail it accepts to a file, on the disk, before it says so.

`python -m tests.kill.sink <folder>`: the port is in `<folder>/port`, one JSON object a line in `<folder>/accepted`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


class Accepting:
    """Takes everything; what has been answered with 250 is on the disk."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content)
        line = {"id": message["Message-ID"], "to": envelope.rcpt_tos, "subject": message["Subject"]}
        os.write(self.file, json.dumps(line).encode() + b"\n")
        os.fsync(self.file)
        return "250 Accepted"


async def serve(folder: Path) -> None:
    handler = Accepting(folder / "accepted")
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(handler), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (folder / "port.new").write_text(str(port))
    (folder / "port.new").rename(folder / "port")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
