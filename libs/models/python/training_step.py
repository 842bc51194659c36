"""Training steps in Python from checkpoints, compared with the checkpoints after the same steps elsewhere.

usage: training_step.py '{"steps": [{"network": …, "before": prefix, "after": prefix, "outputs": …,
                          "shape": [batch, height, width, channels], "rewrite": true}], "threads": …}'
`rewrite` lets TensorFlow rewrite the graph before it runs. Prints one line of JSON with an object for each step: the
loss before it, how many variables there are, the names of those that differ in any byte, and the largest difference of
any, relative to the variable's largest value.
"""

import json
import sys

import networks
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1


def compare(variables, values, reader):
    differing, largest = [], {"name": "", "relative": 0.0}
    for variable, value in zip(variables, values):
        other = reader.get_tensor(variable.op.name)
        if np.array_equal(np.ravel(value).view(np.uint8), np.ravel(other).view(np.uint8)):
            continue
        differing.append(variable.op.name)
        scale = max(np.abs(value).max(), np.finfo(np.float32).tiny)
        relative = float(np.abs(value - other).max() / scale)
        if not relative <= largest["relative"]:
            largest = {"name": variable.op.name, "relative": relative}
    return {"variables": len(values), "differing": differing, "largest": largest}


def make_step(threads, network, before, after, shape, outputs, rewrite):
    config = tf1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    config.graph_options.rewrite_options.disable_meta_optimizer = not rewrite
    graph = tf1.Graph()
    with graph.as_default():
        loss, step, variables = networks.training_step(network, shape, outputs)
        saver = tf1.train.Saver(variables)
        with tf.control_dependencies([step]):
            updated = [variable.read_value() for variable in variables]
    with tf1.Session(graph=graph, config=config) as session:
        saver.restore(session, before)
        loss_before, values = session.run([loss, updated])
    reader = tf.train.load_checkpoint(after)
    assert set(reader.get_variable_to_shape_map()) == {variable.op.name for variable in variables}
    return {"loss": float(loss_before), **compare(variables, values, reader)}


def main(options):
    print(json.dumps([make_step(options["threads"], **step) for step in options["steps"]]))


main(json.loads(sys.argv[1]))
