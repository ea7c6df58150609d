"""Reads the digit fields of a scanned form (blue or black pen) with a Keras convnet."""
import sys

import cv2
import numpy as np
from tensorflow import keras
from tensorflow.keras import layers

WEIGHTS = "form_digits.weights.h5"


def net():
    return keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ])


def train():
    keras.utils.set_random_seed(2)
    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    model = net()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[..., None], y, batch_size=128, epochs=8, validation_split=0.1)
    print("test", model.evaluate(x_test[..., None], y_test, verbose=0))
    model.save_weights(WEIGHTS)


def cut_out(page, left, top, size):
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    field = grey[top:top + size, left:left + size]
    field = cv2.GaussianBlur(field, (3, 3), 0)
    _, field = cv2.threshold(field, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return cv2.resize(field, (28, 28), interpolation=cv2.INTER_AREA)


def read(path):
    page = cv2.imread(path)
    fields = np.stack([cut_out(page, 120 + 60 * i, 340, 56) for i in range(6)])
    model = net()
    model.load_weights(WEIGHTS)
    p = model.predict(fields[..., None].astype("float32"), verbose=0)
    print("number:", "".join(str(d) for d in p.argmax(axis=1)))
    print("least certain digit:", round(float(p.max(axis=1).min()), 3))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        read(sys.argv[1])
    else:
        train()
