"""Mixed precision and OneCycle on EuroSAT tiles (64x64 satellite images)."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms as T
from torchvision.datasets import EuroSAT
from torchvision.models import resnet18

SEED, EPOCHS, BATCH = 90, 12, 128
torch.manual_seed(SEED)
assert torch.cuda.is_available(), "this script wants a GPU"

tail = [T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
aug = T.Compose([T.RandomHorizontalFlip(), T.RandomVerticalFlip(),
                 T.RandomChoice([T.RandomRotation((a, a)) for a in (0, 90, 180, 270)]), *tail])
plain = T.Compose(tail)

order = torch.randperm(27000, generator=torch.Generator().manual_seed(SEED)).tolist()
parts = {"fit": order[:19000], "val": order[19000:23000], "test": order[23000:]}
fit = Subset(EuroSAT("data", transform=aug, download=True), parts["fit"])
val = Subset(EuroSAT("data", transform=plain), parts["val"])
test = Subset(EuroSAT("data", transform=plain), parts["test"])
fit_dl = DataLoader(fit, BATCH, shuffle=True, drop_last=True, num_workers=8)
val_dl = DataLoader(val, 500, num_workers=4)
test_dl = DataLoader(test, 500, num_workers=4)

net = resnet18(weights=None, num_classes=10)
net.conv1 = nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
net.maxpool = nn.Identity()
opt = torch.optim.AdamW(net.cuda().parameters(), lr=1e-3, weight_decay=0.02)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=3e-3, epochs=EPOCHS,
                                            steps_per_epoch=len(fit_dl))
scaler = torch.amp.GradScaler("cuda", init_scale=1024.0)
ce = nn.CrossEntropyLoss()


def accuracy(dl):
    net.eval()
    n = ok = 0
    with torch.inference_mode(), torch.autocast("cuda"):
        for x, y in dl:
            ok += (net(x.cuda()).argmax(1) == y.cuda()).sum()
            n += len(y)
    return ok.item() / n


for epoch in range(EPOCHS):
    net.train()
    total, images = 0.0, 0
    for i, (x, y) in enumerate(fit_dl):
        opt.zero_grad(set_to_none=True)
        with torch.autocast("cuda"):
            loss = ce(net(x.cuda(non_blocking=True)), y.cuda(non_blocking=True))
        scaler.scale(loss).backward()
        scaler.unscale_(opt)
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        scaler.step(opt)
        scaler.update()
        sched.step()
        total += loss.item() * len(y)
        images += len(y)
        if i % 50 == 0:
            print(f"  epoch {epoch} step {i}: this batch {loss.item():.3f}")
    print(f"epoch {epoch}: train {total / images:.4f}, validation {accuracy(val_dl):.4f}")

print(f"test {accuracy(test_dl):.4f}")
torch.save({"model": net.state_dict(), "epochs": EPOCHS}, "eurosat.pt")
