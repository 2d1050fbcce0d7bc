"""What a person decides about suspect labels: kept beside the evaluation until it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.evaluation.kept.store import KeptEvaluation
from core.evaluation.suspects.record import SuspectList
from core.paths import write_json
from core.untrusted.model_file import read_model_file

__all__ = [
    "Action",
    "Decision",
    "Review",
    "SavedReview",
    "State",
    "decide",
    "read_review",
    "states",
    "undo",
    "write_review",
]

_FILE = "review.json"

Action = Literal["void", "exclude", "dismiss", "reopen"]
"""What becomes of regions: their pixels become void, their samples are left out, the label is taken
to be right, or nothing is decided any more."""

State = Literal["open", "void", "excluded", "dismissed"]
_STATES: dict[Action, State] = {
    "void": "void",
    "exclude": "excluded",
    "dismiss": "dismissed",
    "reopen": "open",
}


class Decision(BaseModel):
    """One decision, about any number of regions at once.

    Attributes:
        action: what becomes of them.
        suspects: their places in the list.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    suspects: tuple[int, ...] = Field(min_length=1)


class SavedReview(BaseModel):
    """What decisions were saved as.

    Attributes:
        recipe, revision: the recipe that has them.
        void_regions: digest of all its void regions.
        excluded: ids of the samples that these decisions leave out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str
    revision: int
    void_regions: str
    excluded: tuple[str, ...] = ()


class Review(BaseModel):
    """The content of `review.json`.

    Attributes:
        of: when the suspects that it is about were looked for; others have other places.
        decisions: in their order; the last can be undone.
        saved: the last saving, where there is one; what was decided since is not in it.
        saved_decisions: how many decisions it has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(1, ge=1, le=1)
    of: float
    decisions: tuple[Decision, ...] = Field((), max_length=100_000)
    saved: SavedReview | None = None
    saved_decisions: int = Field(0, ge=0)

    @property
    def unsaved(self) -> int:
        """Decisions that are not saved yet."""
        return len(self.decisions) - self.saved_decisions


def read_review(kept: KeptEvaluation, suspects: SuspectList) -> Review:
    """The decisions about the suspects of an evaluation; none where they are about others.

    Raises:
        WorkspaceError: the file is damaged.
    """
    path = kept.folder / _FILE
    if not path.is_file():
        return Review(of=suspects.made)
    remedy = "delete the file, and decide again; recipes that were saved have theirs"
    review = read_model_file(path, Review, "the decisions about suspect labels", remedy)
    return review if review.of == suspects.made else Review(of=suspects.made)


def write_review(kept: KeptEvaluation, review: Review) -> None:
    """Replace the decisions.

    Raises:
        WorkspaceError: the disk refuses.
    """
    write_json(kept.folder / _FILE, review.model_dump(mode="json"))


def states(suspects: SuspectList, review: Review) -> list[State]:
    """What is decided about each region. Of a sample that is left out all regions are."""
    listed: list[State] = ["open"] * len(suspects.suspects)
    by_sample: dict[int, list[int]] = {}
    for place, suspect in enumerate(suspects.suspects):
        by_sample.setdefault(suspect.sample, []).append(place)
    for decision in review.decisions:
        wanted = [place for place in decision.suspects if place < len(listed)]
        if decision.action == "exclude":
            samples = {suspects.suspects[place].sample for place in wanted}
            wanted = [place for sample in samples for place in by_sample[sample]]
        for place in wanted:
            listed[place] = _STATES[decision.action]
    for places in by_sample.values():
        # One of its regions was decided otherwise since: then the sample is not left out.
        if {listed[place] for place in places} - {"excluded"}:
            for place in places:
                listed[place] = "open" if listed[place] == "excluded" else listed[place]
    return listed


def decide(review: Review, action: Action, suspects: Iterable[int]) -> Review:
    """The decisions with one more; the same where it is about no region."""
    places = tuple(sorted(set(suspects)))
    if not places:
        return review
    more = Decision(action=action, suspects=places)
    return review.model_copy(update={"decisions": (*review.decisions, more)})


def undo(review: Review) -> Review:
    """The decisions without the last that is not saved; the same where all are."""
    if review.unsaved <= 0:
        return review
    return review.model_copy(update={"decisions": review.decisions[:-1]})
