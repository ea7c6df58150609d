# hand gestures drive the rover: stop / left / right / forward
import time

import cv2
import numpy as np
import torch
from torch import nn
from torchvision.models import resnet18

LABELS = ["forward", "left", "right", "stop"]
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)

net = resnet18(weights=None)
net.fc = nn.Linear(net.fc.in_features, len(LABELS))
net.load_state_dict(torch.load("gestures_resnet18.pt", map_location="cpu", weights_only=True))
net.eval()


def prepare(bgr):
    box = bgr[60:420, 140:500]
    rgb = cv2.cvtColor(box, cv2.COLOR_BGR2RGB)
    rgb = cv2.resize(rgb, (224, 224)).astype(np.float32) / 255.0
    rgb = (rgb - MEAN) / STD
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))[None]


@torch.no_grad()
def gesture(bgr):
    scores = net(prepare(bgr)).squeeze(0)
    k = scores.argmax(0).item()
    return LABELS[k], torch.softmax(scores, dim=0)[k].item()


def drive(command):
    print(time.strftime("%H:%M:%S"), command)


cap = cv2.VideoCapture(0)
cap.set(cv2.CAP_PROP_FRAME_WIDTH, 640)
cap.set(cv2.CAP_PROP_FRAME_HEIGHT, 480)
last = None
while cap.isOpened():
    ok, frame = cap.read()
    if not ok:
        break
    name, p = gesture(frame)
    if p > 0.8 and name != last:
        drive(name)
        last = name
    shown = cv2.flip(frame, 1)
    cv2.putText(shown, f"{name} {p:.2f}", (20, 40), cv2.FONT_HERSHEY_PLAIN, 2, (0, 0, 255), 2)
    cv2.imshow("rover", shown)
    if cv2.waitKey(30) == 27:
        break
cap.release()
cv2.destroyAllWindows()
