"""The account that is worked on: clients by name, and what AWS answers in words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions as aws_errors
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from accunode_infra.answering import listen, patience
from accunode_infra.errors import FailedError, InfraError, RefusedError

DEFAULT_REGION = "us-east-1"

_NO_ACCESS = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_UNKNOWN_KEY = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "InvalidAccessKeyId",
    }
)
THROTTLED = frozenset(
    {
        "EC2ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The names under which AWS refuses a call because there were too many."""

_NO_REGION = frozenset({"OptInRequired", "RegionDisabledException", "InvalidRegion"})


class Session:
    """One account in one region.

    Credentials come from where boto3 takes them: the environment, `AWS_PROFILE`, single sign-on, a role.
    `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are honoured. `poll_seconds` lie between two looks at something
    that is waited for. `say` is told when AWS does not answer at once.

    Raises:
        RefusedError: The profile or the region does not exist.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        profile: str | None = None,
        poll_seconds: float = 3.0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        with explained():
            self._boto = boto3.Session(region_name=region, profile_name=profile)
            self.region: str = self._boto.region_name or DEFAULT_REGION
            self._refuse_unknown_region()
        self.profile = profile
        self.poll_seconds = poll_seconds
        self._clients: dict[tuple[str, str], Any] = {}
        listen(self._boto.events, say)

    def _refuse_unknown_region(self) -> None:
        known = [
            region
            for partition in self._boto.get_available_partitions()
            for region in self._boto.get_available_regions("cloudformation", partition)
        ]
        if self.region not in known:
            raise RefusedError(
                f"There is no AWS region {self.region!r}: name one such as {DEFAULT_REGION} with --region."
            )

    def client(self, service: str, *, region: str | None = None) -> Any:
        """The boto3 client of a service, made once; throttled calls are repeated up to eight times.

        Raises:
            RefusedError: The endpoint that is set for the service is not a URL.
        """
        key = (service, region or self.region)
        if key not in self._clients:
            try:
                made = self._boto.client(service, region_name=key[1], config=patience())
                _ = urlsplit(made.meta.endpoint_url).port
            except ValueError as error:
                raise RefusedError(
                    f"{_sentence(error)}: AWS_ENDPOINT_URL, or endpoint_url in the profile, must be a URL such as "
                    "https://proxy.example.com:8443, or not be set."
                ) from None
            self._clients[key] = made
        return self._clients[key]

    @property
    def events(self) -> Any:
        """Botocore's event hooks; handlers must be registered before the first client is made."""
        return self._boto.events

    @cached_property
    def identity(self) -> dict[str, str]:
        """Who the credentials are: `Account`, `Arn`, `UserId`.

        Raises:
            RefusedError: There are no credentials, or AWS does not take them.
        """
        with explained():
            found: dict[str, str] = self.client("sts").get_caller_identity()
        return {name: found[name] for name in ("Account", "Arn", "UserId")}

    @property
    def account(self) -> str:
        """The account's twelve digits."""
        return self.identity["Account"]

    @property
    def partition(self) -> str:
        """The partition that the region belongs to: `aws`, `aws-cn`, `aws-us-gov`."""
        return self._boto.get_partition_for_region(self.region) or "aws"


@contextmanager
def explained() -> Iterator[None]:
    """Turn what botocore raises inside into an InfraError of one sentence."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise in_words(error) from error
    except ResponseParserError as error:
        raise unreadable(error) from error


def unreadable(error: ResponseParserError) -> InfraError:
    """What to do when something else than AWS answers, such as a proxy's page."""
    said = _sentence(error).partition(", invalid XML received")[0]
    return RefusedError(
        f"What answers is not AWS ({said}): check the proxy (HTTPS_PROXY), and AWS_ENDPOINT_URL if it is set."
    )


def code_of(error: ClientError) -> str:
    """AWS's name for the error, such as `ValidationError`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """AWS's own sentence about the error."""
    return str(error.response.get("Error", {}).get("Message", "")) or str(error)


def parameter(session: Session, name: str, *, secret: bool = False) -> dict[str, Any] | None:
    """What Parameter Store holds under a name, with its version; None when it holds nothing. A `secret` is decrypted.

    Raises:
        botocore.exceptions.ClientError: It may not be read.
    """
    try:
        found: dict[str, Any] = session.client("ssm").get_parameter(Name=name, WithDecryption=secret)["Parameter"]
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return None
        raise
    return found


def in_words(error: BotoCoreError | ClientError) -> InfraError:
    """What went wrong and what to do, in one sentence."""
    if isinstance(error, ClientError):
        return _answer_in_words(error)
    match error:
        case aws_errors.NoCredentialsError() | aws_errors.PartialCredentialsError():
            return RefusedError(
                "No AWS credentials were found: set AWS_PROFILE, sign in with `aws sso login`, or export "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        case aws_errors.ProfileNotFound():
            return RefusedError(f"{_sentence(error)}: `aws configure list-profiles` lists those that do.")
        case aws_errors.SSOError() | aws_errors.TokenRetrievalError() | aws_errors.UnauthorizedSSOTokenError():
            return RefusedError("The single sign-on session has ended: run `aws sso login` again.")
        case aws_errors.InvalidRegionError() | aws_errors.NoRegionError():
            return RefusedError(f"{_sentence(error)}: name one such as {DEFAULT_REGION} with --region.")
        case aws_errors.ReadTimeoutError():
            return FailedError(
                "AWS did not answer within a minute: check the network, and AWS_ENDPOINT_URL if it is set; then run "
                "this again, it goes on where it was."
            )
        case aws_errors.EndpointConnectionError() | aws_errors.ConnectTimeoutError() | aws_errors.HTTPClientError():
            return RefusedError(
                f"{_sentence(error)}: check the network, that --region names a region of AWS, and AWS_ENDPOINT_URL "
                "if it is set."
            )
        case aws_errors.ParamValidationError():
            return FailedError(f"AWS would not take what was asked: {_sentence(error)}.")
        case aws_errors.WaiterError():
            return FailedError(f"Waiting for AWS came to nothing: {_sentence(error)}.")
    return FailedError(f"AWS could not be asked: {_sentence(error)}.")


def _answer_in_words(error: ClientError) -> InfraError:
    code, message = code_of(error), message_of(error).rstrip(". ")
    asked = error.operation_name
    if code in _EXPIRED:
        return RefusedError("The AWS credentials have expired: sign in again (`aws sso login`, or new keys).")
    if code in _UNKNOWN_KEY:
        return RefusedError(f"AWS does not take these credentials ({code}): check the access key, or AWS_PROFILE.")
    if code in _NO_ACCESS or code.endswith("AccessDenied"):
        return RefusedError(
            f"These credentials may not do {asked}: {message}. Use the deployer role, or add the permission."
        )
    if code in THROTTLED:
        return FailedError(f"AWS kept refusing {asked} as too many requests: wait a minute and run this again.")
    if code in _NO_REGION:
        return RefusedError(
            f"The region is not usable by this account ({message}): enable it, or name another with --region."
        )
    return FailedError(f"AWS refused {asked}: {message} ({code}).")


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(". ")
    return text[:1].upper() + text[1:]
