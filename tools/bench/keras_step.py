"""One side of a measurement: Keras's train_on_batch as it comes, on one batch of random pictures.

usage: keras_step.py NETWORK BATCH
"""

import sys

import numpy as np
from answer import answer
from keras_networks import compiled

name, batch = sys.argv[1], int(sys.argv[2])
model = compiled(name, 1001, 0.01)
random = np.random.default_rng(1)
images = random.standard_normal((batch, *model.input_shape[1:]), np.float32)
labels = random.integers(1, 1001, batch).astype(np.int32)
answer(lambda: np.ravel(model.train_on_batch(images, labels))[0])
