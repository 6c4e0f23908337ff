"""Three readings settle a figure; one on which they differ is doubted."""

from __future__ import annotations

import numpy as np

from ocr.figure_vote import by_vote, voted
from ocr.text import Word


def _word(text: str, conf: float, left: float = 20.0) -> Word:
    return Word(text, (left, 40.0, left + 100.0, 60.0), conf, 0, 0, 58.0)


def test_two_readings_outvote_the_first_and_the_figure_is_doubted():
    first = (_word("Số:", 0.9, 200), _word("449.000", 0.8))
    name, figure = by_vote(first, [(_word("440.000", 0.9),), (_word("440.000", 0.6),)])
    assert name == first[0]
    assert (figure.text, figure.conf, figure.box) == ("440.000", 0.5, first[1].box)


def test_a_figure_that_all_readings_have_alike_stays_as_trusted_as_it_was():
    first = (_word("440.000", 0.8),)
    assert by_vote(first, [(_word("440.000", 0.9),), (_word("440.000", 0.6),)]) == first


def test_the_first_reading_stands_where_the_others_find_nothing_or_disagree():
    first = (_word("440.000", 0.8),)
    (figure,) = by_vote(first, [(), (_word("449.000", 0.7),)])
    assert figure.text == "440.000"
    assert figure.conf < 0.3
    assert by_vote(first, [(), (_word("9", 0.9, 250),)]) == first


def test_only_doubtful_figures_cost_two_readings_more(api):
    class Watched:
        shown = 0

        def read(self, image, layout="page"):
            self.shown += 1
            return api.read(image, layout)

    page = np.full((200, 400), 255, np.uint8)
    engine = Watched()
    sure = (_word("440.000", 0.95), _word("đồng", 0.4, 200))
    assert voted(sure, page, 300.0, engine) == sure
    assert engine.shown == 0
    doubtful = (_word("440.000", 0.8),)
    assert voted(doubtful, page, 300.0, engine) == doubtful
    assert engine.shown == 2
