"""The same stages as input_pipeline.mjs, in Python's tf.data.

usage: input_pipeline.py SHARD...
"""

import sys

import tensorflow as tf
from answer import answer

BATCH, SIZE, THREADS = 64, 224, 2
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)

SIDES = ["ymin", "xmin", "ymax", "xmax"]
FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/class/label": tf.io.FixedLenFeature([], tf.int64),
    **{f"image/object/bbox/{side}": tf.io.VarLenFeature(tf.float32) for side in SIDES},
}


def normalise(image):
    """By whole rows, as ours does; what channel by channel, as usually written, takes is told by normalise.mjs."""
    offset = tf.constant([255 * value for value in MEAN] * SIZE)
    scale = tf.constant([1 / (255 * value) for value in STD] * SIZE)
    rows = tf.reshape(image, [SIZE, SIZE * 3])
    return tf.reshape((rows - offset) * scale, [SIZE, SIZE, 3])


def example(record):
    features = tf.io.parse_single_example(record, FEATURES)
    jpeg = features["image/encoded"]
    boxes = tf.stack([features[f"image/object/bbox/{side}"].values for side in SIDES], 1)[None]
    begin, size, _ = tf.image.sample_distorted_bounding_box(
        tf.io.extract_jpeg_shape(jpeg),
        boxes,
        min_object_covered=0.1,
        aspect_ratio_range=[3 / 4, 4 / 3],
        area_range=[0.05, 1.0],
        max_attempts=100,
        use_image_if_no_bounding_boxes=True,
    )
    window = tf.concat([begin[:2], size[:2]], 0)
    image = tf.image.decode_and_crop_jpeg(jpeg, window, channels=3)
    image = normalise(tf.image.resize(image, [SIZE, SIZE]))
    return tf.image.random_flip_left_right(image), tf.cast(features["image/class/label"], tf.int32)


records = tf.data.TFRecordDataset(sys.argv[1:]).shuffle(1024).repeat()
dataset = records.map(example, num_parallel_calls=THREADS).batch(BATCH, drop_remainder=True).prefetch(2)
batches = iter(dataset)
answer(lambda: float(next(batches)[1].shape[0]))
