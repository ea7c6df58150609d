"""More data for the little digits: shift every image by one pixel, then a forest."""
import numpy as np
from scipy.ndimage import shift
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score
from sklearn.model_selection import train_test_split

SEED = 10
MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]


def enlarge(images, labels):
    out_x, out_y = [images], [labels]
    for dy, dx in MOVES:
        out_x.append(np.stack([shift(im, (dy, dx), order=0) for im in images]))
        out_y.append(labels)
    return np.concatenate(out_x), np.concatenate(out_y)


def main():
    digits = load_digits()
    images, labels = enlarge(digits.images / 16.0, digits.target)
    print("images:", len(images))
    flat = images.reshape(len(images), -1)

    pca = PCA(n_components=0.95, svd_solver="full").fit(flat)
    print("components kept:", pca.n_components_)

    x_train, x_test, y_train, y_test = train_test_split(
        flat, labels, test_size=0.2, random_state=SEED, stratify=labels)
    forest = RandomForestClassifier(n_estimators=400, random_state=SEED, n_jobs=-1)
    forest.fit(pca.transform(x_train), y_train)

    guess = forest.predict(pca.transform(x_test))
    print(f"accuracy {accuracy_score(y_test, guess):.4f}")
    figure = ConfusionMatrixDisplay.from_predictions(y_test, guess).figure_
    figure.savefig("confusion.png", dpi=120)


if __name__ == "__main__":
    main()
