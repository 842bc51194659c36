"""Writes weights as Keras applications and TF-slim do, drawn at random, and what they make of pictures.

    published_weights.py '{"cases": [{"network": …, "file": …, "size": …, "classes": …}], "pictures": […]}'

prints a line of JSON: for each case the logits of each picture. Statistics of batch normalisation and biases are drawn
too, so that none of them can be in the wrong place unseen. A case without a file tells the shapes of its weights by name,
and one with a picture for a network what its middle is as TF-slim's VGG is given it.
"""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

# Of TF-slim's VGG and ResNet v1: red, green and blue.
VGG_MEAN = [123.68, 116.78, 103.94]

APPLICATIONS = {
    "vgg-16": ("VGG16", keras.applications.vgg16),
    "vgg-19": ("VGG19", keras.applications.vgg19),
    "inception-v3": ("InceptionV3", keras.applications.inception_v3),
    "resnet-50-v1": ("ResNet50", keras.applications.resnet),
    "resnet-101-v1": ("ResNet101", keras.applications.resnet),
    "resnet-152-v1": ("ResNet152", keras.applications.resnet),
    "resnet-50-v2-keras": ("ResNet50V2", keras.applications.resnet_v2),
}


def bare_model(network, size, classes):
    name, module = APPLICATIONS[network]
    model = getattr(keras.applications, name)(
        weights=None, input_shape=(size, size, 3), classes=classes, classifier_activation=None
    )
    return model, module


def make_model(network, size, classes):
    model, module = bare_model(network, size, classes)
    draw = np.random.default_rng(1)
    for variable in model.variables:
        last, shape = variable.path.split("/")[-1], variable.shape
        if last == "kernel":  # as He et al. 2015, so that logits depend on the picture as much as on the biases
            variable.assign(draw.standard_normal(shape, "float32") * np.sqrt(2 / np.prod(shape[:-1])))
        elif last in ("gamma", "moving_variance"):
            variable.assign(draw.uniform(0.5, 1.5, shape))
        else:
            variable.assign(draw.normal(0, 0.1, shape))
    return model, module


def calm(model, pictures):
    """Makes logits small enough for probabilities that are neither 0 nor 1, and the last class the most probable."""
    kernel, bias = model.get_layer("predictions").variables
    scale = 1 / np.abs(model(pictures, training=False)).max()
    kernel.assign(kernel * scale)
    bias.assign(bias * scale + 2.5 * np.eye(bias.shape[0])[-1])


SLIM_VGG = [("block1_conv1", "conv1/conv1_1"), ("block1_conv2", "conv1/conv1_2"), ("fc1", "fc6"), ("fc2", "fc7")]
SLIM_VGG += [(f"block2_conv{i}", f"conv2/conv2_{i}") for i in (1, 2)] + [("predictions", "fc8")]
SLIM_VGG += [(f"block{b}_conv{i}", f"conv{b}/conv{b}_{i}") for b in (3, 4, 5) for i in (1, 2, 3)]

# As research/slim/nets/inception_v3.py makes its convolutions, one after the other, which is Keras's order too.
A = "0/Conv2d_0a_1x1 1/Conv2d_0a_1x1 1/Conv2d_0b_5x5 2/Conv2d_0a_1x1 2/Conv2d_0b_3x3 2/Conv2d_0c_3x3 3/Conv2d_0b_1x1"
B = "0/Conv2d_0a_1x1 1/Conv2d_0a_1x1 1/Conv2d_0b_1x7 1/Conv2d_0c_7x1 2/Conv2d_0a_1x1 2/Conv2d_0b_7x1 2/Conv2d_0c_1x7"
B += " 2/Conv2d_0d_7x1 2/Conv2d_0e_1x7 3/Conv2d_0b_1x1"
C = "0/Conv2d_0a_1x1 1/Conv2d_0a_1x1 1/Conv2d_0b_1x3 1/Conv2d_0b_3x1 2/Conv2d_0a_1x1 2/Conv2d_0b_3x3 2/Conv2d_0c_1x3"
C += " 2/Conv2d_0d_3x1 3/Conv2d_0b_1x1"
SLIM_INCEPTION = "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 Conv2d_3b_1x1 Conv2d_4a_3x3".split() + [
    f"{module}/Branch_{layer}"
    for module, layers in {
        "Mixed_5b": A,
        "Mixed_5c": A.replace("1/Conv2d_0a_1x1", "1/Conv2d_0b_1x1").replace("1/Conv2d_0b_5x5", "1/Conv_1_0c_5x5"),
        "Mixed_5d": A,
        "Mixed_6a": "0/Conv2d_1a_1x1 1/Conv2d_0a_1x1 1/Conv2d_0b_3x3 1/Conv2d_1a_1x1",
        **{f"Mixed_6{letter}": B for letter in "bcde"},
        "Mixed_7a": "0/Conv2d_0a_1x1 0/Conv2d_1a_3x3 1/Conv2d_0a_1x1 1/Conv2d_0b_1x7 1/Conv2d_0c_7x1 1/Conv2d_1a_3x3",
        "Mixed_7b": C,
        "Mixed_7c": C.replace("1/Conv2d_0b_3x1", "1/Conv2d_0c_3x1"),
    }.items()
    for layer in layers.split()
]


# Of the auxiliary head, whose values no prediction depends on; as made for pictures of 299 pixels.
SLIM_AUXILIARY = {"Conv2d_1b_1x1": (1, 1, 768, 128), "Conv2d_2a_5x5": (5, 5, 128, 768)}


