# The image of a family: docker build --build-arg FAMILY=sql --target lambda . (or --target server)
# `make pin` writes the digests of today behind the tags; or give them: --build-arg LAMBDA_BASE=...@sha256:...
ARG LAMBDA_BASE=public.ecr.aws/lambda/python:3.13
ARG SERVER_BASE=docker.io/library/python:3.13-slim

# Both targets take what is built on Lambda's base: its C library is the older one, so the wheels fit both.
FROM ${LAMBDA_BASE} AS build
ARG PYTHON=python3
# the certificates of the system: a company may have its own
ENV UV_NO_CACHE=1 UV_SYSTEM_CERTS=1
WORKDIR /build
RUN command -v uv || ${PYTHON} -m pip install --no-cache-dir "uv>=0.9,<1"

# The order is that of change: what all families share comes first, and is one layer for all of them.
COPY requirements.lock shared/pyproject.toml ./
RUN uv pip install --quiet --python "$(command -v ${PYTHON})" --target /out/runtime \
        --constraint requirements.lock --requirements pyproject.toml \
        --extra expressions --extra http --extra aws \
    && ${PYTHON} -m compileall -q --invalidation-mode unchecked-hash /out/runtime

ARG FAMILY
COPY functions/${FAMILY}/pyproject.toml family.toml
COPY tools/image_needs.py ./
RUN ${PYTHON} image_needs.py family.toml > needs.txt \
    && uv pip install --quiet --python "$(command -v ${PYTHON})" --target /out/family \
        --constraint requirements.lock --requirements needs.txt \
    && mkdir -p /out/family \
    && echo "from tiercel_${FAMILY}.app import handler as handler" > /out/family/function.py \
    && ${PYTHON} -m compileall -q --invalidation-mode unchecked-hash /out/family

COPY shared/tiercel /out/code/tiercel
COPY functions/${FAMILY}/tiercel_${FAMILY} /out/code/tiercel_${FAMILY}
RUN ${PYTHON} -m compileall -q --invalidation-mode unchecked-hash /out/code

FROM ${LAMBDA_BASE} AS lambda
COPY --from=build /out/runtime /var/task
COPY --from=build /out/family /var/task
COPY --from=build /out/code /var/task
CMD ["function.handler"]

FROM ${SERVER_BASE} AS server
ARG FAMILY
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 TIERCEL_FAMILY=tiercel_${FAMILY} TIERCEL_HOME=/tmp/tiercel PORT=8080
WORKDIR /app
COPY --from=build /out/runtime /app
COPY --from=build /out/family /app
COPY --from=build /out/code /app
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health')"]
CMD ["python3", "-m", "tiercel.adapters.cloud_run"]
