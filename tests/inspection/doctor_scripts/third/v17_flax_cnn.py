"""Flax/Optax CNN on CIFAR-10 arrays."""
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from flax.training import train_state
from keras.datasets import cifar10


class CNN(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        for width in (32, 64, 128):
            x = nn.Conv(width, (3, 3))(x)
            x = nn.relu(x)
            x = nn.avg_pool(x, (2, 2), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))
        x = nn.Dropout(0.3, deterministic=not train)(x)
        return nn.Dense(10)(x)


@jax.jit
def train_step(state, x, y, key):
    def loss_fn(params):
        logits = state.apply_fn({"params": params}, x, True, rngs={"dropout": key})
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    return state.apply_gradients(grads=grads), loss


@jax.jit
def predict(state, x):
    return jnp.argmax(state.apply_fn({"params": state.params}, x, False), axis=-1)


def accuracy(state, x, y, size=500):
    right = sum(int((predict(state, x[i:i + size]) == y[i:i + size]).sum())
                for i in range(0, len(x), size))
    return right / len(x)


def main(epochs=15, batch=128, seed=0):
    (x, y), (x_test, y_test) = cifar10.load_data()
    y, y_test = y.ravel(), y_test.ravel()
    x_fit, y_fit, x_val, y_val = x[:45000], y[:45000], x[45000:], y[45000:]
    mu = x_fit.mean(axis=(0, 1, 2)) / 255.0
    sd = x_fit.std(axis=(0, 1, 2)) / 255.0

    def norm(a):
        return ((a / 255.0 - mu) / sd).astype(np.float32)

    x_fit, x_val, x_test = norm(x_fit), norm(x_val), norm(x_test)
    key = jax.random.PRNGKey(seed)
    key, init_key = jax.random.split(key)
    net = CNN()
    params = net.init(init_key, x_fit[:1], False)["params"]
    state = train_state.TrainState.create(apply_fn=net.apply, params=params,
                                          tx=optax.adamw(1e-3, weight_decay=1e-4))
    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        losses = []
        for idx in np.array_split(rng.permutation(len(x_fit)), len(x_fit) // batch):
            key, sub = jax.random.split(key)
            state, loss = train_step(state, x_fit[idx], y_fit[idx], sub)
            losses.append(float(loss))
        print(epoch, f"{np.mean(losses):.4f}", f"{accuracy(state, x_val, y_val):.4f}")
    print("test", accuracy(state, x_test, y_test))


if __name__ == "__main__":
    main()
