from pathlib import Path

from nimmer.bus.identities import identities
from nimmer.bus.streams import streams
from nimmer.bus.subject import TOPICS

PAGE = (Path(__file__).parents[3] / "docs" / "bus.md").read_text()


def test_the_page_names_every_subject_body_stream_and_identity() -> None:
    for topic in TOPICS:
        place = topic.pattern.replace("{state}", "{open,stable,close}").replace(
            "{entity}", "{actor,node,job}"
        )
        assert f"| `{place}` | {topic.body.__name__}" in PAGE
        if topic.reply is not None:
            assert f"{topic.body.__name__}, answered by {topic.reply.__name__}" in PAGE
    for name in (*(stream.name for stream in streams("dev")), *identities("dev")):
        assert f"| {name} |" in PAGE
