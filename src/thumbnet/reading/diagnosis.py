"""Why a reading is unsure, in words."""

from __future__ import annotations

from thumbnet.languages import check_language

DIAGNOSES: dict[str, dict[str, str]] = {
    "not-a-digit": {"en": "this is not a digit", "zh": "这不是数字"},
    "among-digits": {
        "en": "hardly a digit, but in a row of digits",
        "zh": "不太像数字，但位于一行数字之中",
    },
    "not-allowed": {
        "en": "the most probable digit is not among those allowed",
        "zh": "最可能的数字不在允许的范围内",
    },
    "unsure": {"en": "two digits are nearly as probable", "zh": "有两个数字的可能性相近"},
    "below-confidence": {
        "en": "less certain than was asked for",
        "zh": "把握低于所要求的程度",
    },
    "touching": {
        "en": "it touches its neighbour and was cut from it",
        "zh": "与相邻的数字粘连,已被切开",
    },
    "two-digits": {"en": "perhaps two digits that touch", "zh": "可能是两个粘连的数字"},
    "broken": {"en": "put together from several pieces", "zh": "由几段断开的笔画拼成"},
    "cut-off": {"en": "cut off at the edge of the picture", "zh": "在图片边缘被截断"},
    "too-thin": {"en": "the stroke is too thin", "zh": "笔画太细"},
    "too-thick": {"en": "the stroke is too thick for its size", "zh": "笔画相对于大小太粗"},
    "too-small": {"en": "too few pixels: come closer", "zh": "像素太少:请靠近一些拍摄"},
    "too-pale": {"en": "the ink is hardly darker than the paper", "zh": "墨迹与纸张的对比太弱"},
    "too-dark": {"en": "the picture is too dark", "zh": "图片太暗"},
    "too-bright": {"en": "the picture is overexposed", "zh": "图片过曝"},
    "no-ink": {"en": "there is nothing written here", "zh": "这里没有书写内容"},
    "no-digits": {
        "en": "something is written here, but no digits",
        "zh": "这里有书写内容,但不是数字",
    },
    "wrong-count": {
        "en": "not as many digits as were expected",
        "zh": "数字的个数与预期不符",
    },
}


def describe(code: str, language: str = "en") -> str:
    """Return what a code means, as words for a person.

    Raises:
        ThumbnetError: the language is none of ``LANGUAGES``.
    """
    check_language(language)
    return DIAGNOSES[code][language]
