"""Hold a digit (thick pen, white paper) in front of the camera; q quits."""
import cv2
import numpy as np
import torch
import torch.nn as nn


class MNISTModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 5, padding=2)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 5, padding=2)
        self.bn2 = nn.BatchNorm2d(64)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(64 * 7 * 7, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 2)
        x = torch.max_pool2d(torch.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(self.dropout(x.flatten(1)))


def prepare(frame):
    height, width = frame.shape[:2]
    top, left = height // 2 - 120, width // 2 - 120
    roi = frame[top:top + 240, left:left + 240]
    gray = cv2.cvtColor(roi, cv2.COLOR_BGR2GRAY)
    _, binary = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    small = cv2.resize(binary, (28, 28), interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(small.astype(np.float32) / 255.0).view(1, 1, 28, 28)
    return (x - 0.1307) / 0.3081


def main():
    model = MNISTModel()
    model.load_state_dict(torch.load("mnist_cnn.pth", map_location="cpu", weights_only=True))
    camera = cv2.VideoCapture(0)
    while True:
        ok, frame = camera.read()
        if not ok:
            break
        with torch.no_grad():
            digit = model(prepare(frame)).argmax(dim=1).item()
        cv2.putText(frame, str(digit), (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 255, 0), 3)
        cv2.imshow("digit", frame)
        if cv2.waitKey(30) & 0xFF == ord("q"):
            break
    camera.release()
    cv2.destroyAllWindows()


if __name__ == "__main__":
    main()
