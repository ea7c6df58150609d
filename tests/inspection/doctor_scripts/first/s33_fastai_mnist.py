from fastai.vision.all import *

set_seed(7, reproducible=True)

path = untar_data(URLs.MNIST)
files = get_image_files(path / "training")

dls = ImageDataLoaders.from_path_func(
    path,
    files,
    parent_label,
    valid_pct=0.2,
    seed=7,
    item_tfms=Resize(224),
    batch_tfms=aug_transforms(),
    bs=64,
)
dls.show_batch(max_n=9)

learn = vision_learner(dls, resnet34, metrics=[error_rate, accuracy])
learn.fine_tune(3)

interp = ClassificationInterpretation.from_learner(learn)
interp.plot_confusion_matrix(figsize=(8, 8))
print(interp.most_confused(min_val=5))

test_dl = dls.test_dl(get_image_files(path / "testing"), with_labels=True)
print(learn.validate(dl=test_dl))

torch.save(learn.model, path / "mnist_resnet34.pth")
