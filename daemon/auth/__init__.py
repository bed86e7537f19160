"""Who asks, and what they may: users, tokens, scopes."""

from daemon.auth.credentials import Credentials, Scope, Token, User
from daemon.auth.gate import Gate, Principal

__all__ = ["Credentials", "Gate", "Principal", "Scope", "Token", "User"]
