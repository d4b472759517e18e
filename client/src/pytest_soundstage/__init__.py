"""What a test suite expects of the side effects that Soundstage captured: as a pytest plugin, or without pytest."""

from pytest_soundstage.async_soundstage import AsyncRun, AsyncSoundstage, AsyncWindow
from pytest_soundstage.captured import Attachment, Captured, Facts
from pytest_soundstage.container import SoundstageContainer
from pytest_soundstage.soundstage import Run, Soundstage, Window
from pytest_soundstage.stage import AsyncStage, Stage
from pytest_soundstage.trouble import Inconclusive, NotAsExpected, Refused, SoundstageError, Unanswered

__all__ = [
    "AsyncRun",
    "AsyncSoundstage",
    "AsyncStage",
    "AsyncWindow",
    "Attachment",
    "Captured",
    "Facts",
    "Inconclusive",
    "NotAsExpected",
    "Refused",
    "Run",
    "Soundstage",
    "SoundstageContainer",
    "SoundstageError",
    "Stage",
    "Unanswered",
    "Window",
]
