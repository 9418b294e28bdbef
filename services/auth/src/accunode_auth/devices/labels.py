"""What a client calls itself, in words: `Chrome on Windows`."""

from ua_parser import parse

UNKNOWN = "an unknown device"
_LONGEST = 60


def label(user_agent: str) -> str:
    """The browser and the system; for a program its name; `an unknown device` for what says nothing."""
    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    if browser and system:
        return f"{browser} on {system}"
    program = user_agent.partition("/")[0].strip()[:_LONGEST]
    return browser or program or UNKNOWN
