"""Convolutional network for MNIST with Flax and Optax."""
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from torchvision.datasets import MNIST


class CNN(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Conv(features=32, kernel_size=(3, 3))(x))
        x = nn.avg_pool(x, window_shape=(2, 2), strides=(2, 2))
        x = nn.relu(nn.Conv(features=64, kernel_size=(3, 3))(x))
        x = nn.avg_pool(x, window_shape=(2, 2), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))
        x = nn.relu(nn.Dense(features=256)(x))
        return nn.softmax(nn.Dense(features=10)(x))


def load(train):
    data = MNIST("data", train=train, download=True)
    images = data.data.numpy()[..., np.newaxis].astype(np.float32) / 255.0
    return images, data.targets.numpy()


model = CNN()
optimizer = optax.adam(1e-3)


@jax.jit
def train_step(params, opt_state, images, labels):
    def loss_fn(p):
        outputs = model.apply(p, images)
        return optax.softmax_cross_entropy_with_integer_labels(outputs, labels).mean()

    loss, grads = jax.value_and_grad(loss_fn)(params)
    updates, opt_state = optimizer.update(grads, opt_state)
    return optax.apply_updates(params, updates), opt_state, loss


@jax.jit
def count_right(params, images, labels):
    return jnp.sum(jnp.argmax(model.apply(params, images), axis=-1) == labels)


def main(epochs=5, batch_size=128, seed=0):
    train_x, train_y = load(True)
    test_x, test_y = load(False)
    params = model.init(jax.random.PRNGKey(seed), jnp.ones((1, 28, 28, 1)))
    opt_state = optimizer.init(params)

    for epoch in range(epochs):
        losses = []
        for start in range(0, len(train_x), batch_size):
            x, y = train_x[start:start + batch_size], train_y[start:start + batch_size]
            params, opt_state, loss = train_step(params, opt_state, x, y)
            losses.append(float(loss))
        print(f"epoch {epoch + 1}: mean loss {np.mean(losses):.4f}")

    right = sum(
        int(count_right(params, test_x[i:i + 500], test_y[i:i + 500]))
        for i in range(0, len(test_x), 500)
    )
    print(f"test accuracy {right / len(test_x):.4f}")


if __name__ == "__main__":
    main()
