"""The one exception that the command line turns into one sentence."""


class DevstackError(Exception):
    """Something on this machine keeps the stack from doing what was asked. The message is one sentence for its user."""
