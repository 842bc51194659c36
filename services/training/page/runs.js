/** The list of runs, and what stands at the head of the one that is looked at. */
import { byId, element, fillFacts, fillTable, keep, say, sayIf } from './elements.js';
import { clockTime, count, duration, figure, milliseconds, percent } from './words.js';

const PARTS = [
  ['input', 'Input', 'waiting for pictures'],
  ['compute', 'Compute', 'forward and back-propagation'],
  ['reduce', 'Reduce', 'exchanging gradients'],
];

/** A run that nobody coordinates has only the state that training wrote. */
const phaseOf = ({ coordinated, record }) => coordinated?.phase ?? record?.state ?? 'unknown';

const epochOf = ({ coordinated, record }) => coordinated?.figures?.epoch ?? record?.epoch;

export function fillRuns(runs, shown) {
  keep(byId('runs'), runs, {
    key: ({ run }) => run,
    make: makeCard,
    fill(row, run) {
      const [link] = row.children;
      const { coordinated, record } = run;
      const phase = phaseOf(run);
      if (run.run === shown) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
      say(link.querySelector('.phase'), phase);
      link.querySelector('.phase').dataset.phase = phase;
      say(link.querySelector('.where'), placeOf(coordinated) ?? record?.network ?? '');
      fillFacts(link.querySelector('dl'), [
        ['loss', figure(coordinated?.figures?.loss)],
        ['images/s', figure(coordinated?.figures?.imagesPerSecond)],
        ['epoch', count(epochOf(run))],
        ['best top-1', percent(record?.best?.evaluation.top1)],
      ]);
    },
  });
}

function makeCard({ run }) {
  const link = element('a', '', element('strong', '', run), element('span', 'phase'), element('span', 'where'));
  link.append(element('dl'));
  link.href = `#run=${run}`;
  return element('li', '', link);
}

function placeOf(coordinated) {
  if (!coordinated) return undefined;
  const { generation, arrived, ranks } = coordinated;
  return `generation ${generation}, ${count(arrived)} of ${count(ranks)} ${ranks === 1 ? 'rank' : 'ranks'}`;
}

export function fillRun(run, now) {
  const { coordinated } = run;
  const phase = phaseOf(run);
  say(byId('run-title'), run.run);
  say(byId('phase'), coordinated?.order ? `${phase}, to ${coordinated.order}` : phase);
  byId('phase').dataset.phase = phase;
  say(byId('since'), coordinated ? `for ${duration((now - coordinated.since) / 1000)}` : 'not coordinated');
  sayIf(byId('reason'), coordinated?.reason);
  fillFacts(byId('figures'), factsOf(run));
  fillSplit(coordinated?.figures?.seconds);
}

function factsOf({ coordinated = {}, record = {} }) {
  const { generation, ranks, arrived, hosts, roles, scaleTo, figures = {} } = coordinated;
  const { network, dataset, checkpointStep, evaluation, best } = record;
  return [
    ['images/s', figure(figures.imagesPerSecond)],
    ['loss', figure(figures.loss)],
    ['step', count(figures.step ?? record.step)],
    ['epoch', count(figures.epoch ?? record.epoch)],
    ['top-1', percent(evaluation?.top1)],
    ['best top-1', percent(best?.evaluation.top1)],
    ['staleness', figure(figures.staleness)],
    ['dropped gradients', count(figures.dropped)],
    ['ranks', ranks && `${count(arrived)} of ${count(ranks)}`],
    ['hosts', count(hosts)],
    ['roles', roles?.map(({ role, count: ranks }) => `${count(ranks)} ${role}${ranks === 1 ? '' : 's'}`).join(', ')],
    ['generation', count(generation)],
    ['next: ranks', count(scaleTo)],
    ['network', network],
    ['dataset', dataset],
    ['last checkpoint', checkpointStep === undefined ? undefined : `step ${count(checkpointStep)}`],
  ];
}

function fillSplit(seconds) {
  const whole = seconds ? seconds.input + seconds.compute + seconds.reduce : 0;
  byId('split-section').hidden = whole === 0;
  if (whole === 0) return;
  const parts = PARTS.map(([name, title, meaning], index) => ({
    name,
    title,
    meaning,
    index,
    share: seconds[name] / whole,
  }));
  keep(byId('split'), parts, {
    key: ({ name }) => name,
    make: ({ index }) => element('span', `part-${index}`),
    fill: (bar, { share }) => (bar.style.flexGrow = share),
  });
  keep(byId('split-legend'), parts, {
    key: ({ name }) => name,
    make: ({ index, title, meaning }) =>
      element('li', `key part-${index}`, element('b', '', title), ' ', element('span'), element('small', '', meaning)),
    fill: (row, { name, share }) =>
      say(row.children[1], `${milliseconds(seconds[name])}, ${(100 * share).toFixed(0)} %`),
  });
}

/** Drawn by the server, which escapes what names stand in them. */
export function showCharts(charts) {
  byId('no-charts').hidden = charts.length > 0;
  keep(byId('charts'), charts, {
    key: (_, index) => index,
    make: () => element('div'),
    fill(place, svg) {
      if (place.drawn === svg) return;
      place.drawn = svg;
      place.innerHTML = svg;
    },
  });
}

export function showCheckpoints(checkpoints) {
  fillTable(byId('checkpoints'), {
    header: ['step', 'epoch', 'heard of at', 'key'],
    rows: [...checkpoints].reverse().map(({ step, epoch, at, key }) => [count(step), count(epoch), clockTime(at), key]),
    empty: 'None was heard of since this coordinator started.',
  });
}
