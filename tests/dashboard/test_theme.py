"""The palette: legible in both schemes, and the one that Streamlit's settings hold."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from dashboard.theme import DARK, LIGHT, PALETTES, Palette, contrast, css_variables, streamlit_theme

ROOT = Path(__file__).resolve().parents[2]

# What is written on what: WCAG AA asks for 4.5 : 1.
TEXT = [
    *((ink, ground) for ink in ("ink", "mute", "brand_ink", "any_ink", "exclude_ink", "good", "bad")
      for ground in ("ground", "soft", "card", "raised")),
    ("on_brand", "brand"), ("on_any", "any"), ("on_exclude", "exclude"),
    ("brand_ink", "brand_soft"), ("any_ink", "any_soft"), ("exclude_ink", "exclude_soft"),
    ("ink", "brand_soft"), ("ink", "any_soft"), ("ink", "exclude_soft"),
]  # fmt: skip
# What is told apart by its shape: 3 : 1. A bar also has its number beside it.
SHAPES = [("brand", "ground"), ("mark", "ground"), ("mark", "track"), ("exclude", "ground")]


@pytest.mark.parametrize("scheme", sorted(PALETTES))
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_reaches_the_contrast_of_aa(scheme, ink, ground):
    palette = PALETTES[scheme]
    assert contrast(getattr(palette, ink), getattr(palette, ground)) >= 4.5


@pytest.mark.parametrize("scheme", sorted(PALETTES))
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_reach_the_contrast_of_aa(scheme, shape, ground):
    palette = PALETTES[scheme]
    assert contrast(getattr(palette, shape), getattr(palette, ground)) >= 3


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


def test_streamlit_is_set_to_this_theme():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["theme"] == streamlit_theme()


def test_every_colour_is_a_css_variable_in_both_schemes():
    declarations = css_variables()
    for field in fields(Palette):
        name = f"--coterie-{field.name.replace('_', '-')}"
        wanted = f"{name}: light-dark({getattr(LIGHT, field.name)}, {getattr(DARK, field.name)});"
        assert wanted in declarations


@pytest.mark.parametrize("sheet", sorted((ROOT / "dashboard").rglob("*.css")), ids=lambda f: f.name)
def test_style_sheets_name_only_colours_of_the_palette(sheet):
    text = sheet.read_text(encoding="utf-8")
    known = {f"--coterie-{field.name.replace('_', '-')}" for field in fields(Palette)}
    defined = set(re.findall(r"(--coterie-[a-z-]+)\s*:", text))
    assert set(re.findall(r"--coterie-[a-z-]+", text)) <= known | defined
