"""A text with a button that copies it."""

from __future__ import annotations

import anywidget
from traitlets import Unicode

MODULE = """
function render({ model, el }) {
  const area = document.createElement("textarea");
  const button = document.createElement("button");
  const told = document.createElement("span");
  area.readOnly = true;
  area.setAttribute("aria-label", model.get("label"));
  area.dataset.lmSuppressShortcuts = button.dataset.lmSuppressShortcuts = "true";
  area.style.cssText = "width: 100%; box-sizing: border-box; resize: vertical;";
  button.type = "button";
  button.className = "jupyter-button lm-Widget";
  button.textContent = model.get("copy");
  told.setAttribute("role", "status");
  const show = () => {
    area.value = model.get("value");
    area.rows = Math.min(20, area.value.split("\\n").length);
    told.textContent = "";
  };
  button.addEventListener("click", async () => {
    area.select();
    // the clipboard is not there on pages without https; the old way works after select()
    try { await navigator.clipboard.writeText(area.value); } catch { document.execCommand("copy"); }
    told.textContent = " " + model.get("copied");
  });
  model.on("change:value", show);
  show();
  el.append(area, button, told);
}
export default { render };
"""


class CopyText(anywidget.AnyWidget):
    """Text that can be read, selected and copied, but not changed.

    Args:
        value: the text.
        label: what it is.
        copy, copied: words of the button, and of what is told after it.
    """

    _esm = MODULE

    value = Unicode().tag(sync=True)
    label = Unicode().tag(sync=True)
    copy = Unicode().tag(sync=True)
    copied = Unicode().tag(sync=True)
