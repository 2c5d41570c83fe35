# The server in one image, for one machine or for every node of a cluster: docs/deploy.md. No secret is in it.
# Node builds the pages and stays behind; Python's packages are those of requirements.server.lock, by hash.

ARG PYTHON=3.11-slim-bookworm
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS pages
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
COPY web/client/package.json client/
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY web/ ./
RUN node build.ts --to /build/static

FROM python:${PYTHON} AS environment
WORKDIR /opt/rayrooms
COPY scripts/uv.lock ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
    --target /opt/uv --requirement uv.lock
COPY requirements.server.lock ./
# Bytecode is compiled here, once; the image is read-only to whoever runs it.
RUN python -m venv --without-pip .venv \
    && /opt/uv/bin/uv pip sync --no-cache --python .venv/bin/python --require-hashes --compile-bytecode \
    requirements.server.lock
COPY rayrooms/ rayrooms/
COPY persistence/ persistence/
COPY actors/ actors/
COPY serve/ serve/
COPY scripts/ scripts/
COPY serve_config.yaml requirements.lock LICENSE ./
COPY --from=pages /build/static/ serve/static/
# The stamp tells scripts/env that there is nothing to install: what serves, without tools and notebooks, is all here.
RUN .venv/bin/python -m compileall -q rayrooms persistence actors serve \
    && sha256sum <requirements.lock >.venv/requirements.stamp

FROM python:${PYTHON}
# tini collects what Ray's processes leave behind and passes signals on.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 rayrooms \
    && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin rayrooms \
    && install -d -o rayrooms -g rayrooms -m 700 /data
COPY --from=environment /opt/rayrooms/ /opt/rayrooms/
WORKDIR /opt/rayrooms
ENV PATH=/opt/rayrooms/.venv/bin:$PATH \
    PYTHONPATH=/opt/rayrooms \
    PYTHONUNBUFFERED=1 \
    RAYROOMS_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
# A server of its own with an embedded Postgres in /data. A node of a cluster runs `scripts/node ray start ...` instead.
ENTRYPOINT ["tini", "--"]
CMD ["python", "-P", "-m", "serve.launcher", "--host", "0.0.0.0"]
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=6 \
    CMD ["python", "-P", "-m", "serve.launcher.probe", "http://127.0.0.1:8000/health"]
