"""How unsure is a trained digit reader? Dropout stays on while predicting, on purpose."""
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor

PASSES = 30


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)
        )

    def forward(self, x):
        return self.classifier(self.features(x))


def keep_dropout_on(model):
    """Batch norm uses its stored statistics, dropout keeps drawing (Gal & Ghahramani, 2016)."""
    model.eval()
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.train()


@torch.no_grad()
def sample_probabilities(model, x):
    return torch.stack([model(x).softmax(dim=1) for _ in range(PASSES)])


def main():
    torch.manual_seed(0)
    model = Reader()
    model.load_state_dict(torch.load("reader.pt", weights_only=True))
    keep_dropout_on(model)

    tf = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
    loader = DataLoader(MNIST("data", train=False, download=True, transform=tf), batch_size=500)
    entropies, rights = [], []
    for x, y in loader:
        p = sample_probabilities(model, x).mean(dim=0)
        entropies.append(-(p * p.clamp_min(1e-12).log()).sum(dim=1))
        rights.append(p.argmax(dim=1) == y)
    entropy, right = torch.cat(entropies), torch.cat(rights)
    print(f"accuracy {right.float().mean():.4f}")
    print(f"mean entropy: right {entropy[right].mean():.3f}, wrong {entropy[~right].mean():.3f}")


if __name__ == "__main__":
    main()
