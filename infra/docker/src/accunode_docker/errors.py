"""What a command of this package cannot do."""


class DockerError(RuntimeError):
    """A reason that the user can do something about, in one sentence."""
