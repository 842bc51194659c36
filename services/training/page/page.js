/* global document, location, window */
/** The page: follows the coordinator, and shows one run of those that there are, which the address names. */
import { fillBeside } from './beside.js';
import { connect } from './connection.js';
import { byId, say, sayIf } from './elements.js';
import { Ranks } from './ranks.js';
import { fillRun, fillRuns, showCharts, showCheckpoints } from './runs.js';
import { Steering } from './steering.js';
import { clockTime } from './words.js';

/** Ages are written anew so often, also when nothing else changes. */
const AGES_EVERY_MS = 5000;

let overview;
let detail;
const steering = new Steering();
const ranks = new Ranks();

const now = connect({
  onOverview(newest) {
    overview = newest;
    show();
    lookAtRun();
  },
  onState({ isHeard, heardAt }) {
    const lost = `Connection lost. This was known at ${clockTime(heardAt)}; trying again …`;
    say(byId('connection'), isHeard ? 'Live' : overview ? lost : 'The coordinator does not answer; trying again …');
    byId('connection').classList.toggle('lost', !isHeard);
    document.body.classList.toggle('stale', !isHeard);
  },
});

/** The run that the address names, or else the first one. */
function shownRun() {
  const name = new URLSearchParams(location.hash.slice(1)).get('run') ?? overview?.runs[0]?.run;
  return overview?.runs.find(({ run }) => run === name);
}

function show() {
  if (!overview) return;
  const { leads, leader, busSilentSince, runs } = overview;
  const elsewhere = leader ? `The coordinator on ${leader.host} leads` : 'No coordinator leads at present';
  say(byId('leader'), leads ? '' : `${elsewhere}; this one stands by, without ranks and curves.`);
  const silent =
    busSilentSince && `The message bus does not answer. Tables are as they were at ${clockTime(busSilentSince)}.`;
  sayIf(byId('bus'), silent);
  const run = shownRun();
  byId('no-runs').hidden = runs.length > 0;
  byId('run').hidden = !run;
  fillRuns(runs, run?.run);
  fillBeside(overview, now());
  document.title = run ? `${run.run}: runs of Blue Waters ML` : 'Blue Waters ML: runs';
  if (!run) return;
  fillRun(run, now());
  steering.show(run);
}

/** What is shown of one run alone. An answer that comes when another run is looked at is left aside. */
async function lookAtRun() {
  const run = shownRun();
  if (!run) return;
  const response = await fetch(`api/runs/${run.run}`).catch(() => undefined);
  if (!response?.ok) return;
  detail = await response.json();
  if (detail.run === shownRun()?.run) showDetail(run);
}

function showDetail(run) {
  showCharts(detail.charts);
  showCheckpoints(detail.checkpoints);
  void ranks.show(run, detail.ranks);
}

window.addEventListener('hashchange', () => {
  showCharts([]);
  show();
  lookAtRun();
});
setInterval(show, AGES_EVERY_MS);
