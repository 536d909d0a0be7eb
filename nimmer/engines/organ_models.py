"""Which model each organ has, by the settings."""

from nimmer.config.organs import OrgansSettings
from nimmer.engines.organ_ear import WhisperEar
from nimmer.engines.organ_eye import DetectorEye
from nimmer.engines.organ_model import OrganModel
from nimmer.engines.organ_voice import HibariVoice


def organ_models(settings: OrgansSettings) -> dict[str, OrganModel]:
    """Return the model of each organ by the organ's name, none of them loaded."""
    return {
        "vision": DetectorEye(settings.vision_weights),
        "stt": WhisperEar(settings.stt_weights, settings.gpu),
        "tts": HibariVoice(settings.tts_voice),
    }
