"""Which classical model reads the 8x8 digits best?  Grid search with scikit-learn."""
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

RS = 5
digits = load_digits()
X = digits.images.reshape(len(digits.images), -1)
X_dev, X_test, y_dev, y_test = train_test_split(
    X, digits.target, test_size=0.25, random_state=RS, stratify=digits.target)

pipe = Pipeline([
    ("scale", StandardScaler()),
    ("pca", PCA(random_state=RS)),
    ("clf", SVC(random_state=RS)),
])
grid = [
    {
        "pca__n_components": [20, 30, 40],
        "clf": [SVC(random_state=RS)],
        "clf__C": [1, 10, 100],
        "clf__gamma": [1e-3, 1e-2, "scale"],
    },
    {
        "pca__n_components": [20, 40],
        "clf": [LogisticRegression(max_iter=2000, random_state=RS)],
        "clf__C": [0.01, 0.1, 1.0],
    },
]
cv = StratifiedKFold(n_splits=5, shuffle=True, random_state=RS)
search = GridSearchCV(pipe, grid, cv=cv, n_jobs=-1, refit=True)
search.fit(X_dev, y_dev)

print("best parameters:", search.best_params_)
print(f"cross-validated accuracy: {search.best_score_:.4f}")
print(classification_report(y_test, search.predict(X_test), digits=4))
