"""The skeleton tells apart what the accessibility checker could judge differently, and nothing else."""

import pytest

from tests.journeys.skeleton import fingerprints, skeleton

PAGE = """<!DOCTYPE html><html lang="en-GB"><head><title>Who the child is – Harbour</title></head><body>
<a href="#main" class="skip">Skip to main content</a>
<nav aria-label="Menu"><ul><li><a href="/">Home</a></li><li><a href="/triage/">Triage</a></li></ul></nav>
<main id="main"><h1>Robin Ashdown</h1><h2 id="part">What was written</h2>
<img src="/static/mark.svg" alt="A harbour">
<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="abc">
<label for="id_name" class="govuk-label">Name</label><div id="id_name-hint">As the child says it</div>
<input type="text" id="id_name" name="name" class="govuk-input" value="Robin" aria-describedby="id_name-hint">
<button type="submit">Save</button></form>
<section aria-labelledby="part"><table><caption>Seen</caption><thead><tr><th scope="col">When</th></tr></thead>
<tbody><tr><td data-label="When">4 March</td></tr><tr><td data-label="When">5 March</td></tr></tbody></table></section>
</main></body></html>"""

DIFFERENT = {
    "a label that is gone": ('<label for="id_name" class="govuk-label">Name</label>', ""),
    "a label without words": (">Name</label>", "></label>"),
    "a label that leads nowhere": ('for="id_name"', 'for="id_nome"'),
    "a label that leads to another control": ('for="id_name"', 'for="part"'),
    "a link without words": (">Triage</a>", "></a>"),
    "a link that leads nowhere": ('href="/triage/"', 'href=""'),
    "a link without an address": (' href="/triage/"', ""),
    "a skip link whose target is gone": ('<main id="main">', '<main id="other">'),
    "another heading level": ("h2", "h3"),
    "a heading without words": (">What was written</h2>", "></h2>"),
    "another class": ('class="govuk-input"', 'class="govuk-input govuk-input--error"'),
    "another role": ("<main ", '<main role="group" '),
    "a picture without its words": ('alt="A harbour"', 'alt=""'),
    "a picture that has no words at all": (' alt="A harbour"', ""),
    "a landmark without a name": (' aria-label="Menu"', ""),
    "a name that leads to words that are gone": ('id="part">', ">"),
    "a hint that is gone": (' id="id_name-hint"', ""),
    "an id that stands twice": ("<h1>", '<h1 id="part">'),
    "a control of another type": ('type="text"', 'type="checkbox"'),
    "a state": ('name="name"', 'name="name" aria-invalid="true"'),
    "another scope": ('scope="col"', 'scope="row"'),
    "another nesting": ('<li><a href="/triage/">Triage</a></li>', '<a href="/triage/">Triage</a>'),
    "another language": ('lang="en-GB"', 'lang="xx"'),
    "a row that is not like the others": ('<td data-label="When">5 March</td>', "<td></td>"),
    "a button without words": (">Save</button>", "></button>"),
    "a title without words": (">Who the child is – Harbour<", "><"),
    "a colour of its own": ("<h1>", '<h1 style="color: #999">'),
}
ALIKE = {
    "another name": ("Robin", "Alex"),
    "another address": ("/triage/", "/triage/N-222-2222/"),
    "another token": ('value="abc"', 'value="def"'),
    "one row more of the same": (
        '<tr><td data-label="When">5 March</td></tr>',
        '<tr><td data-label="When">6</td></tr>' * 3,
    ),
    "an id that is another everywhere": ("id_name", "id_5d50921c"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_could_be_judged_differently_has_another_skeleton(what: str) -> None:
    before, after = DIFFERENT[what]
    changed = PAGE.replace(before, after)
    assert changed != PAGE
    assert fingerprints(changed) - fingerprints(PAGE), what


@pytest.mark.parametrize("what", ALIKE)
def test_what_only_tells_one_record_from_another_has_the_same_skeleton(what: str) -> None:
    before, after = ALIKE[what]
    changed = PAGE.replace(before, after)
    assert changed != PAGE
    assert skeleton(changed) == skeleton(PAGE), what


def test_a_frame_and_a_main_part_that_were_judged_apart_leave_nothing_to_judge() -> None:
    other_frame = PAGE.replace('aria-label="Menu"', 'aria-label="Menu" class="wide"')
    other_main = PAGE.replace("<h2", '<h2 class="wide"')
    both = other_main.replace('aria-label="Menu"', 'aria-label="Menu" class="wide"')

    assert len(fingerprints(PAGE)) == 2
    assert len(fingerprints(other_frame) & fingerprints(PAGE)) == 1
    assert fingerprints(both) <= fingerprints(other_frame) | fingerprints(other_main)
    assert not fingerprints(both) <= fingerprints(PAGE) | fingerprints(other_main)
