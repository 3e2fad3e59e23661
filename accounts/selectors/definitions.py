"""The version of a rule that holds on a day."""

from datetime import date

from accounts.models import DefinitionVersion
from accounts.selectors.kept import kept


@kept
def definition_in_force(kind: str, key: str, *, on: date) -> DefinitionVersion:
    """The newest published version of a definition that is effective on a date.

    Raises DefinitionVersion.DoesNotExist where none is in force.
    """
    version = (
        DefinitionVersion.objects.filter(kind=kind, key=key, effective_on__lte=on)
        .order_by("-effective_on", "-version")
        .first()
    )
    if version is None:
        raise DefinitionVersion.DoesNotExist(f"No {kind} {key} is in force on {on:%d %B %Y}")
    return version
