from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler


def model_for(k):
    return make_pipeline(MinMaxScaler(), KNeighborsClassifier(n_neighbors=k, weights="distance"))


def choose_k(X, y, candidates):
    best_k, best_score = None, -1.0
    for k in candidates:
        score = cross_val_score(model_for(k), X, y, cv=5).mean()
        print(f"k = {k:2d}: {score:.4f}")
        if score > best_score:
            best_k, best_score = k, score
    return best_k


def main():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=4, stratify=y
    )
    best_k = choose_k(X_train, y_train, range(1, 16, 2))
    final = model_for(best_k).fit(X_train, y_train)
    print(f"k = {best_k}, test accuracy {final.score(X_test, y_test):.4f}")


if __name__ == "__main__":
    main()
