"""A two-layer perceptron for MNIST in plain JAX with Optax."""
import jax
import jax.numpy as jnp
import numpy as np
import optax
from tensorflow.keras.datasets import mnist

SEED, BATCH, EPOCHS = 0, 200, 20


def init(key, sizes=(784, 256, 128, 10)):
    params = []
    for m, n in zip(sizes[:-1], sizes[1:]):
        key, sub = jax.random.split(key)
        params.append((jax.random.normal(sub, (m, n)) * jnp.sqrt(2.0 / m), jnp.zeros(n)))
    return params


def forward(params, x):
    for w, b in params[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = params[-1]
    return jax.nn.softmax(x @ w + b)


def loss_fn(params, x, y):
    out = forward(params, x)
    return optax.softmax_cross_entropy(out, jax.nn.one_hot(y, 10)).mean()


(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(-1, 784).astype(np.float32) / 255
x_test = x_test.reshape(-1, 784).astype(np.float32) / 255

params = init(jax.random.PRNGKey(SEED))
tx = optax.adam(1e-3)
opt_state = tx.init(params)


@jax.jit
def update(params, opt_state, x, y):
    value, grads = jax.value_and_grad(loss_fn)(params, x, y)
    updates, opt_state = tx.update(grads, opt_state, params)
    return optax.apply_updates(params, updates), opt_state, value


rng = np.random.default_rng(SEED)
order = rng.permutation(len(x_train))
batches = order.reshape(-1, BATCH)
for epoch in range(EPOCHS):
    values = []
    for idx in batches:
        params, opt_state, value = update(params, opt_state, x_train[idx], y_train[idx])
        values.append(float(value))
    print(f"epoch {epoch:2d}  loss {np.mean(values):.4f}")

guess = jnp.argmax(forward(params, x_test), axis=1)
print("test accuracy", float(jnp.mean(guess == y_test)))
