"""How a lab is laid out: one style sheet, scoped to labs."""

from __future__ import annotations

STYLE = """<style>
.gan-lab { overflow: visible; }
.gan-lab-style { display: none; }
.gan-lab-main { display: flex; flex-flow: row wrap; align-items: flex-start; gap: 4px 12px; overflow: visible; }
.gan-lab-main > .gan-stage-host { flex: 1 1 380px; max-width: 480px; }
.gan-lab-panel { flex: 1 1 320px; min-width: 300px; overflow: visible; }
.gan-lab .gan-stage { padding: 4px; }
.gan-lab .gan-stage-legend { gap: 4px; padding: 4px 0 0; }
.gan-lab .gan-stage-legend button { padding: 2px 6px; gap: 5px; }
.gan-lab .gan-stage-caption { white-space: normal; min-height: 2.7em; }
.gan-lab .widget-label, .gan-lab .widget-readout, .gan-lab .jupyter-button, .gan-lab select, .gan-lab textarea,
.gan-lab .jp-Collapse-header, .gan-lab .lm-TabBar-tabLabel, .gan-lab .widget-html-content, .gan-lab input {
  font-size: 14px;
}
.gan-lab .widget-readout { min-width: 64px; }
.gan-lab .jp-Collapse-header { padding: 5px 8px; }
.gan-lab .jp-Collapse-contents { padding: 6px 4px; }
.gan-lab .jp-Collapse { margin-top: 4px; }
.gan-lab .jp-Collapse + .jp-Collapse { margin-top: 4px; }
.gan-lab-row { flex-flow: row wrap; align-items: center; gap: 2px 4px; overflow: visible; }
.gan-lab-row .jupyter-button { min-width: 76px; }
.gan-lab-message { min-height: 1.6em; }
.gan-lab-message .widget-html-content { line-height: 1.4; }
.gan-lab-note .widget-html-content { line-height: 1.35; }
.gan-lab textarea { font-family: var(--jp-code-font-family, monospace); font-size: 13px; line-height: 1.35; }
.gan-lab :focus-visible { outline: 3px solid #0B57D0; outline-offset: 1px; }
.gan-lab-big .jupyter-button { min-height: 44px; min-width: 140px; font-size: 18px; }
</style>"""
"""An HTML style element; fonts stay legible on a projector."""
