"""The other side of `npm run prove -- race`: the recipe cifar-fast, for fewer epochs, in Keras on the same shards.

usage: keras_cifar.py EPOCHS WARM_UP_EPOCHS GOAL EXAMPLES SHARD... -- SHARD...
Trains on the shards before the two dashes, judges by those behind them after each epoch, and ends when it has reached the
goal. Prints an accuracy a line.
"""

import sys

import tensorflow as tf

keras = tf.keras
layers = keras.layers

BATCH, SIZE, WIDTH = 128, 32, 16
PEAK_RATE, WEIGHT_DECAY, LABEL_SMOOTHING, AVERAGE_DECAY, OUTPUTS = 0.1, 5e-4, 0.1, 0.99, 11
MEAN, STD = [0.491, 0.482, 0.447], [0.247, 0.243, 0.262]


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Straight up to the peak and straight down to zero."""

    def __init__(self, warm_up_steps, steps):
        self.warm_up_steps, self.steps = warm_up_steps, steps

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        up, down = step / self.warm_up_steps, (self.steps - step) / (self.steps - self.warm_up_steps)
        return PEAK_RATE * tf.minimum(up, down)


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
    return (image / 255 - MEAN) / STD, tf.one_hot(features["image/class/label"], OUTPUTS)


def augment(image, label):
    """Moved by up to 4 pixels, mirrored, and a square of 8 pixels blanked."""
    image = tf.image.resize_with_crop_or_pad(image, SIZE + 8, SIZE + 8)
    image = tf.image.random_flip_left_right(tf.image.random_crop(image, [SIZE, SIZE, 3]))
    centre = tf.random.uniform([2], 0, SIZE, tf.int32)
    row, column = [(tf.range(SIZE) >= at - 4) & (tf.range(SIZE) < at + 4) for at in tf.unstack(centre)]
    return tf.where((row[:, None] & column[None])[..., None], 0.0, image), label


def convolution(x, filters):
    l2 = keras.regularizers.L2(WEIGHT_DECAY / 2)
    x = layers.Conv2D(filters, 3, 1, "same", use_bias=False, kernel_regularizer=l2, kernel_initializer="he_normal")(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1.001e-5)(x))


def halving(x, filters):
    return layers.MaxPooling2D()(convolution(x, filters))


def residual(x, filters):
    return layers.add([x, convolution(convolution(x, filters), filters)])


def resnet_9():
    images = layers.Input((SIZE, SIZE, 3))
    x = residual(halving(convolution(images, WIDTH), 2 * WIDTH), 2 * WIDTH)
    x = residual(halving(halving(x, 4 * WIDTH), 8 * WIDTH), 8 * WIDTH)
    x = layers.GlobalMaxPooling2D()(x)
    l2 = keras.regularizers.L2(WEIGHT_DECAY / 2)
    return keras.Model(images, layers.Rescaling(0.125)(layers.Dense(OUTPUTS, kernel_regularizer=l2)(x)))


epochs, warm_up, goal, examples = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
files = sys.argv[5:]
train, validation = files[: files.index("--")], files[files.index("--") + 1 :]
steps_per_epoch = -(-examples // BATCH)
records = tf.data.Dataset.from_tensor_slices(train).interleave(tf.data.TFRecordDataset).cache()
batches = records.shuffle(examples).repeat().map(decode, tf.data.AUTOTUNE).map(augment, tf.data.AUTOTUNE).batch(BATCH)
held_out = tf.data.TFRecordDataset(validation).map(decode, tf.data.AUTOTUNE).batch(BATCH)
model = resnet_9()
model.compile(
    keras.optimizers.SGD(
        OneCycle(warm_up * steps_per_epoch, epochs * steps_per_epoch),
        momentum=0.9,
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
