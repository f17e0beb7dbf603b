"""The colours of all pictures, as CSS variables for a light and a dark background.

The hues are those of Okabe and Ito (Color Universal Design, 2008), which people with any common colour
vision tell apart, darkened or lightened until text in them has a contrast of 4.5 to its background (WCAG 2.2,
1.4.3). Colour never stands alone: line styles, arrow heads, signs and words say the same.
"""

from __future__ import annotations

LIGHT = {
    "ink": "#1f2328",
    "soft": "#5b6470",
    "rule": "#c9d0d8",
    "band": "#f3f5f7",
    "blue": "#0065a0",
    "green": "#00734f",
    "purple": "#9a3d74",
    "amber": "#7d5a00",
    "red": "#b03a00",
    "alarm": "#fde8dc",
    "paper": "#ffffff",
}
DARK = {
    "ink": "#e6e4da",
    "soft": "#a3adb8",
    "rule": "#4a5662",
    "band": "#252d34",
    "blue": "#6cc0f5",
    "green": "#3ecf9f",
    "purple": "#e79bc3",
    "amber": "#efb43c",
    "red": "#ff9a62",
    "alarm": "#4a2a17",
    "paper": "#1c2227",
}


def variables(selector: str) -> str:
    """CSS that sets the variables on what `selector` selects.

    The system's preference decides, unless an element around it says `data-theme`, as Robot's log does.
    """
    light, dark = (";".join(f"--{k}:{v}" for k, v in scheme.items()) for scheme in (LIGHT, DARK))
    return (
        f"{selector}{{{light}}}"
        f"@media (prefers-color-scheme:dark){{{selector}{{{dark}}}}}"
        f"[data-theme=light] {selector}{{{light}}}[data-theme=dark] {selector}{{{dark}}}"
    )
