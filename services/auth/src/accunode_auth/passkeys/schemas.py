"""Passkeys, as clients see them; what browsers give and take is in the JSON of WebAuthn level 3."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints
from pydantic.alias_generators import to_camel

from accunode_common.schemas import CreatedAt, InputModel, ResponseModel, UtcTime

_ID = "pZ8kq3T1yVb7QeXw"
_TEXT = "eyJ0eXBlIjoid2ViYXV0aG4iLCJjaGFsbGVuZ2UiOiIifQ"
Base64Url = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+={0,2}$", max_length=20_000)]
Label = Annotated[str, Field(description="What its owner calls it.", examples=["Work laptop"])]
NewLabel = Annotated[Label, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _BrowserModel(InputModel):
    model_config = ConfigDict(alias_generator=to_camel)


class Attestation(_BrowserModel):
    """`AuthenticatorAttestationResponseJSON`."""

    client_data_json: Base64Url = Field(alias="clientDataJSON", description="As the browser gave it.", examples=[_TEXT])
    attestation_object: Base64Url = Field(description="As the browser gave it.", examples=[_TEXT])
    authenticator_data: Base64Url | None = Field(default=None, description="Not read.")
    transports: list[Annotated[str, StringConstraints(max_length=20)]] = Field(
        default=[], max_length=10, description="How the authenticator is reached.", examples=[["internal", "hybrid"]]
    )
    public_key: Base64Url | None = Field(default=None, description="Not read.")
    public_key_algorithm: int | None = Field(default=None, description="Not read.")


class Assertion(_BrowserModel):
    """`AuthenticatorAssertionResponseJSON`."""

    client_data_json: Base64Url = Field(alias="clientDataJSON", description="As the browser gave it.", examples=[_TEXT])
    authenticator_data: Base64Url = Field(description="As the browser gave it.", examples=[_TEXT])
    signature: Base64Url = Field(description="As the browser gave it.", examples=[_TEXT])
    user_handle: Base64Url | None = Field(default=None, description="Says whose passkey it is.", examples=[_ID])


class _Credential(_BrowserModel):
    id: Base64Url = Field(description="What the authenticator calls the passkey.", examples=[_ID])
    raw_id: Base64Url = Field(description="The same.", examples=[_ID])
    type: Literal["public-key"] = Field(description="Always this.")
    authenticator_attachment: Literal["platform", "cross-platform"] | None = Field(
        default=None, description="Whether the authenticator is part of the device."
    )
    client_extension_results: dict[str, JsonValue] = Field(default={}, description="Not read.", examples=[{}])

    def json_dict(self) -> dict[str, Any]:
        """The credential as the browser wrote it."""
        return self.model_dump(by_alias=True, exclude_none=True)


class NewCredential(_Credential):
    """What `navigator.credentials.create()` gave, by its `toJSON()`."""

    response: Attestation = Field(description="The new public key.")


class ShownCredential(_Credential):
    """What `navigator.credentials.get()` gave, by its `toJSON()`."""

    response: Assertion = Field(description="The signature.")


ShownPasskey = Annotated[
    ShownCredential | None, Field(description="From `navigator.credentials.get()`, with the options asked for before.")
]


class CreationOptions(ResponseModel):
    """What a browser is asked to make."""

    public_key: dict[str, Any] = Field(
        description="For `PublicKeyCredential.parseCreationOptionsFromJSON()`, then `navigator.credentials.create()`"
        " within five minutes.",
        examples=[{"rp": {"id": "accunode.example", "name": "AccuNode"}, "challenge": _TEXT}],
    )


class RequestOptions(ResponseModel):
    """What a browser is asked to sign."""

    public_key: dict[str, Any] = Field(
        description="For `PublicKeyCredential.parseRequestOptionsFromJSON()`, then `navigator.credentials.get()` within"
        " five minutes.",
        examples=[{"rpId": "accunode.example", "challenge": _TEXT, "userVerification": "required"}],
    )


class PasskeyIn(InputModel):
    """A passkey that a browser made just now."""

    label: NewLabel
    credential: NewCredential = Field(description="From `navigator.credentials.create()`.")


class PasskeyChange(InputModel):
    """A passkey's new label."""

    label: NewLabel


class PasskeyOut(ResponseModel):
    """A passkey."""

    id: UUID = Field(description="For PATCH and DELETE /auth/passkeys/{passkey_id}.")
    label: Label
    backed_up: bool = Field(description="Whether its maker keeps it in more than one device.")
    transports: list[str] = Field(
        description="How the authenticator is reached, as the browser said.", examples=[["internal", "hybrid"]]
    )
    created_at: CreatedAt
    last_used_at: UtcTime | None = Field(description="When it last showed who its owner is; null for never.")


class NewPasskey(ResponseModel):
    """A passkey that was added."""

    passkey: PasskeyOut = Field(description="The passkey.")
    recovery_codes: list[str] = Field(
        description="Shown this once, with the first second factor; empty where earlier ones are left and stay good.",
        examples=[["k7qd-2mxw-5trp-uv3e-6ahs-zb4n", "c4vn-6hzl-3sby-mq2a-x7dt-kp5w"]],
    )
