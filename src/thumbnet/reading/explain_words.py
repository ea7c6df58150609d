"""What the page of an explanation says, in English and Chinese, and how it looks."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "What was read",
        "nothing": "nothing",
        "legend": "Blue, solid: certain. Orange, dashed: doubtful. Red, dotted: not taken for any "
        "digit, or less certain than was asked for.",
        "stages": "Step by step",
        "digits": "Each digit",
        "line": "line {line}, digit {digit}",
        "seen": "What the network saw: 28 by 28 pixels",
        "instead": "It could also be",
        "score": "This is a digit at all",
        "refused": "The most probable digit is {label}, but it is not certain enough.",
        "more": "The first {shown} of {total} digits are shown.",
    },
    "zh": {
        "title": "识别结果",
        "nothing": "没有内容",
        "legend": "蓝色实线：有把握。橙色虚线：存疑。"
        "红色点线：不认为是数字，或把握低于所要求的程度。",
        "stages": "逐步过程",
        "digits": "每个数字",
        "line": "第 {line} 行，第 {digit} 个数字",
        "seen": "网络看到的图像：28×28 像素",
        "instead": "也可能是",
        "score": "这是一个数字的可能性",
        "refused": "最可能的数字是 {label}，但把握不够。",
        "more": "共 {total} 个数字，只显示前 {shown} 个。",
    },
}

# Code of a stage -> language -> its name, and what happens there.
STAGES: dict[str, dict[str, tuple[str, str]]] = {
    "grey": {
        "en": ("Grey", "The photo in shades of grey, with dark ink on light paper."),
        "zh": ("灰度", "照片变为灰度图，浅底深字。"),
    },
    "paper": {
        "en": ("Paper", "What the paper would look like without the ink, shadows included."),
        "zh": ("纸张", "估计没有墨迹时纸张的样子，包括阴影。"),
    },
    "contrast": {
        "en": ("Contrast", "How much darker each place is than the paper there."),
        "zh": ("对比", "每一处比该处的纸张暗多少。"),
    },
    "ink": {
        "en": ("Ink", "What is dark enough to have been written."),
        "zh": ("墨迹", "足够暗、应当是书写出来的部分。"),
    },
    "rulings": {
        "en": ("Rulings", "Printed lines and the edges of boxes are found and taken away."),
        "zh": ("格线", "找出印刷的横线和方格的边，并将其去掉。"),
    },
    "pieces": {
        "en": ("Pieces", "Ink that holds together is one piece; specks are left out."),
        "zh": ("笔画块", "相连的墨迹算作一块，细小的斑点被忽略。"),
    },
    "cuts": {
        "en": ("Cuts", "Cut where digits may touch; digits are put together from these."),
        "zh": ("切分", "在可能粘连的位置切开；数字由这些部分拼成。"),
    },
    "strips": {
        "en": (
            "Rows",
            "Each row straightened, as the network that reads whole rows sees it: grey is what the "
            "row does not own.",
        ),
        "zh": ("整行", "拉直后的每一行，即读整行的网络所看到的；灰色部分不属于这一行。"),
    },
    "result": {
        "en": ("Result", "The pieces that together make the most convincing digits."),
        "zh": ("结果", "合起来最像数字的那些笔画块。"),
    },
}

# Colours of the system, so that light, dark and print are each as the reader has chosen.
STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { background: Canvas; color: CanvasText; margin: 0 auto; max-width: 62rem; padding: 1rem; }
.text { font: 700 2rem/1.3 ui-monospace, monospace; margin: 0.5rem 0; overflow-wrap: anywhere; }
figure, article { border: 1px solid #8888; border-radius: 0.4rem; margin: 0; padding: 0.6rem; }
img { display: block; height: auto; max-width: 100%; }
figcaption { font-size: 0.9rem; margin-top: 0.4rem; }
.grid { align-items: start; display: grid; gap: 0.8rem;
  grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
article h3 { font-size: 1rem; margin: 0 0 0.4rem; }
article img { image-rendering: pixelated; width: 8.75rem; }
.pair { align-items: start; display: flex; gap: 0.8rem; }
table { border-collapse: collapse; flex: 1; font-size: 0.75rem; line-height: 0.875rem; }
th, td { padding: 0 0.2rem; text-align: right; }
td.bar { padding: 0; width: 100%; }
td.bar i { background: #0072b2; display: block; height: 0.6rem; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
article p { font-size: 0.9rem; margin: 0.4rem 0 0; }
.doubt::before { content: "⚠ "; }
@media print { body { max-width: none; padding: 0; } figure, article { break-inside: avoid; } }
"""