def slim_vgg(model):
    yield "vgg_16/mean_rgb", np.float32(VGG_MEAN)
    for theirs, ours in SLIM_VGG:
        kernel, bias = (value.numpy() for value in model.get_layer(theirs).variables)
        if kernel.ndim == 2:  # a convolution over all that it sees
            side = 1 if theirs != "fc1" else int((kernel.shape[0] / 512) ** 0.5)
            kernel = kernel.reshape(side, side, -1, kernel.shape[-1])
        yield f"vgg_16/{ours}/weights", kernel
        yield f"vgg_16/{ours}/biases", bias


def slim_inception(model):
    number = lambda layer: int(last) if (last := layer.name.split("_")[-1]).isdigit() else 0
    of_kind = lambda kind: sorted((layer for layer in model.layers if isinstance(layer, kind)), key=number)
    convolutions, norms = of_kind(keras.layers.Conv2D), of_kind(keras.layers.BatchNormalization)
    for name, convolution, norm in zip(SLIM_INCEPTION, convolutions, norms, strict=True):
        yield f"InceptionV3/{name}/weights", convolution.kernel.numpy()
        for part in ("beta", "moving_mean", "moving_variance"):
            yield f"InceptionV3/{name}/BatchNorm/{part}", getattr(norm, part).numpy()
    kernel, bias = (value.numpy() for value in model.get_layer("predictions").variables)
    yield "InceptionV3/Logits/Conv2d_1c_1x1/weights", kernel[np.newaxis, np.newaxis]
    yield "InceptionV3/Logits/Conv2d_1c_1x1/biases", bias
    for name, shape in SLIM_AUXILIARY.items():
        yield f"InceptionV3/AuxLogits/{name}/weights", np.zeros(shape, "float32")
        for part in ("beta", "moving_mean", "moving_variance"):
            yield f"InceptionV3/AuxLogits/{name}/BatchNorm/{part}", np.zeros(shape[-1:], "float32")
    yield "InceptionV3/AuxLogits/Conv2d_2b_1x1/weights", np.zeros((1, 1, 768, bias.size), "float32")
    yield "InceptionV3/AuxLogits/Conv2d_2b_1x1/biases", bias


def save(model, file):
    if file.endswith(".ckpt"):
        tensors = dict(slim_vgg(model) if "vgg" in file else slim_inception(model), global_step=np.int64(7))
        names = list(tensors)
        tf.raw_ops.SaveV2(
            prefix=file, tensor_names=names, shape_and_slices=[""] * len(names), tensors=list(tensors.values())
        )
    elif file.endswith("/"):
        tf.saved_model.save(model, file)
    elif file.endswith("-only.h5"):
        # As `save_weights` of Keras 2 wrote the files that are published.
        import h5py
        from keras.src.legacy.saving import legacy_h5_format

        with h5py.File(file, "w") as opened:
            legacy_h5_format.save_weights_to_hdf5_group(opened, model)
    elif file.endswith(".weights.h5"):
        model.save_weights(file)
    else:
        model.save(file)


def decode(files, case):
    side = [case["size"]] * 2
    return np.stack([tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(file), channels=3), side) for file in files])


def pictures_for(module, files, case):
    decoded = decode(files, case)
    slim_vgg = case["file"].endswith(".ckpt") and "vgg" in case["network"]
    return decoded - VGG_MEAN if slim_vgg else module.preprocess_input(decoded)


def bilinear(values, length):
    """Along the first axis: each new pixel's centre lies between those of two old ones, or at the rim."""
    at = np.clip((np.arange(length) + 0.5) * len(values) / length - 0.5, 0, len(values) - 1)
    first = np.minimum(at.astype(int), len(values) - 2)
    share = (at - first)[:, np.newaxis, np.newaxis]
    return values[first] * (1 - share) + values[first + 1] * share


def vgg_middle(picture, size):
    """As research/slim/preprocessing/vgg_preprocessing.py: the shorter side becomes 256, of which the middle 224 stay."""
    pixels = tf.io.decode_jpeg(tf.io.read_file(picture), channels=3).numpy().astype("float64")
    height, width = (round(side * 256 / min(pixels.shape[:2])) for side in pixels.shape[:2])
    resized = bilinear(bilinear(pixels, height).swapaxes(0, 1), width).swapaxes(0, 1)
    top, left = (height - size) // 2, (width - size) // 2
    return (resized[top : top + size, left : left + size] - VGG_MEAN).round(3).ravel().tolist()


def main():
    request = json.loads(sys.argv[1])
    answers = []
    for case in request["cases"]:
        if "picture" in case:
            answers.append(vgg_middle(case["picture"], case["size"]))
            continue
        if case["network"].endswith("-slim"):
            import slim_resnets  # takes seconds

            if "file" in case:
                answers.append(slim_resnets.write(case, decode(request["pictures"], case), VGG_MEAN))
            else:
                answers.append(slim_resnets.shapes_of(case))
            continue
        if "file" not in case:
            model, _ = bare_model(case["network"], case["size"], case["classes"])
            answers.append({variable.path: list(variable.shape) for variable in model.variables})
            continue
        keras.utils.set_random_seed(7)
        model, module = make_model(case["network"], case["size"], case["classes"])
        pictures = pictures_for(module, request["pictures"], case)
        if case.get("calm"):
            calm(model, pictures)
        save(model, case["file"])
        answers.append(model(pictures, training=False).numpy().tolist())
    print(json.dumps(answers))


main()
