"""Rooms of a house from small photos, read with image_dataset_from_directory."""
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(33)
SIZE = (96, 96)
common = dict(image_size=SIZE, batch_size=32)

train_ds = tf.keras.utils.image_dataset_from_directory(
    "rooms/train", validation_split=0.2, subset="training", seed=33, **common
)
val_ds = tf.keras.utils.image_dataset_from_directory(
    "rooms/train", validation_split=0.2, subset="validation", seed=33, **common
)
test_ds = tf.keras.utils.image_dataset_from_directory("rooms/test", shuffle=False, **common)
names = train_ds.class_names

train_ds = train_ds.prefetch(tf.data.AUTOTUNE)
val_ds = val_ds.cache().prefetch(tf.data.AUTOTUNE)

augment = tf.keras.Sequential([
    layers.RandomFlip("horizontal"),
    layers.RandomRotation(0.03),
    layers.RandomZoom(0.1),
])

base = tf.keras.applications.MobileNetV2(
    input_shape=SIZE + (3,), include_top=False, weights="imagenet"
)
base.trainable = False

inputs = tf.keras.Input(SIZE + (3,))
x = augment(inputs)
x = layers.Rescaling(1 / 127.5, offset=-1)(x)
x = base(x, training=False)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(len(names))(x)
model = tf.keras.Model(inputs, outputs)


def compile_with(lr):
    model.compile(
        optimizer=tf.keras.optimizers.Adam(lr),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


stop = tf.keras.callbacks.EarlyStopping(
    monitor="val_loss", patience=4, restore_best_weights=True
)
compile_with(1e-3)
model.fit(train_ds, validation_data=val_ds, epochs=20, callbacks=[stop])

base.trainable = True
for layer in base.layers[:100]:
    layer.trainable = False
compile_with(1e-5)
model.fit(train_ds, validation_data=val_ds, epochs=10, callbacks=[stop])

loss, accuracy = model.evaluate(test_ds, verbose=0)
print(f"test accuracy {accuracy:.3f}")
model.save("rooms.keras")
