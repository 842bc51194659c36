/** `…/Images.tar.gz` in a folder `cifar10` → `cifar10`; `flowers.tar` → `flowers`. */
export function datasetName(images: string): string {
  const parts = images.split('/').filter(Boolean);
  const file = (parts.at(-1) ?? '').replace(/\.tar(?:\.gz)?$|\.tgz$/u, '');
  const chosen = /^images$/iu.test(file) ? (parts.at(-2) ?? file) : file;
  return (
    chosen
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/gu, '-')
      .replace(/^[-_]+|[-_]+$/gu, '') || 'images'
  );
}
