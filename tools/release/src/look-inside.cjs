/**
 * Runs in an image, by the Node.js that is there, which may be as old as 16: prints as JSON what the image is made of.
 *
 *     docker run --rm --interactive --entrypoint node IMAGE - < look-inside.cjs
 *
 * A folder that is named is taken for the root of an image.
 */
'use strict';
const { createHash } = require('node:crypto');
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const root = process.argv[2] ?? '/';
const OURS = 'opt/bluewaters';
/** Where TensorFlow is, if it is, and in it what set-up wrote of what it left there. */
const TENSORFLOW = 'opt/tensorflow';
const STAMP = `${TENSORFLOW}/bluewaters-stamp.json`;

/** @param {string} file */
const textOf = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '');

/** @param {string} folder */
const namesIn = (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []);

/** Names with versions of what is in a folder of packages, and in those of each package. @param {string} folder */
function packagesIn(folder) {
  return namesIn(folder)
    .flatMap((name) => (name.startsWith('@') ? namesIn(join(folder, name)).map((one) => `${name}/${one}`) : [name]))
    .flatMap((name) => {
      const text = textOf(join(folder, name, 'package.json'));
      const own = text === '' ? [] : [`${JSON.parse(text).name}@${JSON.parse(text).version}`];
      return [...own, ...packagesIn(join(folder, name, 'node_modules'))];
    });
}

/** Which build TensorFlow's libraries were made of, and those that are no longer what set-up left. */
function tensorflow() {
  const { name, files = {} } = JSON.parse(textOf(STAMP) || '{}');
  const libraries = namesIn(TENSORFLOW).filter((file) => /^libtensorflow_\w+\.so\.\d+$/.test(file));
  const others = libraries.filter((file) => files[file]?.sha256 !== sha256Of(join(root, TENSORFLOW, file)));
  return { name, processor: process.arch, others };
}

/** @param {string} file */
const sha256Of = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

const workspaces = ['libs', 'services', 'tools'].map((group) => join(OURS, group));
const inside = {
  node: process.versions.node,
  osRelease: textOf('etc/os-release'),
  dpkgStatus: textOf('var/lib/dpkg/status'),
  tensorflow: existsSync(join(root, TENSORFLOW)) ? tensorflow() : undefined,
  packages: [...new Set([join(OURS, 'node_modules'), ...workspaces].flatMap(packagesIn))].sort(),
};
process.stdout.write(JSON.stringify(inside));
