"""The words of a comparison's page, English and Chinese; verdicts are in comparison_verdict."""

from __future__ import annotations

PAGE: dict[str, dict[str, str]] = {
    "en": {
        "verdict": "Verdict",
        "accuracy": "Accuracy",
        "curves": "Learning curves",
        "gradients": "The gradient in each layer",
        "gradients-say": "The root mean square of the loss's gradient with respect to each layer's "
        "weights, on the first batch of every run, before any training. Geometric means over the "
        "seeds.",
        "alt-gradients": "Size of the gradient in each layer before training",
        "differs": "What differs",
        "tuning": "Learning rates that were tried first",
        "method": "How it was measured",
        "side": "side",
        "pair": "pair",
        "setting": "setting",
        "test": "test accuracy",
        "interval": "95 % interval",
        "train_s": "training, s",
        "images_per_s": "images/s",
        "epochs_to": "epochs to {target}",
        "seconds_to": "seconds to {target}",
        "difference": "difference, points",
        "p": "p, corrected",
        "mcnemar": "McNemar p, median",
        "ratio": "training time, ratio",
        "rate": "learning rate",
        "validation": "validation accuracy",
        "chosen": "chosen",
        "diverged": "diverged",
        "never": "not reached",
        "reached": "{value} ({reached} of {runs})",
        "alt-accuracy": "Test accuracy of each side and differences between them",
        "alt-curves": "Learning curves of each side",
        "seeds": "{seeds} seeds on each side ({first} to {last}), the same split and, for equal "
        "batch size, the same order of the images on all sides. One seed of every side was trained "
        "before the next seed, each time beginning with another side, so that a machine that gets "
        "slower or faster treats all alike.",
        "one-seed": "One seed on each side, which says nothing about chance: give `--seeds`.",
        "data": "Data: {name}, {num_train} images trained on, {num_validation} for validation, "
        "{num_test} for the test, which each run opened once, at its end.",
        "intervals": "Intervals are 95 % t-intervals over the seeds, of the paired difference "
        "where two sides are compared: they cover the choice of the seed, for these training and "
        "test images. p is of the paired t-test, corrected for the number of pairs (Holm).",
        "mcnemar-says": "McNemar's exact test compares the two models of one seed on the test "
        "images: it covers the choice of these images, for two given models. The median over the "
        "seeds is shown; the seeds share the images, so their counts are not added up.",
        "target": "The target, {target} validation accuracy, was given. ",
        "target-default": "The target, {target} validation accuracy, is what every run reached. ",
        "to-target": "Epochs and seconds to it are medians over the seeds, of training alone; a "
        "run that never reached it counts as later than all that did.",
        "times": "Times are of training alone, without validation and test.",
        "tuned": "Before that, {num} learning rates were tried on each side, from 1/{span:g} to "
        "{span:g} times its recipe's, each with {seeds} other seeds. The best on the validation "
        "images, on average, was taken.",
        "edge": "{side}: the best rate is at the edge of what was tried; a better one may lie "
        "beyond.",
        "dropped": "{side}: without {keys}, which {owner} does not take.",
        "sources": "The runs were made by more than one version of the code.",
        "machine": "Machine: {processor}, {threads} threads, {device}; torch {torch}, Thumbnet "
        "{version}.",
        "more-pairs": "Shown are {shown} of {total} pairs; all are in `results.json`.",
    },
    "zh": {
        "verdict": "结论",
        "accuracy": "准确率",
        "curves": "学习曲线",
        "gradients": "各层的梯度",
        "gradients-say": "损失对各层权重的梯度的均方根：取每次训练的第一个批次，在任何训练之前。"
        "对种子取几何平均。",
        "alt-gradients": "训练前各层梯度的大小",
        "differs": "不同之处",
        "tuning": "事先试过的学习率",
        "method": "测量方法",
        "side": "一方",
        "pair": "比较",
        "setting": "设置",
        "test": "测试准确率",
        "interval": "95 % 区间",
        "train_s": "训练时间（秒）",
        "images_per_s": "每秒图像数",
        "epochs_to": "达到 {target} 的轮数",
        "seconds_to": "达到 {target} 的秒数",
        "difference": "差（百分点）",
        "p": "p（已校正）",
        "mcnemar": "McNemar p（中位数）",
        "ratio": "训练时间之比",
        "rate": "学习率",
        "validation": "验证准确率",
        "chosen": "选用",
        "diverged": "发散",
        "never": "未达到",
        "reached": "{value}（{runs} 次中 {reached} 次达到）",
        "alt-accuracy": "各方的测试准确率以及彼此之差",
        "alt-curves": "各方的学习曲线",
        "seeds": "每一方 {seeds} 个种子（{first} 至 {last}），划分相同；批大小相同时，图像的顺序"
        "也相同。先用同一个种子把各方都训练一遍，再换下一个种子，每次从不同的一方开始，这样机器"
        "变快变慢对各方的影响相同。",
        "one-seed": "每一方只有一个种子，无法判断偶然因素：请用 `--seeds`。",
        "data": "数据：{name}，训练 {num_train} 张，验证 {num_validation} 张，测试 {num_test} 张；"
        "测试集只在每次训练结束时打开一次。",
        "intervals": "区间是对种子的 95 % t 区间；比较两方时是成对差的区间。它们反映种子的选取，"
        "训练图像和测试图像则是固定的。p 来自成对 t 检验，并按比较的对数校正（Holm）。",
        "mcnemar-says": "McNemar 精确检验比较同一种子的两个模型在测试图像上的表现：它反映测试图像"
        "的选取，模型则是给定的。表中是各种子的中位数；各种子共用同一批图像，因此不把计数相加。",
        "target": "目标是给定的：验证准确率 {target}。",
        "target-default": "目标是每次训练都达到的验证准确率：{target}。",
        "to-target": "达到目标的轮数和秒数是各种子的中位数，只计训练时间；从未达到的训练算作晚于"
        "所有达到的训练。",
        "times": "时间只计训练，不含验证和测试。",
        "tuned": "在此之前，每一方试了 {num} 个学习率，范围是其配方学习率的 1/{span:g} 到 {span:g} "
        "倍，每个用另外 {seeds} 个种子，并选用验证图像上平均最好的一个。",
        "edge": "{side}：最好的学习率在所试范围的边缘，范围之外可能有更好的。",
        "dropped": "{side}：去掉了 {owner} 所没有的 {keys}。",
        "sources": "这些训练出自代码的多个版本。",
        "machine": "机器：{processor}，{threads} 个线程，{device}；torch {torch}，Thumbnet "
        "{version}。",
        "more-pairs": "这里显示 {total} 对中的 {shown} 对；全部见 `results.json`。",
    },
}
