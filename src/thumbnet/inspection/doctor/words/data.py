"""Words for what is wrong with a data set."""

from __future__ import annotations

from thumbnet.inspection.doctor.findings import Catalogue, Entry, Words

_ACROSS_EN = "The network is tested with what it has learned by heart."
_ACROSS_ZH = "测试用的是网络背过的图片。"
_OTHER_EN = "One of the labels is wrong; the network cannot learn both."
_OTHER_ZH = "两个标签中必有一个是错的，网络不可能都学会。"
_INSIDE_EN = "Such pictures count more than others, and validation cut from them measures too much."
_INSIDE_ZH = "这些图片的权重被加大，从中划出的验证集结果也会偏高。"

DATA: Catalogue = {
    "duplicates-across-splits/data": Entry(
        "error",
        Words(
            "{number} pictures are in the training set and in the test set: {pairs}",
            _ACROSS_EN,
            "remove them from one of the two",
        ),
        Words(
            "{number} 张图片同时在训练集和测试集中：{pairs}",
            _ACROSS_ZH,
            "从其中一个里删除",
        ),
    ),
    "duplicates-across-splits/data-near": Entry(
        "warning",
        Words(
            "{number} test pictures are nearly the same as training pictures: {pairs}",
            _ACROSS_EN,
            "look at them, and remove what is the same picture",
        ),
        Words(
            "{number} 张测试图片与训练图片几乎相同：{pairs}",
            _ACROSS_ZH,
            "逐一查看，删除其实是同一张的图片",
        ),
    ),
    "duplicates-with-other-label/data": Entry(
        "error",
        Words(
            "{number} pairs of the same picture have different labels: {pairs}",
            _OTHER_EN,
            "decide, and remove the other",
        ),
        Words(
            "{number} 对相同的图片标签不同：{pairs}",
            _OTHER_ZH,
            "确定正确的一个，删除另一个",
        ),
    ),
    "duplicates-with-other-label/data-near": Entry(
        "warning",
        Words(
            "{number} pairs of nearly the same picture have different labels: {pairs}",
            _OTHER_EN,
            "look at them, and decide",
        ),
        Words(
            "{number} 对几乎相同的图片标签不同：{pairs}",
            _OTHER_ZH,
            "逐一查看并确定",
        ),
    ),
    "duplicates-inside/data": Entry(
        "note",
        Words(
            "{number} pictures are there more than once: {pairs}", _INSIDE_EN, "keep one of each"
        ),
        Words("{number} 张图片重复出现：{pairs}", _INSIDE_ZH, "每张只保留一份"),
    ),
    "duplicates-inside/data-near": Entry(
        "note",
        Words(
            "{number} pairs of pictures are nearly the same: {pairs}",
            _INSIDE_EN,
            "look at them, and keep one of each",
        ),
        Words(
            "{number} 对图片几乎相同：{pairs}",
            _INSIDE_ZH,
            "逐一查看，每张只保留一份",
        ),
    ),
    "mislabelled-candidates": Entry(
        "warning",
        Words(
            "{number} training labels are perhaps wrong, the most suspicious first: {shown}",
            "Networks that never saw these pictures, and agree with {accuracy} of all labels, are"
            " sure of another class. They may be wrong: it is a list to look through.",
            "thumbnet doctor DATA --json  # all of them, with what each may be",
        ),
        Words(
            "{number} 个训练标签可能有误，最可疑的在前：{shown}",
            "从未见过这些图片的网络（与全部标签的 {accuracy} 一致）确信它们属于别的类别。"
            "网络也可能弄错：这是一份供人工检查的清单。",
            "thumbnet doctor DATA --json  # 列出全部，以及各自可能的类别",
        ),
    ),
    "class-order": Entry(
        "warning",
        Words(
            "programs that sort names by characters number these classes otherwise: {order}",
            "There label {label} is '{by_characters}'; in the order of the numbers, as Thumbnet"
            " counts, it is '{natural}'.",
            "name the folders 00, 01, 02 …",
        ),
        Words(
            "按字符排序的程序会给这些类别另外的编号：{order}",
            "在那里标签 {label} 是“{by_characters}”；按数字顺序（Thumbnet 的做法）是“{natural}”。",
            "把文件夹命名为 00、01、02……",
        ),
    ),
    "class-order/words": Entry(
        "note",
        Words(
            "the classes are numbers in words, and their order is that of the alphabet: {order}",
            "Label 0 is '{first}': whoever takes labels for digits is wrong.",
            "name the folders 0, 1, 2 …",
        ),
        Words(
            "类别是用单词写的数字，顺序却是字母顺序：{order}",
            "标签 0 是“{first}”：把标签当作数字就会出错。",
            "把文件夹命名为 0、1、2……",
        ),
    ),
    "class-imbalance": Entry(
        "warning",
        Words(
            "'{largest}' has {ratio} times as many training pictures ({most}) as '{smallest}'"
            " ({fewest})",
            "The accuracy of the whole says little about the rare classes.",
            "look at the recall of each class: thumbnet test RUN",
        ),
        Words(
            "“{largest}”的训练图片（{most} 张）是“{smallest}”（{fewest} 张）的 {ratio} 倍",
            "总体准确率几乎不能说明少数类别的好坏。",
            "查看每个类别的召回率：thumbnet test RUN",
        ),
    ),
    "tiny-class/train": Entry(
        "warning",
        Words(
            "classes with fewer than {least} training pictures: {classes}",
            "So few pictures are learned by heart.",
            "add pictures, or leave the class out",
        ),
        Words(
            "训练图片少于 {least} 张的类别：{classes}",
            "图片这么少，只会被背下来。",
            "增加图片，或者去掉这个类别",
        ),
    ),
    "tiny-class/test": Entry(
        "note",
        Words(
            "classes with fewer than {least} test pictures: {classes}",
            "Their accuracy is known to 20 % or worse.",
            "add test pictures",
        ),
        Words(
            "测试图片少于 {least} 张的类别：{classes}",
            "它们的准确率只能精确到 20 % 甚至更粗。",
            "增加测试图片",
        ),
    ),
    "constant-pictures": Entry(
        "warning",
        Words(
            "{number} pictures show nothing but one even surface: {pictures}",
            "There is nothing to learn in them but a wrong label.",
            "remove them",
        ),
        Words(
            "{number} 张图片只是一片均匀的颜色：{pictures}",
            "从中学不到任何东西，只会学到错误的标签。",
            "删除它们",
        ),
    ),
    "polarity/data": Entry(
        "warning",
        Words(
            "{share} of the digits are dark on light; MNIST's are light on dark",
            "A network that was trained on one of the two does not recognise the other.",
            "--set input.frame=mnist  # finds the polarity of each picture; or invert them",
        ),
        Words(
            "{share} 的数字是浅底深字，而 MNIST 是深底浅字",
            "在其中一种上训练的网络认不出另一种。",
            "--set input.frame=mnist  # 自动判断每张图片的极性；或者反色",
        ),
    ),
    "polarity/data-mixed": Entry(
        "warning",
        Words(
            "{share} of the digits are dark on light, the others light on dark",
            "The network has to learn everything twice.",
            "--set input.frame=mnist  # makes all alike",
        ),
        Words(
            "{share} 的数字是浅底深字，其余是深底浅字",
            "同样的东西网络要学两遍。",
            "--set input.frame=mnist  # 统一成一种",
        ),
    ),
    "unreadable-pictures": Entry(
        "error",
        Words(
            "{number} pictures cannot be read: {pictures}",
            "Training stops at them.",
            "repair or remove them, or train with --skip-bad",
        ),
        Words(
            "{number} 张图片无法读取：{pictures}",
            "训练遇到它们会停止。",
            "修复或删除，或者用 --skip-bad 训练",
        ),
    ),
    "grey-as-rgb": Entry(
        "note",
        Words(
            "all pictures are grey, and {number} of them are stored in colours",
            "Three equal channels cost three times the memory and the first layer's work.",
            "--set input.channels=1",
        ),
        Words(
            "所有图片都是灰度的，其中 {number} 张却存成了彩色",
            "三个相同的通道要占三倍内存，第一层的计算量也是三倍。",
            "--set input.channels=1",
        ),
    ),
    "mixed-sizes": Entry(
        "note",
        Words(
            "the pictures differ widely in size or shape: from {smallest} to {largest}, width to"
            " height from {lowest} to {highest}",
            "All are resized to one square, which blurs some and distorts others.",
            "crop them to squares of a like size",
        ),
        Words(
            "图片的大小或形状相差很大：从 {smallest} 到 {largest}，宽高比从 {lowest} 到 {highest}",
            "它们都会缩放成同样的正方形，有的变模糊，有的变形。",
            "裁剪成大小相近的正方形",
        ),
    ),
}
