"""The forms every page uses: how a field finds its label, hint and error, and what a write form carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ImproperlyConfigured
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.http import QueryDict
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.forms.fields import KeyField
from accounts.forms.widgets import ChoicesWithHints, DatePartsInput
from accounts.rules.postcodes import NOTHING_KNOWN, WATCH, Watch, postcodes_in, spaced
from accounts.rules.refusals import SAID, Refusal

LOST_KEY = "This page could not be matched to the one you opened. Check your answers and send them again"


SOME_POSTCODE = (
    "This has a postcode in it ({}). An address may have to be kept from somebody: take it out, or tick that it must "
    "stay there"
)
KNOWN_POSTCODE = (
    "This has the postcode of a protected address in it ({}). Whoever reads this learns it: take it out, or tick that "
    "it must stay"
)


@dataclass(frozen=True)
class ToConfirm:
    """A tick that is asked for below a field: its name, its value, and whether it is given."""

    name: str
    value: str
    ticked: bool


class ErrorItem(TypedDict):
    """One line of the error summary; `href` is empty for an error that belongs to no control."""

    text: str
    href: str


class HarbourBoundField(BoundField):
    """A field as the page shows it: classes, ids and the address its error leads to."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        if widget.is_hidden:
            return attrs
        if self.use_fieldset:
            attrs.pop("aria-invalid", None)
        look = _class_of(widget)
        if look:
            names = [look, f"{look}--error" if self.errors else "", str(widget.attrs.get("class", ""))]
            attrs["class"] = " ".join(name for name in names if name)
        if isinstance(widget, forms.widgets.Input):
            # A browser would cut a pasted text off without a word; the field answers with a message instead.
            attrs["maxlength"] = attrs["minlength"] = False
        return attrs

    def as_widget(
        self,
        widget: forms.Widget | None = None,
        attrs: dict[str, Any] | None = None,
        only_initial: bool = False,
    ) -> SafeString:
        shown = widget or self.field.widget
        if isinstance(shown, ChoicesWithHints) and shown.reveals:
            shown.revealed = {value: self._group(names) for value, names in shown.reveals.items()}
        if isinstance(shown, DatePartsInput):
            shown.wrong_parts = self.wrong_parts
        return super().as_widget(widget, attrs, only_initial)

    @property
    def aria_describedby(self) -> str | None:
        """The ids of the hint, the error and the character count, in the order they are read out."""
        if self.is_hidden or not self.auto_id or self.field.widget.attrs.get("aria-describedby"):
            return None
        ids = [f"{self.auto_id}-hint" if self.help_text else "", f"{self.auto_id}-error" if self.errors else ""]
        if self.counts_characters:
            ids.append(f"{self.auto_id}-info")
        return " ".join(id_ for id_ in ids if id_)

    @property
    def counts_characters(self) -> bool:
        """Whether the page counts down what may still be typed."""
        return isinstance(self.field.widget, forms.Textarea) and bool(self.field.widget.attrs.get("maxlength"))

    @property
    def is_heading(self) -> bool:
        """Whether this question is the page's heading, as on a page that asks one thing."""
        return getattr(self.form, "heading_field", "") == self.name

    @property
    def is_tick(self) -> bool:
        """Whether this is one checkbox, whose label follows it."""
        return isinstance(self.field.widget, forms.CheckboxInput)

    @property
    def to_confirm(self) -> ToConfirm | None:
        """The tick that is asked for below this field; None where there is none."""
        return getattr(self.form, "to_confirm", {}).get(self.name)

    @property
    def says_optional(self) -> bool:
        """Whether the label is followed by the words that the field may be left empty."""
        asks = getattr(self.form, "says_optional", False)
        return asks and not self.field.required and not self.is_tick and not self.field.disabled

    @property
    def optional_words(self) -> str:
        """The words for that: "optional", or the field's own where it is needed in some cases."""
        return getattr(self.field, "optional_words", "optional")

    @property
    def wrong_parts(self) -> frozenset[str]:
        """Which boxes of a date its errors speak of; all of them when an error names none."""
        if not self.errors:
            return frozenset()
        named: set[str] = set()
        for error in self.form.errors.as_data().get(self.name, []):
            named.update((error.params or {}).get("parts", ()))
        parts = getattr(self.field.widget, "parts", ())
        return frozenset(named or parts)

    @property
    def error_target(self) -> str:
        """The id of the control that an error leads to: the first button of a group, the box that is wrong."""
        widget = self.field.widget
        if isinstance(widget, DatePartsInput):
            return next(f"{self.auto_id}_{part}" for part in widget.parts if part in self.wrong_parts)
        if isinstance(widget, forms.RadioSelect):
            return f"{self.auto_id}_0"
        return self.auto_id

    def _group(self, names: tuple[str, ...]) -> SafeString:
        return format_html_join("", "{}", ((self.form[name].as_field_group(),) for name in names))


