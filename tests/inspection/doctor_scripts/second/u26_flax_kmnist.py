"""Kuzushiji-MNIST with Flax and Optax (npz files from the CODH page)."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.training.train_state import TrainState


class CNN(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        for width in (32, 64):
            x = nn.Conv(width, (3, 3))(x)
            x = nn.relu(x)
            x = nn.max_pool(x, (2, 2), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))
        x = nn.relu(nn.Dense(128)(x))
        x = nn.Dropout(0.3, deterministic=not train)(x)
        return nn.Dense(10)(x)


def read(part):
    images = np.load(f"kmnist-{part}-imgs.npz")["arr_0"].astype(np.float32)[..., None] / 255
    labels = np.load(f"kmnist-{part}-labels.npz")["arr_0"].astype(np.int32)
    return images, labels


@jax.jit
def train_step(state, x, y, key):
    def objective(params):
        logits = state.apply_fn({"params": params}, x, train=True, rngs={"dropout": key})
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    loss, grads = jax.value_and_grad(objective)(state.params)
    return state.apply_gradients(grads=grads), loss


@jax.jit
def count_right(state, x, y):
    logits = state.apply_fn({"params": state.params}, x, train=False)
    return jnp.sum(jnp.argmax(logits, -1) == y)


def main(seed=3, epochs=10, batch=128):
    x, y = read("train")
    xt, yt = read("test")
    mean, std = x.mean(), x.std()
    x, xt = (x - mean) / std, (xt - mean) / std

    key = jax.random.PRNGKey(seed)
    key, sub = jax.random.split(key)
    model = CNN()
    params = model.init(sub, x[:1], train=False)["params"]
    state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.adamw(1e-3))

    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        losses = []
        for start in range(0, len(x) - batch + 1, batch):
            idx = order[start:start + batch]
            key, sub = jax.random.split(key)
            state, loss = train_step(state, x[idx], y[idx], sub)
            losses.append(loss)
        print(f"epoch {epoch + 1}: loss {float(jnp.mean(jnp.stack(losses))):.4f}")

    right = sum(int(count_right(state, xt[i:i + 500], yt[i:i + 500]))
                for i in range(0, len(xt), 500))
    print(f"test accuracy: {right / len(xt):.4f}")


if __name__ == "__main__":
    main()
