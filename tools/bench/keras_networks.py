"""The networks of the benchmarks in Keras: its own applications, and those that it lacks."""

import tensorflow as tf

keras = tf.keras
layers = keras.layers


def resnet_20(outputs):
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
    return keras.Model(images, layers.Dense(outputs)(x))


def alexnet(outputs):
    """In one tower: Krizhevsky 2014."""
    conv = lambda filters, size, **more: layers.Conv2D(filters, size, activation="relu", **more)
    return keras.Sequential(
        [
            layers.Input((227, 227, 3)),
            conv(64, 11, strides=4),
            layers.MaxPooling2D(3, 2),
            conv(192, 5, padding="same"),
            layers.MaxPooling2D(3, 2),
            conv(384, 3, padding="same"),
            conv(256, 3, padding="same"),
            conv(256, 3, padding="same"),
            layers.MaxPooling2D(3, 2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(4096, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(4096, activation="relu"),
            layers.Dense(outputs),
        ]
    )


# Table 1 of Szegedy et al. 2015: filters of the 1 x 1, the 3 x 3 behind its reduction, the 5 x 5 behind its, the pooling's.
INCEPTION = [
    [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)],
    [
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ],
    [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)],
]


def googlenet(outputs):
    """With local response normalisation, but without the auxiliary heads, whose cost only our side bears."""

    def conv(x, filters, size, stride=1):
        return layers.Conv2D(filters, size, stride, "same", activation="relu")(x)

    def norm(x):
        return layers.Lambda(lambda value: tf.nn.local_response_normalization(value, 2, 2.0, 1e-4, 0.75))(x)

    def halve(x):
        return layers.MaxPooling2D(3, 2, "same")(x)

    images = layers.Input((224, 224, 3))
    x = norm(halve(conv(images, 64, 7, 2)))
    x = norm(conv(conv(x, 64, 1), 192, 3))
    for stage in INCEPTION:
        x = halve(x)
        for one, reduce3, three, reduce5, five, pool in stage:
            branches = [
                conv(x, one, 1),
                conv(conv(x, reduce3, 1), three, 3),
                conv(conv(x, reduce5, 1), five, 5),
                conv(layers.MaxPooling2D(3, 1, "same")(x), pool, 1),
            ]
            x = layers.concatenate(branches)
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, layers.Dense(outputs)(x))


def application(make):
    return lambda outputs: make(weights=None, classes=outputs, classifier_activation=None)


NETWORKS = {
    "resnet-20": resnet_20,
    "alexnet": alexnet,
    "googlenet": googlenet,
    "resnet-50": application(keras.applications.ResNet50),
    "inception-v3": application(keras.applications.InceptionV3),
    "vgg-16": application(keras.applications.VGG16),
}


def compiled(name, outputs, learning_rate):
    """A network that is trained by momentum on integer labels, as Keras compiles it."""
    model = NETWORKS[name](outputs)
    model.compile(
        keras.optimizers.SGD(learning_rate, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
