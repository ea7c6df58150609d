"""Words for mistakes of measuring: modes, choices, what crosses the splits, averages."""

from __future__ import annotations

from thumbnet.inspection.doctor.findings import Catalogue, Entry, Words

_MODES_EN = (
    "Dropout and batch norm behave differently in training. Measured on MNIST: 92.76 % became"
    " 89.40 % with dropout, and 98.24 % became 92.92 % with batch norm and one picture a batch."
)
_MODES_ZH = (
    "dropout 和批归一化在训练时的行为不同。在 MNIST 上实测：有 dropout 时 92.76 % 变成 89.40 %；"
    "有批归一化且每批一张图时 98.24 % 变成 92.92 %。"
)
_CHOICE_EN = (
    "The accuracy that is reported then contains luck: 0.11 points in our measurement on MNIST, and"
    " more with more candidates or a smaller test set."
)
_CHOICE_ZH = (
    "这样报告的准确率含有运气成分：我们在 MNIST 上测得 0.11 个百分点，候选越多、测试集越小就越多。"
)

MEASURING: Catalogue = {
    "no-eval-mode": Entry(
        "error",
        Words(
            "{model} is still in training mode while it is evaluated",
            _MODES_EN,
            "model.eval()  # before the evaluation; model.train() before the next epoch",
        ),
        Words(
            "评估时 {model} 仍处于训练模式",
            _MODES_ZH,
            "model.eval()  # 放在评估之前；下一轮训练之前再 model.train()",
        ),
    ),
    "no-eval-mode/own": Entry(
        "error",
        Words(
            "{model} is in training mode while it recognises a picture",
            "A network that was just made is in training mode, loaded weights or not. " + _MODES_EN,
            "model.eval()  # after load_state_dict",
        ),
        Words(
            "识别图片时 {model} 处于训练模式",
            "刚建立的网络总是训练模式，载入权重不会改变它。" + _MODES_ZH,
            "model.eval()  # 放在 load_state_dict 之后",
        ),
    ),
    "no-eval-mode/keras": Entry(
        "error",
        Words(
            "{model} is called with training=True on data that is not trained on",
            _MODES_EN,
            "model(x, training=False)",
        ),
        Words("在非训练数据上以 training=True 调用 {model}", _MODES_ZH, "model(x, training=False)"),
    ),
    "no-train-mode-again": Entry(
        "error",
        Words(
            "after this evaluation {model} is trained on in evaluation mode",
            "From the second epoch on dropout drops nothing, and batch norm keeps its statistics.",
            "model.train()  # at the beginning of every epoch",
        ),
        Words(
            "这次评估之后，{model} 在评估模式下继续训练",
            "从第二轮起 dropout 不再起作用，批归一化的统计量也不再更新。",
            "model.train()  # 放在每一轮的开头",
        ),
    ),
    "test-used-for-choosing": Entry(
        "error",
        Words(
            "the best is chosen by a figure that was measured on the test set",
            _CHOICE_EN,
            "train_set, val_set = random_split(train_set, [55000, 5000])"
            "  # choose by val_set, test once",
        ),
        Words(
            "用测试集上的结果来挑选最好的模型或参数",
            _CHOICE_ZH,
            "train_set, val_set = random_split(train_set, [55000, 5000])"
            "  # 用 val_set 挑选，最后只测试一次",
        ),
    ),
    "test-used-for-choosing/stop": Entry(
        "error",
        Words(
            "when to stop is decided by a figure that was measured on the test set",
            _CHOICE_EN,
            "stop by the validation loss: cut val_set from the training set",
        ),
        Words(
            "何时停止训练由测试集上的结果决定",
            _CHOICE_ZH,
            "用验证损失来停止：从训练集中划出 val_set",
        ),
    ),
    "test-used-for-choosing/plateau": Entry(
        "error",
        Words(
            "the learning rate is lowered by a figure that was measured on the test set",
            _CHOICE_EN,
            "scheduler.step(val_loss)",
        ),
        Words("学习率根据测试集上的结果下降", _CHOICE_ZH, "scheduler.step(val_loss)"),
    ),
    "test-used-for-choosing/callback": Entry(
        "error",
        Words(
            "the test set is given as validation data to what stops early or keeps the best",
            _CHOICE_EN,
            "give a part of the training set, e.g. validation_split=0.1",
        ),
        Words(
            "把测试集当作验证数据交给早停或保存最佳模型的回调",
            _CHOICE_ZH,
            "改用训练集的一部分，例如 validation_split=0.1",
        ),
    ),
    "test-statistics": Entry(
        "error",
        Words(
            "'{what}' is computed from the test data",
            "The test images are then prepared otherwise than the training images, and by knowing"
            " all of them: for a single new picture that cannot be repeated.",
            "fit on the training data; only apply (transform) it to the test data",
        ),
        Words(
            "'{what}' 由测试数据计算得出",
            "这样测试图片的处理与训练图片不同，而且用到了全部测试图片的信息；对一张新图片无法照做。",
            "只在训练数据上计算（fit），对测试数据只应用（transform）",
        ),
    ),
    "test-statistics/both": Entry(
        "error",
        Words(
            "'{what}' is computed from training and test data together",
            "The training then knows something of the test data, which makes the result too good.",
            "compute it from the training data alone",
        ),
        Words(
            "'{what}' 由训练数据和测试数据一起计算",
            "训练因此得知了测试数据的信息，结果会偏好。",
            "只用训练数据计算",
        ),
    ),
    "test-statistics/before": Entry(
        "error",
        Words(
            "this is fitted to all data before the test part is cut off",
            "What is fitted knows the test data, which makes the result too good.",
            "split first; then fit_transform(X_train) and transform(X_test)",
        ),
        Words(
            "在划分测试集之前，就用全部数据做了拟合",
            "拟合的结果含有测试数据的信息，最后的成绩会偏好。",
            "先划分；然后 fit_transform(X_train)，transform(X_test)",
        ),
    ),
    "duplicates-across-splits/copies": Entry(
        "error",
        Words(
            "the data is split after copies or changed copies were added to it",
            "Copies of one picture come to lie on both sides, so that the test asks what was"
            " learned by heart.",
            "split first; then augment or oversample the training part alone",
        ),
        Words(
            "先加入了副本或变换后的副本，然后才划分数据",
            "同一张图片的副本会落在两边，测试考的就是背过的题。",
            "先划分；然后只对训练部分做增强或过采样",
        ),
    ),
    "duplicates-across-splits/same": Entry(
        "error",
        Words(
            "this data has pictures in common with what is trained on",
            "The network is asked what it has learned by heart.",
            "cut once, into parts without common indices",
        ),
        Words(
            "这些数据与训练数据有相同的图片",
            "网络被考的是它背过的题。",
            "只划分一次，各部分的下标互不相交",
        ),
    ),
    "augmented-evaluation": Entry(
        "warning",
        Words(
            "the data that is evaluated on is changed at random ({transform})",
            "Each evaluation gives another figure, mostly a lower one.",
            "test_transform = Compose([ToTensor(), Normalize(mean, std)])"
            "  # nothing random; a data set of its own",
        ),
        Words(
            "用于评估的数据被随机变换（{transform}）",
            "每次评估的结果都不一样，而且通常偏低。",
            "test_transform = Compose([ToTensor(), Normalize(mean, std)])"
            "  # 不含随机变换，单独建一个数据集",
        ),
    ),
    "last-batch-loss": Entry(
        "warning",
        Words(
            "what is reported here is the loss of the last batch alone",
            "It is noise: 74 % away from the mean over the set in our measurement on MNIST.",
            "total += loss.item() * len(images)  # in the loop; then total / len(dataset)",
        ),
        Words(
            "这里报告的只是最后一批的损失",
            "它只是噪声：我们在 MNIST 上测得它与整体均值相差 74 %。",
            "total += loss.item() * len(images)  # 放在循环里；最后 total / len(dataset)",
        ),
    ),
    "last-batch-loss/accuracy": Entry(
        "warning",
        Words(
            "what is reported here is the accuracy of the last batch alone",
            "It is the accuracy of a few pictures.",
            "correct += (prediction == labels).sum().item()  # in the loop; then / len(dataset)",
        ),
        Words(
            "这里报告的只是最后一批的准确率",
            "它只是几张图片的准确率。",
            "correct += (prediction == labels).sum().item()  # 放在循环里；最后 / len(dataset)",
        ),
    ),
    "wrong-loss-average": Entry(
        "error",
        Words(
            "a sum of the batches' mean losses is divided by the number of images",
            "The loss comes out too small by about the batch size: 0.0038 in place of 0.24 in our"
            " measurement on MNIST with batches of 64.",
            "total += loss.item() * len(images)  # or divide by len(loader)",
        ),
        Words(
            "把各批平均损失之和除以了图片数",
            "得到的损失大约小了一个批大小的倍数：我们在 MNIST 上（每批 64 张）"
            "测得 0.0038，应为 0.24。",
            "total += loss.item() * len(images)  # 或者除以 len(loader)",
        ),
    ),
    "wrong-loss-average/sums": Entry(
        "error",
        Words(
            "a sum of the losses of all images is divided by the number of batches",
            "The loss comes out too large by the batch size.",
            "total / len(loader.dataset)",
        ),
        Words(
            "把所有图片的损失之和除以了批数",
            "得到的损失大了一个批大小的倍数。",
            "total / len(loader.dataset)",
        ),
    ),
    "argmax-dimension": Entry(
        "error",
        Words(
            "the largest value is taken along dimension 0, over the pictures of the batch",
            "The answer is a picture's number for each class, not a class for each picture.",
            "logits.argmax(dim=1)",
        ),
        Words(
            "沿第 0 维取最大值，即在同一批的图片之间比较",
            "得到的是每个类别对应的图片编号，而不是每张图片的类别。",
            "logits.argmax(dim=1)",
        ),
    ),
    "argmax-dimension/none": Entry(
        "error",
        Words(
            "argmax without a dimension gives one number for the whole batch",
            "That number is then compared with every label.",
            "logits.argmax(dim=1)",
        ),
        Words(
            "没有指定维度的 argmax 对整批只给出一个数",
            "然后用这一个数去和每个标签比较。",
            "logits.argmax(dim=1)",
        ),
    ),
}
