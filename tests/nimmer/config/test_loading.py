from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nimmer.config import Settings, load
from nimmer.config.fields import FIELDS, SECTIONS, value_of
from nimmer.config.loading import variable
from nimmer.errors import ConfigError

Patch = pytest.MonkeyPatch


def refusal(overrides: dict[str, object] | None = None, config: Path | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(overrides, config)
    return str(caught.value)


def write(text: str, name: str = "nimmer.toml") -> Path:
    path = Path(name).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_anything_every_value_is_the_default() -> None:
    loaded = load()
    assert loaded.settings == Settings(state_dir=Path(".nimmer").absolute())
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.file is None


def test_a_file_beats_the_default_the_environment_beats_the_file_and_an_option_beats_all(
    monkeypatch: Patch,
) -> None:
    file = write("[village]\nnpcs = 3\n")
    assert load().settings.village.npcs == 3
    assert load().origins["village.npcs"] == str(file)
    monkeypatch.setenv("NIMMER_VILLAGE__NPCS", "4")
    assert load().settings.village.npcs == 4
    assert load().origins["village.npcs"] == "NIMMER_VILLAGE__NPCS"
    loaded = load({"village.npcs": 5})
    assert loaded.settings.village.npcs == 5
    assert loaded.origins["village.npcs"] == "the command line"


def test_an_option_that_was_not_given_changes_nothing() -> None:
    assert load({"village.npcs": None}).settings.village.npcs == 25


def test_one_source_does_not_hide_the_other_keys_of_a_section_from_another(monkeypatch: Patch) -> None:
    write("[village]\nnpcs = 3\nlevel = 2\n")
    monkeypatch.setenv("NIMMER_VILLAGE__NPCS", "4")
    village = load({"village.tick_hz": 5.0}).settings.village
    assert (village.npcs, village.level, village.tick_hz) == (4, 2, 5.0)


@pytest.mark.parametrize(
    ("environment", "colour"), [("dev", "#6B8E6B"), ("staging", "#D4A574"), ("prod", "#4169E1")]
)
def test_one_variable_changes_subjects_database_state_and_colour(
    environment: str, colour: str, monkeypatch: Patch, place: Path
) -> None:
    monkeypatch.setenv("NIMMERVERSE_ENV", environment)
    settings = load().settings
    assert settings.subject_prefix == environment
    assert settings.database_name == f"nimmer_{environment}"
    assert settings.state_path == place / ".nimmer" / environment
    assert settings.colour == colour


def test_an_environment_that_does_not_exist_is_refused_with_the_choices(monkeypatch: Patch) -> None:
    monkeypatch.setenv("NIMMERVERSE_ENV", "production")
    assert refusal() == "environment = 'production' (from NIMMERVERSE_ENV) is not one of dev, staging, prod"


def test_the_environment_has_one_variable_only(monkeypatch: Patch) -> None:
    monkeypatch.setenv("NIMMER_ENVIRONMENT", "prod")
    assert "NIMMERVERSE_ENV" in refusal()


def test_a_misspelt_key_is_refused_with_the_nearest_one() -> None:
    file = write("[village]\nnpc = 3\n")
    assert refusal() == f"unknown key village.npc (from {file}): did you mean village.npcs?"


def test_a_key_in_the_wrong_section_is_told_where_it_belongs() -> None:
    write("node_capacity = 3\n")
    assert "did you mean world.node_capacity?" in refusal()


def test_an_unknown_section_is_refused() -> None:
    write("[vilage]\nnpcs = 3\n")
    assert "unknown key vilage" in refusal()


def test_a_misspelt_variable_is_refused_with_the_nearest_one(monkeypatch: Patch) -> None:
    monkeypatch.setenv("NIMMER_VILLAGE__NPC", "3")
    assert refusal() == (
        "the environment variable NIMMER_VILLAGE__NPC is no setting: did you mean NIMMER_VILLAGE__NPCS?"
    )


def test_what_a_foreign_variable_holds_is_never_said(monkeypatch: Patch) -> None:
    monkeypatch.setenv("NIMMER_DB_PASSWORD", "swordfish")
    assert "swordfish" not in refusal()


def test_a_variable_that_names_a_section_is_refused_with_a_key_of_it(monkeypatch: Patch) -> None:
    monkeypatch.setenv("NIMMER_VILLAGE", "3")
    assert refusal() == "NIMMER_VILLAGE names a section: name a key of it, such as NIMMER_VILLAGE__NPCS"


def test_a_value_out_of_range_is_refused_with_value_source_and_range(monkeypatch: Patch) -> None:
    file = write("[village]\nnpcs = 501\n")
    assert refusal() == f"village.npcs = 501 (from {file}) is not an integer from 1 to 500"
    monkeypatch.setenv("NIMMER_VILLAGE__NPCS", "0")
    assert refusal() == "village.npcs = '0' (from NIMMER_VILLAGE__NPCS) is not an integer from 1 to 500"
    assert refusal({"village.npcs": -1}) == (
        "village.npcs = -1 (from the command line) is not an integer from 1 to 500"
    )


def test_every_bad_value_is_named_at_once() -> None:
    write('[village]\nbrain = "huge"\n[bus]\nport = 70000\n')
    message = refusal()
    assert "village.brain = 'huge'" in message
    assert "one of explorer, mlp" in message
    assert "bus.port = 70000" in message


@pytest.mark.parametrize(
    "line",
    ["npcs = true", 'npcs = "25"', "npcs = 2.5", "npcs = [1]", "tick_hz = nan", "tick_hz = inf", "brain = 1"],
)
def test_a_file_value_of_another_type_is_refused(line: str) -> None:
    write(f"[village]\n{line}\n")
    assert f"village.{line.split()[0]} = " in refusal()


def test_a_broken_file_names_the_line() -> None:
    file = write("[village]\nnpcs = = 3\n")
    message = refusal()
    assert message.startswith(f"{file} is not valid TOML: ")
    assert "line 2" in message


def test_a_section_given_a_value_is_refused() -> None:
    write("village = 3\n")
    assert "is a section: give its keys under [village]" in refusal()


def test_rates_that_contradict_each_other_are_refused() -> None:
    file = write("[governor]\nmin_tick_hz = 10\nmax_tick_hz = 5\n")
    assert refusal() == f"[governor] (from {file}): min_tick_hz = 10 must not exceed max_tick_hz = 5"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[nerves]\nhybrid_weight = 0.9\n", "hybrid_weight = 0.9 must be below compile_weight = 0.8"),
        ("[nerves]\ndemote_weight = 0.8\n", "demote_weight = 0.8 must be below compile_weight = 0.8"),
        ("[virtual]\nhorizon_s = 13\nevery_s = 2\n", "horizon_s = 13 must not exceed 6 times every_s = 2"),
        ("[nerves]\ntable = '.'\n", "is a directory; name a file"),
    ],
)
def test_nerves_and_gardens_that_contradict_themselves_are_refused(text: str, reason: str) -> None:
    write(text)
    assert reason in refusal()


