"""Simple convnet, adapted from the Keras examples."""
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(812)
num_classes = 10

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = np.expand_dims(x_train.astype("float32") / 255, -1)
x_test = np.expand_dims(x_test.astype("float32") / 255, -1)
print(x_train.shape[0], "train samples,", x_test.shape[0], "test samples")

model = keras.Sequential([
    keras.Input(shape=(28, 28, 1)),
    layers.RandomTranslation(0.08, 0.08, fill_mode="constant"),
    layers.RandomRotation(0.04, fill_mode="constant"),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(64, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.Dropout(0.5),
    layers.Dense(num_classes),
])
model.summary()

model.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer=keras.optimizers.Adam(1e-3),
    metrics=["accuracy"],
)
callbacks = [
    keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True),
    keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.3, patience=1),
]
model.fit(x_train, y_train, batch_size=128, epochs=30, validation_split=0.1,
          callbacks=callbacks)

score = model.evaluate(x_test, y_test, verbose=0)
print("Test loss:", score[0])
print("Test accuracy:", score[1])

reader = keras.Sequential([model, layers.Softmax()])
print(reader.predict(x_test[:5]).round(3))
model.save("convnet.keras")
