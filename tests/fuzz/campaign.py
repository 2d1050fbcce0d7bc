"""Many cases one after the other, counted; what fails is kept to be tried again."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import seeds
from tests.fuzz.judge import failures, snapshot
from tests.fuzz.process import Worker
from tests.fuzz.readers import READERS, Reader

__all__ = ["Campaign", "Tally", "print_table"]


@dataclass
class Tally:
    """What became of a reader's cases.

    Attributes:
        failed: what was wrong, and where the case is kept.
        slowest: seconds of the longest.
        peak: bytes of the largest.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[list[str], Path]] = field(default_factory=list)
    slowest: float = 0.0
    peak: int = 0

    @property
    def tried(self) -> int:
        return self.outcomes.total()


@dataclass
class Campaign:
    """Cases of every reader.

    Args:
        kept: folder for cases that fail.
        number: chooses the cases; the same number gives the same ones.
    """

    kept: Path
    number: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)

    def run(self, cases: int, progress: Callable[[str], None] = lambda _: None) -> None:
        """Try about so many cases, shared out among the readers.

        Args:
            cases: how many in all.
            progress: called with a line for each reader.
        """
        shares = sum(reader.share for reader in READERS)
        with _worker() as worker:
            for reader in READERS:
                self.try_reader(reader, max(1, round(cases * reader.share / shares)), worker)
                tally = self.tallies[reader.name]
                progress(f"{reader.name}: {tally.tried} tried, {len(tally.failed)} failed")

    def try_reader(self, reader: Reader, cases: int, worker: Worker) -> None:
        """Try a reader's cases."""
        tally = self.tallies.setdefault(reader.name, Tally())
        files = reader.seeds()
        # Whole files of other kinds under this one's name.
        others = [content for other in READERS for content in other.seeds().values()]

        @seed(self.number)
        @settings(
            max_examples=cases,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(data=st.data())
        def each(data: st.DataObject) -> None:
            name = data.draw(st.sampled_from(sorted(files)))
            if data.draw(st.integers(0, 11)):
                content = data.draw(reader.broken(name, files[name]))
            else:
                content = data.draw(st.sampled_from(others))
            self._try(reader, name, content, worker, tally)

        each()

    def _try(self, reader: Reader, name: str, content: bytes, worker: Worker, tally: Tally) -> None:
        with tempfile.TemporaryDirectory(prefix="dsi-fuzz-", ignore_cleanup_errors=True) as home:
            folder = Path(home) / "case"
            (folder / "temp").mkdir(parents=True)
            words = reader.lay_out(folder, name, content, seeds.model())
            before = snapshot(folder)
            answer = worker.run(words, folder / "workspace", folder / "temp")
            wrong = failures(words, answer, folder, before)
            tally.slowest = max(tally.slowest, answer.seconds)
            tally.peak = max(tally.peak, answer.peak)
            if not wrong:
                tally.outcomes["accepted" if answer.code == 0 else "refused"] += 1
                return
            tally.outcomes["failed"] += 1
            tally.failed.append((wrong, self._keep(reader, folder, words, wrong, answer)))

    def _keep(
        self, reader: Reader, folder: Path, words: Any, wrong: list[str], answer: Any
    ) -> Path:
        total = sum(tally.outcomes["failed"] for tally in self.tallies.values())
        kept = self.kept / f"{reader.name.replace(' ', '-').replace(',', '')}-{total:03d}"
        shutil.copytree(folder, kept, dirs_exist_ok=True)
        lines = [" ".join(str(word).replace(str(folder), str(kept)) for word in words), *wrong]
        lines += [answer.traceback, answer.stderr]
        (kept / "CASE.txt").write_text("\n".join(lines), errors="replace")
        return kept


@contextmanager
def _worker() -> Iterator[Worker]:
    with (
        tempfile.TemporaryDirectory(prefix="dsi-fuzz-") as home,
        Worker(Path(home) / "log") as worker,
    ):
        yield worker


def print_table(campaign: Campaign) -> None:
    """The figures, as docs/fuzzing.md has them."""
    print("| Reader | Tried | Refused | Accepted | Failed | Longest | Most memory |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    total: Counter[str] = Counter()
    for name, tally in campaign.tallies.items():
        total += tally.outcomes
        print(
            f"| {name} | {tally.tried} | {tally.outcomes['refused']} | "
            f"{tally.outcomes['accepted']} | {len(tally.failed)} | {tally.slowest:.1f} s | "
            f"{tally.peak / 2**30:.1f} GiB |"
        )
    print(
        f"| all | {total.total()} | {total['refused']} | {total['accepted']} | "
        f"{total['failed']} | | |"
    )


def failed_cases(campaign: Campaign) -> str:
    """What failed, a line each."""
    return json.dumps(
        {str(path): wrong for t in campaign.tallies.values() for wrong, path in t.failed}, indent=1
    )
