"""The palette can be read: contrast, and colours that stay apart for colour-blind eyes."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from gan_edu.figures.palette import MARKERS, MATPLOTLIB_MARKERS, PALETTE

THEMES = [pytest.param(PALETTE.light, id="light"), pytest.param(PALETTE.dark, id="dark")]
# Machado, Oliveira and Fernandes (2009), full severity, on linear RGB
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    value = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    low, high = sorted(float(linear(colour) @ LUMINANCE) for colour in (one, two))
    return (high + 0.05) / (low + 0.05)


def distance(one: str, two: str, vision: np.ndarray) -> float:
    """Distance in CIELAB as that eye sees it."""

    def lab(colour: str) -> np.ndarray:
        white = TO_XYZ.sum(axis=1)
        t = TO_XYZ @ np.clip(vision @ linear(colour), 0, 1) / white
        f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
        return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])

    return float(np.linalg.norm(lab(one) - lab(two)))


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_marks_stand_out(theme) -> None:
    for text in (theme.ink, theme.muted):
        for ground in (theme.background, theme.panel):
            assert contrast(text, ground) >= 4.5
    marks = (theme.real, theme.fake, theme.optimum, theme.arrow, theme.contour, theme.focus, theme.a, theme.b)
    for mark in (*marks, *theme.generators):
        assert contrast(mark, theme.background) >= 3
    for mark in (theme.real, theme.fake, theme.contour):
        for tint in (theme.field_fake, theme.field_half, theme.field_real):
            assert contrast(mark, tint) >= 2.5


@pytest.mark.parametrize("vision", VISION.values(), ids=VISION.keys())
@pytest.mark.parametrize("theme", THEMES)
def test_colours_stay_apart(theme, vision) -> None:
    assert distance(theme.real, theme.fake, vision) > 40
    assert distance(theme.a, theme.b, vision) > 15
    assert distance(theme.field_fake, theme.field_real, vision) > 10
    for one, two in itertools.combinations(theme.generators, 2):
        assert distance(one, two, vision) > 12


def test_every_generator_has_a_marker_of_its_own() -> None:
    assert len(set(MARKERS)) == len(PALETTE.light.generators) == len(PALETTE.dark.generators) == 8
    assert set(MATPLOTLIB_MARKERS) == set(MARKERS)


def test_the_browser_gets_plain_json_and_letters_that_a_projector_shows() -> None:
    palette = PALETTE.to_dict()
    assert json.loads(json.dumps(palette))["light"]["real"] == "#0072B2"
    assert palette["font_size"] >= 13
