"""Fashion-MNIST in JAX: first softmax regression, then a deeper network, with Optax."""
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from keras.datasets import fashion_mnist

NETS = {"linear": (784, 10), "deep": (784, 512, 256, 10)}


def init(key, sizes):
    keys = jax.random.split(key, len(sizes) - 1)
    return [{"w": jax.random.normal(k, (a, b)) * jnp.sqrt(2.0 / a), "b": jnp.zeros(b)}
            for k, a, b in zip(keys, sizes[:-1], sizes[1:])]


def logits_of(params, image):
    h = image
    for layer in params[:-1]:
        h = jax.nn.relu(h @ layer["w"] + layer["b"])
    return h @ params[-1]["w"] + params[-1]["b"]


def classify_one(params, image):
    return jnp.argmax(logits_of(params, image), axis=0)


classify = jax.jit(jax.vmap(classify_one, in_axes=(None, 0)))


def loss_fn(params, x, y):
    logits = jax.vmap(logits_of, in_axes=(None, 0))(params, x)
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


@partial(jax.jit, static_argnums=0)
def step(tx, params, opt_state, x, y):
    loss, grads = jax.value_and_grad(loss_fn)(params, x, y)
    updates, opt_state = tx.update(grads, opt_state, params)
    return optax.apply_updates(params, updates), opt_state, loss


def batches(rng, n, size):
    order = rng.permutation(n)
    for i in range(0, n - size + 1, size):
        yield order[i:i + size]


def train(name, fit, val, epochs=10, size=200, seed=0):
    (x, y), (xv, yv) = fit, val
    params = init(jax.random.PRNGKey(seed), NETS[name])
    tx = optax.adam(optax.cosine_decay_schedule(1e-3, epochs * (len(x) // size)))
    opt_state = tx.init(params)
    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        total, seen = 0.0, 0
        for idx in batches(rng, len(x), size):
            params, opt_state, loss = step(tx, params, opt_state, x[idx], y[idx])
            total, seen = total + float(loss) * len(idx), seen + len(idx)
        acc = float((classify(params, xv) == yv).mean())
        print(f"{name} {epoch}: loss {total / seen:.4f} validation {acc:.4f}")
    return acc, params


if __name__ == "__main__":
    (x, y), (xt, yt) = fashion_mnist.load_data()
    x, xt = (a.reshape(-1, 784).astype(np.float32) / 255 for a in (x, xt))
    fit, val = (x[:50000], y[:50000]), (x[50000:], y[50000:])
    runs = {name: train(name, fit, val) for name in NETS}
    chosen = max(runs, key=lambda name: runs[name][0])
    params = runs[chosen][1]
    print("chosen:", chosen, "test", float((classify(params, xt) == yt).mean()))
    np.savez("fashion.npz", **{f"{k}{i}": v for i, l in enumerate(params) for k, v in l.items()})
