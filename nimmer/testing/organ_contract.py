"""What every `OrganModel` must keep to: drivers inherit this suite and give it a model and jobs.

Source: docs/style.md, rule 10.
"""

import pickle

import pytest

from nimmer.engines.organ_model import Job, OrganModel
from nimmer.errors import CardError, OrganError


class OrganContract:
    """Inherit it and give fixtures: `model`, not loaded; `job`, one it can do; `foreign`, of another kind."""

    def test_it_knows_its_name_and_its_needs_before_it_is_loaded(self, model: OrganModel) -> None:
        """A card decides by them."""
        assert model.name
        assert model.memory_mb > 0
        assert not model.loaded

    def test_it_travels_to_its_card_before_it_is_loaded(self, model: OrganModel) -> None:
        """A card is another process."""
        again: OrganModel = pickle.loads(pickle.dumps(model))
        assert (again.name, again.memory_mb, again.loaded) == (model.name, model.memory_mb, False)

    def test_it_does_nothing_before_it_is_loaded(self, model: OrganModel, job: Job) -> None:
        """It says so."""
        with pytest.raises(CardError, match="not loaded"):
            model.run(job)

    def test_it_is_loaded_runs_and_is_unloaded_again_and_again(self, model: OrganModel, job: Job) -> None:
        """Loading and unloading twice changes nothing."""
        for _ in range(2):
            model.load()
            model.load()
            assert model.loaded
            assert type(model.run(job)) is type(model.run(job))
            model.unload()
            model.unload()
            assert not model.loaded

    def test_it_refuses_a_job_of_another_kind(self, model: OrganModel, foreign: Job) -> None:
        """By an error with a reason."""
        model.load()
        with pytest.raises(OrganError, match="cannot do"):
            model.run(foreign)
        model.unload()

    def test_the_cheaper_way_is_a_job_of_the_same_kind(self, job: Job) -> None:
        """What a poor beat can afford."""
        assert type(job.cheaper()) is type(job)
