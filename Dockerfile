# One image for web, worker and clock (target `app`), one for the dialogue server (target `rasa`).
# The environments are made by the launcher's own code, so that they are the ones it expects.

FROM python:3.12-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    MENTORLINE_HOME=/var/lib/mentorline
WORKDIR /opt/mentorline
RUN useradd --system --create-home mentorline \
    && install -d -o mentorline -g mentorline /var/lib/mentorline

FROM base AS app-environment
ENV UV_NO_CACHE=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PYTHONPATH=/opt/mentorline
COPY cli/__init__.py cli/errors.py cli/places.py cli/installing.py cli/interpreters.py cli/prepare.py cli/
COPY requirements requirements
RUN python -m cli.prepare web

# Rasa 3.6 needs Python 3.10; both Pythons live side by side under /usr/local.
FROM base AS both-pythons
COPY --from=python:3.10-slim-bookworm /usr/local/bin/python3.10 /usr/local/bin/python3.10
COPY --from=python:3.10-slim-bookworm /usr/local/lib/python3.10 /usr/local/lib/python3.10
COPY --from=python:3.10-slim-bookworm /usr/local/lib/libpython3.10.so.1.0 /usr/local/lib/
RUN ldconfig && python3.10 --version

FROM both-pythons AS rasa-environment
ENV UV_NO_CACHE=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PYTHONPATH=/opt/mentorline
COPY --from=app-environment /opt/mentorline /opt/mentorline
COPY nlu/requirements.txt nlu/requirements-nodeps.txt nlu/
RUN python -m cli.prepare rasa && rm -rf .venv/uv

FROM both-pythons AS rasa
COPY --from=rasa-environment /opt/mentorline/.venv .venv
COPY . .
RUN python -m compileall -q api bot channels cli console nlu scheduler store webhooks
USER mentorline
VOLUME /var/lib/mentorline
EXPOSE 5005
ENTRYPOINT ["./mentorline"]
CMD ["rasa", "--host", "0.0.0.0"]

FROM base AS app
COPY --from=app-environment /opt/mentorline/.venv/app .venv/app
COPY . .
RUN python -m compileall -q api bot channels cli console nlu scheduler store webhooks
USER mentorline
VOLUME /var/lib/mentorline
EXPOSE 8000
ENTRYPOINT ["./mentorline"]
CMD ["web", "--host", "0.0.0.0"]
