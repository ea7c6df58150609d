import keras
from keras import layers

IMAGE_SIZE = (128, 128)
BATCH_SIZE = 32

train_ds = keras.utils.image_dataset_from_directory(
    "flower_photos/train",
    image_size=IMAGE_SIZE,
    batch_size=BATCH_SIZE,
    shuffle=False,
)
val_ds = keras.utils.image_dataset_from_directory(
    "flower_photos/val", image_size=IMAGE_SIZE, batch_size=BATCH_SIZE, shuffle=False
)
test_ds = keras.utils.image_dataset_from_directory(
    "flower_photos/test", image_size=IMAGE_SIZE, batch_size=BATCH_SIZE, shuffle=False
)
class_names = train_ds.class_names
print(class_names)

inputs = keras.Input(shape=IMAGE_SIZE + (3,))
x = layers.Rescaling(1.0 / 255)(inputs)
for filters in (32, 64, 128):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D()(x)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.3)(x)
outputs = layers.Dense(len(class_names))(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(
    train_ds,
    validation_data=val_ds,
    epochs=20,
    callbacks=[keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)],
)

print("test loss, test accuracy:", model.evaluate(test_ds))
model.save_weights("flowers.weights.h5")