def test_another_file_can_be_named_by_option_or_variable(monkeypatch: Patch) -> None:
    write("[village]\nnpcs = 3\n")
    other = write("[village]\nnpcs = 7\n", "elsewhere/other.toml")
    assert load(config=other).settings.village.npcs == 7
    monkeypatch.setenv("NIMMER_CONFIG", str(other))
    assert load().settings.village.npcs == 7


def test_a_named_file_that_is_missing_is_refused(monkeypatch: Patch) -> None:
    assert (
        refusal(config=Path("absent.toml"))
        == "the configuration file absent.toml (from --config) does not exist"
    )
    monkeypatch.setenv("NIMMER_CONFIG", "gone.toml")
    assert "gone.toml (from NIMMER_CONFIG)" in refusal()


def test_a_file_that_is_no_text_is_refused(place: Path) -> None:
    (place / "nimmer.toml").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refusal()


def test_a_relative_path_counts_from_the_file_that_names_it(monkeypatch: Patch, place: Path) -> None:
    write("", "elsewhere/levels.toml")
    write("", "mine.toml")
    file = write('state_dir = "here"\n[village]\nlevels_file = "levels.toml"\n', "elsewhere/other.toml")
    settings = load(config=file).settings
    assert settings.village.levels_file == place / "elsewhere" / "levels.toml"
    assert settings.state_dir == place / "elsewhere" / "here"
    monkeypatch.setenv("NIMMER_VILLAGE__LEVELS_FILE", "mine.toml")
    assert load(config=file).settings.village.levels_file == place / "mine.toml"


def test_a_path_to_nothing_is_refused() -> None:
    file = write('[village]\nlevels_file = "dornach.toml"\n')
    assert refusal() == f"village.levels_file = 'dornach.toml' (from {file}) does not exist"


def test_the_word_none_unsets_and_an_empty_variable_says_nothing(monkeypatch: Patch) -> None:
    write("seed = 7\n[bus]\nport = 4222\n")
    monkeypatch.setenv("NIMMER_SEED", "none")
    monkeypatch.setenv("NIMMER_BUS__PORT", "")
    loaded = load()
    assert loaded.settings.seed is None
    assert loaded.settings.bus.port == 4222


def test_the_word_none_stays_a_choice_where_it_is_one(monkeypatch: Patch) -> None:
    monkeypatch.setenv("NIMMER_LIMITS__MODE", "none")
    assert load().settings.limits.mode == "none"
    monkeypatch.setenv("NIMMER_VILLAGE__NPCS", "none")
    assert "village.npcs = 'none'" in refusal()


def test_a_url_of_the_wrong_kind_is_refused_without_showing_its_password() -> None:
    write('[stores]\npostgres_url = "mysql://me:hunter2@host/db"\n')
    message = refusal()
    assert "hunter2" not in message
    assert "a URL such as postgresql://" in message


def test_an_unknown_override_is_refused() -> None:
    assert "did you mean village.npcs?" in refusal({"village.npc": 3})


def test_every_key_has_a_variable_that_sets_it(monkeypatch: Patch) -> None:
    for key, field in FIELDS.items():
        if field.default is not None and key != "state_dir":
            monkeypatch.setenv(variable(key), str(field.default))
    loaded = load()
    for key, field in FIELDS.items():
        if field.default is not None and key != "state_dir":
            assert loaded.origins[key] == variable(key)
            assert value_of(loaded.settings, key) == field.default


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    section=st.sampled_from([*SECTIONS, "", "vilage"]),
    key=st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12),
    value=st.one_of(
        st.integers(), st.booleans(), st.text(st.characters(codec="ascii", exclude_characters='"\\\n\r\t'))
    ),
)
def test_whatever_stands_in_a_file_it_loads_or_is_refused_with_its_key(
    section: str, key: str, value: int | bool | str
) -> None:
    literal = (
        str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else None
    )
    if literal is None and not str(value).isprintable():
        return
    head = f"[{section}]\n" if section else ""
    file = write(f"{head}{key} = {literal or chr(34) + str(value) + chr(34)}\n")
    complaint = ""
    try:
        load()
    except ConfigError as error:
        complaint = str(error)
    assert not complaint or (str(file) in complaint and (section or key) in complaint)
