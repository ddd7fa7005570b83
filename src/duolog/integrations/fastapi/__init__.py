"""FastAPI: a line per route, problem documents, positions, entity tags and bearer tokens."""

from duolog.integrations.fastapi.attach import attach
from duolog.integrations.fastapi.bearer import BearerTokens
from duolog.integrations.fastapi.live_answer import LiveOptions
from duolog.integrations.fastapi.message_router import MessageRouter
from duolog.integrations.fastapi.problems import Problem
from duolog.integrations.fastapi.request_context import request_metadata

__all__ = ["BearerTokens", "LiveOptions", "MessageRouter", "Problem", "attach", "request_metadata"]
