"""Train a support vector machine on the scikit-learn digits and keep it."""
import joblib
from sklearn.datasets import load_digits
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def load():
    digits = load_digits()
    X = StandardScaler().fit_transform(digits.data)
    return train_test_split(X, digits.target, test_size=0.2, random_state=0)


def main():
    X_train, X_test, y_train, y_test = load()
    print("training on", len(X_train), "digits")

    clf = SVC(kernel="rbf", C=10, gamma="scale")
    clf.fit(X_train, y_train)

    y_pred = clf.predict(X_test)
    print(classification_report(y_test, y_pred, digits=4))

    joblib.dump(clf, "digits_svm.joblib")


if __name__ == "__main__":
    main()
