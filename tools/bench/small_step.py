"""The other side of `small-step.mjs` and `start.mjs`: the same perceptron by Python's `session.run`."""

import sys
import time

import numpy as np
import tensorflow as tf

from answer import answer

v1 = tf.compat.v1
v1.disable_eager_execution()
v1.enable_resource_variables()


def dense(name, values, size):
    with v1.variable_scope(name):
        weights = v1.get_variable("weights", size, initializer=v1.glorot_uniform_initializer(seed=1))
        biases = v1.get_variable("biases", size[1:], initializer=v1.zeros_initializer())
        return tf.matmul(values, weights) + biases


images = v1.placeholder(tf.float32, [None, 784])
labels = v1.placeholder(tf.int64, [None])
logits = dense("output", tf.nn.relu(dense("hidden", images, [784, 128])), [128, 10])
losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
loss = tf.reduce_mean(losses)
train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
# One thread, as on the other side: products this small gain nothing from more.
threads = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
session = v1.Session(config=threads)
session.run(v1.global_variables_initializer())

pixels = ((np.arange(32 * 784) * 7919) % 1000 / 1000).astype(np.float32).reshape(32, 784)
classes = (np.arange(32) % 10).astype(np.int64)


def step():
    return float(session.run([loss, train], {images: pixels, labels: classes})[0])


if "--once" in sys.argv:
    step()
    print(time.process_time(), flush=True)
else:
    answer(step)
