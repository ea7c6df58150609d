# -*- coding: utf-8 -*-
# 手写数字识别:随机森林与逻辑回归的比较
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# 读取数据并划分训练集和测试集
digits = datasets.load_digits()
data = digits.images.reshape((len(digits.images), -1))
X_train, X_test, y_train, y_test = train_test_split(
    data, digits.target, test_size=0.25, random_state=42)

# 标准化:只用训练集的均值和方差
scaler = StandardScaler()
X_train_std = scaler.fit_transform(X_train)
X_test_std = scaler.transform(X_test)

# 模型一:逻辑回归
log_reg = LogisticRegression(max_iter=2000, C=0.1)
log_reg.fit(X_train_std, y_train)

# 模型二:随机森林(不需要标准化)
forest = RandomForestClassifier(n_estimators=300, random_state=42)
forest.fit(X_train, y_train)

print('逻辑回归 测试准确率: %.4f' % accuracy_score(y_test, log_reg.predict(X_test_std)))
print('随机森林 测试准确率: %.4f' % accuracy_score(y_test, forest.predict(X_test)))

# 看看随机森林认错了哪些数字
wrong = (forest.predict(X_test) != y_test).nonzero()[0]
for i in wrong[:10]:
    print('真实 %d, 预测 %d' % (y_test[i], forest.predict(X_test[i:i + 1])[0]))
