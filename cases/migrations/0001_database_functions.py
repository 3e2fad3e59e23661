"""The extensions and functions that names are compared with."""

from django.contrib.postgres.operations import CreateExtension, TrigramExtension, UnaccentExtension
from django.db import migrations

CREATE = """
CREATE FUNCTION normalised_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN lower(regexp_replace(public.unaccent('public.unaccent'::regdictionary, name), '[^[:alpha:]]', '', 'g'));
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        CreateExtension("fuzzystrmatch"),
        migrations.RunSQL(CREATE, "DROP FUNCTION normalised_name(text)"),
    ]
