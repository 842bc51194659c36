/** The bill of materials of one image: packages of its system, Node.js, TensorFlow, and those of npm that are in it. */
import { randomUUID } from 'node:crypto';
import { tensorflowBuildNamed } from '../../setup/src/pins.mjs';
import { part, wheelPart } from './native-parts.mjs';

/** @typedef {import('./native-parts.mjs').Component} Component */

/**
 * @typedef {object} Bill The part of CycloneDX that is read.
 * @property {{ readonly component: Partial<Component> }} metadata
 * @property {readonly Component[]} components
 * @property {readonly { readonly ref: string, readonly dependsOn: readonly string[] }[]} dependencies
 */

/**
 * @typedef {object} Inside What look-inside.cjs found in an image.
 * @property {string} node The version of its Node.js.
 * @property {string} osRelease The text of `/etc/os-release`.
 * @property {string} dpkgStatus That of `/var/lib/dpkg/status`.
 * @property {InsideTensorflow} [tensorflow] Where there is one.
 * @property {readonly string[]} packages Of npm, ours among them, each as `name@version`.
 */

/**
 * @typedef {object} InsideTensorflow
 * @property {string} [name] Of the build that its libraries were made of, as set-up's stamp has it; none without one.
 * @property {string} processor As `process.arch`.
 * @property {readonly string[]} others Libraries that are not what set-up left.
 */

/**
 * @param {Bill} bill Of the product, which knows packages of npm by more than their names.
 * @param {{ readonly published: string, readonly digest?: string }} image
 * @param {Inside} inside
 * @returns {Bill}
 * @throws {Error} Where the image has a TensorFlow that is not pinned, or is of no system with dpkg.
 */
export function billOfImage(bill, { published, digest }, inside) {
  const components = [
    ...inside.packages.map((id) => bill.components.find((one) => one['bom-ref'] === id) ?? unlisted(id)),
    ...systemPackages(inside.dpkgStatus, inside.osRelease),
    nodePart(inside.node),
    ...tensorflowParts(published, inside.tensorflow),
  ];
  const known = new Set(components.map((one) => one['bom-ref']));
  const among = (/** @type {readonly string[]} */ refs) => refs.filter((ref) => known.has(ref));
  const dependencies = bill.dependencies.filter(({ ref }) => known.has(ref));
  return {
    ...bill,
    serialNumber: `urn:uuid:${randomUUID()}`,
    metadata: { ...bill.metadata, component: containerOf(published, digest) },
    components,
    dependencies: [
      { ref: published, dependsOn: [...known] },
      ...dependencies.map(({ ref, dependsOn }) => ({ ref, dependsOn: among(dependsOn) })),
    ],
  };
}

/**
 * @param {string} status The text of dpkg's status: a paragraph for each package, also for some that were removed.
 * @param {string} osRelease
 * @returns {Component[]} Every package that is installed.
 */
export function systemPackages(status, osRelease) {
  const system = valueOf(osRelease, 'ID');
  const release = `${system}-${valueOf(osRelease, 'VERSION_ID')}`;
  const paragraphs = status.split(/\n{2,}/u).map(fieldsOf);
  const installed = paragraphs.filter((fields) => / installed$/u.test(fields.Status ?? ''));
  if (installed.length === 0) throw new Error('expected packages in /var/lib/dpkg/status, got none');
  return installed.map(({ Package: name = '', Version: version = '', Architecture: arch, Source: source }) => {
    // Weaknesses are told of by the source that a package is built from: `glibc`, or `gcc-12 (12.2.0-14)`.
    const upstream = source === undefined ? '' : `&upstream=${encodeURIComponent(source.replace(/ .*/u, ''))}`;
    const at = `${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
    return {
      ...{ 'bom-ref': `deb:${name}:${arch}@${version}`, type: 'library', name, version, scope: 'required' },
      purl: `pkg:deb/${system}/${at}?arch=${arch}&distro=${release}${upstream}`,
    };
  });
}

/** @param {string} paragraph @returns {Partial<Record<string, string>>} First lines only. */
function fieldsOf(paragraph) {
  return Object.fromEntries([...paragraph.matchAll(/^([\w-]+): *(.*)$/gmu)].map(([, name, value]) => [name, value]));
}

/** @param {string} osRelease @param {string} name @returns {string} */
function valueOf(osRelease, name) {
  const [, value] = new RegExp(`^${name}="?([^"\\n]+)"?$`, 'mu').exec(osRelease) ?? [];
  if (value === undefined) throw new Error(`expected ${name} in /etc/os-release, got\n${osRelease}`);
  return value;
}

/** @param {string} version @returns {Component} */
function nodePart(version) {
  return { ...part('application', 'node', version, 'MIT'), scope: 'required', purl: `pkg:generic/node@${version}` };
}

/** @param {string} image @param {InsideTensorflow | undefined} inside @returns {Component[]} */
function tensorflowParts(image, inside) {
  if (inside === undefined) return [];
  const { name, processor, others } = inside;
  const build = tensorflowBuildNamed(name, processor);
  if (build === undefined) throw new Error(`${image}: expected a TensorFlow that is pinned, got ${name ?? 'no stamp'}`);
  if (others.length > 0) throw new Error(`${image}: expected what set-up left, got another ${others.join(' and ')}`);
  return [
    wheelPart(build.wheel, 'library', 'required', 'Apache-2.0'),
    ...build.companions.map((each) => wheelPart(each, 'library', 'required', 'LicenseRef-NVIDIA-Proprietary')),
  ];
}

/** A package that the lock file does not know. @param {string} id @returns {Component} */
function unlisted(id) {
  const at = id.lastIndexOf('@');
  const [name, version] = [id.slice(0, at), id.slice(at + 1)];
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { 'bom-ref': id, type: 'library', name, version, scope: 'required', purl };
}

/** @param {string} published `host/project/name:tag`. @param {string | undefined} digest Where it was pushed. */
function containerOf(published, digest) {
  const colon = published.lastIndexOf(':');
  const [repository, tag] = [published.slice(0, colon), published.slice(colon + 1)];
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const purl = digest && `pkg:oci/${name}@${encodeURIComponent(digest)}?repository_url=${repository}&tag=${tag}`;
  return { 'bom-ref': published, type: 'container', name: repository, version: tag, ...(purl && { purl }) };
}
