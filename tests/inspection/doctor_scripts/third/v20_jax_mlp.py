"""A two-layer perceptron for MNIST in plain JAX, written for our reading group."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import grad, jit, random
from keras.datasets import mnist

STEP, BATCH, EPOCHS = 0.1, 100, 20


def one_hot(labels, k=10):
    return np.eye(k, dtype=np.float32)[labels]


def load():
    (x, y), (xt, yt) = mnist.load_data()
    flat = lambda a: (a.reshape(len(a), 784) / 255.0).astype(np.float32)
    x, xt = flat(x), flat(xt)
    return x[:54000], one_hot(y[:54000]), x[54000:], one_hot(y[54000:]), xt, one_hot(yt)


def init(key, sizes=(784, 256, 10)):
    params = []
    for k, m, n in zip(random.split(key, len(sizes) - 1), sizes[:-1], sizes[1:]):
        params.append((random.normal(k, (m, n)) * np.sqrt(2.0 / m), jnp.zeros(n)))
    return params


def forward(params, x):
    *hidden, (w_out, b_out) = params
    for w, b in hidden:
        x = jnp.maximum(x @ w + b, 0.0)
    return x @ w_out + b_out


def loss(params, x, t):
    logp = jax.nn.log_softmax(forward(params, x), axis=1)
    return -jnp.mean(jnp.sum(logp * t, axis=1))


@jit
def update(params, x, t):
    g = grad(loss)(params, x, t)
    return jax.tree_util.tree_map(lambda p, d: p - STEP * d, params, g)


@jit
def accuracy(params, x, t):
    target = jnp.argmax(t, axis=0)
    guess = jnp.argmax(forward(params, x), axis=0)
    return jnp.mean(guess == target)


def main():
    x, t, xv, tv, xt, tt = load()
    params = init(random.PRNGKey(42))
    for epoch in range(EPOCHS):
        for i in range(0, len(x), BATCH):
            params = update(params, x[i:i + BATCH], t[i:i + BATCH])
        print(f"epoch {epoch:2d}  loss {loss(params, x, t):.4f}  "
              f"validation {accuracy(params, xv, tv):.4f}")
    print(f"test {accuracy(params, xt, tt):.4f}")


if __name__ == "__main__":
    main()
