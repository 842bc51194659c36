"""The same networks in Python, written from the papers with TensorFlow's graph interface: the other side of proofs that
a training step in TypeScript equals Python's. Names of variables are those of the checkpoints.

A network is a function of (layers, images, outputs) that returns the logits of its heads with the weight of each, first the
main one. `training_step` makes the training step of one.
"""

import tensorflow as tf
from tensorflow.python.training.moving_averages import assign_moving_average

tf1 = tf.compat.v1
nn = tf.nn


class Layers:
    """Layers that make variables of given names; `updates` gathers the moving averages."""

    def __init__(self, seed, step):
        self.seed, self.step = seed, step
        self.parameters, self.statistics, self.updates = [], [], []
        self.dropouts = 0

    def variable(self, name, shape, trainable=True):
        made = tf1.get_variable(
            name, shape, tf.float32, tf1.zeros_initializer(), trainable=trainable, use_resource=True
        )
        (self.parameters if trainable else self.statistics).append(made)
        return made

    def batch_norm(self, x, name, epsilon, scale, decay=0.9):
        channels = x.shape[-1]
        beta = self.variable(name + "/beta", [channels])
        gamma = self.variable(name + "/gamma", [channels]) if scale else tf.ones([channels])
        moving_mean = self.variable(name + "/moving_mean", [channels], trainable=False)
        moving_variance = self.variable(name + "/moving_variance", [channels], trainable=False)
        y, mean, variance = tf1.nn.fused_batch_norm(x, gamma, beta, epsilon=epsilon, is_training=True)
        for moving, value in (moving_mean, mean), (moving_variance, variance):
            self.updates.append(assign_moving_average(moving, value, decay, zero_debias=False))
        return y

    def conv(self, x, name, filters, size, stride=1, padding="SAME", norm=None, activation=nn.relu, bias=True):
        height, width = size if isinstance(size, tuple) else (size, size)
        kernel = self.variable(name + "/weights", [height, width, x.shape[-1], filters])
        y = nn.conv2d(x, kernel, stride, padding)
        if norm:
            y = self.batch_norm(y, name + "/BatchNorm", **norm)
        elif bias:
            y = nn.bias_add(y, self.variable(name + "/biases", [filters]))
        return activation(y) if activation else y

    def dense(self, x, name, units, activation=nn.relu):
        y = tf.matmul(x, self.variable(name + "/weights", [x.shape[-1], units]))
        y = nn.bias_add(y, self.variable(name + "/biases", [units]))
        return activation(y) if activation else y

    def dropout(self, x, rate):
        self.dropouts += 1
        seed = tf.stack([tf.constant((self.seed << 16) + self.dropouts, tf.int64), self.step])
        draws = tf.raw_ops.StatelessRandomUniform(shape=tf.shape(x), seed=seed, dtype=tf.float32)
        return x * (1 / (1 - rate)) * tf.cast(draws < 1 - rate, tf.float32)


def flatten(x):
    return tf.reshape(x, [-1, x.shape[1] * x.shape[2] * x.shape[3]])


def lrn(x):
    """Krizhevsky et al. 2012, section 3.3: five neighbouring channels."""
    return nn.local_response_normalization(x, depth_radius=2, bias=2, alpha=1e-4, beta=0.75)


def alexnet(layers, x, outputs):
    def pool(y):
        return nn.max_pool2d(y, 3, 2, "VALID")

    x = pool(layers.conv(x, "conv1", 64, 11, 4, "VALID"))
    x = pool(layers.conv(x, "conv2", 192, 5))
    x = layers.conv(x, "conv3", 384, 3)
    x = layers.conv(x, "conv4", 256, 3)
    x = pool(layers.conv(x, "conv5", 256, 3))
    x = layers.dense(layers.dropout(flatten(x), 0.5), "fc6", 4096)
    x = layers.dense(layers.dropout(x, 0.5), "fc7", 4096)
    return [(layers.dense(x, "logits", outputs, None), 1.0)]


