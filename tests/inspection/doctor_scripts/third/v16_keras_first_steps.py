# Lesson 4: our first image network (teacher's version)
import tensorflow as tf

tf.keras.utils.set_random_seed(4)

(x_all, y_all), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
x_all = x_all[..., None] / 255.0
x_test = x_test[..., None] / 255.0

# keep the last 6000 for checking while we train
x_train, y_train = x_all[:-6000], y_all[:-6000]
x_val, y_val = x_all[-6000:], y_all[-6000:]

augment = tf.keras.Sequential([
    tf.keras.layers.RandomFlip("horizontal"),
    tf.keras.layers.RandomTranslation(0.1, 0.1),
], name="augment")

model = tf.keras.Sequential([
    tf.keras.Input(shape=(28, 28, 1)),
    augment,
    tf.keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
    tf.keras.layers.MaxPooling2D(),
    tf.keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
    tf.keras.layers.MaxPooling2D(),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(64, activation="relu"),
    tf.keras.layers.Dropout(0.2),
    tf.keras.layers.Dense(10, activation="softmax"),
])

model.compile(
    optimizer="adam",
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)

history = model.fit(x_train, y_train, batch_size=64, epochs=6,
                    validation_data=(x_val, y_val))
for e, (a, b) in enumerate(zip(history.history["accuracy"], history.history["val_accuracy"])):
    print(f"epoch {e + 1}: train {a:.3f}  validation {b:.3f}")

loss, acc = model.evaluate(x_test, y_test, verbose=0)
print(f"On images it has never seen: {acc:.1%} right")
model.save("lesson4.keras")
