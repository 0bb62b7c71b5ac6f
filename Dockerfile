# One image for every service but the databases: pages, streams, tasks, schedule and proxy differ by command.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements/base.txt /tmp/base.txt
RUN /opt/venv/bin/pip install --require-hashes --requirement /tmp/base.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VAR=/var/lib/cryptopredict \
    NUMBA_CACHE_DIR=/tmp/numba OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/cryptopredict cryptopredict
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/cryptopredict
COPY . .
# The key is for this one command, which signs nothing; a running container gets its own from outside.
RUN python -m compileall -q . && SECRET_KEY=build python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R cryptopredict: /var/lib/cryptopredict
USER cryptopredict
EXPOSE 8000
CMD ["granian", "--interface=wsgi", "--no-ws", "--host=0.0.0.0", "--port=8000", "--blocking-threads=2", "--respawn-failed-workers", "cryptopredict.wsgi:application"]
