"""Butterflies with fastai; the pictures lie in butterflies/train and butterflies/test."""
from pathlib import Path

from fastai.callback.tracker import EarlyStoppingCallback
from fastai.vision.all import (
    CategoryBlock, DataBlock, ImageBlock, Normalize, RandomSplitter, RandomResizedCrop,
    accuracy, aug_transforms, get_image_files, imagenet_stats, parent_label, resnet18, set_seed,
    vision_learner,
)

SEED = 7
ROOT = Path("butterflies")


def get_data(bs=64):
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=parent_label,
        splitter=RandomSplitter(valid_pct=0.15, seed=SEED),
        item_tfms=RandomResizedCrop(224, min_scale=0.6),
        batch_tfms=[
            *aug_transforms(do_flip=True, flip_vert=True, max_warp=0.0),
            Normalize.from_stats(*imagenet_stats),
        ],
    )
    return block.dataloaders(ROOT / "train", bs=bs)


def main():
    set_seed(SEED, reproducible=True)
    dls = get_data()
    print(dls.vocab)
    learn = vision_learner(dls, resnet18, metrics=accuracy)
    learn.fine_tune(
        12, base_lr=2e-3, freeze_epochs=2,
        cbs=EarlyStoppingCallback(monitor="valid_loss", patience=4),
    )

    test_files = get_image_files(ROOT / "test")
    test_dl = dls.test_dl(test_files, with_labels=True)
    loss, acc = learn.validate(dl=test_dl)
    print(f"test: loss {loss:.3f}, accuracy {acc:.3f} on {len(test_files)} pictures")


if __name__ == "__main__":
    main()
