"""One of several: radio buttons whose arrow keys stay theirs."""

from __future__ import annotations

import anywidget
from traitlets import Int, List, Unicode

# ipywidgets' own radio buttons lose the focus in JupyterLab, which takes the arrow keys to go to the next cell
MODULE = """
export function render({ model, el }) {
  const name = `gan-choices-${Math.random()}`; // of this view, as two views of one question are two groups
  const group = document.createElement("fieldset");
  const legend = document.createElement("legend");
  const strong = document.createElement("b");
  strong.textContent = `${model.get("head")}. `;
  legend.append(strong, model.get("question"));
  group.append(legend);
  const inputs = model.get("options").map((text, index) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = name;
    input.dataset.lmSuppressShortcuts = "true";
    input.addEventListener("change", () => {
      model.set("index", index);
      model.save_changes();
    });
    label.append(input, text);
    group.append(label);
    return input;
  });
  const show = () => inputs.forEach((input, index) => { input.checked = index === model.get("index"); });
  model.on("change:index", show);
  show();
  el.classList.add("gan-choices");
  el.append(group);
}
export default { render };
"""

STYLE = """
.gan-choices fieldset { border: none; margin: 10px 0 4px; padding: 0; font-size: 14px; line-height: 1.45; }
.gan-choices legend { padding: 0 0 4px; }
.gan-choices label { display: flex; align-items: center; gap: 8px; padding: 3px 0; cursor: pointer; }
.gan-choices input { flex: none; margin: 0; }
.gan-choices input:focus-visible { outline: 3px solid #0B57D0; outline-offset: 1px; }
"""


class Choices(anywidget.AnyWidget):
    """A question with radio buttons.

    Args:
        head: What stands before the question in bold.
        question: The question.
        options: What can be chosen.
        index: Which of them is chosen, None before that.

    Example:
        >>> Choices(head="Predict", question="Which side?", options=["heads", "tails"]).index is None
        True
    """

    _esm = MODULE
    _css = STYLE

    head = Unicode().tag(sync=True)
    question = Unicode().tag(sync=True)
    options = List(Unicode()).tag(sync=True)
    index = Int(None, allow_none=True).tag(sync=True)
