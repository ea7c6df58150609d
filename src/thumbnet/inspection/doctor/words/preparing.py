"""Words for mistakes of preparing pictures: order, augmentation, size, colours, polarity."""

from __future__ import annotations

from thumbnet.inspection.doctor.findings import Catalogue, Entry, Words

PREPARING: Catalogue = {
    "no-shuffle": Entry(
        "warning",
        Words(
            "the training images come in the same order in every epoch",
            "Data in the order of its classes is then hardly learned at all, and any other data"
            " less well.",
            "DataLoader(train_set, batch_size=64, shuffle=True)",
        ),
        Words(
            "每一轮训练中图片的顺序都相同",
            "如果数据按类别排列，几乎学不到东西；其他数据也会学得差一些。",
            "DataLoader(train_set, batch_size=64, shuffle=True)",
        ),
    ),
    "label-changing-augmentation/flip": Entry(
        "error",
        Words(
            "digits or letters are mirrored ({transform})",
            "A mirrored 2 is no 2 and a mirrored b is a d: the label no longer fits the picture.",
            "use small rotations and shifts: RandomAffine(10, translate=(0.1, 0.1))",
        ),
        Words(
            "对数字或字母做了镜像翻转（{transform}）",
            "镜像的 2 不是 2，镜像的 b 是 d：标签不再符合图片。",
            "改用小角度旋转和平移：RandomAffine(10, translate=(0.1, 0.1))",
        ),
    ),
    "label-changing-augmentation/turn": Entry(
        "error",
        Words(
            "digits or letters are turned by more than 45° ({transform})",
            "A 6 that stands on its head is a 9: the label no longer fits the picture.",
            "RandomRotation(10)",
        ),
        Words(
            "对数字或字母旋转了超过 45°（{transform}）",
            "倒过来的 6 就是 9：标签不再符合图片。",
            "RandomRotation(10)",
        ),
    ),
    "resize-argument": Entry(
        "error",
        Words(
            "the second argument of Resize is the way of interpolating, not the width",
            "Resize({size}, {given}) resizes the shorter side to {size}, and takes {given} for a"
            " filter.",
            "Resize(({size}, {size}))",
        ),
        Words(
            "Resize 的第二个参数是插值方式，不是宽度",
            "Resize({size}, {given}) 把短边缩放到 {size}，并把 {given} 当作插值方式。",
            "Resize(({size}, {size}))",
        ),
    ),
    "channel-order/bgr": Entry(
        "error",
        Words(
            "OpenCV gives blue, green, red, and the network gets it without conversion",
            "Red and blue are exchanged in what the network sees.",
            "image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)",
        ),
        Words(
            "OpenCV 读出的顺序是蓝、绿、红，没有转换就交给了网络",
            "网络看到的图片红蓝互换。",
            "image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)",
        ),
    ),
    "channel-order/hwc": Entry(
        "error",
        Words(
            "the picture's axes are height, width, channels; PyTorch takes channels first",
            "The network fails, or takes rows of pixels for colours.",
            "x = torch.from_numpy(image).permute(2, 0, 1)",
        ),
        Words(
            "图片的轴是高、宽、通道，而 PyTorch 要求通道在前",
            "网络会报错，或者把像素行当成颜色。",
            "x = torch.from_numpy(image).permute(2, 0, 1)",
        ),
    ),
    "channel-order/reshape": Entry(
        "error",
        Words(
            "reshape does not move the channels to the front, it tears the pictures apart",
            "The pixels stay in their order in memory; only their names change.",
            "x.permute(0, 3, 1, 2)  # numpy: x.transpose(0, 3, 1, 2)",
        ),
        Words(
            "reshape 不会把通道移到前面，只会打乱图片",
            "像素在内存中的顺序不变，只是换了个叫法。",
            "x.permute(0, 3, 1, 2)  # numpy：x.transpose(0, 3, 1, 2)",
        ),
    ),
    "polarity": Entry(
        "error",
        Words(
            "a picture of one's own goes to {model} without being inverted",
            "MNIST's digits are light on dark; what is written on paper is dark on light, and the"
            " network has never seen that.",
            "image = ImageOps.invert(image)  # or: thumbnet predict, which finds out by itself",
        ),
        Words(
            "自己的图片没有反色就交给了 {model}",
            "MNIST 的数字是黑底白字，而写在纸上的是白底黑字，网络从没见过。",
            "image = ImageOps.invert(image)  # 或者用 thumbnet predict，它会自己判断",
        ),
    ),
    "large-stem-on-small-images": Entry(
        "warning",
        Words(
            "a stem for photos (7×7, stride 2, then pooling) takes pictures of {size_px} pixels",
            "After the stem {left}×{left} positions are left, before the network has begun.",
            "model.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False);"
            " model.maxpool = nn.Identity()",
        ),
        Words(
            "为照片设计的开头（7×7、步长 2、再池化）用在了 {size_px} 像素的图片上",
            "经过开头几层只剩 {left}×{left} 个位置，网络的主体还没开始。",
            "model.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False);"
            " model.maxpool = nn.Identity()",
        ),
    ),
    "unnormalised-at-inference/mean": Entry(
        "error",
        Words(
            "the training images are normalised, these are not",
            "The network sees numbers of a range that it was not trained on.",
            "use the same Normalize(mean, std) for all",
        ),
        Words(
            "训练图片做了归一化，这里的图片没有",
            "网络看到的数值范围与训练时不同。",
            "对所有图片使用同一个 Normalize(mean, std)",
        ),
    ),
    "unnormalised-at-inference/weights": Entry(
        "error",
        Words(
            "{model} has its weights from ImageNet, and sees pictures without ImageNet's mean and"
            " deviation",
            "The network sees numbers of a range that it was not trained on.",
            "x = weights.transforms()(picture)  # it resizes, scales and normalises",
        ),
        Words(
            "{model} 使用 ImageNet 的权重，而图片没有用 ImageNet 的均值和标准差归一化",
            "网络看到的数值范围与训练时不同。",
            "x = weights.transforms()(picture)  # 缩放尺寸、换算数值并归一化",
        ),
    ),
    "unnormalised-at-inference/scale": Entry(
        "error",
        Words(
            "the training images are scaled to 0–1, these go up to 255",
            "The network sees numbers 255 times as large as those it was trained on.",
            "x = x / 255",
        ),
        Words(
            "训练图片缩放到了 0–1，这里的图片仍是 0–255",
            "网络看到的数值是训练时的 255 倍。",
            "x = x / 255",
        ),
    ),
    "unnormalised-at-inference/other": Entry(
        "error",
        Words(
            "these images are normalised with other numbers than the training images",
            "The network sees numbers of a range that it was not trained on.",
            "use the same Normalize(mean, std) for all",
        ),
        Words(
            "这里归一化用的数值与训练图片的不同",
            "网络看到的数值范围与训练时不同。",
            "对所有图片使用同一个 Normalize(mean, std)",
        ),
    ),
}
