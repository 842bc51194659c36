"""The other side of `npm run prove -- keras`: the same network on the same shards with Python's Keras and tf.data.

usage: keras_lenet.py SHARD...
Prints images a second over the second epoch: the first one compiles.
"""

import sys
import time

import tensorflow as tf

BATCH = 128

tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)


def decode(record):
    features = tf.io.parse_single_example(
        record,
        {
            "image/encoded": tf.io.FixedLenFeature([], tf.string),
            "image/class/label": tf.io.FixedLenFeature([], tf.int64),
        },
    )
    pixels = tf.io.decode_jpeg(features["image/encoded"], channels=1)
    image = tf.image.resize(pixels, [28, 28]) / 255.0
    return (image - 0.5) / 0.5, features["image/class/label"]


files = tf.data.Dataset.from_tensor_slices(sys.argv[1:])
records = files.interleave(tf.data.TFRecordDataset, cycle_length=4, block_length=16)
batches = (
    records.shuffle(60_000, seed=1)
    .map(decode, num_parallel_calls=2)
    .batch(BATCH, drop_remainder=True)
    .prefetch(2)
)

layers = tf.keras.layers
model = tf.keras.Sequential(
    [
        layers.Input([28, 28, 1]),
        layers.Conv2D(16, 5, padding="same", activation="relu"),
        layers.MaxPool2D(),
        layers.Conv2D(32, 5, padding="same", activation="relu"),
        layers.MaxPool2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(11),
    ]
)
model.compile(
    tf.keras.optimizers.SGD(0.01, momentum=0.9),
    tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
model.fit(batches, epochs=1, verbose=0)
started = time.perf_counter()
model.fit(batches, epochs=1, verbose=0)
images = 60_000 // BATCH * BATCH
print(images / (time.perf_counter() - started))
