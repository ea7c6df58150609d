"""Words for what is wrong with a run, and with the installation."""

from __future__ import annotations

from thumbnet.inspection.doctor.findings import Catalogue, Entry, Words

RUNS: Catalogue = {
    "test-opened-often": Entry(
        "warning",
        Words(
            "the test set was opened {number} times for this run",
            "Whoever decides by what came out has trained on the test set, by hand.",
            "thumbnet train … --set data.validation=0.1  # decide by the validation set",
        ),
        Words(
            "这次运行的测试集被打开了 {number} 次",
            "如果根据结果做了决定，就等于手工在测试集上训练。",
            "thumbnet train … --set data.validation=0.1  # 用验证集做决定",
        ),
    ),
    "no-validation-while-tuned": Entry(
        "warning",
        Words(
            "{number} runs of this recipe differ in more than the seed, and none held validation"
            " images out",
            "They can only be compared by the test set, and the best one's test accuracy contains"
            " luck.",
            "thumbnet train … --set data.validation=0.1  # compare by validation_accuracy",
        ),
        Words(
            "这个配方的 {number} 次运行不只是种子不同，却都没有留出验证图片",
            "只能用测试集比较它们，而最好的那次的测试准确率含有运气成分。",
            "thumbnet train … --set data.validation=0.1  # 用 validation_accuracy 比较",
        ),
    ),
    "learning-rate-high": Entry(
        "error",
        Words(
            "the loss rises, or is above that of guessing: {first} after the first epoch, {last}"
            " after the last",
            "The learning rate of {rate} is probably too high.",
            "--set lr=…  # a third or a tenth of it; or --set gradient_clip=1.0",
        ),
        Words(
            "损失在上升，或者比瞎猜还高：第一轮之后 {first}，最后一轮之后 {last}",
            "学习率 {rate} 可能太大。",
            "--set lr=…  # 取三分之一或十分之一；或 --set gradient_clip=1.0",
        ),
    ),
    "not-learning": Entry(
        "error",
        Words(
            "nothing is learned: the loss is {loss}, and guessing gives {guessing}",
            "The learning rate of {rate} is far too low or far too high, or pictures and labels do"
            " not belong together.",
            "thumbnet data show DATA  # look at them; then --set lr=…",
        ),
        Words(
            "什么也没学到：损失为 {loss}，瞎猜也有 {guessing}",
            "学习率 {rate} 太小或太大，或者图片与标签对不上。",
            "thumbnet data show DATA  # 先看看图片；再 --set lr=…",
        ),
    ),
    "learning-rate-low": Entry(
        "warning",
        Words(
            "the loss is still {loss} of {guessing} for guessing, and falls slowly to the end",
            "The learning rate of {rate} is probably too low, or there are too few epochs.",
            "--set lr=…  # three or ten times as much; or --set epochs=…",
        ),
        Words(
            "损失仍有 {loss}（瞎猜为 {guessing}），到结束时还在缓慢下降",
            "学习率 {rate} 可能太小，或者轮数太少。",
            "--set lr=…  # 三倍或十倍；或 --set epochs=…",
        ),
    ),
    "overfitting/past": Entry(
        "warning",
        Words(
            "the weights of epoch {kept_epoch} were kept, with a validation loss of {kept}; epoch"
            " {best_epoch} had {best}",
            "Since then the network learned the training images by heart.",
            "--set patience_epochs=3  # stops, and keeps the best epoch",
        ),
        Words(
            "保留的是第 {kept_epoch} 轮的权重，验证损失 {kept}；而第 {best_epoch} 轮是 {best}",
            "此后网络只是在背训练图片。",
            "--set patience_epochs=3  # 及时停止，并保留最好的一轮",
        ),
    ),
    "overfitting/gap": Entry(
        "warning",
        Words(
            "the training images are recognised far better ({train}) than the validation images"
            " ({validation})",
            "The network has learned pictures by heart.",
            "--set augmentation.translation_px=2  # or more images, dropout, weight decay",
        ),
        Words(
            "训练图片的准确率（{train}）远高于验证图片（{validation}）",
            "网络把图片背了下来。",
            "--set augmentation.translation_px=2  # 或者增加图片、dropout、权重衰减",
        ),
    ),
    "no-shuffle/run": Entry(
        "warning",
        Words(
            "the recipe has data.shuffle = false: the same order in every epoch",
            "Data in the order of its classes is then hardly learned at all, and any other data"
            " less well.",
            "--set data.shuffle=true",
        ),
        Words(
            "配方中 data.shuffle = false：每一轮的顺序都相同",
            "如果数据按类别排列，几乎学不到东西；其他数据也会学得差一些。",
            "--set data.shuffle=true",
        ),
    ),
    "large-stem-on-small-images/run": Entry(
        "warning",
        Words(
            "the network's stem is made for photos of 224 pixels, and the pictures have {size_px}",
            "After the stem {left}×{left} positions are left, before the network has begun.",
            "--set model.stem=small",
        ),
        Words(
            "网络的开头是为 224 像素的照片设计的，而图片只有 {size_px} 像素",
            "经过开头几层只剩 {left}×{left} 个位置，网络的主体还没开始。",
            "--set model.stem=small",
        ),
    ),
    "cache-not-writable": Entry(
        "error",
        Words(
            "the cache folder cannot be written: {reason}",
            "Downloads and decoded pictures cannot be kept.",
            "export THUMBNET_HOME=…  # a folder that you may write to",
        ),
        Words(
            "缓存文件夹无法写入：{reason}",
            "下载的数据和解码后的图片无法保存。",
            "export THUMBNET_HOME=…  # 一个可写的文件夹",
        ),
    ),
    "bundled-data-damaged": Entry(
        "error",
        Words(
            "{reason}",
            "Training on MNIST is not possible.",
            "pip install --force-reinstall thumbnet",
        ),
        Words(
            "自带的 MNIST 不完整：{reason}",
            "无法在 MNIST 上训练。",
            "pip install --force-reinstall thumbnet",
        ),
    ),
    "bundled-model-damaged": Entry(
        "error",
        Words(
            "the bundled recogniser cannot be used: {reason}",
            "Reading and predicting need another model.",
            "pip install --force-reinstall thumbnet",
        ),
        Words(
            "自带的识别器无法使用：{reason}",
            "读数和预测需要另一个模型。",
            "pip install --force-reinstall thumbnet",
        ),
    ),
    "torch-missing": Entry(
        "note",
        Words(
            "torch is not installed",
            "Thumbnet can read, predict and serve, but not train.",
            "pip install 'thumbnet[train]'",
        ),
        Words(
            "没有安装 torch",
            "Thumbnet 可以读数、预测和提供服务，但不能训练。",
            "pip install 'thumbnet[train]'",
        ),
    ),
}
