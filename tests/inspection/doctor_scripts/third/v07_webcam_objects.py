"""Point the robot's camera at something and it says what it sees."""
import cv2
import torch
from torchvision.models import MobileNet_V3_Small_Weights, mobilenet_v3_small

CAMERA = 0
EVERY = 10

weights = MobileNet_V3_Small_Weights.IMAGENET1K_V1
names = weights.meta["categories"]
device = "cuda" if torch.cuda.is_available() else "cpu"
model = mobilenet_v3_small(weights=weights).to(device)
model.eval()


def crop_square(frame):
    h, w = frame.shape[:2]
    s = min(h, w)
    top, left = (h - s) // 2, (w - s) // 2
    return frame[top:top + s, left:left + s]


def classify(frame):
    small = cv2.resize(crop_square(frame), (224, 224), interpolation=cv2.INTER_AREA)
    chw = small.transpose(2, 0, 1).copy()
    x = torch.from_numpy(chw).float().div(255).unsqueeze(0)
    with torch.inference_mode():
        p = model(x.to(device)).softmax(dim=1)[0]
    conf, idx = p.max(dim=0)
    return names[int(idx)], float(conf)


def main():
    cap = cv2.VideoCapture(CAMERA)
    if not cap.isOpened():
        raise SystemExit("no camera")
    n, text = 0, ""
    try:
        while True:
            ok, frame = cap.read()
            if not ok:
                break
            if n % EVERY == 0:
                name, conf = classify(frame)
                text = f"{name} ({conf:.0%})"
            n += 1
            cv2.putText(frame, text, (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 255, 0), 2)
            cv2.imshow("robot eye", frame)
            if cv2.waitKey(1) & 0xFF == ord("q"):
                break
    finally:
        cap.release()
        cv2.destroyAllWindows()


if __name__ == "__main__":
    main()
