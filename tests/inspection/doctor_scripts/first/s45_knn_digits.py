# k 近邻识别手写数字,选择最好的 k
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=2023)

# 标准化
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.fit_transform(X_test)

ks = list(range(1, 21))
scores = []
for k in ks:
    knn = KNeighborsClassifier(n_neighbors=k)
    knn.fit(X_train, y_train)
    scores.append(knn.score(X_test, y_test))

best_k = ks[scores.index(max(scores))]
print('最好的 k:', best_k)
print('测试准确率:', max(scores))

plt.plot(ks, scores, marker='o')
plt.xlabel('k')
plt.ylabel('accuracy')
plt.savefig('knn.png')
