"""A quiz in JupyterLab, by keyboard alone; answers outlive the cell and the kernel."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from gan_edu.lessons.question import questions

from . import jupyter

pytestmark = pytest.mark.browser

QUIZ = "from gan_edu.labs.quiz import predict, quiz\nasked = quiz('mode_collapse'); asked"
GUESS = "guess = predict('browser', 'How many modes?', [1, 2, 8]); guess"


def test_quiz_by_keyboard(page: Page, lab: jupyter.Server, notebook_root) -> None:
    """Choose with arrows, check with Enter, read why; the same answer is there after a restart."""
    question = questions("mode_collapse")[0]
    folder = notebook_root / "quiz"  # of its own, for the answers that are kept
    jupyter.make_notebook(folder / "quiz.ipynb", [("code", QUIZ), ("code", GUESS)])
    jupyter.open_notebook(page, lab, "quiz/quiz.ipynb")
    assert jupyter.run_all(page) == []

    radios = page.locator(".gan-quiz").first.locator("input[type=radio]")
    radios.first.focus()
    page.keyboard.press("Space")
    jupyter.wait_for_python(page, "asked.radios[0].index == 0")
    for k in range(1, question.correct + 1):
        page.keyboard.press("ArrowDown")
        jupyter.wait_for_python(page, f"asked.radios[0].index == {k}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    why = page.locator(".gan-quiz-told", has_text=question.why[question.correct])
    why.wait_for()

    page.locator(".gan-quiz").nth(1).locator("input[type=radio]").last.focus()
    page.keyboard.press("Space")
    jupyter.wait_for_python(page, "guess.value == 8")

    page.evaluate(
        """async () => {
            const { sessionContext } = window.jupyterapp.shell.currentWidget;
            await sessionContext.restartKernel();
            await window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
        }"""
    )
    why.wait_for(state="detached")
    assert jupyter.run_all(page) == []
    why.wait_for()
    assert jupyter.kernel_eval(page, "[asked.radios[0].index, guess.value]") == [question.correct, 8]
