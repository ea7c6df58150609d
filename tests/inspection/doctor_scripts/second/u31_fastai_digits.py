# %% [markdown]
# Handwritten digits with fastai, from the folders digits/0 ... digits/9
# %%
from fastai.vision.all import (
    CategoryBlock, ClassificationInterpretation, DataBlock, ImageBlock, Normalize, RandomSplitter,
    Resize, accuracy, aug_transforms, error_rate, get_image_files, imagenet_stats, parent_label,
    resnet34, set_seed, vision_learner,
)

# %%
set_seed(42, reproducible=True)
path = "digits"
files = get_image_files(path)
print(len(files), "pictures")

# %%
digits = DataBlock(
    blocks=(ImageBlock, CategoryBlock),
    get_items=get_image_files,
    get_y=parent_label,
    splitter=RandomSplitter(valid_pct=0.2, seed=42),
    item_tfms=Resize(128),
    batch_tfms=[*aug_transforms(max_rotate=8.0), Normalize.from_stats(*imagenet_stats)],
)
dls = digits.dataloaders(path, bs=64)
dls.show_batch(max_n=9)

# %%
learn = vision_learner(dls, resnet34, metrics=[error_rate, accuracy])
learn.fine_tune(4, base_lr=3e-3)

# %%
interp = ClassificationInterpretation.from_learner(learn)
interp.plot_confusion_matrix(figsize=(6, 6))
interp.plot_top_losses(9)

# %%
learn.export("digits.pkl")
