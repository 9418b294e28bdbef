"""The graph of stacks: what each is made from, what it needs, and in which of the five phases it comes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accunode_common.routing import SERVICES, Service
from accunode_infra.errors import RefusedError, UsageError
from accunode_infra.templates import CLOUDFORMATION, load
from accunode_infra.tiers import Tier, Variant, load_tier

PHASES: Mapping[int, tuple[str, int]] = {
    1: ("AWS setup", 30),
    2: ("Database and cache", 25),
    3: ("Application", 45),
    4: ("Load balancing and scaling", 30),
    5: ("Monitoring and production", 20),
}
"""Of each phase: its name, and the minutes that the requirements give it."""

PATTERNS_PER_RULE = 3
RULES_PER_SERVICE = 4
"""A condition takes three values and a rule five; the fourth is the header that chooses a slot."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of the product.

    Attributes:
        name: Its name within the environment, such as `service-auth`.
        template: The name of its template.
        phase: The phase that creates it, 1 to 5.
        needs: The stacks whose exports it imports.
        account_wide: Whether the account has one for all environments.
        service: The API service that it runs, if it does.
        protected: Whether it is kept from being deleted by a slip, by termination protection.
    """

    name: str
    template: str
    phase: int
    needs: tuple[str, ...] = ()
    account_wide: bool = False
    service: Service | None = None
    protected: bool = False


def _of_service(service: Service) -> Stack:
    needs = ("network", "registry", "observability", "data", "cache", "storage", "edge", "compute", "migrate")
    return Stack(f"service-{service.name}", "service", 3, needs, service=service)


STACKS: tuple[Stack, ...] = (
    Stack("bootstrap", "bootstrap", 1, account_wide=True, protected=True),
    Stack("network", "network", 1, ("bootstrap",), protected=True),
    Stack("registry", "registry", 1, ("bootstrap",), account_wide=True, protected=True),
    Stack("observability", "observability", 1, ("bootstrap",)),
    Stack("data", "data", 2, ("network", "observability"), protected=True),
    Stack("cache", "cache", 2, ("network", "observability")),
    Stack("storage", "storage", 2, ("network", "observability"), protected=True),
    Stack("backup", "backup", 2, ("data", "storage", "observability")),
    Stack("edge", "edge", 3, ("network", "observability")),
    Stack("compute", "compute", 3, ("network", "observability")),
    Stack("migrate", "migrate", 3, ("registry", "data", "cache", "compute", "observability")),
    *(_of_service(service) for service in SERVICES),
    Stack("worker", "worker", 3, ("registry", "data", "cache", "storage", "compute", "migrate", "observability")),
    Stack("relay", "relay", 3, ("registry", "data", "cache", "compute", "migrate", "observability")),
    Stack("queue-metric", "queue-metric", 4, ("network", "cache", "observability")),
    Stack("dashboards", "dashboards", 5, ("observability", "edge", "compute", "data", "cache")),
    Stack("cost", "cost", 5, ("observability",)),
)
"""Every stack, in an order in which each comes after what it needs."""


def stack(name: str) -> Stack:
    """The stack of that name.

    Raises:
        UsageError: There is none.
    """
    for found in STACKS:
        if found.name == name:
            return found
    raise UsageError(f"There is no stack {name}: they are {', '.join(each.name for each in STACKS)}.")


def stack_name(wanted: Stack, environment: str) -> str:
    """What CloudFormation calls the stack: `accunode-{env}-{stack}`, or `accunode-{stack}` for the whole account."""
    return f"accunode-{wanted.name}" if wanted.account_wide else f"accunode-{environment}-{wanted.name}"


def owned(names: Iterable[str], environment: str) -> list[str]:
    """Which of these names are those of the environment's own stacks; account-wide ones are nobody's."""
    own = {stack_name(each, environment) for each in STACKS if not each.account_wide}
    return sorted(own.intersection(names))


def in_phase(phase: int) -> list[Stack]:
    """The stacks of a phase, in order.

    Raises:
        UsageError: There is no such phase.
    """
    if phase not in PHASES:
        raise UsageError(f"There is no phase {phase}: they are 1 to {max(PHASES)}.")
    return [each for each in STACKS if each.phase == phase]


def dependants(name: str) -> list[Stack]:
    """The stacks that need it, straight or through others, in order."""
    found: set[str] = {name}
    for each in STACKS:
        if found & set(each.needs):
            found.add(each.name)
    return [each for each in STACKS if each.name in found - {name}]


def path_patterns(service: Service) -> list[list[str]]:
    """The load balancer's path patterns of a service, one list a rule: `P` and `P/*` of each prefix, in order.

    Raises:
        ValueError: The prefixes need more rules than the template has.
    """
    patterns = [pattern for prefix in service.prefixes for pattern in (prefix, f"{prefix}/*")]
    rules = [patterns[start : start + PATTERNS_PER_RULE] for start in range(0, len(patterns), PATTERNS_PER_RULE)]
    if len(rules) > RULES_PER_SERVICE:
        raise ValueError(f"{service.name} has more prefixes than {RULES_PER_SERVICE} rules hold")
    return rules


def service_parameters(service: Service) -> dict[str, str]:
    """The parameters that the path table decides: name, port, path patterns, rule priorities."""
    rules = path_patterns(service)
    rules += [[]] * (RULES_PER_SERVICE - len(rules))
    return {
        "ServiceName": service.name,
        "ContainerPort": str(service.port),
        "RulePriorityBase": str(100 * (1 + SERVICES.index(service))),
        **{f"PathPatterns{number}": ",".join(rule) for number, rule in enumerate(rules, start=1)},
    }


def parameters(
    wanted: Stack,
    *,
    environment: str,
    tier: Tier | str = Tier.STARTUP,
    variant: Variant | str = Variant.BRIEF,
    overrides: Mapping[str, Any] | None = None,
    root: Path = CLOUDFORMATION,
) -> dict[str, str]:
    """The parameters that the environment, the tier, the path table and `overrides` give a stack.

    What nobody names here (images, weights, counts, a certificate) keeps the value that stands, or the template's
    default in a new stack. A service's own entry in the tier file (`service-auth:`) goes over `service:`.

    Raises:
        RefusedError: A name is not a parameter of the template.
    """
    declared = load(wanted.template, root=root).get("Parameters", {})
    values = {"Environment": environment, "Tier": str(tier)}
    values = {name: value for name, value in values.items() if name in declared}
    sized = load_tier(tier, variant, root=root)
    for source in dict.fromkeys([wanted.template, wanted.name]):
        values |= sized.get(source, {})
    if wanted.service is not None:
        values |= service_parameters(wanted.service)
    values |= {name: str(value) for name, value in (overrides or {}).items()}
    refuse_unknown(values, declared, wanted)
    return values


def refuse_unknown(values: Iterable[str], declared: Mapping[str, Any], wanted: Stack) -> None:
    """Raises RefusedError when a parameter is given that the template does not have."""
    unknown = sorted(set(values) - set(declared))
    if unknown:
        known = ", ".join(sorted(declared))
        raise RefusedError(f"The template {wanted.template} has no parameter {', '.join(unknown)}: it has {known}.")
