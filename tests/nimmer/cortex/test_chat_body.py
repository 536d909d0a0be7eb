from typing import Any

import pytest

from nimmer.cortex.chat_body import BodyError, check, unknown_tool

TOOLS = [{"type": "function", "function": {"name": "walk", "parameters": {"type": "object"}}}]


def chat(**more: object) -> dict[str, Any]:
    return {"model": "nyx", "messages": [{"role": "user", "content": "hello"}], **more}


def test_what_the_engine_understands_is_passed_on_as_it_is() -> None:
    body = chat(temperature=0.2, tools=TOOLS, tool_choice="auto", stop=None, seed=3)
    checked = check(body, "nyx", 100, 2048)
    longest = {"max_tokens": checked.fields["max_tokens"]}
    assert checked.fields == {name: value for name, value in body.items() if value is not None} | longest
    assert (checked.chars, checked.tools, checked.last_words) == (5, frozenset({"walk"}), "hello")


def test_a_stream_is_metered_whether_its_client_asks_for_usage_or_not() -> None:
    silent = check(chat(stream=True), "nyx", 100, 2048)
    assert silent.fields["stream_options"] == {"include_usage": True}
    assert not silent.wants_usage
    assert check(chat(stream=True, stream_options={"include_usage": True}), "nyx", 100, 2048).wants_usage


def test_nobody_jumps_the_engines_own_queue() -> None:
    assert "priority" not in check(chat(priority=-5), "nyx", 100, 2048).fields


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_no_longer_than_the_window_leaves_room_for(name: str) -> None:
    asked = check(chat(**{name: 100_000}), "nyx", 100, 2048).fields
    assert 1900 < asked[name] < 2048
    assert check(chat(**{name: 40}), "nyx", 100, 2048).fields[name] == 40


def test_an_answer_of_no_stated_length_is_bounded_too() -> None:
    assert 1900 < check(chat(), "nyx", 100, 2048).fields["max_tokens"] < 2048
    long = chat(messages=[{"role": "user", "content": "x" * 6000}])
    assert check(long, "nyx", 10_000, 2048).fields["max_tokens"] == 256
    assert "n_predict" not in check(chat(n_predict=-1), "nyx", 100, 2048).fields


def test_text_may_come_in_parts() -> None:
    parts = [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]
    assert check(chat(messages=[{"role": "user", "content": parts}]), "nyx", 100, 2048).chars == 5


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"model": "gpt"}, "model", "'nyx'"),
    ({"messages": []}, "messages", "at least one"),
    ({"messages": "hello"}, "messages", "list"),
    ({"messages": [{"role": "god", "content": "x"}]}, "messages[0]", "role"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0]", "sees"),
    ({"messages": [{"role": "user", "content": "x" * 101}]}, "messages", "cortex.max_prompt_chars"),
    ({"tools": [{"function": {}}]}, "tools", "name"),
    ({"tools": {}}, "tools", "list"),
    ({"tool_choice": "required"}, "tool_choice", "no tools"),
    (
        {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "wakl"}}},
        "tool_choice",
        "did you mean 'walk'",
    ),
    ({"response_format": {"type": "xml"}}, "response_format", "json_schema"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
        "response_format.json_schema",
        "JSON schema",
    ),
    ({"n": 3}, "n", "several times"),
    ({"max_tokens": -1}, "max_tokens", "whole number"),
    ({"max_completion_tokens": 0}, "max_completion_tokens", "whole number"),
    ({"max_tokens": "many"}, "max_tokens", "whole number"),
    ({"max_tokens": True}, "max_tokens", "whole number"),
]


@pytest.mark.parametrize(("wrong", "param", "told"), REFUSED)
def test_what_would_break_the_gates_bounds_is_refused_with_field_and_fix(
    wrong: dict[str, Any], param: str, told: str
) -> None:
    with pytest.raises(BodyError) as error:
        check(chat(**wrong), "nyx", 100, 2048)
    assert error.value.param == param
    assert told in str(error.value)


def test_a_prompt_that_is_too_long_is_413() -> None:
    with pytest.raises(BodyError) as error:
        check(chat(messages=[{"role": "user", "content": "x" * 1_000_000}]), "nyx", 32_000, 2048)
    assert error.value.status == 413


def test_a_tool_nobody_offered_is_named() -> None:
    assert unknown_tool("walk", frozenset({"walk"})) == ""
    assert "'open_gates'" in unknown_tool("open_gates", frozenset({"walk"}))
