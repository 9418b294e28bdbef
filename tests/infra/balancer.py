"""The load balancer of the templates, played by nginx: its listeners' actions, its rules in order, their weights.

A rule's paths, header and weights are the template's; nothing here names a path or a slot.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CERTIFICATE, KEY = "/tls/balancer.pem", "/tls/balancer-key.pem"
STATE_PORT = 9999
"""Where nginx says which configuration is in force: what `version` gives for its text."""
TargetGroup = str


@dataclass(frozen=True)
class Rule:
    """A listener rule.

    Attributes:
        priority: Rules are tried from the lowest.
        paths: Patterns of paths, of which one must fit; `*` is anything and `?` one character.
        headers: Values that a header must have, by its name in lower case; empty for any request.
        shares: The weight of each target group.
    """

    priority: int
    paths: tuple[str, ...]
    headers: Mapping[str, tuple[str, ...]]
    shares: Mapping[TargetGroup, int]


def rule(properties: Mapping[str, Any], *, stack: str) -> Rule:
    """The rule that an `AWS::ElasticLoadBalancingV2::ListenerRule` of a stack makes.

    Raises:
        ValueError: It has a condition or an action that is not played here.
    """
    paths: tuple[str, ...] = ()
    headers = {}
    for condition in properties["Conditions"]:
        match condition["Field"]:
            case "path-pattern":
                paths = tuple(condition["PathPatternConfig"]["Values"])
            case "http-header":
                wanted = condition["HttpHeaderConfig"]
                headers[wanted["HttpHeaderName"].lower()] = tuple(wanted["Values"])
            case other:
                raise ValueError(f"A rule asks for {other}, which is not played here.")
    (action,) = properties["Actions"]
    if action["Type"] != "forward":
        raise ValueError(f"A rule does {action['Type']}, which is not played here.")
    return Rule(int(properties["Priority"]), paths, headers, dict(_shares(action, stack)))


def _shares(action: Mapping[str, Any], stack: str) -> Iterable[tuple[TargetGroup, int]]:
    if "TargetGroupArn" in action:
        yield target_group(stack, action["TargetGroupArn"]), 1
        return
    for group in action["ForwardConfig"]["TargetGroups"]:
        yield target_group(stack, group["TargetGroupArn"]), int(group.get("Weight", 1))


def target_group(stack: str, reference: Mapping[str, str]) -> TargetGroup:
    """The name here of the target group that a stack's resource refers to."""
    return f"{stack}-{reference['Ref']}"


@dataclass(frozen=True)
class Listeners:
    """What the listeners of the edge do beside their rules.

    Attributes:
        redirect: The status, scheme and port that port 80 sends everybody to.
        otherwise: The status, type and body of the answer when no rule fits.
        idle_seconds: How long a connection may be silent.
    """

    redirect: tuple[int, str, str]
    otherwise: tuple[int, str, str]
    idle_seconds: int


def configuration(
    listeners: Listeners,
    rules: Sequence[Rule],
    targets: Mapping[TargetGroup, Sequence[str]],
    *,
    domain: str,
    aliases: Mapping[str, str],
) -> str:
    """nginx's configuration.

    Args:
        listeners: What the edge does.
        rules: The rules of all services.
        targets: The addresses of each target group's healthy targets; a group of none answers 503.
        domain: The name that people use.
        aliases: Other names that are served by TLS here, and the address behind each.
    """
    ordered = sorted(rules, key=lambda each: each.priority)
    headers = sorted({name for each in ordered for name in each.headers})
    sent = ["$http_" + name.replace("-", "_") for name in headers]
    status, kind, body = listeners.otherwise
    code, scheme, port = listeners.redirect
    lines = [
        "worker_processes 1;",
        "events { worker_connections 4096; }",
        "http {",
        "log_format targets '$status $upstream_addr $request_uri';",
        "access_log /dev/stdout targets;",
        "server_tokens off; client_max_body_size 0; large_client_header_buffers 4 64k;",
        f"keepalive_timeout {listeners.idle_seconds}s; client_body_timeout {listeners.idle_seconds}s;",
        "map_hash_bucket_size 512; variables_hash_bucket_size 512; server_names_hash_bucket_size 512;",
        *(
            f"upstream {name} {{ {' '.join(f'server {address} max_fails=0;' for address in addresses)}"
            f" keepalive 16; keepalive_timeout {listeners.idle_seconds}s; }}"
            for name, addresses in sorted(targets.items())
            if addresses
        ),
        *(_division(each, targets) for each in ordered),
        f'map "{" ".join([*sent, "$request_uri"])}" $group {{ default none;',
        *(f'"~^{_pattern(each, headers)}$" $group_{each.priority};' for each in ordered),
        "}",
        f"server {{ listen 80; location / {{ return {code} {scheme.lower()}://$host:{port}$request_uri; }} }}",
        *(_alias(name, address) for name, address in aliases.items()),
        f"server {{ listen 443 ssl default_server; server_name {domain}; {_tls()}",
        f"location @otherwise {{ default_type {kind}; return {status} '{body}'; }}",
        "location @nobody { return 503; }",
        "location / {",
        "error_page 418 = @otherwise; error_page 419 = @nobody;",
        "if ($group = none) { return 418; }",
        "if ($group = empty) { return 419; }",
        "proxy_pass http://$group; proxy_http_version 1.1; proxy_set_header Connection '';",
        "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Port 443;",
        "proxy_set_header X-Amzn-Trace-Id Root=1-$request_id;",
        "proxy_next_upstream off; proxy_request_buffering off; proxy_buffering off;",
        f"proxy_read_timeout {listeners.idle_seconds}s; proxy_send_timeout {listeners.idle_seconds}s;",
        "} } }",
    ]
    text = "\n".join(lines) + "\n"
    return text.replace(
        "http {", f"http {{\nserver {{ listen {STATE_PORT}; access_log off; return 200 {version(text)}; }}", 1
    )


def version(text: str) -> str:
    """Tells one configuration from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _division(each: Rule, targets: Mapping[TargetGroup, Sequence[str]]) -> str:
    weighted = [(name, weight) for name, weight in each.shares.items() if weight > 0]
    total = sum(weight for _, weight in weighted)
    places = [name if targets.get(name) else "empty" for name, _ in weighted]
    if len(weighted) < 2:
        # With one group there is nothing to draw.
        return f"map $request_id $group_{each.priority} {{ default {places[0] if places else 'empty'}; }}"
    parts = [f"{100 * weight / total:.2f}% {place};" for (_, weight), place in zip(weighted, places, strict=True)][:-1]
    return f"split_clients $request_id $group_{each.priority} {{ {' '.join(parts)} * {places[-1]}; }}"


def _pattern(each: Rule, headers: Sequence[str]) -> str:
    wanted = ["|".join(map(_glob, each.headers[name])) if name in each.headers else "[^ ]*" for name in headers]
    paths = "|".join(map(_glob, each.paths or ("*",)))
    return " ".join([*(f"({one})" for one in wanted), rf"({paths})(\?.*)?"])


def _glob(pattern: str) -> str:
    return "".join({"*": "[^?]*", "?": "[^?]"}.get(letter, re.escape(letter)) for letter in pattern)


def _alias(name: str, address: str) -> str:
    return (
        f"server {{ listen 443 ssl; server_name {name}; {_tls()} location / {{ proxy_pass http://{address};"
        " proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_request_buffering off; } }"
    )


def _tls() -> str:
    return f"ssl_certificate {CERTIFICATE}; ssl_certificate_key {KEY}; ssl_protocols TLSv1.2 TLSv1.3;"
