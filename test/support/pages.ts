import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Commands that a page shows. */
export interface Commands {
  /** Relative to the repository. */
  readonly page: string;
  /** The comment right before the block, `<!-- run: NAME -->` or `<!-- not run: REASON -->`; undefined without one. */
  readonly mark: { readonly kind: 'run' | 'not run'; readonly text: string } | undefined;
  /** One command each; lines that end in a backslash are joined. */
  readonly lines: readonly string[];
}

const BLOCK = /(?:<!--\s*(run|not run):\s*([\s\S]*?)\s*-->\s*\n)?^```([a-z]*)\n([\s\S]*?)^```$/gmu;
const SHELL = new Set(['bash', 'sh', 'shell', 'console']);

/** Every file that is or would be committed, by its path in the repository. */
export function listFiles(): string[] {
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', listed, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20 }).split('\0');
  return files.filter((file) => file !== '' && existsSync(join(ROOT, file))).sort();
}

/** Every page of the repository, by its path there. */
export function listPages(): string[] {
  return listFiles().filter((file) => file.endsWith('.md'));
}

/** The text of a page. */
export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The blocks of commands in a page, in order. */
export function commandsIn(page: string): Commands[] {
  return [...readPage(page).matchAll(BLOCK)].flatMap(([, kind, text = '', language = '', body = '']) => {
    if (!SHELL.has(language)) return [];
    const mark = kind === undefined ? undefined : { kind: kind as 'run' | 'not run', text };
    return [{ page, mark, lines: body.replaceAll('\\\n', ' ').split('\n').filter(Boolean) }];
  });
}

/** The one block that is marked with `<!-- run: NAME -->`. */
export function markedBlock(blocks: readonly Commands[], name: string): Commands {
  const [block, ...others] = blocks.filter(({ mark }) => mark?.kind === 'run' && mark.text === name);
  if (!block || others.length > 0) throw new Error(`Expected one block marked run: ${name}`);
  return block;
}

/** Targets of the links to other files, without the part after `#`. */
export function linksIn(page: string): string[] {
  const prose = readPage(page).replace(BLOCK, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/gu)].map(([, target = '']) => target.replace(/#.*$/u, ''));
  return targets.filter((target) => target !== '' && !/^[a-z]+:/u.test(target));
}

/** The cells of the table whose first heading is `heading`, without the heading itself. */
export function tableIn(page: string, heading: string): string[][] {
  const lines = readPage(page).split('\n');
  const start = lines.findIndex((line) => cellsOf(line)[0] === heading);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return start < 0 ? [] : rest.slice(0, end < 0 ? undefined : end).map(cellsOf);
}

function cellsOf(line: string): string[] {
  const cells = line.split('|').slice(1, -1);
  return cells.map((cell) => cell.trim());
}
