"""The triggers that hold whatever the grants say, and the functions behind them.

Each statement may be run again: the owner runs all of them after every migration.
"""

# Honoured for the owner alone: with the library's own function, any session could set a variable and change
# rows without a trace.
IGNORE = """
CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    ignored text := current_setting('pgtrigger.ignore', true);
BEGIN
    IF session_user <> {owner} OR ignored IS NULL OR ignored = '' THEN
        RETURN false;
    END IF;
    RETURN trigger_name = ANY (ignored::text[]);
END;
$$
"""

FUNCTIONS = (
    """
CREATE OR REPLACE FUNCTION public.harbour_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END;
$$
""",
    """
CREATE OR REPLACE FUNCTION public.harbour_settled() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := to_jsonb(OLD);
    becomes jsonb := to_jsonb(NEW);
    settled text;
BEGIN
    IF was -> TG_ARGV[0] = 'null'::jsonb THEN
        RETURN NEW;
    END IF;
    FOREACH settled IN ARRAY TG_ARGV LOOP
        IF was -> settled IS DISTINCT FROM becomes -> settled THEN
            RAISE EXCEPTION 'In %, % stays as it is once % is set', TG_TABLE_NAME, settled, TG_ARGV[0]
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END LOOP;
    RETURN NEW;
END;
$$
""",
    """
CREATE OR REPLACE FUNCTION public.harbour_membership_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_on IS NOT NULL AND NEW.ended_on IS DISTINCT FROM OLD.ended_on AND (
        NEW.ended_on IS NULL OR NEW.ended_on > OLD.ended_on
        OR OLD.ended_on <= (clock_timestamp() AT TIME ZONE 'Europe/London')::date
    ) THEN
        RAISE EXCEPTION 'A role that has ended stays so, and an end is never put off'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END;
$$
""",
    """
CREATE OR REPLACE FUNCTION public.harbour_stamp_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The owner may write of earlier days (demonstration data, a restored trail); nobody else may.
    IF session_user <> {owner} THEN
        NEW.at := clock_timestamp();
    END IF;
    NEW.xid := pg_current_xact_id()::text::bigint;
    NEW.db_user := session_user;
    RETURN NEW;
END;
$$
""",
    """
CREATE OR REPLACE FUNCTION public.harbour_adopted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What people adopt in the product holds from a coming day on; every other rule is published by the owner.
    IF session_user <> {owner} AND (
        NEW.kind <> 'access_matrix' OR NEW.effective_on <= (clock_timestamp() AT TIME ZONE 'Europe/London')::date
    ) THEN
        RAISE EXCEPTION 'Definitions are published by the owner' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END;
$$
""",
    """
CREATE OR REPLACE FUNCTION public.harbour_require_context() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF session_user <> {owner} AND COALESCE(NEW.pgh_context ->> 'reason', '') = '' THEN
        RAISE EXCEPTION 'A change must say who makes it and why: no history context for %', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END;
$$
""",
)

STAMP = (
    "CREATE OR REPLACE TRIGGER harbour_stamp BEFORE INSERT ON accounts_accessevent "
    "FOR EACH ROW EXECUTE FUNCTION public.harbour_stamp_access()"
)
ADOPTED = (
    "CREATE OR REPLACE TRIGGER harbour_adopted BEFORE INSERT ON accounts_definitionversion "
    "FOR EACH ROW EXECUTE FUNCTION public.harbour_adopted()"
)
APPEND_ONLY = (
    "CREATE OR REPLACE TRIGGER harbour_append_only BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION public.harbour_refuse()"
)
NEVER_EMPTIED = (
    "CREATE OR REPLACE TRIGGER harbour_never_emptied BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION public.harbour_refuse()"
)
CONTEXT = (
    "CREATE OR REPLACE TRIGGER harbour_context BEFORE INSERT ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION public.harbour_require_context()"
)
# An end that is still to come may be brought forward: who leaves before a secondment is over leaves it too.
MEMBERSHIP_ENDS = (
    "CREATE OR REPLACE TRIGGER harbour_membership_ends BEFORE UPDATE ON accounts_membership "
    "FOR EACH ROW EXECUTE FUNCTION public.harbour_membership_ends()"
)
SETTLED = (
    "CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION public.harbour_settled({columns})"
)
