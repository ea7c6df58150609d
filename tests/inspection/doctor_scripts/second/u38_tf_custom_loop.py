"""SVHN-like digits from npz files with a custom TensorFlow loop."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(12)

data = np.load("house_digits.npz")
x_train, y_train = data["x_train"].astype("float32") / 255, data["y_train"].astype("int32")
x_valid, y_valid = data["x_valid"].astype("float32") / 255, data["y_valid"].astype("int32")

train_ds = tf.data.Dataset.from_tensor_slices((x_train, y_train))
train_ds = train_ds.shuffle(len(x_train), reshuffle_each_iteration=True).batch(128)
valid_ds = tf.data.Dataset.from_tensor_slices((x_valid, y_valid)).batch(512)

model = tf.keras.Sequential([
    tf.keras.layers.Input((32, 32, 3)),
    tf.keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
    tf.keras.layers.BatchNormalization(),
    tf.keras.layers.MaxPooling2D(),
    tf.keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
    tf.keras.layers.BatchNormalization(),
    tf.keras.layers.MaxPooling2D(),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dropout(0.5),
    tf.keras.layers.Dense(10),
])
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(1e-3)
valid_accuracy = tf.keras.metrics.SparseCategoricalAccuracy()


def compute(images, labels):
    logits = model(images, training=True)
    return loss_object(labels, logits), logits


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        loss, _ = compute(images, labels)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


@tf.function
def valid_step(images, labels):
    _, logits = compute(images, labels)
    valid_accuracy.update_state(labels, logits)


for epoch in range(15):
    for images, labels in train_ds:
        loss = train_step(images, labels)
    train_loss = float(loss)
    valid_accuracy.reset_state()
    for images, labels in valid_ds:
        valid_step(images, labels)
    print(f"Epoch {epoch + 1}: loss {train_loss:.4f}, "
          f"validation accuracy {float(valid_accuracy.result()):.4f}")

model.save_weights("house_digits.weights.h5")
