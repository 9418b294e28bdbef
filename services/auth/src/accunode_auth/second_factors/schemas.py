"""Second factors, as clients see them."""

from pydantic import Field

from accunode_common.schemas import ResponseModel, UtcTime


class RecoveryCodes(ResponseModel):
    """Codes that each stand in for a second factor once."""

    recovery_codes: list[str] = Field(
        description="Shown this once; empty where earlier ones are left and stay good.",
        examples=[["k7qd-2mxw-5trp-uv3e-6ahs-zb4n", "c4vn-6hzl-3sby-mq2a-x7dt-kp5w"]],
    )


class SecondFactors(ResponseModel):
    """What the caller has, and must have."""

    authenticator: bool = Field(description="Whether there is an authenticator.")
    passkeys: int = Field(description="How many passkeys there are; GET /auth/passkeys lists them.", examples=[2])
    recovery_codes_left: int = Field(description="How many recovery codes were not used yet.", examples=[9])
    required: bool = Field(description="Whether working where the access token is for takes a second factor.")
    grace_ends_at: UtcTime | None = Field(
        description="From when it does; null where it does not.", examples=["2026-04-14T09:30:00Z"]
    )
