"""TensorFlow's own side of weak scaling: MultiWorkerMirroredStrategy, one thread a rank.

usage: mirrored.py together|apart RANKS BATCH STEPS
Prints the seconds from the first step to the last of all ranks. Keras 3 does not train under this strategy, so the network is
made of variables and functions.
"""

import json
import multiprocessing
import os
import socket
import sys
import time


class ResNet20:
    """Three stages of three units with shortcuts without parameters: He et al. 2015, section 4.2, option A."""

    def __init__(self, tf):
        self.tf = tf
        self.variables = []
        self.made = iter(())

    def weights(self, shape, value=None):
        """The next variable; made in the first pass, found again in the others."""
        found = next(self.made, None)
        if found is None:
            deviation = (2 / (shape[0] * shape[1] * shape[2])) ** 0.5 if len(shape) == 4 else 0.1
            first = self.tf.random.normal(shape, 0, deviation) if value is None else self.tf.fill(shape, value)
            found = self.tf.Variable(first)
            self.variables.append(found)
        return found

    def conv(self, x, filters, stride=1):
        tf = self.tf
        x = tf.nn.conv2d(x, self.weights((3, 3, x.shape[-1], filters)), stride, "SAME")
        scale, offset = self.weights((filters,), 1.0), self.weights((filters,), 0.0)
        return tf.compat.v1.nn.fused_batch_norm(x, scale, offset, is_training=True)[0]

    def __call__(self, images):
        tf = self.tf
        self.made = iter(list(self.variables))
        x = tf.nn.relu(self.conv(images, 16))
        for stage, filters in enumerate((16, 32, 64)):
            for unit in range(3):
                stride = 2 if stage and not unit else 1
                y = self.conv(tf.nn.relu(self.conv(x, filters, stride)), filters)
                if stride == 2:
                    x = tf.pad(x[:, ::2, ::2], [[0, 0], [0, 0], [0, 0], [filters // 4, filters // 4]])
                x = tf.nn.relu(y + x)
        return tf.reduce_mean(x, (1, 2)) @ self.weights((64, 11)) + self.weights((11,), 0.0)


def train(rank, together, batch, steps, addresses, barrier):
    if together:
        cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}}
        os.environ["TF_CONFIG"] = json.dumps(cluster)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if together else tf.distribute.get_strategy()
    with strategy.scope():
        network = ResNet20(tf)
        images = tf.random.uniform((batch, 32, 32, 3), seed=rank)
        labels = tf.random.uniform((batch,), 0, 11, tf.int32, seed=rank)
        network(images)
        velocities = [tf.Variable(tf.zeros_like(each)) for each in network.variables]

    def replica_step():
        with tf.GradientTape() as tape:
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, network(images))
            loss = tf.reduce_mean(loss)
        gradients = tape.gradient(loss, network.variables)
        if together:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
        for variable, velocity, gradient in zip(network.variables, velocities, gradients):
            velocity.assign(0.9 * velocity + gradient + 1e-4 * variable)
            variable.assign_sub(0.01 * velocity)
        return loss

    step = tf.function(lambda: strategy.run(replica_step))
    for _ in range(3):
        step()
    barrier.wait()
    start = time.perf_counter()
    for _ in range(steps):
        loss = step()
    float(strategy.reduce("MEAN", loss, axis=None)) if together else float(loss)
    barrier.wait()
    if rank == 0:
        print(time.perf_counter() - start, flush=True)
    # The strategy's threads would keep the process.
    os._exit(0)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


if __name__ == "__main__":
    how, ranks, batch, steps = sys.argv[1], *map(int, sys.argv[2:5])
    processes = multiprocessing.get_context("spawn")
    barrier = processes.Barrier(ranks)
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(ranks)]
    workers = [
        processes.Process(target=train, args=(rank, how == "together", batch, steps, addresses, barrier))
        for rank in range(ranks)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
