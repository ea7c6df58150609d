"""What an explanation says, in English and Chinese."""

from __future__ import annotations

from thumbnet.inspection.evidence_place import EvidencePlace
from thumbnet.inspection.explanation import Explanation
from thumbnet.languages import check_language

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Why {label} and not {other}",
        "runner-up": "runner-up: {name}",
        "compared": "compared with: {name}",
        "seen": "What the network saw",
        "occlusion": "Occlusion",
        "gradients": "Integrated gradients",
        "for": "for {name}",
        "rather": "for {name} rather than {other}",
        "legend": "Blue speaks for the class, orange against it.",
        "occlusion_text": "A window of {window}×{window} px is made empty, place after place. "
        "Blue: the logit falls then, on average over the windows that cover the pixel.",
        "gradients_text": "What each pixel adds to the logit on the straight way from an empty "
        "picture to this one. For {label} rather than {other} the pixels add up to {sum}; exactly "
        "it would be {due} ({steps} steps).",
        "logit_text": "A logit is what the network gives each class, here divided by the model's "
        "temperature. The difference of two logits is the logarithm of the ratio of the two "
        "probabilities: 1 more makes it 2.7 times as large.",
        "empty_text": "Empty means: {empty}.",
        "empty_black": "black, the paper of MNIST's frame",
        "empty_colour": "the colour {colour} (red, green, blue or grey, 0 to 255)",
        "care": "What the maps do not say",
        "care_text": "They say what the logits of this network depend on when pixels are made "
        "empty. That is no reason in a person's sense, and says nothing about other pictures. "
        "The two methods ask two questions, and another choice of empty would give other maps.",
    },
    "zh": {
        "title": "为什么是 {label} 而不是 {other}",
        "runner-up": "其次：{name}",
        "compared": "相比较的类别：{name}",
        "seen": "网络看到的图像",
        "occlusion": "遮挡法",
        "gradients": "积分梯度",
        "for": "支持 {name}",
        "rather": "支持 {name} 而非 {other}",
        "legend": "蓝色支持该类别，橙色反对。",
        "occlusion_text": "把 {window}×{window} 像素的窗口逐处清空。蓝色表示清空此处时 logit 下降，"
        "数值是覆盖该像素的各个窗口的平均。",
        "gradients_text": "沿直线从空白图像走到这幅图像时，每个像素为 logit 增加多少。"
        "支持 {label} 而非 {other} 的数值之和为 {sum}，精确值应为 {due}（{steps} 步）。",
        "logit_text": "logit 是网络给每个类别的数值，这里已除以模型的温度。两个 logit 之差是"
        "两个概率之比的对数：差每增加 1，比值变为 2.7 倍。",
        "empty_text": "“空白”指{empty}。",
        "empty_black": "黑色，即 MNIST 画框中的纸",
        "empty_colour": "颜色 {colour}（红、绿、蓝或灰度，0 到 255）",
        "care": "这些图没有说明什么",
        "care_text": "它们说明把像素清空时这个网络的 logit 取决于什么。这不是人所说的理由，"
        "也不能推及别的图像。两种方法问的是两个不同的问题；换一种“空白”，图也会不同。",
    },
}

PLACES: dict[str, dict[str, str]] = {
    "en": {
        "upper-left": "in the upper left",
        "upper-right": "in the upper right",
        "lower-left": "in the lower left",
        "lower-right": "in the lower right",
        "middle": "in the middle",
        "upper-half": "in the upper half",
        "lower-half": "in the lower half",
        "left-half": "in the left half",
        "right-half": "in the right half",
    },
    "zh": {
        "upper-left": "左上部",
        "upper-right": "右上部",
        "lower-left": "左下部",
        "lower-right": "右下部",
        "middle": "中部",
        "upper-half": "上半部",
        "lower-half": "下半部",
        "left-half": "左半部",
        "right-half": "右半部",
    },
}

_PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "what": "what speaks for {label} rather than {other}",
        "it": "it",
        "ink": "the ink",
        "picture": "the picture",
        "lies": "most of {what} lies {place} of {whole}",
        "spread": "{what} is spread over {whole}",
        "none": "{what} is nowhere in {whole}",
        "share": " ({})",
        "both": " ({first} by occlusion, {second} by integrated gradients).",
        "apart": "By occlusion, {first}; by integrated gradients, {second}.",
        "stop": ".",
    },
    "zh": {
        "what": "支持 {label} 而非 {other} 的依据",
        "it": "它",
        "ink": "笔迹",
        "picture": "图像",
        "lies": "{what}大部分在{whole}的{place}",
        "spread": "{what}分散在整个{whole}上",
        "none": "{what}在{whole}上没有",
        "share": "（{}）",
        "both": "（遮挡法 {first}，积分梯度 {second}）。",
        "apart": "按遮挡法，{first}；按积分梯度，{second}。",
        "stop": "。",
    },
}


def describe_classes(explanation: Explanation, language: str = "en") -> tuple[str, str]:
    """Return the answer and the class that it is compared with, each with its probability."""
    shares = explanation.prediction.probabilities
    shown = [
        f"{name} ({_percent(shares[name])})"
        for name in (explanation.prediction.label, explanation.other)
    ]
    key = "runner-up" if explanation.other_is_runner_up else "compared"
    return shown[0], WORDS[language][key].format(name=shown[1])


def _percent(probability: float) -> str:
    return f"{probability:.1%}" if probability >= 0.0005 else f"{100 * probability:.1g}%"


def describe_refusal(explanation: Explanation, language: str = "en") -> str:
    """Return whether the answer is refused, and by how much."""
    score, threshold = f"{explanation.prediction.score:.2f}", f"{explanation.threshold:.2f}"
    is_refused = explanation.prediction.refused
    if language == "zh":
        said = "已拒绝" if is_refused else "未拒绝"
        return f"{said}：得分 {score}，低于 {threshold} 则拒绝。"
    said = "Refused" if is_refused else "Not refused"
    return f"{said}: the score is {score}; below {threshold} it is refused."


def describe_evidence(explanation: Explanation, language: str = "en") -> str:
    """Return where most of what speaks for the answer lies, by both methods.

    Raises:
        ThumbnetError: there are no words in this language.
    """
    check_language(language)
    phrases = _PHRASES[language]
    what = phrases["what"].format(label=explanation.prediction.label, other=explanation.other)
    first, second = explanation.places
    if first.part == second.part:
        said = _clause(explanation, first, what, language)
        if not first.is_named:
            return f"{_capital(said)}{phrases['stop']}"
        shares = {"first": f"{first.share:.0%}", "second": f"{second.share:.0%}"}
        return _capital(said) + phrases["both"].format(**shares)
    return phrases["apart"].format(
        first=_with_share(explanation, first, what, language),
        second=_with_share(explanation, second, phrases["it"], language),
    )


def _clause(explanation: Explanation, place: EvidencePlace, what: str, language: str) -> str:
    phrases = _PHRASES[language]
    whole = phrases["ink" if explanation.is_white_ink else "picture"]
    kind = "lies" if place.is_named else place.part
    part = PLACES[language].get(place.part, "")
    return phrases[kind].format(what=what, place=part, whole=whole)


def _with_share(explanation: Explanation, place: EvidencePlace, what: str, language: str) -> str:
    said = _clause(explanation, place, what, language)
    return said + _PHRASES[language]["share"].format(f"{place.share:.0%}") * place.is_named


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
