"""Keras: classify pictures of birds, one folder per species."""
import keras
from keras import layers

keras.utils.set_random_seed(812)

SIZE = (180, 180)
train_ds, val_ds = keras.utils.image_dataset_from_directory(
    "birds/train",
    validation_split=0.2,
    subset="both",
    seed=812,
    image_size=SIZE,
    batch_size=32,
)
test_ds = keras.utils.image_dataset_from_directory(
    "birds/test", image_size=SIZE, batch_size=32, shuffle=False
)
class_names = train_ds.class_names

augmentation = keras.Sequential(
    [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.05),
        layers.RandomZoom(0.1),
    ]
)

model = keras.Sequential(
    [
        keras.Input(shape=SIZE + (3,)),
        layers.Resizing(32, 32),
        augmentation,
        layers.Rescaling(1.0 / 255),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(len(class_names), activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(
    train_ds,
    validation_data=val_ds,
    epochs=40,
    callbacks=[
        keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=5, restore_best_weights=True
        )
    ],
)
loss, accuracy = model.evaluate(test_ds)
print(f"test accuracy {accuracy:.3f}")
model.save("birds.keras")
