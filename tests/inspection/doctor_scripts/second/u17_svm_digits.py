"""Support vector machine on the 8x8 digits; hyper-parameters by cross-validation."""
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

SEED = 0


def main():
    X, y = load_digits(return_X_y=True)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, stratify=y, random_state=SEED)

    pipe = Pipeline([
        ("scale", StandardScaler()),
        ("pca", PCA(random_state=SEED)),
        ("svm", SVC(kernel="rbf")),
    ])
    grid = {
        "pca__n_components": [20, 30, 40],
        "svm__C": [1, 10, 100],
        "svm__gamma": ["scale", 0.01],
    }
    search = GridSearchCV(
        pipe, grid, cv=StratifiedKFold(5, shuffle=True, random_state=SEED), n_jobs=-1
    )
    search.fit(X_tr, y_tr)
    print("chosen by cross-validation:", search.best_params_)
    print(f"cross-validated accuracy: {search.best_score_:.4f}")

    predicted = search.predict(X_te)
    print(classification_report(y_te, predicted, digits=3))


if __name__ == "__main__":
    main()
