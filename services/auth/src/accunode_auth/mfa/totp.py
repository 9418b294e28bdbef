"""Time-based one-time passwords (RFC 6238) as authenticators expect them: SHA-1, six digits, steps of 30 seconds."""

import time

import pyotp

STEP_SECONDS = 30
DIGITS = 6
_DRIFT_STEPS = 1


def new_secret() -> str:
    """A fresh 160-bit secret, in base 32."""
    return pyotp.random_base32()


def current_step(now: float | None = None) -> int:
    """The time step of `now`, in seconds since 1970."""
    return int((time.time() if now is None else now) // STEP_SECONDS)


def code_at(secret: str, step: int) -> str:
    """The code of a time step."""
    return pyotp.TOTP(secret).generate_otp(step)


def matching_step(secret: str, code: str, *, after: int | None, now: float | None = None) -> int | None:
    """The step that `code` belongs to, if that is about now and later than `after`; None otherwise."""
    present = current_step(now)
    steps = range(present - _DRIFT_STEPS, present + _DRIFT_STEPS + 1)
    fitting = [step for step in steps if pyotp.utils.strings_equal(code_at(secret, step), code)]
    return max((step for step in fitting if after is None or step > after), default=None)


def enrolment_uri(secret: str, *, account: str, issuer: str) -> str:
    """The `otpauth:` URI that an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)
