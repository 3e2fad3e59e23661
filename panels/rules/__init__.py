"""Rules of panels: states, the agenda, quorum, decisions, and what a referrer is told. Pure."""

from accounts.rules.refusals import Refusal


class PanelRefused(Refusal):
    """Something about a meeting cannot be done like this; `field` names what to look at again."""

    code = "panel_refused"
