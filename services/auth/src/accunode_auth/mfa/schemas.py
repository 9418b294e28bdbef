"""What enrolling an authenticator takes and gives."""

from typing import Annotated

from pydantic import Field, StringConstraints

from accunode_common.schemas import InputModel, ResponseModel

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{6}$"),
    Field(description="Six digits, as the authenticator shows them now.", examples=["492039"]),
]
AnyCode = Annotated[
    str,
    StringConstraints(min_length=6, max_length=30),
    Field(description="Of the authenticator, or a recovery code.", examples=["492039"]),
]


class Enrolment(ResponseModel):
    """What an authenticator is told. It counts once a code of it was confirmed."""

    secret: str = Field(description="In base 32, to type.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    uri: str = Field(
        description="An `otpauth:` URI, to show as a QR code.",
        examples=[
            "otpauth://totp/AccuNode:ada.lovelace%40first-national.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=AccuNode"
        ],
    )


class Confirmation(InputModel):
    """A code of the new authenticator."""

    code: Code
