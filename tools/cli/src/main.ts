/** The `bluewaters` command: finds the verb, reads its options from flags, environment and file, runs it, tells how it ended. */
import { CodedError, toCodedError } from '@bluewaters/errors';
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { findVerbs, type FoundVerb } from './find-verbs.js';
import { misunderstood } from './misunderstood.js';
import { tellFailed } from './rank-word.js';
import { runVerb } from './run-verb.js';
import { GROUPS } from './verbs/index.js';
import { describeFlags } from './yargs-options.js';

const line = hideBin(process.argv);
const verbs = await findVerbs(line);

function addVerb(parser: Argv, found: FoundVerb, name: string): Argv {
  const { summary, words, verb } = found;
  const command = words === undefined ? name : `${name} [${words.toLowerCase()}..]`;
  if (verb === undefined) return parser.command(command, summary);
  return parser.command(
    command,
    summary,
    (own) => {
      describeFlags(own, verb, line);
      for (const [example, meaning] of verb.examples) own.example(example, meaning);
      return own;
    },
    (argv) => runVerb(verb, argv, found),
  );
}

function addGroup(parser: Argv, group: string, all: readonly FoundVerb[]): Argv {
  const verbs = all.filter(({ name }) => name.startsWith(`${group} `));
  return parser.command(group, GROUPS[group] ?? '', (own) => {
    for (const verb of verbs) addVerb(own, verb, verb.name.slice(group.length + 1));
    return own.demandCommand(1, `Say which: ${verbs.map(({ name }) => name).join(', ')}`).strict();
  });
}

/** How shells name the end of a program whose reader has seen enough, as in `bluewaters networks ls | head`. */
const EXIT_READER_GONE = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_READER_GONE);
    throw error;
  });
}

const parser = yargs(line)
  .scriptName('bluewaters')
  .usage('$0 <command>\n\nTrains networks on archives of pictures and serves them over HTTP.')
  .parserConfiguration({
    'camel-case-expansion': true,
    'strip-dashed': true,
    'boolean-negation': true,
    'populate--': true,
  })
  .strict()
  .demandCommand(1, 'Say what to do; `bluewaters --help` lists the commands.')
  .recommendCommands()
  .wrap(Math.min(110, process.stdout.columns || 100))
  .epilogue(
    'Options also come from BLUEWATERS_* in the environment and from a JSON file (--config). ' +
      'Start with `bluewaters run --quickstart`.',
  )
  .fail((message: string | null, error: Error | undefined) => {
    const coded = error ? toCodedError(error) : new CodedError('CONFIG_INVALID', message ?? '');
    console.error(error ? `error ${coded.code}: ${coded.message}` : misunderstood(coded.message, line, verbs));
    tellFailed(coded);
    if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: coded.toJSON() })}\n`);
    process.exit(error ? 1 : 2);
  });
const added = new Set<string>();
for (const verb of verbs) {
  const [first = '', second] = verb.name.split(' ');
  if (second === undefined) addVerb(parser, verb, first);
  else if (!added.has(first)) addGroup(parser, first, verbs);
  added.add(first);
}
parser.completion('completion', 'print a script that completes commands and options in bash or zsh');
await parser.parseAsync();
