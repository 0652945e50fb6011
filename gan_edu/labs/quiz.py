"""A quiz, and a prediction that is made before the experiment: widgets over what `gan_edu.lessons` holds."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML

from gan_edu.labs.choices import Choices
from gan_edu.labs.keep import keep, kept
from gan_edu.lessons.question import questions, quiz_html
from gan_edu.lessons.texts import TEXTS

STYLE = """<style>
.gan-quiz { max-width: 760px; overflow: visible; }
.gan-quiz .widget-html-content, .gan-quiz .jupyter-button { font-size: 14px; line-height: 1.45; }
.gan-quiz :focus-visible { outline: 3px solid #0B57D0; outline-offset: 1px; }
.gan-quiz-told { border-left: 5px solid; padding: 6px 12px; }
</style>"""


class Quiz(widgets.VBox):
    """Questions with radio buttons. What was answered is there again when the cell or the kernel starts anew.

    Args:
        lesson: Whose questions; answers are kept under this name.

    Raises:
        ValueError: If the lesson has no quiz.
    """

    def __init__(self, lesson: str) -> None:
        self._name, self._questions = f"quiz {lesson}", questions(lesson)
        total = len(self._questions)
        # by the question's own words: a question that is rewritten starts afresh
        answers = kept(self._name, {})
        heads = [TEXTS["question"].format(number=k + 1, total=total) for k in range(total)]
        self.radios = [
            _radio(head, q.text, q.choices, answers.get(q.text))
            for head, q in zip(heads, self._questions, strict=True)
        ]
        self.buttons = [widgets.Button(description=TEXTS["check"], icon="check") for _ in self._questions]
        self.told = [widgets.HTML() for _ in self._questions]
        self.score = widgets.HTML()
        children: list[widgets.Widget] = [widgets.HTML(STYLE)]
        for k, head in enumerate(heads):
            self.buttons[k].tooltip = f"{TEXTS['check']}: {head}"
            self.buttons[k].on_click(lambda _, k=k: self.check(k))
            self.radios[k].observe(lambda _, k=k: setattr(self.told[k], "value", ""), "index")
            children += [self.radios[k], self.buttons[k], self.told[k]]
            if self.radios[k].index is not None:
                self._tell(k)
        super().__init__([*children, self.score])
        self.add_class("gan-quiz")

    def check(self, number: int) -> None:
        """Keep the answer to a question, and tell why it is right or wrong."""
        chosen = self.radios[number].index
        if chosen is None:
            self.told[number].value = _told(None, TEXTS["choose"])
            return
        question = self._questions[number]
        keep(self._name, {**kept(self._name, {}), question.text: question.choices[chosen]})
        self._tell(number)

    def _tell(self, number: int) -> None:
        question, chosen = self._questions[number], self.radios[number].index
        assert chosen is not None
        self.told[number].value = _told(chosen == question.correct, question.why[chosen])
        right = sum(
            radio.index == question.correct and bool(told.value)
            for question, radio, told in zip(self._questions, self.radios, self.told, strict=True)
        )
        self.score.value = f"<b>{TEXTS['score'].format(right=right, total=len(self._questions))}</b>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return _with_html(super()._repr_mimebundle_(**kwargs), quiz_html(self._questions))


class Prediction(widgets.VBox):
    """A question that is answered before the experiment is run.

    Args:
        name: Under which the answer is kept.
        question: What will be seen?
        choices: What can be expected; numbers or short texts.
    """

    def __init__(self, name: str, question: str, choices: Sequence[str | float]) -> None:
        self._name, self._question, self._choices = f"prediction {name}", question, list(choices)
        shown = [str(choice) for choice in choices]
        self.radio = _radio(TEXTS["predict"], question, shown, kept(self._name))
        self.told = widgets.HTML()
        self.radio.observe(self._chosen, "index")
        super().__init__([widgets.HTML(STYLE), self.radio, self.told])
        self.add_class("gan-quiz")
        self._tell()

    @property
    def value(self) -> Any:
        """What was predicted, None before that."""
        return None if self.radio.index is None else self._choices[self.radio.index]

    def beside(self, measured: Any) -> HTML:
        """The prediction beside what was measured.

        Args:
            measured: The outcome, as it should be read.
        """
        guess = TEXTS["no_prediction"] if self.value is None else str(self.value)
        cell = 'style="text-align:left;padding:4px 16px 4px 0;font-size:14px"'
        rows = "".join(
            f"<tr><th {cell}>{TEXTS[key]}</th><td {cell}>{escape(str(value))}</td></tr>"
            for key, value in (("your_prediction", guess), ("measured", measured))
        )
        return HTML(f"<table>{rows}</table>")

    def _chosen(self, _change: Any) -> None:
        if self.radio.index is not None:
            keep(self._name, str(self.value))
        self._tell()

    def _tell(self) -> None:
        key = "not_predicted" if self.value is None else "predicted"
        self.told.value = f'<div role="status">{TEXTS[key].format(value=escape(str(self.value)))}</div>'

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        choices = "".join(f"<li>{escape(str(choice))}</li>" for choice in self._choices)
        text = f"<p><b>{TEXTS['predict']}.</b> {escape(self._question)}</p><ul>{choices}</ul>"
        return _with_html(super()._repr_mimebundle_(**kwargs), text)


def quiz(lesson: str) -> Quiz:
    """The quiz of a lesson, as a widget; as text where widgets can't show.

    Args:
        lesson: Name of a file in `gan_edu.lessons`, such as "mode_collapse".

    Raises:
        ValueError: If the lesson has no quiz.

    Example:
        >>> len(quiz("mode_collapse").radios)
        4
    """
    return Quiz(lesson)


def predict(name: str, question: str, choices: Sequence[str | float]) -> Prediction:
    """Ask what will be seen, before it is; `beside(measured)` then shows both.

    Args:
        name: Under which the prediction is kept, the same in every run of the notebook.
        question: What will be seen?
        choices: What can be expected.

    Raises:
        ValueError: If there are fewer than two choices.

    Example:
        >>> predict("coin", "Heads or tails?", ["heads", "tails"]).radio.options
        ['heads', 'tails']
    """
    if len(choices) < 2:
        raise ValueError(f"choices must hold at least two; got {list(choices)}")
    return Prediction(name, question, choices)


def _radio(head: str, question: str, choices: Sequence[str], chosen: str | None) -> Choices:
    index = next((k for k, choice in enumerate(choices) if choice == chosen), None)
    return Choices(head=head, question=question, options=list(choices), index=index)


def _told(right: bool | None, text: str) -> str:
    colour = {True: "#00916A", False: "#B15E00", None: "#57606A"}[right]
    head = {True: f"✔ {TEXTS['correct']} ", False: f"✘ {TEXTS['incorrect']} ", None: ""}[right]
    return f'<div role="status" class="gan-quiz-told" style="border-color:{colour}"><b>{head}</b>{escape(text)}</div>'


def _with_html(bundle: Any, html: str) -> Any:
    """A widget's output with a text beside it, for pages that can't show widgets."""
    return {**bundle, "text/html": html}
