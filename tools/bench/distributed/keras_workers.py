"""TensorFlow's side of weak scaling: MultiWorkerMirroredStrategy, one thread a worker.

usage: keras_workers.py together|apart RANKS BATCH STEPS
Starts the workers, and prints the seconds that the slowest took from its first step to its last.
"""

import json
import os
import socket
import subprocess
import sys
import time

how, ranks, batch, steps = sys.argv[1], *map(int, sys.argv[2:5])


def start_workers():
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(ranks)]
    workers = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    started = []
    for index in range(ranks):
        cluster = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        own = {"TF_CONFIG": json.dumps(cluster)} if how == "together" else {}
        environment = {**os.environ, **own, "WORKER": str(index)}
        started.append(subprocess.Popen([sys.executable, *sys.argv], env=environment, stdout=subprocess.PIPE, text=True))
    print(max(float(one.communicate()[0].split()[-1]) for one in started))


def work():
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
    from keras_networks import compiled

    multi = tf.distribute.MultiWorkerMirroredStrategy() if how == "together" else tf.distribute.get_strategy()
    with multi.scope():
        model = compiled("resnet-20", 11, 0.01)
    whole = batch * (ranks if how == "together" else 1)
    images = tf.random.normal([whole, 32, 32, 3])
    labels = tf.random.uniform([whole], 0, 11, tf.int32)
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat()
    off = tf.data.Options()
    off.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    model.fit(batches.with_options(off), steps_per_epoch=3, epochs=1, verbose=0)
    start = time.perf_counter()
    model.fit(batches.with_options(off), steps_per_epoch=steps, epochs=1, verbose=0)
    print(time.perf_counter() - start)


work() if "WORKER" in os.environ else start_workers()
