"""Asks a web process whether it is well, by a name that it answers to.

`healthcheck.py`: the one of this container. `healthcheck.py web /healthz/alerts`: of another, and whether alerts are on
time.
"""

import http.client
import os
import sys

PORT = 8000


def is_well(server: str = "127.0.0.1", path: str = "/healthz") -> bool:
    host = os.environ["ALLOWED_HOSTS"].split(",")[0]
    connection = http.client.HTTPConnection(server, PORT, timeout=4)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_well(*sys.argv[1:3]) else 1)
