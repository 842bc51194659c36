"""TF-slim's own residual networks, with weights drawn at random, and what they make of pictures."""

import importlib
import sys

import numpy as np
import tensorflow as tf

# TF-slim finds this module of Keras 2 by a name that it no longer has.
NORMALIZATION = "legacy_tf_layers.normalization"
sys.modules[f"tf_keras.{NORMALIZATION}"] = importlib.import_module(f"tf_keras.src.{NORMALIZATION}")

import tf_slim as slim  # noqa: E402
from tf_slim.nets import resnet_utils, resnet_v1, resnet_v2  # noqa: E402

MODULES = {"v1": resnet_v1, "v2": resnet_v2}


def build(case, images):
    """The logits, as [batch, classes], and TF-slim's name of the network."""
    _, depth, version, _ = case["network"].split("-")
    name = f"resnet_{version}_{depth}"
    with slim.arg_scope(resnet_utils.resnet_arg_scope()):
        logits, _ = getattr(MODULES[version], name)(images, case["classes"], is_training=False)
    return tf.squeeze(logits, [1, 2]), name


def shapes_of(case):
    """Of the weights, by name."""
    with tf.Graph().as_default():
        build(case, tf.zeros([1, case["size"], case["size"], 3]))
        return {variable.op.name: variable.shape.as_list() for variable in tf.compat.v1.global_variables()}


def drawn(variable, draw):
    last, shape = variable.op.name.split("/")[-1], variable.shape.as_list()
    if last == "weights":  # as He et al. 2015
        return draw.standard_normal(shape, "float32") * np.sqrt(2 / np.prod(shape[:-1]))
    return draw.uniform(0.5, 1.5, shape) if last in ("gamma", "moving_variance") else draw.normal(0, 0.1, shape)


def write(case, decoded, mean):
    """Writes a checkpoint as the published ones are; the logits of pictures of 0 to 255 as [batch, size, size, 3]."""
    pictures = decoded - mean if "-v1-" in case["network"] else decoded / 127.5 - 1
    draw = np.random.default_rng(1)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        logits, name = build(case, tf.constant(pictures, "float32"))
        weights = tf.compat.v1.global_variables()
        values = {variable.initializer.inputs[1]: drawn(variable, draw) for variable in weights}
        session.run([variable.initializer for variable in weights], values)
        others = [tf.compat.v1.train.create_global_step()]
        if "-v1-" in case["network"]:
            others.append(tf.compat.v1.get_variable(f"{name}/mean_rgb", initializer=tf.constant(mean)))
        session.run([variable.initializer for variable in others])
        tf.compat.v1.train.Saver().save(session, case["file"], write_meta_graph=False, write_state=False)
        return session.run(logits).tolist()
