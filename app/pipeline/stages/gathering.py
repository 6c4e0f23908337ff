"""Many pages in their order, while a crew finishes them in any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.domain.errors import Trouble
from app.pipeline.crew import Crew, Lost
from app.pipeline.stages.loose import Frame
from app.pipeline.stages.page_task import ForPackage, ForText, Outcome, Reader, Task

PageCrew = Crew[Task, Outcome]


class Gathering:
    """What became of each page.

    Args:
        crew: who reads.
        frames: the pages.
        reader: the recogniser.
        purpose: what the pages are read for.
        seen: told of each page as soon as it is done.
    """

    def __init__(
        self,
        crew: PageCrew,
        frames: Sequence[Frame],
        reader: Reader,
        purpose: ForText | ForPackage,
        seen: Callable[[Frame, Outcome], None],
    ) -> None:
        self._frames = frames
        self._seen = seen
        self._found: dict[int, Outcome] = {}
        tasks = (
            Task(
                at, frame, reader, purpose, (*frames[max(at - 1, 0) : at], *frames[at + 1 : at + 2])
            )
            for at, frame in enumerate(frames)
        )
        self._news = crew.run(tasks)

    def outcome(self, number: int) -> Outcome:
        """What became of the page; waits for it.

        Raises:
            Trouble: what every other page would meet as well.
        """
        while number not in self._found:
            task, answer = next(self._news)
            done = _told(task.frame, answer) if isinstance(answer, Lost) else answer
            self._found[task.number] = done
            self._seen(task.frame, done)
            if done.hopeless and done.trouble is not None:
                raise Trouble.of(*done.trouble)
        return self._found[number]

    def in_order(self) -> Iterator[tuple[Frame, Outcome]]:
        """Every page with its outcome, each as soon as it and all before it are done."""
        for number, frame in enumerate(self._frames):
            yield frame, self.outcome(number)


def _told(frame: Frame, lost: Lost) -> Outcome:
    if lost.why == "broke":
        return Outcome(trouble=("defect.unexpected", {"kind": lost.kind}), trace=lost.trace)
    return Outcome(trouble=("page.gave_up", {"name": frame.label}))
