"""What a run's actors are told at their birth: the settings, translated into a charter.

Actors must not import the configuration; this is where its values go. Source: docs/configuration.md.
"""

import os
import socket
from typing import TYPE_CHECKING

from nimmer.bus.identities import BRIDGE, NERVOUS
from nimmer.cli.life_settings import governor_mode, governor_weights, prices_of, rules_of
from nimmer.cli.servers import Servers
from nimmer.cli.village import nats_passwords
from nimmer.config import Settings
from nimmer.embedded.credentials import Credentials

if TYPE_CHECKING:
    from actors.charter import Charter

_SPEAKERS = (BRIDGE, NERVOUS, "nyx-training", "nyx-organs")
"""Identities of actors that speak on the bus themselves."""


def charter_of(
    settings: Settings,
    run: str,
    seed: int,
    arena: str,
    servers: Servers,
    passwords: Credentials,
    events_port: int,
    faculties: tuple[str, ...],
) -> "Charter":
    """Return the charter of one run.

    Args:
        settings: the whole configuration.
        run: the run's id.
        seed: of the world.
        arena: path of the shared memory.
        servers: those that run.
        passwords: generated ones.
        events_port: where Ray posts its events.
        faculties: which of cortex and organs there will be.
    """
    from actors.charter import Charter

    village, world, governor = settings.village, settings.world, settings.governor
    nats = nats_passwords(settings, passwords)
    return Charter(
        run=run,
        environment=settings.environment,
        seed=seed,
        npcs=village.npcs,
        level=village.level,
        host=socket.gethostname().replace(".", "-"),
        arena=arena,
        state_dir=str(settings.state_path.absolute()),
        levels_file=str(village.levels_file.absolute()) if village.levels_file else None,
        world_hz=world.hz,
        node_capacity=world.node_capacity,
        look=village.look,
        snapshot_ticks=world.snapshot_ticks,
        epoch_ticks=world.epoch_ticks,
        quiz_epochs=world.quiz_epochs,
        demote_after_quizzes=world.demote_after_quizzes,
        tick_hz=village.tick_hz,
        cpu_percent=village.cpu_percent,
        memory_mb=village.memory_mb,
        brain=village.brain,
        weights_dir=str(settings.brains_path),
        learning_rate=village.learning_rate if village.learns else None,
        learning_save_s=village.learning_save_s,
        price_scale=settings.lifeforce.price_scale,
        prices=prices_of(settings.lifeforce),
        nerves_file=str(settings.nerves.table.absolute()) if settings.nerves.table else None,
        rules=rules_of(settings.nerves),
        devices_enabled=settings.devices.enabled,
        cortex_enabled="cortex" in faculties,
        organs_enabled="organs" in faculties,
        cortex_timeout_ms=settings.cortex.timeout_ms,
        mapper=settings.boundary.mapper,
        gemma_weights=str(settings.boundary.weights.absolute()) if settings.boundary.weights else "",
        memories=settings.boundary.memories,
        stale_ticks=settings.boundary.stale_ticks,
        share_dir=str(settings.share_path.absolute()),
        chroma_url=servers.chroma_url,
        thalamus_shards=settings.thalamus.shards,
        virtual_enabled=settings.virtual.enabled,
        virtual_speed=settings.virtual.speed,
        virtual_every_s=settings.virtual.every_s,
        virtual_horizon_s=settings.virtual.horizon_s,
        virtual_futures=settings.virtual.futures,
        virtual_share=settings.virtual.share,
        limits_mode=settings.limits.mode,
        governor_mode=governor_mode(governor),
        governor_weights=str(governor_weights(governor) or ""),
        governor_learns=governor.learns,
        capacity_percent=governor.capacity_percent or 100.0 * (os.cpu_count() or 1),
        max_tick_step_hz=governor.max_tick_step_hz,
        max_cpu_step=governor.max_cpu_step,
        min_tick_hz=governor.min_tick_hz,
        max_tick_hz=governor.max_tick_hz,
        wave_mirror=settings.telemetry.wave_mirror,
        batch_ms=settings.stores.batch_ms,
        spool_mb=settings.stores.spool_mb,
        nats_url=servers.nats_url,
        postgres_dsn=servers.postgres_dsn,
        ray_events_port=events_port if settings.ray.address is None else 0,
        secrets={
            **{name: nats[name] for name in _SPEAKERS},
            "postgres": "" if settings.stores.postgres_url else passwords.postgres,
        },
    )
