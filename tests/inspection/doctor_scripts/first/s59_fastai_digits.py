"""fastai on MNIST folders."""
from fastai.vision.all import *

set_seed(42, reproducible=True)

path = untar_data(URLs.MNIST)

block = DataBlock(
    blocks=(ImageBlock, CategoryBlock),
    get_items=get_image_files,
    get_y=parent_label,
    splitter=RandomSplitter(valid_pct=0.1, seed=42),
    item_tfms=Resize(224),
    batch_tfms=[
        *aug_transforms(do_flip=False, max_rotate=10.0, max_zoom=1.1),
        Normalize.from_stats(*imagenet_stats),
    ],
)
dls = block.dataloaders(path / "training", bs=64)

learn = vision_learner(dls, resnet18, metrics=accuracy, normalize=False)
learn.fine_tune(2, base_lr=3e-3)
learn.save("mnist-resnet18", with_opt=False)

# the folder nobody has looked at so far
test_files = get_image_files(path / "testing")
test_dl = dls.test_dl(test_files, with_labels=True)
loss, acc = learn.validate(dl=test_dl)
print(f"test accuracy {acc:.4f}")
