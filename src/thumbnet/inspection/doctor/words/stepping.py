"""Words for mistakes of the training step, and of what is left of a training."""

from __future__ import annotations

from thumbnet.inspection.doctor.findings import Catalogue, Entry, Words

STEPPING: Catalogue = {
    "softmax-before-cross-entropy": Entry(
        "error",
        Words(
            "{loss} takes logits, and is given the output of {activation}",
            "The softmax is then taken twice: gradients get small, and the loss stays above 0.",
            "leave {activation} out of the network; use it only to show probabilities",
        ),
        Words(
            "{loss} 需要 logits，却得到了 {activation} 的输出",
            "softmax 被做了两次：梯度变小，损失无法接近 0。",
            "从网络中去掉 {activation}；只在显示概率时使用",
        ),
    ),
    "softmax-before-cross-entropy/log": Entry(
        "note",
        Words(
            "{loss} takes logits, and is given the output of {activation}",
            "The values stay the same here, but the work is done twice, and whoever takes the"
            " outputs for logits is misled.",
            "F.nll_loss(output, target), or leave {activation} out",
        ),
        Words(
            "{loss} 需要 logits，却得到了 {activation} 的输出",
            "数值上没有变化，但计算做了两遍，也会误导把输出当作 logits 的人。",
            "F.nll_loss(output, target)，或者去掉 {activation}",
        ),
    ),
    "softmax-before-cross-entropy/none": Entry(
        "error",
        Words(
            "{loss} takes probabilities here, and the last layer has no softmax",
            "Logits are taken for probabilities, and the training fails or goes astray.",
            'Dense(10, activation="softmax"), or the loss with from_logits=True',
        ),
        Words(
            "{loss} 在这里需要概率，而最后一层没有 softmax",
            "logits 被当成概率，训练会失败或走偏。",
            'Dense(10, activation="softmax")，或者给损失加上 from_logits=True',
        ),
    ),
    "softmax-before-cross-entropy/no-log-softmax": Entry(
        "error",
        Words(
            "{loss} takes log-probabilities, and is given the last layer's output as it is",
            "It is then the label's own logit with its sign changed, which has no lower bound:"
            " the loss falls below 0 without end, and the other classes are never pushed down.",
            "F.cross_entropy(output, target), or F.nll_loss(output.log_softmax(1), target)",
        ),
        Words(
            "{loss} 需要对数概率，却直接得到了最后一层的输出",
            "这样损失只是正确类别的 logit 取负，没有下界：它会一直降到 0 以下，"
            "而其他类别从不被压低。",
            "F.cross_entropy(output, target)，或者 F.nll_loss(output.log_softmax(1), target)",
        ),
    ),
    "softmax-before-cross-entropy/no-sigmoid": Entry(
        "error",
        Words(
            "{loss} takes probabilities between 0 and 1, and the last layer has no sigmoid",
            "Its logarithm has no value for an output below 0: PyTorch stops with an error.",
            "nn.BCEWithLogitsLoss(), which takes the output as it is",
        ),
        Words(
            "{loss} 需要 0 到 1 之间的概率，而最后一层没有 sigmoid",
            "小于 0 的输出无法取对数：PyTorch 会报错停止。",
            "nn.BCEWithLogitsLoss()，它直接接受这样的输出",
        ),
    ),
    "loss-accumulates-graph": Entry(
        "warning",
        Words(
            "the running total keeps the graph of every batch",
            "Memory grows with every batch, until it is full.",
            "total += loss.item()",
        ),
        Words(
            "累加的总和保留了每一批的计算图",
            "内存随每一批增长，直到用尽。",
            "total += loss.item()",
        ),
    ),
    "loss-accumulates-graph/list": Entry(
        "warning",
        Words(
            "the list keeps the graph of every batch",
            "Memory grows with every batch, until it is full.",
            "losses.append(loss.item())",
        ),
        Words(
            "列表保留了每一批的计算图",
            "内存随每一批增长，直到用尽。",
            "losses.append(loss.item())",
        ),
    ),
    "no-zero-grad": Entry(
        "error",
        Words(
            "the gradients of earlier batches are still there when this step is taken",
            "PyTorch adds gradients up; each step then follows all batches so far.",
            "optimizer.zero_grad()  # before loss.backward()",
        ),
        Words(
            "执行这一步时，之前各批的梯度还在",
            "PyTorch 会累加梯度；每一步就成了沿着此前所有批的方向。",
            "optimizer.zero_grad()  # 放在 loss.backward() 之前",
        ),
    ),
    "wrong-optimizer-parameters/replaced": Entry(
        "error",
        Words(
            "'{part}' of the network is replaced after the optimiser took its parameters",
            "The new part is never trained.",
            "optimizer = SGD(model.parameters(), lr=0.1)  # after the network is complete",
        ),
        Words(
            "优化器取得参数之后，网络的 '{part}' 被替换了",
            "新的部分永远得不到训练。",
            "optimizer = SGD(model.parameters(), lr=0.1)  # 在网络完整之后",
        ),
    ),
    "wrong-optimizer-parameters/part": Entry(
        "error",
        Words(
            "the optimiser does not hold '{part}', which starts from random weights",
            "That part of the network stays as random as it began.",
            "optimizer = SGD(model.parameters(), lr=0.1)",
        ),
        Words(
            "优化器没有包含 '{part}'，而它的权重是随机初始化的",
            "网络的这一部分会一直停留在随机状态。",
            "optimizer = SGD(model.parameters(), lr=0.1)",
        ),
    ),
    "wrong-optimizer-parameters/moved": Entry(
        "warning",
        Words(
            "the optimiser is made before the network is moved to its device",
            "Where moving makes new parameters, the optimiser goes on with the old ones, and"
            " nothing is learned.",
            "model = model.to(device)  # before the optimiser is made",
        ),
        Words(
            "先建立了优化器，然后才把网络移到设备上",
            "如果移动时产生了新的参数，优化器更新的仍是旧参数，什么也学不到。",
            "model = model.to(device)  # 放在建立优化器之前",
        ),
    ),
    "wrong-optimizer-parameters": Entry(
        "error",
        Words(
            "the optimiser holds the parameters of another network than {model}, which is trained",
            "The network that is trained never changes.",
            "optimizer = SGD(model.parameters(), lr=0.1)  # after the network is made",
        ),
        Words(
            "优化器持有的是另一个网络的参数，而不是正在训练的 {model}",
            "正在训练的网络永远不会改变。",
            "optimizer = SGD(model.parameters(), lr=0.1)  # 在网络建好之后",
        ),
    ),
    "scheduler-before-optimizer": Entry(
        "warning",
        Words(
            "the scheduler steps before the optimiser has",
            "The first learning rate of the schedule is never used.",
            "optimizer.step(); scheduler.step()",
        ),
        Words(
            "scheduler 先于 optimizer 走了一步",
            "计划中的第一个学习率从未被使用。",
            "optimizer.step(); scheduler.step()",
        ),
    ),
    "unseeded": Entry(
        "note",
        Words(
            "nothing seeds the weights and the order of the images",
            "Every run gives another result: it cannot be repeated, nor compared with another.",
            "torch.manual_seed(0)  # Keras: keras.utils.set_random_seed(0)",
        ),
        Words(
            "初始权重和图片顺序都没有设置随机种子",
            "每次运行结果都不同：无法重复，也无法比较两次运行。",
            "torch.manual_seed(0)  # Keras：keras.utils.set_random_seed(0)",
        ),
    ),
    "unseeded/estimator": Entry(
        "note",
        Words(
            "{what} draws at random, and nothing seeds it",
            "Every run gives another result; nobody can repeat it.",
            "{what}(random_state=0)",
        ),
        Words(
            "{what} 含有随机性，却没有设置种子",
            "每次运行结果都不同，无法重复。",
            "{what}(random_state=0)",
        ),
    ),
    "pickle-weights": Entry(
        "warning",
        Words(
            "the whole network is saved as a pickle, not its weights alone",
            "The file runs code when it is loaded, and cannot be loaded once the class has changed"
            " or moved.",
            "torch.save(model.state_dict(), path)",
        ),
        Words(
            "把整个网络存成了 pickle，而不只是权重",
            "载入这种文件时会执行其中的代码；类改动或移动之后就再也载入不了。",
            "torch.save(model.state_dict(), path)",
        ),
    ),
    "pickle-weights/pickle": Entry(
        "warning",
        Words(
            "a model is saved as a pickle",
            "The file runs code when it is loaded, and fits one version of the library alone.",
            "save weights with safetensors; export scikit-learn models to ONNX or with skops",
        ),
        Words(
            "把模型存成了 pickle",
            "载入这种文件时会执行其中的代码，而且只适用于库的某个版本。",
            "用 safetensors 保存权重；scikit-learn 模型可导出为 ONNX 或用 skops 保存",
        ),
    ),
    "pickle-weights/load": Entry(
        "warning",
        Words(
            "weights_only=False runs whatever code is in the file",
            "Whoever can change the file can do anything on this machine.",
            "torch.load(path, weights_only=True)",
        ),
        Words(
            "weights_only=False 会执行文件里的任何代码",
            "谁能改动这个文件，谁就能在这台机器上为所欲为。",
            "torch.load(path, weights_only=True)",
        ),
    ),
}
