"""A quiz question, and a quiz as text for places where widgets can't show."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from gan_edu.lessons.texts import TEXTS


@dataclass(frozen=True)
class Question:
    """One question with one right answer.

    Args:
        text: The question; simple text, no LaTeX.
        choices: What can be chosen.
        correct: Index of the right choice.
        why: For every choice, why it is right or wrong.

    Raises:
        ValueError: If there are fewer than two choices, a reason is missing, or `correct` is none of them.

    Example:
        >>> Question("1 + 1?", ("2", "3"), correct=0, why=("Count on.", "One too many.")).choices[0]
        '2'
    """

    text: str
    choices: tuple[str, ...]
    correct: int
    why: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.choices) < 2 or len(self.why) != len(self.choices):
            raise ValueError(
                f"a question needs two choices or more and a reason for each; got {len(self.choices)} choices "
                f"and {len(self.why)} reasons"
            )
        if not 0 <= self.correct < len(self.choices):
            raise ValueError(
                f"correct must be an index from 0 to {len(self.choices) - 1}; got {self.correct}"
            )


def questions(lesson: str) -> tuple[Question, ...]:
    """The quiz of a lesson.

    Args:
        lesson: Name of a file in `gan_edu.lessons` that has a `QUIZ`.

    Raises:
        ValueError: If there is none of that name.

    Example:
        >>> 3 <= len(questions("mode_collapse")) <= 5
        True
    """
    try:
        return importlib.import_module(f"gan_edu.lessons.{lesson}").QUIZ
    except (ModuleNotFoundError, AttributeError):
        raise ValueError(f"lesson must name a file of gan_edu.lessons with a QUIZ; got {lesson!r}") from None


def quiz_html(quiz: Sequence[Question]) -> str:
    """A quiz as plain HTML; every answer is folded away with its reasons.

    Example:
        >>> quiz_html(questions("mode_collapse")).count("<details>") == len(questions("mode_collapse"))
        True
    """
    parts = []
    for number, question in enumerate(quiz, 1):
        head = TEXTS["question"].format(number=number, total=len(quiz))
        choices = "".join(f"<li>{escape(choice)}</li>" for choice in question.choices)
        why = "".join(
            f"<li>{'<b>✔</b>' if k == question.correct else '✘'} {escape(reason)}</li>"
            for k, reason in enumerate(question.why)
        )
        parts.append(
            f"<p><b>{head}.</b> {escape(question.text)}</p><ol type='a'>{choices}</ol>"
            f"<details><summary>{TEXTS['answer']}</summary><ol type='a'>{why}</ol></details>"
        )
    return "".join(parts)
