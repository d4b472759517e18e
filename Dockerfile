# The gateway and its dashboard. BASE may be any Debian with Python 3.12 or 3.13 as python3:
#   make assets && docker build -t soundstage .
#   docker build -t soundstage --build-arg BASE=my-registry/python:3.13-slim .
# Without a network: put the wheels of requirements-demo.lock into ./wheels and add
#   --network none --build-arg PIP_ARGS="--no-index --find-links /opt/soundstage/wheels"
# What installs stays behind in the stages that installed: the images that run hold no wheels and no pip.
ARG BASE=python:3.13-slim
FROM ${BASE} AS rooms
ARG PIP_ARGS=""
WORKDIR /opt/soundstage
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock pyproject.toml README.md LICENSE wheel[s] ./wheels/
RUN mv wheels/requirements.lock wheels/pyproject.toml wheels/README.md wheels/LICENSE . \
    && python3 -m venv /opt/venv \
    && pip install --no-cache-dir ${PIP_ARGS} --require-hashes -r requirements.lock

# dashboard/static/vendor comes along: `make assets` before the build, so that the image needs no Node.
COPY policies policies
COPY ledger ledger
COPY sinks sinks
COPY proxy proxy
COPY dashboard dashboard
COPY soundstage soundstage
RUN test -s dashboard/static/vendor/htmx.min.js \
    || { echo "soundstage: error: dashboard/static/vendor is empty; run make assets before the build" >&2; exit 1; }
# The image is run read-only, so what Python would compile at its first start is compiled here.
RUN pip install --no-cache-dir ${PIP_ARGS} --no-build-isolation --no-deps -e . \
    && python3 -m compileall -q policies ledger sinks proxy dashboard soundstage

# The demo shop of docker-compose.yml: the providers' SDKs on top.
FROM rooms AS shop-rooms
ARG PIP_ARGS=""
COPY requirements-demo.lock ./
RUN pip install --no-cache-dir ${PIP_ARGS} --require-hashes -r requirements-demo.lock \
    && pip uninstall --yes pip && rm -rf wheels
COPY demo demo
COPY deploy/compose/shop.py ./

FROM ${BASE} AS shop
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN useradd --system --uid 10002 --create-home --shell /usr/sbin/nologin shop
# Its own to change: SDKs that bring their certificates along are told to trust the CA when the container starts.
COPY --from=shop-rooms --chown=shop:shop /opt/venv /opt/venv
COPY --from=shop-rooms /opt/soundstage /opt/soundstage
WORKDIR /opt/soundstage
USER shop
CMD ["python3", "shop.py"]

FROM rooms AS gateway-rooms
RUN pip uninstall --yes pip && rm -rf wheels
COPY deploy/compose/healthcheck.py ./

FROM ${BASE} AS gateway
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin soundstage \
    && install -d -m 0700 -o soundstage -g soundstage /data \
    && install -d -m 0755 -o soundstage -g soundstage /trust
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 SOUNDSTAGE_DATA_DIR=/data
COPY --from=gateway-rooms /opt/venv /opt/venv
COPY --from=gateway-rooms /opt/soundstage /opt/soundstage
WORKDIR /opt/soundstage
USER soundstage
VOLUME /data
# proxy, steered TLS, steered HTTP, DNS, SMTP, SMTPS, dashboard
EXPOSE 8080 8443 8081 1053/udp 1053/tcp 1025 1465 8025
HEALTHCHECK --interval=2s --timeout=4s --start-period=30s --retries=15 CMD ["python3", "/opt/soundstage/healthcheck.py"]
STOPSIGNAL SIGTERM
CMD ["soundstage", "up"]
