"""Unpacks an archive of synsets' archives into a folder a synset.

usage: unpack.py ARCHIVE FOLDER
"""

import os
import sys
import tarfile

archive, folder = sys.argv[1:]
partial = f"{folder}.partial"
with tarfile.open(archive) as synsets:
    for synset in synsets:
        with tarfile.open(fileobj=synsets.extractfile(synset)) as pictures:
            pictures.extractall(os.path.join(partial, os.path.splitext(synset.name)[0]), filter="data")
os.rename(partial, folder)