class HarbourRenderer(TemplatesSetting):
    """Renders every form of the project, third parties' included, with our templates and bound field."""

    bound_field_class = HarbourBoundField


class HarbourForm(forms.Form):
    """A form whose messages say what to do.

    `heading_field` names the question that is the page's heading; `says_optional` is off for filters. `at` is
    the instant that fields with a `when` are checked against; leaving it out where it is needed is an error
    of the program.
    """

    heading_field = ""
    says_optional = True
    use_required_attribute = False

    def __init__(self, *args: Any, at: datetime | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.at = at
        if isinstance(self.data, QueryDict) and self.is_bound:
            # A page of refusal, made where no form is in hand, shows what was posted under this form's labels.
            setattr(self.data, "read_by", self)  # noqa: B010  (no attribute of the class)
        for name, field in self.fields.items():
            if getattr(field, "when", "") and at is None:
                raise ImproperlyConfigured(f"{type(self).__name__}({name}) compares dates and needs `at`.")

    def refuse(self, refusal: Refusal, *, field: str = "") -> None:
        """Say what a service refused at the question it is about, at `field`, or above the form.

        Where it denies, the middleware writes it down: that it comes back as a form makes it no less a denial.
        """
        said = SAID.get()
        if said is not None:
            said.append(refusal)
        where = self.place_of(refusal.field or field)
        self.add_error(where if where in self.fields else None, refusal.reason)

    def place_of(self, field: str) -> str:
        """The question that asks what a service calls `field`: the same, but where a form asks it in several places."""
        return field

    def full_clean(self) -> None:
        # Only now: a form may be given more fields after it is made, as a risk tool's questions are.
        for name, field in self.fields.items():
            _set_messages(name, field)
        super().full_clean()

    @property
    def error_items(self) -> list[ErrorItem]:
        """The lines of the error summary, in the order of the page."""
        return error_items(self)

    def get_context(self) -> dict[str, Any]:
        """Django's context without the fields that a choice reveals: those stand below their choice."""
        context = super().get_context()
        revealed = {name for _, names in self._reveals() for name in names}
        context["fields"] = [pair for pair in context["fields"] if pair[0].name not in revealed]
        return context

    def _clean_form(self) -> None:
        self._empty_what_is_not_revealed()
        for name, field in self.fields.items():
            value = self.cleaned_data.get(name)
            if getattr(field, "when", "") and value is not None and self.at is not None:
                try:
                    field.check_when(value, self.at)  # type: ignore[attr-defined]
                except forms.ValidationError as error:
                    self.add_error(name, error)
        super()._clean_form()  # type: ignore[misc]

    def _empty_what_is_not_revealed(self) -> None:
        """A field below a choice counts only when that choice is picked, whatever was typed in it before."""
        shown: set[str] = set()
        hidden: set[str] = set()
        for (parent, value), names in self._reveals():
            picked = self.cleaned_data.get(parent)
            picked = self.fields[parent].prepare_value(picked)
            chosen = value in map(str, picked) if isinstance(picked, list) else value == str(picked)
            (shown if chosen else hidden).update(names)
        for name in hidden - shown:
            self.errors.pop(name, None)
            self.cleaned_data[name] = _nothing(self.fields[name])

    def _reveals(self) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
        for name, field in self.fields.items():
            for value, names in getattr(field.widget, "reveals", {}).items():
                yield (name, value), names


class WriteForm(HarbourForm):
    """A form that changes something: it carries a key that makes a second press harmless, and the version of
    the record it was opened on (None when the record is new), so that nobody's words are written over.

    Postcodes in its texts are asked about, for it may be about a child; one that cannot be says so by `about_a_child`.
    `watch` says what is known of them where no file is open.
    """

    about_a_child = True
    idempotency_key = KeyField(error_messages={"required": LOST_KEY, "invalid": LOST_KEY})
    version = forms.IntegerField(
        required=False,
        min_value=0,
        widget=forms.HiddenInput,
        error_messages={"invalid": LOST_KEY, "min_value": LOST_KEY},
    )

    def __init__(self, *args: Any, watch: Watch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.watch = watch
        self.to_confirm: dict[str, ToConfirm] = {}

    def _clean_form(self) -> None:
        super()._clean_form()
        if not self.about_a_child:
            return
        watch = self.postcodes_watched()
        for name, field in self.fields.items():
            value = self.cleaned_data.get(name)
            if getattr(field, "watched", False) and isinstance(value, str):
                self._ask_about_postcodes(name, postcodes_in(value), watch)

    def postcodes_watched(self) -> Watch:
        """What is asked about postcodes here."""
        return self.watch or WATCH.get() or NOTHING_KNOWN

    def _ask_about_postcodes(self, name: str, found: frozenset[str], watch: Watch) -> None:
        """Ask to confirm a postcode in a text, which may be that of a protected address.

        Everybody is asked about every postcode: were it only about those that are protected, whoever may not know the
        address could find it out here. Only who knows it already is told which it is. A referrer is asked about the
        one that they typed themselves.
        """
        found = found if watch.every else watch.known(found)
        if not found:
            return
        box = f"{self.add_prefix(name)}_postcode"
        words = ", ".join(spaced(code) for code in sorted(found))
        ticked = self.data.get(box) == words
        self.to_confirm[name] = ToConfirm(box, words, ticked)
        if not ticked:
            known = ", ".join(spaced(code) for code in sorted(watch.known(found)))
            self.add_error(name, KNOWN_POSTCODE.format(known) if known else SOME_POSTCODE.format(words))


def error_items(form: forms.BaseForm) -> list[ErrorItem]:
    """The lines of an error summary for any form, each leading to the control it speaks of."""
    lines: list[ErrorItem] = [{"text": str(text), "href": ""} for text in form.non_field_errors()]
    for bound in form:
        for text in bound.errors:
            target = "" if bound.is_hidden else getattr(bound, "error_target", bound.id_for_label or bound.auto_id)
            lines.append({"text": str(text), "href": f"#{target}" if target else ""})
    known = set(form.fields) | {NON_FIELD_ERRORS}
    lines += [
        {"text": str(text), "href": ""} for name in form.errors if name not in known for text in form.errors[name]
    ]
    return lines


def _class_of(widget: forms.Widget) -> str:
    if isinstance(widget, forms.Textarea):
        return "govuk-textarea"
    if isinstance(widget, forms.Select) and not isinstance(widget, forms.RadioSelect):
        return "govuk-select"
    if isinstance(widget, forms.FileInput):
        return "govuk-file-upload"
    if isinstance(widget, forms.CheckboxInput):
        return "govuk-checkboxes__input"
    return "govuk-input" if isinstance(widget, forms.widgets.Input) else ""


def _set_messages(name: str, field: forms.Field) -> None:
    """Say what to do where Django's own words would only say that something is wrong."""
    label = str(field.label or name.replace("_", " ").capitalize())
    messages = field.error_messages
    if messages.get("required") == forms.Field.default_error_messages["required"]:
        messages["required"] = _asked_for(field, label)
    subject = "Your answer" if label.endswith("?") else label
    messages.setdefault("max_length", f"{subject} must be %(limit_value)d characters or fewer")
    messages.setdefault("min_length", f"{subject} must be %(limit_value)d characters or more")
    messages.setdefault("min_value", f"{subject} must be %(limit_value)s or more")
    messages.setdefault("max_value", f"{subject} must be %(limit_value)s or less")
    if isinstance(field, forms.ChoiceField):
        messages["invalid_choice"] = "Select one of the choices offered"
    elif type(field).default_error_messages.get("invalid") == messages.get("invalid") and isinstance(
        field, forms.IntegerField
    ):
        messages["invalid"] = f"{subject} must be a whole number, like 3"


def _asked_for(field: forms.Field, label: str) -> str:
    if label.endswith("?"):
        return f"Answer “{label}”"
    if isinstance(field, forms.BooleanField):
        return f"Tick “{label}”"
    return f"{'Select' if isinstance(field, forms.ChoiceField) else 'Enter'} {_in_sentence(label)}"


def _in_sentence(label: str) -> str:
    return label if label[1:2].isupper() or label.startswith("I ") else label[:1].lower() + label[1:]


def _nothing(field: forms.Field) -> Any:
    if isinstance(field, forms.MultipleChoiceField):
        return []
    return getattr(field, "empty_value", None)
