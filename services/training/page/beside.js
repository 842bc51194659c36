/** What goes on beside the runs: jobs, datasets, models, and the log. */
import { byId, element, fillTable, keep, say } from './elements.js';
import { bytes, clockTime, count, duration, figure, percent } from './words.js';

const WORKS = {
  'ingest.v1.index': 'Ingest',
  'shards.v1.build': 'Shards',
  'training.v2.train': 'Training',
  'training.v1.import': 'Import',
  'training.v1.evaluate': 'Evaluation',
  'training.v1.export': 'Export',
};
const MOST_JOBS = 12;
/** Whoever works on a job tells of it every ten seconds. */
const UNHEARD_AFTER_S = 45;
/** So near the end of the log that one reads what comes. */
const NEAR_PIXELS = 24;

export function fillBeside({ jobs, indexes, datasets, models, log }, now) {
  byId('no-jobs').hidden = jobs.length > 0;
  keep(byId('jobs'), jobs.slice(0, MOST_JOBS), {
    key: ({ job }) => job,
    make: makeJob,
    fill: (row, job) => fillJob(row, job, now),
  });
  fillDatasets(indexes, datasets);
  fillTable(byId('models'), {
    header: ['model', 'version', 'run', 'top-1'],
    rows: models.map(({ model, version, run, top1 }) => [
      model,
      String(version),
      run ?? 'imported',
      percent(top1) ?? '',
    ]),
    empty: 'None yet.',
  });
  fillLog(log);
}

function makeJob({ job, work }) {
  const title = element('strong', '', WORKS[work] ?? work);
  const bar = element('progress');
  bar.setAttribute('aria-label', `${WORKS[work] ?? work}, ${job}`);
  const row = element('li', '', title, element('span', 'state'), bar, element('span', 'said'));
  row.title = job;
  return row;
}

function fillJob(row, { state, attempt, progress, secondsLeft, error, updatedAt }, now) {
  const [, stateOf, bar, said] = row.children;
  const unheard = (now - updatedAt) / 1000;
  say(stateOf, attempt > 1 ? `${state}, attempt ${attempt}` : state);
  row.dataset.state = state;
  // Without a value it moves to and fro: something is done, and nobody knows how much of it.
  if (state === 'done') bar.value = 1;
  else if (progress?.total) bar.value = progress.done / progress.total;
  else if (state === 'running') bar.removeAttribute('value');
  else bar.value = 0;
  const parts = state === 'failed' ? [`${error?.code}: ${error?.message}`] : describe(progress, secondsLeft);
  if (state === 'running' && unheard > UNHEARD_AFTER_S) parts.push(`not heard of for ${duration(unheard)}`);
  say(said, parts.join(', '));
}

function describe(progress, secondsLeft) {
  if (!progress) return [];
  const { phase, done, total, unit, ratePerSecond, figures } = progress;
  return [
    phase,
    total ? `${count(done)} of ${count(total)} ${unit}` : `${count(done)} ${unit}`,
    ratePerSecond && `${figure(ratePerSecond)} ${unit}/s`,
    secondsLeft !== undefined && `${duration(secondsLeft)} left`,
    ...Object.entries(figures ?? {}).map(([name, value]) => `${name} ${figure(value)}`),
  ].filter(Boolean);
}

/** An index becomes a dataset of the same name once its shards are there. */
function fillDatasets(indexes, datasets) {
  const names = [...new Set([...indexes, ...datasets].map(({ dataset }) => dataset))].sort();
  const split = (part) => (part ? `${count(part.examples)} in ${count(part.shards)} shards` : '');
  const rows = names.map((name) => {
    const index = indexes.find(({ dataset }) => dataset === name);
    const splits = datasets.find(({ dataset }) => dataset === name)?.splits;
    return [
      name,
      count(index?.examples) ?? '',
      count(index?.synsets) ?? '',
      count(index?.refused) ?? '',
      split(splits?.train),
      split(splits?.validation),
      splits ? bytes(splits.train.bytes + splits.validation.bytes) : '',
    ];
  });
  fillTable(byId('datasets'), {
    header: ['dataset', 'indexed', 'synsets', 'refused', 'train', 'validation', 'size'],
    rows,
    empty: 'None yet.',
  });
}

/** Follows its end, unless one has scrolled back to read. */
function fillLog(log) {
  const list = byId('log');
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PIXELS;
  const seen = new Map();
  keep(list, log, {
    // Lines may be the same in the same millisecond.
    key: ({ at, run, text }) => {
      const name = `${at} ${run} ${text}`;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      return `${name} ${seen.get(name)}`;
    },
    make: ({ at, run, text }) =>
      element('li', '', element('time', '', clockTime(at)), element('b', '', run), ` ${text}`),
    fill: () => {},
  });
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}
