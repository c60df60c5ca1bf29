"""The one exception for what a user can put right: its text names the rule, the value and the way out."""


class UserError(Exception):
    """A mistake in the input or the surroundings; front doors print its text without a traceback and exit with 2."""


class NoDatabaseError(UserError):
    """There is no database yet where one was named."""


def to_install(extra: str) -> str:
    """Return how the packages of `extra` are installed, beside an installed hpo and in a clone, for messages."""
    return f"pip install 'hpo-service[{extra}]' (in a clone: pip install '.[{extra}]')"
