"""Two answers side by side: what is made anew for each is taken out, and everything else must be equal."""

import re

# The policy's nonce, the forgery token, the mark of the form's owner and the form's key.
ANEW = re.compile(r'(nonce|value|content)="[A-Za-z0-9_:.+/=\-]{20,}"')


def masked(body: str) -> str:
    """A page without its nonces, tokens and keys."""
    return ANEW.sub(r'\1=""', body)
