"""Answer the ready questions, and write their pages from the results.

Usage::

    python benchmarks/questions.py                  # run all, or go on; then write the pages
    python benchmarks/questions.py --only dropout   # one
    python benchmarks/questions.py --pages-only     # pages of what has been run

The runs are kept in ``comparisons/questions``, or ``--out``.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from thumbnet.evaluation.comparison_pages import evidence, method
from thumbnet.evaluation.page_blocks import (
    Block,
    Bullets,
    Code,
    Heading,
    Paragraph,
    to_markdown,
)
from thumbnet.files import write_atomically
from thumbnet.training.questions import (
    Question,
    answer,
    load_question,
    question_names,
    run_question,
)

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "questions"
IMAGES = ROOT / "docs" / "images" / "questions"
PAGES = {"en": ROOT / "docs" / "questions", "zh": ROOT / "docs" / "zh" / "questions"}
TO_IMAGES = {"en": "../images/questions", "zh": "../../images/questions"}
WORDS = {
    "en": {
        "index": "Questions",
        "intro": "What tutorials assert, tested. Every answer is computed from runs over several "
        "seeds, and says no more than its intervals allow.",
        "claim": "Claim",
        "source": "Where one reads it",
        "experiment": "Experiment",
        "answer": "Answer",
        "change": "What would change it",
        "method": "How it was measured",
    },
    "zh": {
        "index": "问题",
        "intro": "检验教程中的论断。每个答案都由多个种子的训练结果算出，不超出区间所能支持的范围。",
        "claim": "论断",
        "source": "出处类型",
        "experiment": "实验",
        "answer": "答案",
        "change": "什么会改变答案",
        "method": "测量方法",
    },
}


def main() -> None:
    """Run what was asked for, and write the pages of all that has results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=question_names(), help="run this question only")
    parser.add_argument("--pages-only", action="store_true", help="run nothing")
    parser.add_argument("--out", type=Path, default=Path("comparisons/questions"))
    arguments = parser.parse_args()
    if not arguments.pages_only:
        for name in [arguments.only] if arguments.only else question_names():
            question = load_question(name)
            keep(question, run_question(question, arguments.out / name), arguments.out / name)
    write_pages()


def keep(question: Question, results: dict[str, dict[str, Any]], folder: Path) -> None:
    """Copy the results and figures of a question that was run to where they are committed."""
    for directory in (RESULTS, IMAGES):
        directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, ensure_ascii=False, separators=(",", ":"))
    write_atomically(RESULTS / f"{question.name}.json", text + "\n")
    for experiment in results:
        for figure in (folder / experiment / "figures").glob("*.svg"):
            shutil.copyfile(figure, IMAGES / f"{question.name}-{experiment}-{figure.name}")


def write_pages() -> None:
    """Write a page for each question that has results, and an index, in both languages."""
    questions = [
        load_question(name) for name in question_names() if (RESULTS / f"{name}.json").is_file()
    ]
    for language, folder in PAGES.items():
        folder.mkdir(parents=True, exist_ok=True)
        for question in questions:
            results = json.loads((RESULTS / f"{question.name}.json").read_text(encoding="utf-8"))
            text = page(question, results, language)
            write_atomically(folder / f"{question.name}.md", text)
        titles = [f"[{each.words[language].title}]({each.name}.md)" for each in questions]
        words = WORDS[language]
        blocks = [Heading(words["index"], 1), Paragraph(words["intro"]), Bullets(titles)]
        write_atomically(folder / "index.md", to_markdown(blocks, {}))


def page(question: Question, results: dict[str, dict[str, Any]], language: str) -> str:
    """Return a question's page as Markdown."""
    words, said = WORDS[language], question.words[language]
    sentences = answer(question, results, language)
    blocks: list[Block] = [
        Heading(said.title, 1),
        Heading(words["claim"]),
        Paragraph(said.claim),
        Heading(words["source"]),
        Paragraph(said.source_kind),
        Heading(words["experiment"]),
        Code(f"thumbnet compare --question {question.name}", "console"),
        Bullets([each.words[language] for each in question.experiments]),
        Heading(words["answer"]),
    ]
    paths = {}
    for experiment in question.experiments:
        name = experiment.name
        blocks += [
            Heading(experiment.words[language].rstrip(".。"), 3),
            Bullets(sentences[name]),
            *evidence(results[name], language, 4, f"{question.name}-{name}-"),
            Heading(words["method"], 4),
            Bullets(list(method(results[name], language))),
        ]
        for file in IMAGES.glob(f"{question.name}-{name}-*.svg"):
            paths[file.stem] = f"{TO_IMAGES[language]}/{file.name}"
    blocks += [Heading(words["change"]), Paragraph(said.would_change)]
    return to_markdown(blocks, paths)


if __name__ == "__main__":
    main()
