/**
 * Looks for what stands against the packages of the lock file: by rules and a list that ask nobody, and by the advisories
 * that the registry knows.
 *
 *     npm run audit
 *
 * Ends with 1 where something stands against them, and with 2 where nothing does but the registry told of no advisories.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { askForAdvisories } from '../setup/src/advisories.mjs';
import { ACCEPTED, judge } from './src/accepted.mjs';
import { knownIn } from './src/known.mjs';
import { objectionsTo } from './src/locked.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { packages } = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8'));
const today = new Date().toISOString().slice(0, 10);

const broken = [...objectionsTo(packages), ...knownIn(packages)];
const answer = await askForAdvisories(root, process.env);
const { objections, remarks } =
  'report' in answer ? judge(answer.report, ACCEPTED, today) : { objections: [], remarks: [] };
for (const each of remarks) console.log(each);
for (const each of [...broken, ...objections]) console.error(`audit: ${each}`);
if ('why' in answer) console.error(`audit: no advisories were looked at: ${answer.why}`);
else console.log(`${Object.keys(packages).length} packages, advisories of ${today}: ${objections.length} to act on`);
process.exitCode = broken.length + objections.length > 0 ? 1 : 'why' in answer ? 2 : 0;
