"""The command line: `accunode-infra VERB`. Each verb is a module of `accunode_infra.commands`."""

import importlib
import os
import re
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from typer.core import TyperGroup

from accunode_infra.aws import in_words, unreadable
from accunode_infra.commands import VERBS
from accunode_infra.errors import InfraError, UsageError
from accunode_infra.invocation import Invocation
from accunode_infra.output import Output

ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{1,15}")
_FLAGS = frozenset({"--json", "--yes", "-y", "--no-color"})
_VALUES = frozenset({"--env", "-e", "--region", "--profile"})


class _Verbs(TyperGroup):
    """Takes the common options before or after the verb, and ends with one sentence when something does not go."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _common_first(args))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (BotoCoreError, ClientError) as error:
            _end(ctx, in_words(error))
        except ResponseParserError as error:
            _end(ctx, unreadable(error))
        except InfraError as error:
            _end(ctx, error)


def _end(context: Any, error: InfraError) -> None:
    output = context.obj.output if isinstance(context.obj, Invocation) else Output()
    output.error(error)
    raise typer.Exit(error.code)


def _common_first(args: list[str]) -> list[str]:
    common: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            return [*common, *rest, word, *words]
        name, has_value, _ = word.partition("=")
        if word in _FLAGS or (has_value and name in _VALUES):
            common.append(word)
        elif word in _VALUES:
            common += [word, *(value for value in [next(words, None)] if value is not None)]
        else:
            rest.append(word)
    return [*common, *rest]


app = typer.Typer(
    cls=_Verbs, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback()
def common(
    context: typer.Context,
    environment: Annotated[str, typer.Option("--env", "-e", envvar="ACCUNODE_ENV", help="Which one.")] = "production",
    region: Annotated[str | None, typer.Option(help="The AWS region; else the profile's, else us-east-1.")] = None,
    profile: Annotated[str | None, typer.Option(help="The AWS profile.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to every question.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print without colours.")] = False,
) -> None:
    """AccuNode on AWS. The common options may stand before or after the verb.

    Exit codes: 0 done, or nothing to change; 1 failed; 2 wrong use; 3 refused before anything was done; 4 a check
    says no.
    """
    output = Output(json=json, yes=yes, color=not (no_color or "NO_COLOR" in os.environ))
    context.obj = Invocation(output, environment, region, profile)
    if not ENVIRONMENT.fullmatch(environment):
        raise UsageError(
            f"{environment!r} is no name for an environment: take 2 to 16 lower-case letters, digits and hyphens, "
            "a letter first."
        )


for _verb in VERBS:
    importlib.import_module(f"accunode_infra.commands.{_verb}").register(app)
