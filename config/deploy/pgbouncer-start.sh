#!/bin/sh
# Writes the one login the pooler knows from the environment, and starts it.
set -eu
umask 077
printf '"harbour_app" "%s"\n' "${DATABASE_APP_PASSWORD:?}" > /tmp/userlist.txt
exec pgbouncer /etc/harbour/pgbouncer.ini
