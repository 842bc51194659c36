/** Every environment variable of the product starts with this. */
export const VARIABLE_PREFIX = 'BLUEWATERS_';

/** `maxBodyBytes` → `max-body-bytes`: an option as a flag, without the dashes. */
export function flagName(option: string): string {
  return option.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxBodyBytes` → `BLUEWATERS_MAX_BODY_BYTES`; with a service, `BLUEWATERS_INFERENCE_MAX_BODY_BYTES`. */
export function variableName(option: string, service?: string): string {
  const addressed = service === undefined ? '' : `${service.toUpperCase()}_`;
  return VARIABLE_PREFIX + addressed + flagName(option).replaceAll('-', '_').toUpperCase();
}

/** The name among `known` that was probably meant, or undefined when nothing is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const allowed = Math.max(2, Math.floor(name.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= allowed && distance < (best?.distance ?? Infinity)) best = { name: candidate, distance };
  }
  return best?.name;
}

/** Insertions, deletions and changes that turn `from` into `to` (Levenshtein), one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line += 1) {
    const above = row;
    row = [line];
    for (let column = 1; column <= to.length; column += 1) {
      const change = above[column - 1]! + (from[line - 1] === to[column - 1] ? 0 : 1);
      row.push(Math.min(change, above[column]! + 1, row[column - 1]! + 1));
    }
  }
  return row[to.length]!;
}
