"""tf.data input pipeline with a small residual network on CIFAR-10."""
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(1)
AUTO = tf.data.AUTOTUNE
BATCH = 128

(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()


def scale(image, label):
    return tf.cast(image, tf.float32) / 127.5 - 1.0, label


def jitter(image, label):
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_brightness(image, 0.1)
    return image, label


train_ds = (
    tf.data.Dataset.from_tensor_slices((x_train, y_train))
    .map(scale, num_parallel_calls=AUTO)
    .cache()
    .map(jitter, num_parallel_calls=AUTO)
    .batch(BATCH)
    .prefetch(AUTO)
)
test_ds = (
    tf.data.Dataset.from_tensor_slices((x_test, y_test))
    .map(scale, num_parallel_calls=AUTO)
    .batch(BATCH)
    .cache()
    .prefetch(AUTO)
)


def residual(x, width, stride):
    short = layers.Conv2D(width, 1, strides=stride)(x)
    x = layers.Conv2D(width, 3, strides=stride, padding="same", activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(width, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(layers.Add()([x, short]))


inputs = keras.Input((32, 32, 3))
x = layers.Conv2D(32, 3, padding="same", activation="relu")(inputs)
for width, stride in [(32, 1), (64, 2), (128, 2)]:
    x = residual(x, width, stride)
outputs = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(1e-3),
              keras.losses.SparseCategoricalCrossentropy(from_logits=True),
              metrics=["accuracy"])

stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
model.fit(train_ds, epochs=60, validation_data=test_ds, callbacks=[stop])
print("accuracy:", model.evaluate(test_ds, verbose=0)[1])
model.save_weights("cifar.weights.h5")
