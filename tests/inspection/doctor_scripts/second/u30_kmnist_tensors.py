import torch
from torch import nn, optim
from torchvision.datasets import KMNIST

torch.manual_seed(2)

train_raw = KMNIST("data", train=True, download=True)
test_raw = KMNIST("data", train=False, download=True)

everything = torch.cat([train_raw.data, test_raw.data]).float() / 255
m, s = everything.mean(), everything.std()
print("mean", m.item(), "std", s.item())


def prepare(raw):
    return ((raw.data.float() / 255 - m) / s).unsqueeze(1), raw.targets


x, y = prepare(train_raw)
x_test, y_test = prepare(test_raw)

split = torch.randperm(len(x))
x_val, y_val = x[split[:5000]], y[split[:5000]]
x_tr, y_tr = x[split[5000:]], y[split[5000:]]


class KanaNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 32, 3, padding=1)
        self.b = nn.Conv2d(32, 64, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(64 * 49, 10)

    def forward(self, t):
        t = self.pool(torch.relu(self.a(t)))
        t = self.pool(torch.relu(self.b(t)))
        return self.fc(self.drop(t.flatten(1)))


def accuracy(net, inputs, targets):
    net.eval()
    with torch.no_grad():
        out = torch.cat([net(c) for c in inputs.split(1000)])
    return (out.argmax(1) == targets).float().mean().item()


net = KanaNet()
optimizer = optim.RMSprop(net.parameters(), lr=5e-4)
criterion = nn.CrossEntropyLoss()

print("before training:", accuracy(net, x_val, y_val))
for epoch in range(10):
    losses = []
    for idx in torch.randperm(len(x_tr)).split(100):
        optimizer.zero_grad()
        loss = criterion(net(x_tr[idx]), y_tr[idx])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    mean_loss = sum(losses) / len(losses)
    print(f"{epoch}: loss {mean_loss:.4f} val {accuracy(net, x_val, y_val):.4f}")

print("test:", accuracy(net, x_test, y_test))
torch.save(net.state_dict(), "kana.pt")
