# 37 breeds with fastai, the notebook turned into a script
import random

from fastai.vision.all import *

set_seed(42, reproducible=True)

path = untar_data(URLs.PETS)
files = sorted(get_image_files(path / "images"))


def breed(name):
    return "_".join(name.split("_")[:-1])


held_out = set(random.Random(42).sample(range(len(files)), len(files) // 10))
test_files = [f for i, f in enumerate(files) if i in held_out]
work_files = [f for i, f in enumerate(files) if i not in held_out]

dls = ImageDataLoaders.from_name_func(
    path, work_files, breed, valid_pct=0.2, seed=42, bs=64,
    item_tfms=Resize(460),
    batch_tfms=[*aug_transforms(size=224, min_scale=0.75),
                Normalize.from_stats(*imagenet_stats)],
)
print(len(dls.train_ds), "training,", len(dls.valid_ds), "validation,", len(test_files), "test")

learn = vision_learner(dls, resnet34, metrics=accuracy)
learn.fine_tune(6, base_lr=2e-3, freeze_epochs=2,
                cbs=SaveModelCallback(monitor="valid_loss", fname="pets_best"))

interp = ClassificationInterpretation.from_learner(learn)
for actual, predicted, n in interp.most_confused(min_val=4):
    print(f"{actual} taken for {predicted}: {n}")

test_dl = dls.test_dl(test_files, with_labels=True)
loss, acc = learn.validate(dl=test_dl)
print(f"test loss {loss:.4f}, test accuracy {acc:.4f}")
torch.save(learn.model.state_dict(), "pets_resnet34.pth")
