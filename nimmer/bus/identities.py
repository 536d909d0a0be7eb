"""Who may say and hear what on the bus, so that a stolen or mis-wired client can do little harm.

Every identity is a NATS user of the same name with its own inbox prefix: replies to one identity cannot be
read by another. The environment prefix is part of every permission, so a client of `dev` is refused by a
broker of `prod` even with a right password.
Source: docs/domain.md sections 7 and 12.
"""

from dataclasses import dataclass, replace

from nimmer.bus.streams import bucket, bucket_stream, spoken_bucket

BRIDGE = "bridge"
WATCH = "watch"
GUEST = "guest"
OPERATOR = "operator"
NERVOUS = "nyx-nervous"
"""The Unix identity of cells and devices; it hears what devices say."""
DEVICE = "device"
"""Whom all devices log in as: they tell their readings and hear nothing."""
COMMON_INBOX = "_INBOX.*.*"
"""Where a NATS client expects its answers unless told otherwise: `_INBOX.<id>.<token>`. The identities of people may
listen there, so that any client works as it comes. The inboxes of the identities are denied one by one: the server
takes the `>` of a subscription for a token, so `_INBOX.bridge.>` would pass as `_INBOX.*.*`."""
ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subject patterns an identity may publish to and subscribe to; what is not named is refused.

    unheard: patterns it may not hear all the same, whatever `subscribe` allows.
    """

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    unheard: tuple[str, ...] = ()


def inbox_prefix(identity: str) -> str:
    """Return the prefix of the reply subjects of `identity`, without the trailing dot."""
    return f"_INBOX.{identity}"


def identities(environment: str) -> dict[str, Permissions]:
    """Return the permissions of every identity of `environment`, by name.

    Raises ValueError when `environment` is none of dev, staging, prod.
    """
    if environment not in ENVIRONMENTS:
        raise ValueError(f"environment must be one of {', '.join(ENVIRONMENTS)}, not {environment!r}")
    env = environment
    asks = (
        f"{env}.nervous.cells.math.request",
        f"{env}.thalamus.status.request",
        f"{env}.world.quiz.request",
        f"{env}.npc.*.action",
        f"{env}.cortex.nyx.request",
        f"{env}.cortex.nyx.status",
        f"{env}.cortex.gemma.transform",
        f"{env}.organs.vision.detect",
        f"{env}.organs.speech.*",
        f"{env}.organs.cards.status",
        f"{env}.organs.conversation.say",
    )
    public = (
        f"{env}.npc.*.state",
        f"{env}.nervous.cells.*.wave",
        f"{env}.nervous.cells.math.response",
        f"{env}.nervous.nerves.*.trail",
        f"{env}.thalamus.gate.*",
        f"{env}.thalamus.traces.correlations",
        f"{env}.thalamus.verified.signal",
        f"{env}.thalamus.outcomes.feedback",
        f"{env}.economy.lifeforce.*",
        f"{env}.world.arena.*",
        f"{env}.world.virtual.aggregate",
        f"{env}.cortex.nyx.response",
    )
    commands = (
        f"{env}.npc.*.commands.>",
        f"{env}.thalamus.governor.command",
        f"{env}.thalamus.gates.command",
        f"{env}.world.virtual.command",
        f"{env}.cortex.nyx.command",
    )
    given, spoken = bucket(env), spoken_bucket(env)
    objects = (*_reading(given), *_writing(given), *_reading(spoken))
    organ_waves = tuple(f"{env}.nervous.cells.{domain}.wave" for domain in ("speech", "voice", "vision"))
    organs = _own(env, "nyx-organs", ("organs",), ("thalamus.gate.*",))
    found = {
        BRIDGE: Permissions((f"{env}.>", "$JS.API.>", "_INBOX.>"), (f"{env}.>", f"{inbox_prefix(BRIDGE)}.>")),
        "nyx-cognitive": _own(
            env, "nyx-cognitive", ("cortex",), ("thalamus.gate.*", "thalamus.verified.signal")
        ),
        "nyx-training": _own(env, "nyx-training", ("cortex.gemma",), ("thalamus.traces.>",)),
        "nyx-organs": replace(
            organs, publish=(*organs.publish, *organ_waves, *_reading(given), *_writing(spoken))
        ),
        NERVOUS: _own(env, NERVOUS, ("nervous",), ("thalamus.gate.*",)),
        DEVICE: Permissions((f"{env}.nervous.devices.*.reading",), (f"{inbox_prefix(DEVICE)}.>",)),
        WATCH: Permissions(
            (f"{env}.thalamus.status.request",), (f"{env}.>", COMMON_INBOX, f"{inbox_prefix(WATCH)}.>")
        ),
        GUEST: Permissions((*asks, *objects), (*public, COMMON_INBOX, f"{inbox_prefix(GUEST)}.>")),
        OPERATOR: Permissions(
            (*asks, *commands, *objects), (*public, COMMON_INBOX, f"{inbox_prefix(OPERATOR)}.>")
        ),
    }
    return {
        name: replace(may, unheard=tuple(f"{inbox_prefix(other)}.>" for other in found if other != name))
        if COMMON_INBOX in may.subscribe
        else may
        for name, may in found.items()
    }


def _reading(name: str) -> tuple[str, ...]:
    """Return what reading the objects of a bucket, one message at a time, takes.

    No consumer: the server delivers a consumer's messages wherever it is told to, past the permissions of who made it,
    so whoever may make one can put any stored bytes on any subject, a command's too. The answer to MSG.GET is an
    envelope of the server's own, which no subject of ours takes for a message.
    """
    stream = bucket_stream(name)
    return (f"$JS.API.STREAM.INFO.{stream}", f"$JS.API.STREAM.MSG.GET.{stream}")


def _writing(name: str) -> tuple[str, ...]:
    """Return what putting objects into a bucket takes; in one that replaces, it is enough to remove all others' too."""
    return (f"$O.{name}.C.*", f"$O.{name}.M.*")


def _own(env: str, identity: str, domains: tuple[str, ...], hears: tuple[str, ...]) -> Permissions:
    """Return what a Unix identity may do: its own domains both ways, and what it must hear to do its work."""
    own = tuple(f"{env}.{domain}.>" for domain in domains)
    heard = tuple(f"{env}.{pattern}" for pattern in hears)
    return Permissions(own, (*own, *heard, f"{inbox_prefix(identity)}.>"))
