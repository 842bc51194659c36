"""The same stages as input_pipeline.mjs, in Python's tf.data.

usage: input_pipeline.py SHARD...
"""

import sys

import tensorflow as tf
from answer import answer
from input_stages import distorted_crop

BATCH, SIZE, THREADS = 64, 224, 2

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)

records = tf.data.TFRecordDataset(sys.argv[1:]).shuffle(1024).repeat()
examples = records.map(distorted_crop(SIZE), num_parallel_calls=THREADS)
batches = iter(examples.batch(BATCH, drop_remainder=True).prefetch(2))
answer(lambda: float(next(batches)[1].shape[0]))
