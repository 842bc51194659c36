"""One side of a measurement: Keras's train_on_batch as it comes, on one batch of random pictures.

usage: keras_step.py NETWORK BATCH
"""

import sys

import numpy as np
import tensorflow as tf
from answer import answer

keras = tf.keras
layers = keras.layers


def resnet_20():
    """Three stages of three units with shortcuts without parameters: He et al. 2015, section 4.2, option A."""

    def conv(x, filters, stride=1):
        x = layers.Conv2D(filters, 3, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)
        return layers.BatchNormalization(momentum=0.9, epsilon=1.001e-5)(x)

    images = layers.Input((32, 32, 3))
    x = layers.ReLU()(conv(images, 16))
    for stage, filters in enumerate((16, 32, 64)):
        for unit in range(3):
            stride = 2 if stage and not unit else 1
            y = conv(layers.ReLU()(conv(x, filters, stride)), filters)
            if stride == 2:
                x = layers.AveragePooling2D(1, 2)(x)
                around = [[0, 0], [0, 0], [0, 0], [filters // 4, filters // 4]]
                x = layers.Lambda(lambda value, around=around: tf.pad(value, around))(x)
            x = layers.ReLU()(layers.add([y, x]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(1001)(x))


def application(make):
    return lambda: make(weights=None, classes=1001, classifier_activation=None)


NETWORKS = {
    "resnet-20": resnet_20,
    "resnet-50": application(keras.applications.ResNet50),
    "inception-v3": application(keras.applications.InceptionV3),
    "vgg-16": application(keras.applications.VGG16),
}

name, batch = sys.argv[1], int(sys.argv[2])
model = NETWORKS[name]()
model.compile(
    keras.optimizers.SGD(0.01, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
)
random = np.random.default_rng(1)
images = random.standard_normal((batch, *model.input_shape[1:]), np.float32)
labels = random.integers(1, 1001, batch).astype(np.int32)
answer(lambda: np.ravel(model.train_on_batch(images, labels))[0])
