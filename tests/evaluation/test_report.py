import re
from html.parser import HTMLParser

import pytest
import torch

from thumbnet.errors import OutputError
from thumbnet.evaluation.canvas import house_style, new_figure
from thumbnet.evaluation.figures import draw_confusion, draw_samples
from thumbnet.evaluation.metrics import evaluate_logits
from thumbnet.evaluation.report import write_report
from thumbnet.evaluation.report_pictures import (
    Answered,
    Evidence,
    ReportPictures,
    class_rows,
    evidence_rows,
    hardest_pictures,
    pair_rows,
    sample_pictures,
    suspicious_pictures,
)

ATTACK = "<script>alert(1)</script>"
VOID_TAGS = {"meta", "img", "br", "hr", "link", "input"}


class Outline(HTMLParser):
    """The elements of a page, its text, and whether every tag is closed in order."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self.open_tags = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open_tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def make_chart(label=""):
    with house_style():
        figure = new_figure(2.0)
        figure.subplots().plot([1, 2], [3, 4])
    figure.set_label(label)
    return figure


def report_html(path, **changes):
    class_names = changes.pop("class_names", ("cat", "dog"))
    logits = torch.tensor([[3.0, 0.0], [0.0, 3.0], [3.0, 0.0], [3.0, 0.0]])
    arguments = {
        "title": "pets-1",
        "summary": {"training_time_s": 41.37, "num_parameters": 421642, "num_epochs": 8, "seed": 7},
        "evaluation": evaluate_logits(logits, torch.tensor([0, 1, 0, 1]), class_names),
        "recipe_toml": 'epochs = 8\nname = "a & b"\n',
        "receipt": {"hardware": {"cpu": "fast", "cores": 2}, "openings": [1], "note": None},
        "figures": {"confusion": draw_confusion([[2, 0], [1, 1]], class_names)},
    }
    write_report(path, **(arguments | changes))
    return path.read_text(encoding="utf-8")


def make_pictures(class_names=("cat", "dog"), num_images=40, shape=(1, 6, 6)):
    generator = torch.Generator().manual_seed(0)
    num_classes = len(class_names)
    images = torch.randint(0, 256, (num_images, *shape), dtype=torch.uint8, generator=generator)
    labels = torch.arange(num_images) % num_classes
    shares = torch.randn(num_images, num_classes, generator=generator).softmax(1)
    answered = Answered(images, labels, shares, class_names)
    wrong = (shares.argmax(1) != labels).nonzero().flatten()[:6].tolist()
    maps = torch.randn(len(wrong), *shape[1:], generator=generator)
    return ReportPictures(
        pairs=pair_rows(answered),
        hardest=hardest_pictures(answered),
        evidence=evidence_rows(answered, wrong, maps, maps, [128.0] * len(wrong)),
        classes=class_rows(answered),
        suspicious=suspicious_pictures(answered),
        samples=sample_pictures(images[:50], labels[:50], class_names),
    )


def facts_of(outline):
    text = " ".join(" ".join(outline.text).split())
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_headline_gives_accuracy_with_its_interval_and_the_facts_of_the_run(tmp_path):
    text = facts_of(Outline(report_html(tmp_path / "report.html")))
    assert "Accuracy on the test images 75.00 %" in text
    assert "3 of 4 images right in one run; 95 % Wilson interval 30.06 % to 95.44 %" in text
    for fact in ("training time 41.4 s", "parameters 421,642", "epochs 8", "seed 7"):
        assert fact in text


@pytest.mark.parametrize(
    ("time_s", "expected"),
    [(0.5, "0.5 s"), (99.4, "99.4 s"), (99.99, "100 s"), (119.6, "2 min 0 s"),
     (3599.7, "1 h 0 min"), (7380, "2 h 3 min")],
)  # fmt: skip
def test_training_time_is_told_as_a_person_would(tmp_path, time_s, expected):
    html = report_html(tmp_path / "report.html", summary={"training_time_s": time_s})
    assert f"training time {expected}" in facts_of(Outline(html))


def test_unknown_facts_are_shown_under_their_own_name_and_the_split_in_its_place(tmp_path):
    html = report_html(
        tmp_path / "report.html", summary={"split": "validation", "batch_size": "64 images"}
    )
    text = facts_of(Outline(html))
    assert "Accuracy on the validation images" in text
    assert "batch size 64 images" in text


def test_class_table_recipe_and_receipt_are_there(tmp_path):
    text = facts_of(Outline(report_html(tmp_path / "report.html")))
    assert "dog 2 100.00 % 50.00 % 66.67 %" in text
    assert 'epochs = 8 name = "a & b"' in text
    assert "hardware.cpu fast hardware.cores 2 openings [1] note null" in text


def test_everything_from_outside_is_escaped(tmp_path):
    html = report_html(
        tmp_path / "report.html",
        class_names=(ATTACK, '"><img src=x onerror=alert(1)>'),
        title=ATTACK,
        summary={"seed": ATTACK, ATTACK: 1, "split": ATTACK},
        recipe_toml=f"# </code></pre>{ATTACK}",
        receipt={ATTACK: ATTACK},
        figures={ATTACK: make_chart(f'" onload="{ATTACK}')},
    )
    outline = Outline(html)
    assert not outline.all("script")
    assert all(image["src"].startswith("data:") for image in outline.all("img"))
    assert all(set(image) == {"src", "alt"} for image in outline.all("img"))
    assert facts_of(outline).count(ATTACK) >= 7


def test_page_is_well_formed_and_accessible(tmp_path):
    figures = {
        "samples": draw_samples(
            torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, 1]), ("cat", "dog")
        ),
        "my own chart": make_chart(),
    }
    html = report_html(tmp_path / "report.html", figures=figures)
    outline = Outline(html)
    assert html.startswith("<!doctype html>\n")
    assert outline.open_tags == []
    assert outline.all("html") == [{"lang": "en"}]
    assert len(outline.all("h1")) == 1
    assert all(header["scope"] in ("row", "col") for header in outline.all("th"))
    assert [image["alt"] for image in outline.all("img")] == [
        "2 labelled pictures: cat, dog.",
        "my own chart",
    ]
    identifiers = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(identifiers) == len(set(identifiers))
    pointed = {
        attrs["aria-labelledby"] for _, attrs in outline.elements if "aria-labelledby" in attrs
    }
    assert pointed <= set(identifiers)


def test_page_needs_no_other_file_no_script_and_no_network(tmp_path):
    outline = Outline(report_html(tmp_path / "report.html"))
    assert not outline.all("script")
    assert not outline.all("link")
    sources = [a[k] for _, a in outline.elements for k in ("src", "href", "srcset") if k in a]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)
    style = "".join(outline.text)
    assert not re.search(r"url\(|@import|https?:", style)


def test_charts_are_svg_and_pictures_are_png_known_ones_first(tmp_path):
    figures = {"other": make_chart(), "confusion": draw_confusion([[1, 0], [0, 1]], ["a", "b"]),
               "curves": make_chart()}  # fmt: skip
    outline = Outline(report_html(tmp_path / "report.html", figures=figures))
    assert [image["src"].split(";")[0] for image in outline.all("img")] == [
        "data:image/svg+xml",
        "data:image/png",
        "data:image/svg+xml",
    ]
    text = facts_of(outline)
    assert text.index("Learning curves.") < text.index("Confusion.") < text.index("other")


def test_without_figures_the_section_is_left_out(tmp_path):
    assert "Figures" not in facts_of(Outline(report_html(tmp_path / "r.html", figures={})))


SECTIONS = (
    "Most confused pairs", "Hardest test pictures", "What some mistakes depend on",
    "Typical and borderline", "Most suspicious training labels", "Training pictures",
)  # fmt: skip


def test_pictures_have_their_sections_in_order(tmp_path):
    pictures = make_pictures()
    outline = Outline(report_html(tmp_path / "report.html", pictures=pictures))
    text = facts_of(outline)
    places = [text.index(name) for name in ("Figures", *SECTIONS, "Recipe", "Receipt")]
    assert places == sorted(places)
    pair = pictures.pairs[0]
    assert f"{pair.first} → {pair.second}: {pair.num_first_as_second}" in text
    assert f"{pair.second} → {pair.first}: {pair.num_second_as_first} 100.0 %" in text
    suspicious = pictures.suspicious
    assert f"{suspicious.num_disagreeing} of 40 training images" in text
    assert "This is in-sample: the network was trained on these very labels" in text
    assert text.count("taken for b") == 1
    sources = [image["src"] for image in outline.all("img")]
    for row in pictures.evidence.rows:
        assert all(shown.uri in sources for shown in row)
    assert outline.open_tags == []


def test_pictures_that_are_wrong_are_marked(tmp_path):
    pictures = make_pictures()
    outline = Outline(report_html(tmp_path / "report.html", pictures=pictures))
    marked = [image["src"] for image in outline.all("img") if image.get("class") == "pixels wrong"]
    assert {
        shown.uri for row in pictures.classes for shown in row.borderline if shown.is_wrong
    } <= (set(marked))
    assert not set(marked) & {shown.uri for row in pictures.classes for shown in row.typical}


@pytest.mark.parametrize(
    "pictures", [None, ReportPictures(), ReportPictures(evidence=Evidence((), (0.0, 0.0)))]
)
def test_without_pictures_their_sections_are_left_out(tmp_path, pictures):
    text = facts_of(Outline(report_html(tmp_path / "report.html", pictures=pictures)))
    assert not [name for name in SECTIONS if name in text]


def test_names_below_pictures_are_escaped(tmp_path):
    pictures = make_pictures((ATTACK, '"><img src=x onerror=alert(1)>'))
    outline = Outline(report_html(tmp_path / "report.html", pictures=pictures))
    assert not outline.all("script")
    assert all(image["src"].startswith("data:") for image in outline.all("img"))
    assert not [name for image in outline.all("img") for name in image if name.startswith("on")]


@pytest.mark.parametrize("num_classes", [10, 100])
def test_page_with_pictures_of_noise_is_below_3_mb(tmp_path, num_classes):
    names = [f"class number {index}" for index in range(num_classes)]
    pictures = make_pictures(names, 1000, (3, 32, 32))
    html = report_html(tmp_path / "report.html", pictures=pictures, figures={})
    assert 500_000 < len(html) < 2_000_000


def test_equal_input_gives_equal_bytes_in_a_single_file(tmp_path):
    first = report_html(tmp_path / "first.html", pictures=make_pictures())
    assert report_html(tmp_path / "second.html", pictures=make_pictures()) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.html", "second.html"]


def test_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        report_html(tmp_path / "nowhere" / "report.html")
