"""CIFAR-10 with Keras: augmentation inside the model, early stopping on a validation part."""
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(99)

(x_all, y_all), (x_test, y_test) = keras.datasets.cifar10.load_data()
order = np.random.default_rng(99).permutation(len(x_all))
x_all, y_all = x_all[order].astype("float32"), y_all[order]
x_train, y_train = x_all[:45000], y_all[:45000]
x_val, y_val = x_all[45000:], y_all[45000:]

normalise = layers.Normalization(axis=-1)
normalise.adapt(x_train)


def block(x, filters):
    shortcut = layers.Conv2D(filters, 1, use_bias=False)(x)
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    return layers.MaxPooling2D()(layers.add([x, shortcut]))


inputs = keras.Input((32, 32, 3))
x = layers.RandomFlip("horizontal")(inputs)
x = layers.RandomTranslation(0.1, 0.1)(x)
x = normalise(x)
for f in (32, 64, 128):
    x = block(x, f)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.3)(x)
outputs = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=["accuracy"],
)
model.fit(
    x_train, y_train, batch_size=128, epochs=60,
    validation_data=(x_val, y_val),
    callbacks=[
        keras.callbacks.ReduceLROnPlateau(patience=3, factor=0.3),
        keras.callbacks.EarlyStopping(
            monitor="val_accuracy", mode="max", patience=8, restore_best_weights=True
        ),
    ],
)
loss, acc = model.evaluate(x_test.astype("float32"), y_test, verbose=0)
print(f"test: loss {loss:.3f}, accuracy {acc:.3f}")
model.save_weights("cifar10.weights.h5")