def alexnet_2012(layers, x, outputs):
    def pool(y):
        return nn.max_pool2d(y, 3, 2, "VALID")

    x = pool(lrn(layers.conv(x, "conv1", 96, 11, 4, "VALID")))
    x = pool(lrn(layers.conv(x, "conv2", 256, 5)))
    x = layers.conv(x, "conv3", 384, 3)
    x = layers.conv(x, "conv4", 384, 3)
    x = pool(layers.conv(x, "conv5", 256, 3))
    x = layers.dense(layers.dropout(flatten(x), 0.5), "fc6", 4096)
    x = layers.dense(layers.dropout(x, 0.5), "fc7", 4096)
    return [(layers.dense(x, "logits", outputs, None), 1.0)]


def vgg_16(layers, x, outputs):
    for stage, (filters, count) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], 1):
        for index in range(1, count + 1):
            x = layers.conv(x, f"conv{stage}_{index}", filters, 3)
        x = nn.max_pool2d(x, 2, 2, "SAME")
    x = layers.dropout(layers.dense(flatten(x), "fc6", 4096), 0.5)
    x = layers.dropout(layers.dense(x, "fc7", 4096), 0.5)
    return [(layers.dense(x, "logits", outputs, None), 1.0)]


def resnet_50(layers, x, outputs):
    norm = {"epsilon": 1.001e-5, "scale": True}
    x = layers.conv(x, "conv1", 64, 7, 2, norm=norm)
    x = nn.max_pool2d(x, 3, 2, "SAME")
    for block, (filters, units) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], 1):
        for unit in range(1, units + 1):
            name = f"block{block}/unit{unit}"
            stride = 2 if unit == 1 and block > 1 else 1
            y = layers.conv(x, name + "/conv1", filters, 1, norm=norm)
            y = layers.conv(y, name + "/conv2", filters, 3, stride, norm=norm)
            y = layers.conv(y, name + "/conv3", 4 * filters, 1, norm=norm, activation=None)
            if unit == 1:
                x = layers.conv(x, name + "/shortcut", 4 * filters, 1, stride, norm=norm, activation=None)
            x = nn.relu(y + x)
    x = tf.reduce_mean(x, [1, 2])
    return [(layers.dense(x, "logits", outputs, None), 1.0)]


def resnet_50_v2(layers, x, outputs):
    """As TensorFlow's official repository had it in 2018: normalisation and rectifier come before a convolution, and
    what a strided convolution sees around a picture depends on its window alone."""
    norm = {"epsilon": 1e-5, "scale": True, "decay": 0.997}

    def prepared(y, name):
        return nn.relu(layers.batch_norm(y, name + "/BatchNorm", **norm))

    def conv(y, name, filters, size, stride=1):
        padding = "SAME"
        if stride > 1:
            before, after = (size - 1) // 2, size // 2
            y = tf.pad(y, [[0, 0], [before, after], [before, after], [0, 0]])
            padding = "VALID"
        return layers.conv(y, name, filters, size, stride, padding, activation=None, bias=False)

    x = conv(x, "conv1", 64, 7, 2)
    x = nn.max_pool2d(x, 3, 2, "SAME")
    for block, (filters, units) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], 1):
        for unit in range(1, units + 1):
            name = f"block{block}/unit{unit}"
            stride = 2 if unit == 1 and block > 1 else 1
            y = prepared(x, name + "/preact")
            if unit == 1:
                x = conv(y, name + "/shortcut", 4 * filters, 1, stride)
            y = prepared(conv(y, name + "/conv1", filters, 1), name + "/conv1")
            y = prepared(conv(y, name + "/conv2", filters, 3, stride), name + "/conv2")
            x = conv(y, name + "/conv3", 4 * filters, 1) + x
    x = tf.reduce_mean(prepared(x, "postnorm"), [1, 2])
    return [(layers.dense(x, "logits", outputs, None), 1.0)]


