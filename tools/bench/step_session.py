"""One side of a measurement: Python's session on the graph that step_session.mjs wrote.

usage: step_session.py FOLDER
"""

import json
import os
import sys

import tensorflow as tf
from answer import answer

tf1 = tf.compat.v1
folder = sys.argv[1]
threads = int(os.environ.get("BENCH_THREADS", "2"))

with open(os.path.join(folder, "graph.json")) as file:
    names = json.load(file)
definition = tf1.GraphDef()
with open(os.path.join(folder, "graph.pb"), "rb") as file:
    definition.ParseFromString(file.read())
graph = tf1.Graph()
with graph.as_default():
    tf1.import_graph_def(definition, name="")
config = tf1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
session = tf1.Session(graph=graph, config=config)
session.run(graph.get_operation_by_name(names["initialize"]))
fetches = [graph.get_tensor_by_name(names["loss"]), graph.get_operation_by_name(names["step"])]
answer(lambda: session.run(fetches)[0])
