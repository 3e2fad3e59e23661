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
    NoticeKind.INVITED: Words(
        "An invitation to Harbour",
        "You have been given an account in Harbour. Set a password by the link below. It works once, for 7 days.",
    ),
    NoticeKind.INVITED_BY_CODE: Words(
        "An invitation to Harbour",
        "You can now refer a child in Harbour and read what became of it. There is no password to remember: at the "
        "address below, enter your work address, and a code comes to it each time.",
    ),
    NoticeKind.SIGN_ON_LINKED: Words(
        "Your account is linked to a single sign-on",
        f"Your Harbour account was opened through your organisation’s own sign-in for the first time. {IF_NOT_YOU}",
    ),
    NoticeKind.PASSWORD_LINK: Words(
        "A link to set your password",
        f"Set a new password for Harbour by the link below. It works once, for one day. {IF_NOT_YOU}",
    ),
    NoticeKind.PASSWORD_SET: Words(
        "Your password was set", f"A password was set for your Harbour account. {IF_NOT_YOU}"
    ),
    NoticeKind.ROLE_GIVEN: Words(
        "Your role has changed",
        "What you may do in Harbour has changed. Sign in to see it. If it is wrong, tell your manager.",
    ),
    NoticeKind.TO_APPROVE: Words(
        "A role waits for you", "Somebody is to be given a role that opens files. It waits for your answer in Harbour."
    ),
    NoticeKind.HANDED_OVER: Words(
        "Work is to be handed over",
        "Somebody has left, or works elsewhere now. What they held is to be given to others. Sign in to see it.",
    ),
    NoticeKind.GUARDIAN_MISSING: Words(
        "A data guardian is missing",
        "Somebody must look after access as a data guardian, and nobody is left who can. Give somebody that role in "
        "Harbour: from the next morning they look after what has waited.",
    ),
    NoticeKind.SUSPEND_SOON: Words(
        "Your account will be suspended",
        "Your Harbour account has not been used for three weeks. Sign in within 7 days to keep it open.",
    ),
    NoticeKind.SUSPENDED: Words(
        "Your account is suspended",
        "Your Harbour account has not been used for 30 days and is suspended. Your manager or the technical "
        "administrator can open it again.",
    ),
    NoticeKind.LIFTED: Words("Your account is open again", "Your Harbour account is open again. You can sign in."),
    NoticeKind.REVIEW_OPENED: Words(
        "An access review is to be signed",
        "The quarter’s review of who has an account at your agency is open. Sign it in Harbour within 14 days.",
    ),
}


def words_of(kind: str) -> Words:
    """The words of a notice."""
    return WORDS[NoticeKind(kind)]
