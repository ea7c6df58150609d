"""Fine-tune a ViT on the 'beans' leaf data set with a plain PyTorch loop."""
import torch
from datasets import load_dataset
from torch.utils.data import DataLoader
from torchvision import transforms
from transformers import AutoImageProcessor, AutoModelForImageClassification, set_seed

set_seed(2718)
CHECKPOINT = "google/vit-base-patch16-224-in21k"
device = "cuda" if torch.cuda.is_available() else "cpu"

beans = load_dataset("AI-Lab-Makerere/beans")
names = beans["train"].features["labels"].names
processor = AutoImageProcessor.from_pretrained(CHECKPOINT)
normalize = transforms.Normalize(processor.image_mean, processor.image_std)
size = (processor.size["height"], processor.size["width"])

fit_tf = transforms.Compose([
    transforms.RandomResizedCrop(size, scale=(0.7, 1.0)),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    normalize,
])
plain_tf = transforms.Compose([transforms.Resize(size), transforms.ToTensor(), normalize])


def apply(tf):
    def inner(rows):
        return {"pixel_values": [tf(im.convert("RGB")) for im in rows["image"]],
                "labels": rows["labels"]}
    return inner


beans["train"] = beans["train"].with_transform(apply(fit_tf))
for part in ("validation", "test"):
    beans[part] = beans[part].with_transform(apply(plain_tf))


def loader(part, batch, shuffle=False):
    return DataLoader(beans[part], batch_size=batch, shuffle=shuffle, num_workers=2)


model = AutoModelForImageClassification.from_pretrained(
    CHECKPOINT, num_labels=len(names), id2label=dict(enumerate(names)),
    label2id={n: i for i, n in enumerate(names)}).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)


def accuracy(part):
    model.eval()
    good = 0
    with torch.no_grad():
        for rows in loader(part, 64):
            logits = model(pixel_values=rows["pixel_values"].to(device)).logits
            good += (logits.argmax(-1).cpu() == rows["labels"]).sum().item()
    return good / len(beans[part])


for epoch in range(4):
    model.train()
    total = 0.0
    batches = loader("train", 16, shuffle=True)
    for rows in batches:
        rows = {k: v.to(device) for k, v in rows.items()}
        loss = model(**rows).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item()
    print(f"epoch {epoch}: loss {total / len(batches):.4f}, val {accuracy('validation'):.4f}")

print(f"test {accuracy('test'):.4f}")
model.save_pretrained("beans-vit", safe_serialization=True)
