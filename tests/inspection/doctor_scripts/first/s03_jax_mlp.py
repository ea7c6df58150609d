"""A two-layer perceptron on the 8x8 digits in JAX."""
import jax
import jax.numpy as jnp
import optax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16.0, y, test_size=0.2, random_state=0
)
X_train, X_test, y_train, y_test = map(jnp.asarray, (X_train, X_test, y_train, y_test))


def init(key, sizes=(64, 128, 10)):
    params = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        key, sub = jax.random.split(key)
        w = jax.random.normal(sub, (n_in, n_out)) * jnp.sqrt(2.0 / n_in)
        params.append((w, jnp.zeros(n_out)))
    return params


def logits(params, x):
    for w, b in params[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = params[-1]
    return x @ w + b


def loss_fn(params, x, y):
    losses = optax.softmax_cross_entropy_with_integer_labels(logits(params, x), y)
    return losses.mean()


optimizer = optax.adam(1e-3)


@jax.jit
def step(params, state, x, y):
    loss, grads = jax.value_and_grad(loss_fn)(params, x, y)
    updates, state = optimizer.update(grads, state)
    return optax.apply_updates(params, updates), state, loss


key = jax.random.PRNGKey(0)
key, init_key = jax.random.split(key)
params = init(init_key)
state = optimizer.init(params)
batch = 64
n = len(X_train)

for epoch in range(30):
    key, shuffle_key = jax.random.split(key)
    order = jax.random.permutation(shuffle_key, n)
    losses = []
    for i in range(0, n - batch + 1, batch):
        rows = order[i:i + batch]
        params, state, loss = step(params, state, X_train[rows], y_train[rows])
        losses.append(loss)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: mean loss {jnp.stack(losses).mean():.4f}")

predicted = jnp.argmax(logits(params, X_test), axis=-1)
print("test accuracy", float((predicted == y_test).mean()))
