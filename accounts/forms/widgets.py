"""Controls that Django has no equal of: choices with hints and reveals, a date in three parts, a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from django import forms
from django.utils.safestring import SafeString

from accounts.rules.dates import clock_time, in_london

DATE_PARTS = ("day", "month", "year")


class DateParts(NamedTuple):
    """A date as typed, before anybody knows whether it is one."""

    day: str = ""
    month: str = ""
    year: str = ""
    time: str = ""


class ChoicesWithHints:
    """What radios and checkboxes share: a hint below a choice, and fields that a choice reveals.

    `hints` and `reveals` are keyed by the choice's stored value. `revealed` is filled by the bound field just
    before rendering: value → the finished HTML of the fields it reveals.
    """

    hints: Mapping[str, str]
    reveals: Mapping[str, tuple[str, ...]]
    dividers: Mapping[str, str]
    exclusive: str
    revealed: dict[str, SafeString]
    reveal_attribute = "data-aria-controls"

    def set_up(
        self,
        hints: Mapping[Any, str] | None,
        reveals: Mapping[Any, str | tuple[str, ...]] | None,
        dividers: Mapping[Any, str] | None,
        exclusive: Any,
    ) -> None:
        self.hints = {str(value): text for value, text in (hints or {}).items()}
        self.reveals = {
            str(value): (names,) if isinstance(names, str) else tuple(names) for value, names in (reveals or {}).items()
        }
        self.dividers = {str(value): text for value, text in (dividers or {}).items()}
        self.exclusive = str(exclusive)
        self.revealed = {}

    def dress(self, option: dict[str, Any]) -> dict[str, Any]:
        """Add to one option what its line on the page needs."""
        value, attrs = str(option["value"]), option["attrs"]
        option["hint"] = self.hints.get(value, "")
        option["divider"] = self.dividers.get(value, "")
        option["reveal"] = self.revealed.get(value, "")
        if option["hint"]:
            attrs["aria-describedby"] = f"{attrs.get('id')}-hint"
        if option["reveal"]:
            attrs[self.reveal_attribute] = f"{attrs.get('id')}-reveal"
        if self.exclusive and value == self.exclusive:
            attrs["data-behaviour"] = "exclusive"
        return option


class Radios(ChoicesWithHints, forms.RadioSelect):
    """Radio buttons; `inline` for two short answers, `small` for filters.

    GOV.UK's script would put `aria-expanded` on a radio button, which ARIA does not allow there; ours does not.
    """

    reveal_attribute = "data-harbour-reveals"

    def __init__(
        self,
        attrs: dict[str, Any] | None = None,
        choices: Any = (),
        *,
        hints: Mapping[Any, str] | None = None,
        reveals: Mapping[Any, str | tuple[str, ...]] | None = None,
        dividers: Mapping[Any, str] | None = None,
        inline: bool = False,
        small: bool = False,
    ) -> None:
        super().__init__(attrs, choices)
        self.set_up(hints, reveals, dividers, "")
        self.inline, self.small = inline, small

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self.dress(super().create_option(*args, **kwargs))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"inline": self.inline, "small": self.small}
        return context


class Checkboxes(ChoicesWithHints, forms.CheckboxSelectMultiple):
    """Checkboxes; `exclusive` names the value that stands for "none of these" and unticks the others."""

    def __init__(
        self,
        attrs: dict[str, Any] | None = None,
        choices: Any = (),
        *,
        hints: Mapping[Any, str] | None = None,
        reveals: Mapping[Any, str | tuple[str, ...]] | None = None,
        dividers: Mapping[Any, str] | None = None,
        exclusive: Any = "",
        small: bool = False,
    ) -> None:
        super().__init__(attrs, choices)
        self.set_up(hints, reveals, dividers, exclusive)
        self.small = small

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self.dress(super().create_option(*args, **kwargs))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"small": self.small}
        return context


class DatePartsInput(forms.Widget):
    """Day, month and year in three boxes, each with its own label.

    `wrong_parts` is filled by the bound field before rendering, so that only the box to mend is marked.
    """

    template_name = "django/forms/widgets/date_parts.html"
    use_fieldset = True
    parts: tuple[str, ...] = DATE_PARTS
    widths: Mapping[str, int] = {"day": 2, "month": 2, "year": 4, "time": 5}

    def __init__(self, attrs: dict[str, Any] | None = None, *, autocomplete: str = "") -> None:
        super().__init__(attrs)
        self.autocomplete = autocomplete
        self.wrong_parts: frozenset[str] = frozenset()

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> DateParts:
        return DateParts(**{part: str(data.get(f"{name}_{part}", "")).strip() for part in self.parts})

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return not any(f"{name}_{part}" in data for part in self.parts)

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_day" if id_ else ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = as_parts(value)._asdict()
        own_id = context["widget"]["attrs"].get("id", name)
        context["widget"]["parts"] = [
            {
                "name": f"{name}_{part}",
                "id": f"{own_id}_{part}",
                "label": part.capitalize(),
                "value": shown[part],
                "width": self.widths[part],
                "numeric": part != "time",
                "wrong": part in self.wrong_parts,
                "autocomplete": f"{self.autocomplete}-{part}" if self.autocomplete else "off",
            }
            for part in self.parts
        ]
        return context


class MomentInput(DatePartsInput):
    """A day, month, year and time of day."""

    parts = (*DATE_PARTS, "time")


def as_parts(value: Any) -> DateParts:
    """What to show in the boxes for a stored date or instant, an ISO text of one, or what was typed."""
    if isinstance(value, DateParts):
        return value
    if isinstance(value, str) and value:
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError:
            return DateParts()
    if isinstance(value, datetime):
        local = in_london(value)
        return DateParts(str(local.day), str(local.month), str(local.year), clock_time(value))
    if isinstance(value, date):
        return DateParts(str(value.day), str(value.month), str(value.year))
    return DateParts()
