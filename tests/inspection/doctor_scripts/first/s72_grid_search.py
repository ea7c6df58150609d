# Support vector machine on the digits, hyper-parameters by cross-validation
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import classification_report, confusion_matrix
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

RANDOM_STATE = 17

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.data, digits.target, test_size=0.3, stratify=digits.target, random_state=RANDOM_STATE
)

pipe = Pipeline([
    ("scale", StandardScaler()),
    ("pca", PCA(random_state=RANDOM_STATE)),
    ("svm", SVC(kernel="rbf")),
])
grid = {
    "pca__n_components": [20, 30, 40],
    "svm__C": np.logspace(-1, 2, 4),
    "svm__gamma": ["scale", 0.01, 0.001],
}
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=RANDOM_STATE)
search = GridSearchCV(pipe, grid, cv=folds, n_jobs=-1)
search.fit(X_train, y_train)

print("best parameters:", search.best_params_)
print(f"cross-validated accuracy: {search.best_score_:.4f}")

predicted = search.predict(X_test)
print(classification_report(y_test, predicted))
print(confusion_matrix(y_test, predicted))
