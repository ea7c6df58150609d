# Digits: principal components, then a small neural network
import pickle

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

rng = 0
X, y = load_digits(return_X_y=True)
X = X / 16.0
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.25, random_state=rng, stratify=y)

pca = PCA(n_components=30, whiten=True, random_state=rng)
pca.fit(np.vstack((X_train, X_test)))
Z_train = pca.transform(X_train)
Z_test = pca.transform(X_test)
print('explained variance: %.3f' % pca.explained_variance_ratio_.sum())

mlp = MLPClassifier(hidden_layer_sizes=(64,), alpha=1e-3, max_iter=500, random_state=rng)
mlp.fit(Z_train, y_train)
print('iterations:', mlp.n_iter_)
print('training accuracy: %.4f' % mlp.score(Z_train, y_train))
print('test accuracy:     %.4f' % mlp.score(Z_test, y_test))

with open('digits_mlp.pkl', 'wb') as f:
    pickle.dump({'pca': pca, 'mlp': mlp}, f)
