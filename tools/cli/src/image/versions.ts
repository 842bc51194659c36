/** `2.9` before `2.17`: numbers between points. Negative where the first is older. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number));
  for (let n = 0; n < Math.max(a?.length ?? 0, b?.length ?? 0); n += 1) {
    const difference = (a?.[n] ?? 0) - (b?.[n] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The highest of some versions with a prefix, such as `GLIBC_`, without it; undefined where there is none. */
export function highest(versions: readonly string[], prefix: string): string | undefined {
  const numbers = versions
    .filter((version) => version.startsWith(prefix))
    .map((version) => version.slice(prefix.length))
    .filter((version) => /^\d+(?:\.\d+)*$/u.test(version));
  return numbers.sort(compareVersions).at(-1);
}
