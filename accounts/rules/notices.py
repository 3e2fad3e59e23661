"""What people are told about their own accounts. An e-mail names nobody, and says nothing that a stranger could use."""

from dataclasses import dataclass

from accounts.choices import NoticeKind

IF_NOT_YOU = "If this was not you, ring your agency’s technical administrator or the data guardian today."


@dataclass(frozen=True)
class Words:
    """One notice: the e-mail's subject and sentence, and the same for the home page."""

    subject: str
    sentence: str


WORDS: dict[NoticeKind, Words] = {
    NoticeKind.SECOND_FACTOR_SET: Words(
        "The second step of signing in is set up",
        f"Signing in to Harbour now asks for a code from your authenticator app. {IF_NOT_YOU}",
    ),
    NoticeKind.CODES_RENEWED: Words(
        "New recovery codes were made",
        f"New recovery codes were made for your Harbour account, and the old ones no longer work. {IF_NOT_YOU}",
    ),
    NoticeKind.RECOVERY_CODE_USED: Words(
        "A recovery code was used",
        f"A recovery code was used to sign in to your Harbour account. {IF_NOT_YOU}",
    ),
    NoticeKind.SECOND_FACTOR_RESET: Words(
        "The second step of signing in was reset",
        "The data guardian has reset the second step of signing in to Harbour for you. Set it up again when you next "
        f"sign in. {IF_NOT_YOU}",
    ),
    NoticeKind.NEW_DEVICE: Words(
        "Somebody signed in from a new device",
        f"Your Harbour account was signed in from a device that it was not used on before. {IF_NOT_YOU}",
    ),
}


def words_of(kind: str) -> Words:
    """The words of a notice."""
    return WORDS[NoticeKind(kind)]
