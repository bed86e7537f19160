"""Who asks, and what they may: users, tokens, scopes."""

from daemon.auth.credentials import Credentials, Scope, Token, User
from daemon.auth.gate import Gate, Principal
from daemon.auth.webhook_secrets import SECRET_HEADER, WebhookSecrets

__all__ = [
    "SECRET_HEADER",
    "Credentials",
    "Gate",
    "Principal",
    "Scope",
    "Token",
    "User",
    "WebhookSecrets",
]
