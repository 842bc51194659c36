"""Trains a network with Keras's fit, as it comes, on shards read by tf.data.

usage: keras_fit.py NETWORK BATCH STEPS SHARD...
Prints images a second over the last 20 steps, or over all but the first where there are fewer.
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import tensorflow as tf
from input_stages import distorted_crop, padded_crop
from keras_networks import compiled

AUTOTUNE = tf.data.AUTOTUNE


class Clock(tf.keras.callbacks.Callback):
    """When each step ended."""

    def __init__(self):
        super().__init__()
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.perf_counter())


name, batch, steps, shards = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
model = compiled(name, 11, 0.001)
size = model.input_shape[1]
stages = padded_crop(size) if size == 32 else distorted_crop(size)
records = tf.data.Dataset.from_tensor_slices(shards).interleave(tf.data.TFRecordDataset, num_parallel_calls=AUTOTUNE)
examples = records.shuffle(1024).repeat().map(stages, num_parallel_calls=AUTOTUNE)
clock = Clock()
model.fit(
    examples.batch(batch, drop_remainder=True).prefetch(AUTOTUNE),
    steps_per_epoch=steps,
    epochs=1,
    verbose=0,
    callbacks=[clock],
)
last = clock.ends[-21:]
print(batch * (len(last) - 1) / (last[-1] - last[0]))
