/** What the product runs on besides npm packages, as components of CycloneDX: from where it is pinned. */
import { readFileSync } from 'node:fs';
import {
  MINIO_MODULE_SUM,
  MINIO_VERSION,
  NATS_SERVER_WHEEL,
  OLD_NATS_SERVER_MODULE_SUM,
  OLD_NATS_SERVER_VERSION,
  OLD_NODE_PACKAGE,
  OLD_NODE_VERSION,
  TENSORFLOW_ARCHIVES,
  TENSORFLOW_ARCHIVE_VERSION,
  TENSORFLOW_BUILDS,
} from '../../setup/src/pins.mjs';

/**
 * @typedef {object} Component
 * @property {string} bom-ref
 * @property {'library' | 'application' | 'container'} type
 * @property {string} name
 * @property {string} version
 * @property {'required' | 'optional'} scope
 * @property {string} purl
 * @property {{ expression: string }[]} [licenses] Left out for a package of a system, which has them in `/usr/share/doc`.
 * @property {{ alg: string, content: string }[]} [hashes]
 * @property {{ name: string, value: string }[]} [properties]
 */

/** Licences of images are those of the programs that they are named for. */
const IMAGES = {
  node: 'MIT',
  // Of a system there is no one licence: each package of it states its own.
  ubuntu: 'LicenseRef-Ubuntu',
  nats: 'Apache-2.0',
  'quay.io/minio/minio': 'AGPL-3.0-only',
  'prom/prometheus': 'Apache-2.0',
  'grafana/grafana': 'AGPL-3.0-only',
};

/**
 * @param {string} root The repository.
 * @returns {Component[]}
 */
export function nativeParts(root) {
  const { cpu, gpu } = TENSORFLOW_BUILDS;
  return [
    wheelPart(cpu.wheel, 'library', 'required', 'Apache-2.0'),
    wheelPart(gpu.wheel, 'library', 'optional', 'Apache-2.0'),
    ...gpu.companions.map((each) => wheelPart(each, 'library', 'optional', 'LicenseRef-NVIDIA-Proprietary')),
    ...Object.entries(TENSORFLOW_ARCHIVES).map(([variant, { sha256 }]) => archivePart(variant, sha256)),
    wheelPart(NATS_SERVER_WHEEL, 'application', 'optional', 'Apache-2.0'),
    goPart('github.com/minio/minio', MINIO_VERSION, MINIO_MODULE_SUM, 'AGPL-3.0-only'),
    goPart('github.com/nats-io/nats-server/v2', OLD_NATS_SERVER_VERSION, OLD_NATS_SERVER_MODULE_SUM, 'Apache-2.0'),
    {
      ...part('application', 'node', OLD_NODE_VERSION, 'MIT'),
      scope: 'optional',
      purl: `pkg:generic/node@${OLD_NODE_VERSION}`,
      hashes: [{ alg: 'SHA-256', content: OLD_NODE_PACKAGE.sha256 }],
    },
    ...images(root).map(imagePart),
  ];
}

function goPart(module, version, sum, licence) {
  return {
    ...part('application', module, version, licence),
    scope: 'optional',
    purl: `pkg:golang/${module}@${version}`,
    properties: [{ name: 'bluewaters:go.sum', value: sum }],
  };
}

/** Images that are run or built on; ours are what this list is of. */
function images(root) {
  const named = (file, pattern) =>
    [...readFileSync(`${root}/${file}`, 'utf8').matchAll(pattern)].map(([, image = '']) => image);
  return [
    ...named('containers/Dockerfile', /^ARG (?:NODE|UBUNTU)_IMAGE=(\S+)$/gm),
    ...named('containers/compose.yaml', /^ +image: \$\{\w+:-(\S+)\}$/gm),
  ];
}

/** @param {string} image `name:tag@sha256:digest`. */
function imagePart(image) {
  const [, name = '', tag = '', digest = ''] = /^([^:@]+):([^@]+)@sha256:(\w+)$/.exec(image) ?? [];
  const licence = IMAGES[name];
  if (licence === undefined) throw new Error(`The licence of the image ${image} is not known here`);
  // A first part with a dot is a registry's host; without one it is Docker's own.
  const [, host, path] = /^(?:([^/]+\.[^/]+)\/)?(.*)$/.exec(name) ?? [];
  return {
    ...part('container', name, tag, licence),
    scope: 'optional',
    purl: `pkg:docker/${path}@sha256%3A${digest}?${host ? `repository_url=${host}&` : ''}tag=${tag}`,
    hashes: [{ alg: 'SHA-256', content: digest }],
  };
}

/**
 * @param {import('../../setup/src/pins.mjs').Wheel} wheel
 * @param {Component['type']} type
 * @param {Component['scope']} scope
 * @param {string} licence
 * @returns {Component}
 */
export function wheelPart({ requirement, sha256 }, type, scope, licence) {
  const [name, version] = requirement.split('==');
  return {
    ...part(type, name, version, licence),
    scope,
    purl: `pkg:pypi/${name}@${version}`,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  };
}

/** The library as an archive, for machines without pip. */
function archivePart(variant, sha256) {
  return {
    ...part('library', `libtensorflow-${variant}`, TENSORFLOW_ARCHIVE_VERSION, 'Apache-2.0'),
    scope: 'optional',
    purl: `pkg:generic/libtensorflow-${variant}@${TENSORFLOW_ARCHIVE_VERSION}`,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  };
}

/**
 * What all parts have.
 *
 * @param {Component['type']} type
 * @param {string} name
 * @param {string} version
 * @param {string} licence
 */
export function part(type, name, version, licence) {
  return { 'bom-ref': `${name}@${version}`, type, name, version, licenses: [{ expression: licence }] };
}
