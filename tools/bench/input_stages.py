"""The stages from a record to a picture for training, in Python's tf.data."""

import tensorflow as tf

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
SIDES = ["ymin", "xmin", "ymax", "xmax"]
FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/class/label": tf.io.FixedLenFeature([], tf.int64),
    **{f"image/object/bbox/{side}": tf.io.VarLenFeature(tf.float32) for side in SIDES},
}


def normalise(image, size):
    """By whole rows, as ours does; what channel by channel, as usually written, takes is told by normalise.mjs."""
    offset = tf.constant([255 * value for value in MEAN] * size)
    scale = tf.constant([1 / (255 * value) for value in STD] * size)
    rows = tf.reshape(image, [size, size * 3])
    return tf.reshape((rows - offset) * scale, [size, size, 3])


def distorted_crop(size):
    """A function from a record to a picture of which a random part was cut and perhaps mirrored, and its label."""

    def example(record):
        features = tf.io.parse_single_example(record, FEATURES)
        jpeg = features["image/encoded"]
        boxes = tf.stack([features[f"image/object/bbox/{side}"].values for side in SIDES], 1)[None]
        begin, extent, _ = tf.image.sample_distorted_bounding_box(
            tf.io.extract_jpeg_shape(jpeg),
            boxes,
            min_object_covered=0.1,
            aspect_ratio_range=[3 / 4, 4 / 3],
            area_range=[0.05, 1.0],
            max_attempts=100,
            use_image_if_no_bounding_boxes=True,
        )
        window = tf.concat([begin[:2], extent[:2]], 0)
        image = tf.image.decode_and_crop_jpeg(jpeg, window, channels=3)
        image = normalise(tf.image.resize(image, [size, size]), size)
        return tf.image.random_flip_left_right(image), tf.cast(features["image/class/label"], tf.int32)

    return example


def padded_crop(size):
    """A function from a record to a picture that was moved by up to 4 pixels and perhaps mirrored, and its label."""

    def example(record):
        features = tf.io.parse_single_example(record, FEATURES)
        image = tf.cast(tf.io.decode_jpeg(features["image/encoded"], channels=3), tf.float32)
        image = tf.image.resize_with_crop_or_pad(normalise(image, size), size + 8, size + 8)
        image = tf.image.random_flip_left_right(tf.image.random_crop(image, [size, size, 3]))
        return image, tf.cast(features["image/class/label"], tf.int32)

    return example
