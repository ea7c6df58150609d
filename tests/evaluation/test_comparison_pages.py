"""The page of a comparison, as Markdown and HTML, in both languages, and its figures."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from comparison_runs import made_results, made_run, made_side
from scipy import stats

from thumbnet.errors import ThumbnetError
from thumbnet.evaluation.comparison_figures import (
    MAX_PAIRS,
    draw_accuracies,
    draw_figures,
    draw_learning_curves,
)
from thumbnet.evaluation.comparison_pages import comparison_page, summary_table, verdicts
from thumbnet.evaluation.comparison_results import Side, compare_sides
from thumbnet.evaluation.comparison_words import PAGE
from thumbnet.evaluation.page_blocks import (
    Bullets,
    Code,
    Heading,
    Paragraph,
    Table,
    to_html,
    to_markdown,
)

A, B = [0.90, 0.92, 0.915], [0.80, 0.83, 0.81]
PATHS = {"accuracy": "figures/accuracy.svg", "curves": "figures/curves.svg"}


def results(**changes: object) -> dict[str, object]:
    return {**made_results([made_side("sgd", A), made_side("adam", B)]), **changes}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_has_verdict_tables_and_figures(language: str) -> None:
    text = to_markdown(comparison_page(results(), language), PATHS)
    words = PAGE[language]
    assert text.startswith("# mnist: optimizer sgd, adam\n")
    for key in ("verdict", "accuracy", "curves", "differs", "method"):
        assert f"\n## {words[key]}\n" in text
    assert verdicts(results(), language)[0] in text
    assert "](figures/accuracy.svg)" in text
    assert "| sgd | 91.17 % | " in text
    assert "500, 2,000" in text
    assert not re.search(r"[{}]", text)


def test_both_languages_have_the_same_words_and_places() -> None:
    assert PAGE["en"].keys() == PAGE["zh"].keys()
    for key, text in PAGE["en"].items():
        names = r"{(\w+)}"
        assert set(re.findall(names, text)) == set(re.findall(names, PAGE["zh"][key])), key


def test_language_without_words_is_refused() -> None:
    with pytest.raises(ThumbnetError, match="no words"):
        comparison_page(results(), "fr")


def test_notes_and_tuning_are_shown() -> None:
    trials = [
        {"learning_rate": 0.001, "validation_accuracy": 0.5},
        {"learning_rate": 0.1, "validation_accuracy": 0.9},
        {"learning_rate": 10.0, "validation_accuracy": None},
    ]
    found = made_results([made_side("sgd", A), made_side("adam", B)])
    for side in found["sides"]:
        side["tuning"] = {"trials": trials, "learning_rate": 0.1, "is_at_edge": True}
    found["plan"]["tune"] = 3
    text = to_markdown(comparison_page(found), PATHS)
    assert "| sgd | 0.1 | 90.00 % | chosen |" in text
    assert "| sgd | 10 | diverged |  |" in text
    assert "adam: without optimizer.momentum, which adam does not take." in text
    assert "sgd: the best rate is at the edge" in text
    assert "3 learning rates were tried on each side" in text
    assert "each with 3 other seeds" in text


def test_target_that_was_missed_is_shown_as_missed() -> None:
    runs = [made_run(1, 0.9, (0.9,)), made_run(2, 0.9, (0.5,)), made_run(3, 0.9, (0.6,))]
    found = made_results([Side("sgd", runs, (), {"tuning": None}), made_side("adam", B)], 0.8)
    headers, rows = summary_table(found)
    assert headers[5:] == ["epochs to 80.00 %", "seconds to 80.00 %"]
    assert rows[0][5:] == ["not reached (1 of 3)", "not reached (1 of 3)"]
    assert rows[1][5:] == ["2", "2"]


def test_interval_is_shown_within_what_an_accuracy_can_be() -> None:
    found = made_results([made_side("a", [0.0, 0.5, 1.0]), made_side("b", B)])
    assert summary_table(found)[1][0][2] == "0.00 % … 100.00 %"


def test_html_needs_no_other_file() -> None:
    found = results()
    page = to_html(comparison_page(found), draw_figures(found), title="a <b> & c", language="en")
    parser = Sources()
    parser.feed(page)
    assert parser.sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in parser.sources)
    assert "<title>a &lt;b&gt; &amp; c · Thumbnet</title>" in page
    assert not re.search(r"https?://", page)
    assert len(page) < 400_000


class Sources(HTMLParser):
    """Collects what a page would load, and sees that its tags are in order."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        del tag
        self.sources += [value or "" for name, value in attributes if name in ("src", "href")]


