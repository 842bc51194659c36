"""One side of a measurement: others' ways with a nested archive of pictures.

usage: ingest_theirs.py IMAGES SYNSETS FOLDER list|write|2018|2018-decode

`list` lets tar list the archive and sha256sum read it: no picture is looked at. `write` reads the nested tars in place,
decodes every picture and writes records. `2018` goes the way of the talk's jobs: a tar for each synset, which reads the
whole archive from its start, files in one folder, then a session that decodes each file, and records; `2018-decode` does so
without the records. Prints images, seconds, the processor's seconds, and the most memory in MB.
"""

import json
import os
import resource
import subprocess
import sys
import tarfile
import threading
import time

images, synsets, folder, what = sys.argv[1:]
with open(synsets) as file:
    labels = {line.strip(): number for number, line in enumerate(file, 1)}

if what != "list":
    import tensorflow as tf


def members():
    with tarfile.open(images) as outer:
        for tar in outer:
            with tarfile.open(fileobj=outer.extractfile(tar), mode="r:") as inner:
                for member in inner:
                    yield member.name, inner.extractfile(member).read()


def example(name, encoded, shape):
    ints = lambda *values: tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    text = lambda *values: tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    floats = lambda *values: tf.train.Feature(float_list=tf.train.FloatList(value=values))
    synset = name.split("_")[0]
    feature = {
        "image/height": ints(shape[0]),
        "image/width": ints(shape[1]),
        "image/colorspace": text(b"RGB"),
        "image/channels": ints(3),
        "image/class/label": ints(labels[synset]),
        "image/class/synset": text(synset.encode()),
        "image/class/text": text(synset.encode()),
        "image/object/bbox/xmin": floats(),
        "image/object/bbox/xmax": floats(),
        "image/object/bbox/ymin": floats(),
        "image/object/bbox/ymax": floats(),
        "image/object/bbox/label": ints(),
        "image/format": text(b"JPEG"),
        "image/filename": text(name.encode()),
        "image/encoded": text(encoded),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def in_two_threads(entries, work):
    halves = [entries[::2], entries[1::2]]
    threads = [threading.Thread(target=work, args=(half, number)) for number, half in enumerate(halves)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def listed():
    names = subprocess.run(["tar", "tf", images], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["sha256sum", images], check=True, stdout=subprocess.DEVNULL)
    count = 0
    for name in names.decode().split():
        command = 'tar xf "$0" --to-stdout "$1" | tar t | wc -l'
        count += int(subprocess.run(["sh", "-c", command, images, name], check=True, stdout=subprocess.PIPE).stdout)
    return count


def written():
    entries = list(members())

    def work(half, number):
        with tf.io.TFRecordWriter(os.path.join(folder, "theirs-%d" % number)) as writer:
            for name, encoded in half:
                writer.write(example(name, encoded, tf.io.decode_jpeg(encoded, channels=3).shape))

    in_two_threads(entries, work)
    return len(entries)


def as_in_2018(writes=True):
    files = os.path.join(folder, "files")
    os.makedirs(files, exist_ok=True)
    command = 'tar tf "$0" | xargs -P 2 -I{} sh -c \'tar -xf "$1" --to-stdout "$3" | tar -x -C "$2"\' _ "$0" "$1" {}'
    subprocess.run(["sh", "-c", command, images, files], check=True)
    paths = sorted(os.path.join(files, name) for name in os.listdir(files))
    with tf.Graph().as_default():
        encoded = tf.compat.v1.placeholder(tf.string)
        decoded = tf.io.decode_jpeg(encoded, channels=3)
        session = tf.compat.v1.Session()

        def work(half, number):
            with tf.io.TFRecordWriter(os.path.join(folder, "in-2018-%d" % number)) as writer:
                for path in half:
                    with tf.io.gfile.GFile(path, "rb") as file:
                        picture = file.read()
                    shape = session.run(decoded, {encoded: picture}).shape
                    if writes:
                        writer.write(example(os.path.basename(path), picture, shape))

        in_two_threads(paths, work)
    return len(paths)


def cpu():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if what != "list":
    tf.io.decode_jpeg(next(members())[1], channels=3)
started, cpu_before = time.time(), cpu()
ways = {"list": listed, "write": written, "2018": as_in_2018, "2018-decode": lambda: as_in_2018(writes=False)}
count = ways[what]()
seconds, cpu_seconds = time.time() - started, cpu() - cpu_before
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"images": count, "seconds": seconds, "cpuSeconds": cpu_seconds, "megabytes": megabytes}))
