"""What the doctor found: where, how bad, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from thumbnet.languages import check_language

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The figures or the model are wrong; they may be; it costs something else."""


@dataclass(frozen=True)
class Words:
    """What is said of a finding in one language; ``{name}`` stands for one of its details.

    Attributes:
        what: one sentence: what is there.
        why: why it matters, with the measured size of the damage where it was measured.
        fix: how to repair it, a line of code where that is possible.
    """

    what: str
    why: str
    fix: str


@dataclass(frozen=True)
class Entry:
    """A kind of finding in the catalogue."""

    severity: Severity
    en: Words
    zh: Words


Catalogue = Mapping[str, Entry]


@dataclass(frozen=True)
class Finding:
    """One mistake, or what looks like one.

    Attributes:
        code: its kind, such as ``"no-eval-mode"``.
        place: the file, folder or data set.
        line: the line in a script, else None.
        form: which wording of the code's, where it has several.
        details: what the words name.
        where: in a notebook the cell and its line, in place of ``line``.
    """

    code: str
    place: str
    line: int | None = None
    form: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""

    @property
    def entry(self) -> Entry:
        """The catalogue's entry of its kind."""
        from thumbnet.inspection.doctor.words import CATALOGUE

        return CATALOGUE[f"{self.code}/{self.form}" if self.form else self.code]

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.entry.severity

    @property
    def position(self) -> str:
        """Where it is, e.g. ``train.py:12``."""
        if self.where:
            return f"{self.place}:{self.where}"
        return self.place if self.line is None else f"{self.place}:{self.line}"

    def words(self, language: str = "en") -> Words:
        """Return its words in ``en`` or ``zh``.

        Raises:
            ThumbnetError: the language is another.
        """
        check_language(language)
        words: Words = getattr(self.entry, language)
        details = _Details(self.details)
        return Words(*(text.format_map(details) for text in (words.what, words.why, words.fix)))

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Return it for JSON; the keys are English in every language."""
        words = self.words(language)
        return {
            "code": self.code,
            "severity": self.severity,
            "place": self.place,
            "line": self.line,
            "where": self.where or None,
            "what": words.what,
            "why": words.why,
            "fix": words.fix,
            "details": dict(self.details),
        }


class _Details(dict[str, Any]):
    """Numbers with a comma at each thousand; lists as their first few."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
        if isinstance(value, (list, tuple)):
            return "; ".join(map(str, value))
        return value


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, the worst first, then by place and line; no two alike in the same line."""
    unique = {(f.code, f.place, f.line or f.form, f.where): f for f in findings}
    return sorted(
        unique.values(),
        key=lambda f: (SEVERITIES.index(f.severity), f.place, f.line or 0, f.code),
    )


def describe(finding: Finding, language: str = "en") -> str:
    """Return a finding as lines for a person: place and what; why; how to repair it."""
    words = finding.words(language)
    lines = [f"{finding.position}: {words.what} [{finding.code}]", f"  {words.why}"]
    lines += [f"  → {line}" for line in words.fix.splitlines()]
    return "\n".join(lines)
