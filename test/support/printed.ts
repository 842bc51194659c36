/** The cells of a line of a table that a command prints for people; empty ones leave no trace. */
export function cellsOf(line: string): string[] {
  return line.trim().split(/ {2,}/u);
}
