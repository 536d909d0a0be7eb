from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.bus import subject
from nimmer.bus.life_messages import NpcState, WaveSignal
from nimmer.bus.village_messages import Command, MathRequest
from nimmer.errors import MessageError

token = st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True)


def test_a_subject_says_its_environment_body_and_values() -> None:
    parsed = subject.parse("dev.npc.7.state")
    assert (parsed.environment, parsed.topic.body, parsed.values) == ("dev", NpcState, {"npc": "7"})
    assert subject.parse("prod.nervous.cells.distance.wave").topic.body is WaveSignal
    assert subject.parse("dev.npc.theia.commands.tick_hz").topic.body is Command


def test_the_math_cell_speaks_requests_and_waves() -> None:
    assert subject.parse("dev.nervous.cells.math.request").topic.body is MathRequest
    assert subject.parse("dev.nervous.cells.math.wave").topic.body is WaveSignal


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("dev.npc.7.stat", r"unknown; the nearest is dev\.npc\.\{npc\}\.state"),
        ("dev.thalamus.gate.opened", r"the nearest is dev\.thalamus\.gate\.\{state\}"),
        ("dev.world.arena.deltas", r"the nearest is dev\.world\.arena\.delta"),
        ("dev.npc.07.state", "unknown"),
        ("test.npc.7.state", "environment must be one of dev, staging, prod"),
        ("dev.garden.arena.delta", "domain must be one of nervous, thalamus"),
        ("dev.npc.7", "3 tokens; it needs environment.domain.service.detail"),
        ("dev.npc..state", "token '' must be letters"),
        ("dev.npc.*.state", r"token '\*' must be letters"),
        ("dev.npc.7.st ate", "token 'st ate'"),
        ("dev.npc.7." + "x" * 200, "has 210 characters; 200 are allowed"),
    ],
)
def test_a_wrong_subject_is_refused_with_its_reason(wrong: str, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        subject.parse(wrong)


def test_a_subject_is_built_from_its_pattern() -> None:
    assert subject.build("dev", "npc.{npc}.state", npc=7) == "dev.npc.7.state"
    with pytest.raises(ValueError, match="needs a value for 'npc'"):
        subject.build("dev", "npc.{npc}.state")
    with pytest.raises(MessageError):
        subject.build("dev", "npc.{npc}.state", npc=-1)


@pytest.mark.parametrize(
    ("pattern", "on", "expected"),
    [
        ("dev.npc.*.state", "dev.npc.7.state", True),
        ("dev.npc.*.state", "dev.npc.7.8.state", False),
        ("dev.>", "dev.npc.7.state", True),
        ("dev.>", "dev", False),
        (">", "dev", True),
        ("dev.npc.7", "dev.npc.7.state", False),
        ("dev.npc.7.state", "dev.npc.7", False),
    ],
)
def test_wildcards_match_as_the_broker_does(pattern: str, on: str, expected: bool) -> None:
    assert subject.matches(pattern, on) is expected


@given(st.lists(token, min_size=1, max_size=6), st.data())
def test_a_subject_matches_itself_with_any_token_starred_and_any_tail_cut(
    tokens: list[str], data: st.DataObject
) -> None:
    on = ".".join(tokens)
    place = data.draw(st.integers(0, len(tokens) - 1))
    assert subject.matches(on, on)
    assert subject.matches(".".join([*tokens[:place], "*", *tokens[place + 1 :]]), on)
    assert subject.matches(".".join([*tokens[:place], ">"]), on)
    assert not subject.matches(on + ".more", on)


@given(st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=4), st.booleans(), st.data())
def test_what_an_allowed_pattern_covers_it_also_matches(
    wide: list[str], tail: bool, data: st.DataObject
) -> None:
    allowed = ".".join([*wide, *([">"] if tail else [])])
    narrow = data.draw(st.lists(st.sampled_from(["a", "b", "*", ">"]), min_size=1, max_size=5))
    pattern = ".".join(
        one if one != ">" or place == len(narrow) - 1 else "a" for place, one in enumerate(narrow)
    )
    if subject.covers(allowed, pattern):
        assert subject.matches(allowed, pattern.replace("*", "a").replace(">", "b.a"))


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(MessageError):
        subject.parse(text)
