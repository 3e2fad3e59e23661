#!/bin/sh
# Run once by the PostgreSQL image, on an empty volume: the owner that migrates, and the role that serves.
set -eu
psql --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set ON_ERROR_STOP=1 \
    --set owner_password="${DATABASE_OWNER_PASSWORD:?}" \
    --set app_password="${DATABASE_APP_PASSWORD:?}" <<'SQL'
CREATE ROLE harbour_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE harbour_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE harbour OWNER harbour_owner;
REVOKE ALL ON DATABASE harbour FROM PUBLIC;
GRANT CONNECT ON DATABASE harbour TO harbour_app;
SQL
