# syntax=docker/dockerfile:1
# The console is built with Node, the packages with pip; the image that runs has neither, and no root.

FROM node:24-slim AS console
WORKDIR /src/console
COPY console/package.json console/package-lock.json console/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY console/ ./
RUN npm run build

FROM python:3.11-slim AS packages
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home inbox
COPY --from=packages /venv /venv
WORKDIR /app
COPY gateway/ gateway/
COPY channels/ channels/
COPY routing/ routing/
COPY storage/ storage/
COPY --from=console /src/console/dist console/dist
COPY LICENSE README.md ./
# Whom it runs as may not write here: compiled now, or anew at every start.
RUN python -m compileall -q gateway channels routing storage
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    INBOX_HOST=0.0.0.0 INBOX_DATA_DIR=/data INBOX_LOG_FORMAT=json
USER inbox
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "gateway"]
CMD ["serve"]
