import tomllib
from pathlib import Path

from nimmer.config import Settings, load
from nimmer.config.fields import FIELDS, value_of
from nimmer.config.reference import example, reference

DOCS = Path(__file__).parents[3] / "docs"


def test_the_documentation_is_what_the_models_say() -> None:
    assert (DOCS / "configuration.md").read_text() == reference(), (
        "run: nimmer config reference > docs/configuration.md"
    )


def test_the_example_file_is_what_the_models_say() -> None:
    assert (DOCS / "nimmer.example.toml").read_text() == example(), (
        "run: nimmer config example > docs/nimmer.example.toml"
    )


def test_the_example_loads_and_is_the_defaults(place: Path) -> None:
    file = place / "nimmer.toml"
    file.write_text(example())
    loaded = load()
    defaults = Settings()
    for key in FIELDS:
        if key != "state_dir":
            assert value_of(loaded.settings, key) == value_of(defaults, key)
    assert loaded.settings.state_dir == place / ".nimmer"


def test_the_example_names_every_key() -> None:
    text = example()
    tomllib.loads(text)
    for key in FIELDS:
        name = key.rpartition(".")[2]
        assert f"\n{name} = " in text or f"\n# {name} =" in text, key
