"""Asks the web process of this container whether it is well, by a name that it answers to."""

import http.client
import os
import sys

PORT = 8000


def is_well() -> bool:
    host = os.environ["ALLOWED_HOSTS"].split(",")[0]
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=4)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_well() else 1)
