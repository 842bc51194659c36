"""The other side of server_round_trip.mjs: the same variable and servers by Python's TensorFlow.

    server_round_trip.py NUMBERS
"""

import os
import socket
import subprocess
import sys

import tensorflow as tf

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from answer import answer  # noqa: E402

v1 = tf.compat.v1
v1.disable_eager_execution()
v1.enable_resource_variables()
THREADS = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=2)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def serve(cluster):
    tf.distribute.Server(cluster, job_name="ps", task_index=0, config=THREADS)
    sys.stdin.read()


def work(cluster, numbers):
    server = tf.distribute.Server(cluster, job_name="worker", task_index=0, config=THREADS)
    with tf.device("/job:ps/task:0"):
        kept = v1.get_variable("kept", [numbers], initializer=v1.ones_initializer())
    with tf.device("/job:worker/task:0"):
        halved = kept.read_value() * 0.5
    with tf.device("/job:ps/task:0"):
        update = kept.assign(halved, read_value=False)
    session = v1.Session(server.target)
    session.run(kept.initializer)

    def step():
        session.run(update)
        return 0.0

    answer(step)


if sys.argv[1] == "ps":
    serve({"ps": [sys.argv[2]], "worker": [sys.argv[3]]})
else:
    ps_address, own_address = (f"127.0.0.1:{free_port()}" for _ in range(2))
    command = [sys.executable, __file__, "ps", ps_address, own_address]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    work({"ps": [ps_address], "worker": [own_address]}, int(sys.argv[1]))
