#!/usr/bin/env python
# coding: utf-8

# # Digit Recognizer: SVM baseline
# In[1]:
import joblib
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

SEED = 42
np.random.seed(SEED)

# In[2]:
df = pd.read_csv("../input/digit-recognizer/train.csv")
y = df["label"].values
X = df.drop(columns=["label"]).values.astype("float32")
print(X.shape, np.bincount(y))

# In[3]:
scaler = StandardScaler()
X = scaler.fit_transform(X)

# In[4]:
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, stratify=y, random_state=SEED)

# In[5]:
clf = SVC(C=5.0, gamma="scale", kernel="rbf", random_state=SEED)
clf.fit(X_train, y_train)

# In[6]:
pred = clf.predict(X_test)
print("hold-out accuracy:", accuracy_score(y_test, pred))
print(confusion_matrix(y_test, pred))

# In[7]:
joblib.dump({"scaler": scaler, "svm": clf}, "digit_svm.joblib")

# In[8]:
sub = pd.read_csv("../input/digit-recognizer/test.csv").values.astype("float32")
out = clf.predict(scaler.transform(sub))
pd.DataFrame({"ImageId": np.arange(1, len(out) + 1), "Label": out}).to_csv(
    "submission.csv", index=False)
