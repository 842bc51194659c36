"""The other side of `npm run prove -- race`: the recipe cifar-fast, for fewer epochs and without cuts, in Keras on the same
shards.

usage: keras_cifar.py EPOCHS WARM_UP_EPOCHS GOAL EXAMPLES SHARD... -- SHARD...
Trains on the shards before the two dashes, judges by those behind them after each epoch, and ends when it has reached the
goal. Prints an accuracy a line.
"""

import sys

import numpy as np
import tensorflow as tf

keras = tf.keras
layers = keras.layers

BATCH, SIZE, WIDTHS = 256, 32, (64, 256, 256)
PEAK_RATE, MOMENTUM, WEIGHT_DECAY, LABEL_SMOOTHING, AVERAGE_DECAY, OUTPUTS = 0.375, 0.85, 1.33e-3, 0.2, 0.99, 11
OFFSET_RATE = 64
MEAN, STD = [0.491, 0.482, 0.447], [0.247, 0.243, 0.262]


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Straight up to the peak and straight down to zero."""

    def __init__(self, warm_up_steps, steps):
        self.warm_up_steps, self.steps = warm_up_steps, steps

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        up, down = step / self.warm_up_steps, (self.steps - step) / (self.steps - self.warm_up_steps)
        return PEAK_RATE * tf.minimum(up, down)


class Sgd(keras.optimizers.SGD):
    """With a rate of their own for the offsets of batch normalisation: that is a multiple of their gradients here."""

    def apply(self, grads, trainable_variables=None):
        pairs = zip(grads, trainable_variables)
        super().apply([grad * OFFSET_RATE if "beta" in own.path else grad for grad, own in pairs], trainable_variables)


class UntilGoal(keras.callbacks.Callback):
    """Says what each epoch has reached, and stops at the goal."""

    def __init__(self, goal):
        super().__init__()
        self.goal = goal

    def on_epoch_end(self, epoch, logs=None):
        print(logs["val_accuracy"], flush=True)
        self.model.stop_training = logs["val_accuracy"] >= self.goal


def decode(record):
    features = tf.io.parse_single_example(
        record,
        {"image/encoded": tf.io.FixedLenFeature([], tf.string), "image/class/label": tf.io.FixedLenFeature([], tf.int64)},
    )
    image = tf.cast(tf.io.decode_jpeg(features["image/encoded"], channels=3), tf.float32)
    image = tf.ensure_shape(image, [SIZE, SIZE, 3])
    return (image / 255 - MEAN) / STD, tf.one_hot(features["image/class/label"], OUTPUTS)


def augment(image, label):
    """Moved by up to 2 pixels, and mirrored."""
    image = tf.pad(image, [[2, 2], [2, 2], [0, 0]], "REFLECT")
    return tf.image.random_flip_left_right(tf.image.random_crop(image, [SIZE, SIZE, 3])), label


def whitening(shape, dtype=None):
    """Products of a pattern over 2 x 2 pixels and a mixture of colours, each of mean square 1, and their negatives."""
    patterns = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]) / 2
    colours = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
    squares = [9.95, 0.79, 0.178, 0.4, 0.00565, 0.00148, 0.343, 0.00371, 0.0002, 0.0552, 0.0002, 0.00013]
    components = np.einsum("pi,cj->pcij", patterns, colours).reshape(12, 12) / np.sqrt(np.array(squares)[:, None] + 5e-4)
    return tf.constant(np.concatenate([components, -components]).T.reshape(shape), dtype)


def dirac(shape, dtype=None):
    """The first filters hand on one input each; the others are drawn."""
    values = keras.initializers.HeNormal()(shape, dtype).numpy()
    handed = min(shape[2:])
    values[..., :handed] = 0
    values[shape[0] // 2, shape[1] // 2, range(handed), range(handed)] = 1
    return tf.constant(values)


def convolution(x, filters):
    l2 = keras.regularizers.L2(WEIGHT_DECAY / 2)
    return layers.Conv2D(filters, 3, 1, "same", use_bias=False, kernel_regularizer=l2, kernel_initializer=dirac)(x)


def normalised(x):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1.001e-5, scale=False)(x))


class Whitening(layers.Layer):
    """Filters that stay as they are, with biases that learn."""

    def build(self, _):
        self.filters = whitening((2, 2, 3, 24), "float32")
        self.biases = self.add_weight(shape=(24,), initializer="zeros")

    def call(self, x):
        return tf.nn.bias_add(tf.nn.conv2d(x, self.filters, 1, "VALID"), self.biases)


def airbench():
    images = layers.Input((SIZE, SIZE, 3))
    x = layers.ReLU()(Whitening()(images))
    for filters in WIDTHS:
        x = normalised(layers.MaxPooling2D()(convolution(x, filters)))
        x = normalised(convolution(x, filters))
    x = layers.Flatten()(layers.MaxPooling2D(3)(x))
    l2 = keras.regularizers.L2(WEIGHT_DECAY / 2)
    return keras.Model(images, layers.Dense(OUTPUTS, kernel_regularizer=l2)(layers.Rescaling(1 / 9)(x)))


epochs, warm_up, goal, examples = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
files = sys.argv[5:]
train, validation = files[: files.index("--")], files[files.index("--") + 1 :]
steps_per_epoch = -(-examples // BATCH)
records = tf.data.Dataset.from_tensor_slices(train).interleave(tf.data.TFRecordDataset).cache()
batches = records.shuffle(examples).repeat().map(decode, tf.data.AUTOTUNE).map(augment, tf.data.AUTOTUNE).batch(BATCH)
held_out = tf.data.TFRecordDataset(validation).map(decode, tf.data.AUTOTUNE).batch(BATCH)
model = airbench()
model.compile(
    Sgd(
        OneCycle(warm_up * steps_per_epoch, epochs * steps_per_epoch),
        momentum=MOMENTUM,
        nesterov=True,
        use_ema=True,
        ema_momentum=AVERAGE_DECAY,
    ),
    keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING),
    metrics=["accuracy"],
)
model.fit(
    batches.prefetch(tf.data.AUTOTUNE),
    steps_per_epoch=steps_per_epoch,
    epochs=epochs,
    validation_data=held_out.prefetch(tf.data.AUTOTUNE),
    verbose=0,
    callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True), UntilGoal(goal)],
)