def test_blocks_escape_what_their_form_would_misread() -> None:
    blocks = [
        Heading("a < b", 1),
        Paragraph("`x < 1` & more"),
        Bullets(["one"]),
        Code("thumbnet compare a", "console"),
        Table(["h", "n"], [["a|b", "1"]]),
    ]
    assert to_markdown(blocks, {}) == (
        "# a < b\n\n`x < 1` & more\n\n- one\n\n```console\nthumbnet compare a\n```\n\n"
        "| h | n |\n| --- | ---: |\n| a\\|b | 1 |\n"
    )
    page = to_html(blocks, {}, title="t", language="zh")
    assert '<html lang="zh">' in page
    assert "<h1>a &lt; b</h1>" in page
    assert "<p><code>x &lt; 1</code> &amp; more</p>" in page
    assert '<td>a|b</td><td class="number">1</td>' in page


def test_figures_are_drawn_from_the_results() -> None:
    figure = draw_accuracies(results())
    upper, lower = figure.axes
    assert [label.get_text() for label in upper.get_yticklabels()] == ["sgd", "adam"]
    assert [label.get_text() for label in lower.get_yticklabels()] == ["sgd − adam"]
    seeds = upper.lines[0].get_xdata()
    assert list(seeds) == A
    assert "sgd 91.17%" in figure.get_label()


def test_band_is_the_interval_of_the_mean() -> None:
    sides = [made_side("a", A), made_side("b", B)]
    sides[0] = Side(
        "a", [made_run(n, 0.9, (v, 0.9)) for n, v in enumerate((0.1, 0.2, 0.6))], (), {}
    )
    found = made_results([Side(s.name, s.runs, (), {"tuning": None}) for s in sides])
    axes = draw_learning_curves(found).axes[1]
    vertices = axes.collections[0].get_paths()[0].vertices
    at_first = sorted({round(float(y), 6) for x, y in vertices if x == 1})
    values = [0.1, 0.2, 0.6]
    assert at_first == pytest.approx(
        stats.t.interval(0.95, 2, loc=0.3, scale=stats.sem(values)), abs=1e-5
    )


def test_two_seeds_give_no_band_and_no_validation_gives_training_curves() -> None:
    sides = [made_side(name, [0.8, 0.9], curve=(None, None)) for name in "ab"]
    figure = draw_learning_curves(made_results(sides))
    assert figure.axes[0].get_title(loc="left") == "Loss, training (nats)"
    assert not figure.axes[1].collections


def test_side_that_always_diverged_can_be_drawn() -> None:
    sides = [Side("a", (), (1, 2, 3), {"tuning": None}), made_side("b", B)]
    found = made_results(sides)
    assert set(draw_figures(found)) == {"accuracy", "curves"}
    text = to_markdown(comparison_page(found), PATHS)
    assert "a diverged for 3 of 3 seeds" in text


def test_many_pairs_are_cut_short_and_counted() -> None:
    sides = [made_side(str(index), [0.9 + index / 1000, 0.91, 0.92]) for index in range(8)]
    found = {**made_results(sides[:2]), **compare_sides(sides)}
    assert len(found["pairs"]) == 28
    said = verdicts(found)
    assert len(said) == MAX_PAIRS + 1
    assert said[-1] == "Shown are 21 of 28 pairs; all are in `results.json`."
