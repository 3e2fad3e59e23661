"""Conflicts of interest: one that somebody declared on a file, one that may be, and one said of a child by name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cases.record.models import Child
from cases.record.services import agree_safe_contact
from cases.sharing.choices import ConflictRelation
from cases.sharing.services.conflicts import Said, declare_on_file, declare_without_file, find_possible_conflicts
from config.demo.life import Life
from config.demo.times import on_day

if TYPE_CHECKING:
    from config.demo.seeding import Setting

DECLARES, FRIEND = "s.wynter", "young.parents"


def write_conflicts(lives: dict[int, Life], setting: Setting) -> None:
    """Write them through the product's own services: somebody who sees a file says that they know the family; somebody
    knows a child by name; and the telephone by which a child is safely reached is that of somebody who works here.
    """
    world, until = setting.world, setting.until
    at = on_day((until - timedelta(days=12)).date(), 9, 25)
    by = world.viewers[DECLARES]
    lives_open = [life for life in lives.values() if life.plan.closed_on is None and not life.child.restricted]
    seen = set(Child.objects.visible_to(by, at=at).values_list("pk", flat=True))
    theirs = [life for life in lives_open if life.child.pk in seen and not life.works_at(DECLARES, until)]
    if theirs:
        said = Said(ConflictRelation.FRIEND, "The child's aunt is a friend of mine, and we share a house.")
        declare_on_file(child=theirs[0].child, said=said, at=at, by=by)
    declare_without_file(
        given_name="Rowan",
        family_name="Kestrelton",
        birth_date=None,
        said=Said(ConflictRelation.FAMILY, "My nephew. I do not know whether anybody works with him."),
        at=at + timedelta(hours=2),
        by=world.viewers[FRIEND],
    )
    others = [life for life in lives_open if life not in theirs[:1]]
    if others:
        _same_telephone(others[-1], setting)


def _same_telephone(life: Life, setting: Setting) -> None:
    at = on_day((setting.until - timedelta(days=3)).date(), 10)
    telephone = setting.world.members[FRIEND].user.telephone
    agree_safe_contact(
        child=life.child,
        words=f"Through a friend of the family on {telephone}, after 6 in the evening.",
        version=life.version(),
        at=at,
        by=life.viewer("coordinator"),
    )
    find_possible_conflicts(at=at + timedelta(hours=6))
