"""Two answers side by side: what is made anew for each is taken out, and everything else must be equal."""

import re

# The policy's nonce, the forgery token, the mark of the form's owner and the form's key: by name, so that the value of
# an option, which may be an id, is compared.
ANEW = re.compile(r'(\bnonce|\bname="(?:csrfmiddlewaretoken|form_owner|idempotency_key)" value)="[^"]*"')
# The minute at which something was done or a page was made, which may turn between two requests.
MINUTE = re.compile(r"\d{1,2}:\d{2}[ap]m")
WAITED = re.compile(r"\d+ minutes?( ago)?|\bjust now|less than a minute")
# What names one thing apart from another of its kind: a notification's or a file's reference, and an id.
REFERENCE = re.compile(r"\b(?:N-)?[0-9A-Z]{3}-[0-9A-Z]{4}\b")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TYPED = re.compile(r'value="[^"]*"')


def masked(body: str | bytes, *, names: bool = False, typed: bool = False) -> str:
    """A page without its nonces, tokens, keys, and the minutes at which it was made and how long something waited.

    `names` takes out references and ids too, where two pages speak of two things of one kind; `typed` takes out what
    stands in the boxes of a form, where two people typed different words.
    """
    text = body.decode() if isinstance(body, bytes) else body
    for pattern in (MINUTE, WAITED, *((REFERENCE, ID) if names else ()), *((TYPED,) if typed else ())):
        text = pattern.sub("", text)
    return ANEW.sub(r'\1=""', text)