def resnet_20(layers, x, outputs):
    norm = {"epsilon": 1.001e-5, "scale": True}
    x = layers.conv(x, "conv1", 16, 3, norm=norm)
    for block, filters in enumerate([16, 32, 64], 1):
        for unit in range(1, 4):
            name = f"block{block}/unit{unit}"
            stride = 2 if unit == 1 and block > 1 else 1
            y = layers.conv(x, name + "/conv1", filters, 3, stride, norm=norm)
            y = layers.conv(y, name + "/conv2", filters, 3, norm=norm, activation=None)
            if stride == 2:
                x = nn.avg_pool2d(x, 1, 2, "SAME")
                x = tf.pad(x, [[0, 0], [0, 0], [0, 0], [filters // 4, filters // 4]])
            x = nn.relu(y + x)
    x = tf.reduce_mean(x, [1, 2])
    return [(layers.dense(x, "logits", outputs, None), 1.0)]


def googlenet(layers, x, outputs):
    def max_pool(y, stride=2):
        return nn.max_pool2d(y, 3, stride, "SAME")

    def inception(y, name, one, reduce3, three, reduce5, five, pool):
        name = f"inception{name}"
        branches = [
            layers.conv(y, name + "/conv1x1", one, 1),
            layers.conv(layers.conv(y, name + "/conv3x3_reduce", reduce3, 1), name + "/conv3x3", three, 3),
            layers.conv(layers.conv(y, name + "/conv5x5_reduce", reduce5, 1), name + "/conv5x5", five, 5),
            layers.conv(max_pool(y, 1), name + "/pool_projection", pool, 1),
        ]
        return tf.concat(branches, 3)

    def auxiliary(y, name):
        name = f"auxiliary{name}"
        y = layers.conv(nn.avg_pool2d(y, 5, 3, "VALID"), name + "/conv", 128, 1)
        y = layers.dropout(layers.dense(flatten(y), name + "/fc", 1024), 0.7)
        return layers.dense(y, name + "/logits", outputs, None), 0.3

    x = lrn(max_pool(layers.conv(x, "conv1", 64, 7, 2)))
    x = layers.conv(x, "conv2_reduce", 64, 1)
    x = max_pool(lrn(layers.conv(x, "conv2", 192, 3)))
    x = inception(x, "3a", 64, 96, 128, 16, 32, 32)
    x = max_pool(inception(x, "3b", 128, 128, 192, 32, 96, 64))
    x = inception(x, "4a", 192, 96, 208, 16, 48, 64)
    first = auxiliary(x, "4a")
    x = inception(x, "4b", 160, 112, 224, 24, 64, 64)
    x = inception(x, "4c", 128, 128, 256, 24, 64, 64)
    x = inception(x, "4d", 112, 144, 288, 32, 64, 64)
    second = auxiliary(x, "4d")
    x = max_pool(inception(x, "4e", 256, 160, 320, 32, 128, 128))
    x = inception(x, "5a", 256, 160, 320, 32, 128, 128)
    x = inception(x, "5b", 384, 192, 384, 48, 128, 128)
    x = layers.dropout(tf.reduce_mean(x, [1, 2]), 0.4)
    return [(layers.dense(x, "logits", outputs, None), 1.0), first, second]


def inception_v3(layers, x, outputs):
    def chain(y, name, *steps):
        for index, (filters, size, *rest) in enumerate(steps, 1):
            stride, padding = rest or (1, "SAME")
            norm = {"epsilon": 1e-3, "scale": False}
            y = layers.conv(y, f"{name}/conv{index}", filters, size, stride, padding, norm=norm)
        return y

    def mean_pool(y):
        return nn.avg_pool2d(y, 3, 1, "SAME")

    def max_pool(y):
        return nn.max_pool2d(y, 3, 2, "VALID")

    x = max_pool(chain(x, "stem1", (32, 3, 2, "VALID"), (32, 3, 1, "VALID"), (64, 3)))
    x = max_pool(chain(x, "stem2", (80, 1), (192, 3, 1, "VALID")))
    for name, pool_filters in ("mixed0", 32), ("mixed1", 64), ("mixed2", 64):
        x = tf.concat(
            [
                chain(x, name + "/branch1", (64, 1)),
                chain(x, name + "/branch2", (48, 1), (64, 5)),
                chain(x, name + "/branch3", (64, 1), (96, 3), (96, 3)),
                chain(mean_pool(x), name + "/branch4", (pool_filters, 1)),
            ],
            3,
        )
    x = tf.concat(
        [
            chain(x, "mixed3/branch1", (384, 3, 2, "VALID")),
            chain(x, "mixed3/branch2", (64, 1), (96, 3), (96, 3, 2, "VALID")),
            max_pool(x),
        ],
        3,
    )
    for name, n in ("mixed4", 128), ("mixed5", 160), ("mixed6", 160), ("mixed7", 192):
        x = tf.concat(
            [
                chain(x, name + "/branch1", (192, 1)),
                chain(x, name + "/branch2", (n, 1), (n, (1, 7)), (192, (7, 1))),
                chain(x, name + "/branch3", (n, 1), (n, (7, 1)), (n, (1, 7)), (n, (7, 1)), (192, (1, 7))),
                chain(mean_pool(x), name + "/branch4", (192, 1)),
            ],
            3,
        )
    side = min(5, x.shape[1])
    auxiliary = nn.avg_pool2d(x, side, 3, "VALID")
    auxiliary = chain(auxiliary, "auxiliary", (128, 1), (768, auxiliary.shape[1], 1, "VALID"))
    auxiliary = layers.dense(flatten(auxiliary), "auxiliary/logits", outputs, None)
    x = tf.concat(
        [
            chain(x, "mixed8/branch1", (192, 1), (320, 3, 2, "VALID")),
            chain(x, "mixed8/branch2", (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2, "VALID")),
            max_pool(x),
        ],
        3,
    )
    for name in "mixed9", "mixed10":
        second = chain(x, name + "/branch2", (384, 1))
        third = chain(x, name + "/branch3", (448, 1), (384, 3))
        x = tf.concat(
            [
                chain(x, name + "/branch1", (320, 1)),
                chain(second, name + "/branch2/wide", (384, (1, 3))),
                chain(second, name + "/branch2/high", (384, (3, 1))),
                chain(third, name + "/branch3/wide", (384, (1, 3))),
                chain(third, name + "/branch3/high", (384, (3, 1))),
                chain(mean_pool(x), name + "/branch4", (192, 1)),
            ],
            3,
        )
    x = layers.dropout(tf.reduce_mean(x, [1, 2]), 0.2)
    return [(layers.dense(x, "logits", outputs, None), 1.0), (auxiliary, 0.4)]


# Function, weight decay, label smoothing.
NETWORKS = {
    "alexnet": (alexnet, 5e-4, 0.0),
    "alexnet-2012": (alexnet_2012, 5e-4, 0.0),
    "vgg-16": (vgg_16, 5e-4, 0.0),
    "resnet-20": (resnet_20, 1e-4, 0.0),
    "resnet-50": (resnet_50, 1e-4, 0.0),
    "resnet-50-v2": (resnet_50_v2, 1e-4, 0.0),
    "googlenet": (googlenet, 2e-4, 0.0),
    "inception-v3": (inception_v3, 4e-5, 0.1),
}


def cross_entropy(logits, labels, outputs, smoothing):
    if smoothing:
        soft = tf.one_hot(labels, outputs) * (1 - smoothing) + smoothing / outputs
        return tf.reduce_mean(nn.softmax_cross_entropy_with_logits(soft, logits))
    return tf.reduce_mean(nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def training_step(name, image_shape, outputs, learning_rate=0.01, momentum=0.9, seed=1):
    """Adds a network and one step of momentum to the default graph.

    Returns (loss, step, variables): every variable has its name in the checkpoint and starts at zero.
    """
    network, weight_decay, smoothing = NETWORKS[name]
    images = tf1.get_variable("batch/images", image_shape, tf.float32, trainable=False, use_resource=True)
    labels = tf1.get_variable("batch/labels", image_shape[:1], tf.int32, trainable=False, use_resource=True)
    global_step = tf1.train.get_or_create_global_step()
    layers = Layers(seed, global_step.read_value())
    heads = network(layers, images.read_value(), outputs)
    loss = tf.add_n([weight * cross_entropy(logits, labels, outputs, smoothing) for logits, weight in heads])
    gradients = tf.gradients(loss, layers.parameters)
    decayed = [
        gradient + weight_decay * parameter if parameter.op.name.endswith("/weights") else gradient
        for parameter, gradient in zip(layers.parameters, gradients)
    ]
    optimiser = tf1.train.MomentumOptimizer(learning_rate, momentum)
    update = optimiser.apply_gradients(zip(decayed, layers.parameters), global_step)
    return loss, tf.group(update, *layers.updates), tf1.global_variables()
