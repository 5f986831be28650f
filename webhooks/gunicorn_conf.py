"""How gunicorn runs the web process: threads, because requests only wait for PostgreSQL."""

from __future__ import annotations

import os

from bot.settings import load

_settings = load()

wsgi_app = "webhooks.app:create_app()"
bind = os.environ.get("MENTORLINE_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = _settings.web_workers
threads = _settings.web_threads
timeout = 60
graceful_timeout = 5
keepalive = 15
# The emulator and Rasa keep connections open; a plain count would restart a busy process.
max_requests = 0
accesslog = None
errorlog = "-"
loglevel = "warning"
limit_request_line = 8190
