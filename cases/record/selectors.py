"""What is known of a child."""

from uuid import UUID

from cases.record.models import Involvement


def lead_of(child_id: UUID) -> Involvement | None:
    """The one worker who leads on the case, whom everybody with access to the file may know."""
    return (
        Involvement.objects.filter(child_id=child_id, is_lead=True, ended_on=None)
        .select_related("membership__user", "working_agency")
        .first()
    )
