/* global document */
/** The picture of all ranks: a square each, or one for some neighbours, and a table of those that one looks at. */
import { byId, element, fillTable, keep, say, sayIf } from './elements.js';
import { count, duration, figure, milliseconds, ranks as someRanks } from './words.js';

/** So few ranks are in the table without being asked for. */
const ALL_IN_TABLE = 16;
const STATES = ['fresh', 'silent', 'missing'];
const JUMP = 16;
/** Of the table; a cell of what is not known is empty. */
const COLUMNS = [
  { name: 'rank', of: ({ rank }) => String(rank) },
  { name: 'host', of: ({ host }) => host },
  { name: 'role', of: ({ role }) => role },
  { name: 'state', of: ({ state }) => state },
  { name: 'heard', of: ({ secondsSilent: s }) => (s === undefined ? undefined : `${duration(s)} ago`) },
  { name: 'step', of: ({ figures }) => count(figures?.step) },
  { name: 'loss', of: ({ figures }) => figure(figures?.loss) },
  { name: 'images/s', of: ({ figures }) => figure(figures?.imagesPerSecond) },
  ...['input', 'compute', 'reduce'].map((name) => ({
    name,
    of: ({ figures }) => milliseconds(figures?.seconds[name]),
  })),
  { name: 'staleness', of: ({ figures }) => figure(figures?.staleness) },
];

export class Ranks {
  #run;
  #picture;
  #chosen;

  constructor() {
    byId('ranks').addEventListener('click', ({ target }) => this.#choose(target.closest('button')));
    byId('ranks').addEventListener('keydown', (event) => this.#walk(event));
  }

  async show(run, picture) {
    if (run.run !== this.#run?.run || picture?.squares.length !== this.#picture?.squares.length)
      this.#chosen = undefined;
    this.#run = run;
    this.#picture = picture;
    byId('ranks-section').hidden = !picture;
    if (!picture) return;
    this.#showLegend();
    this.#showSquares();
    await this.#showTable();
  }

  #showLegend() {
    const counts = this.#run.counts ?? { fresh: 0, silent: 0, missing: 0 };
    keep(byId('ranks-legend'), STATES, {
      key: (state) => state,
      make: (state) => element('li', `key ${state}`, element('b'), ` ${state}`),
      fill: (row, state) => say(row.firstElementChild, count(counts[state])),
    });
    const { slowest } = this.#run.coordinated ?? {};
    sayIf(
      byId('slowest'),
      slowest &&
        `The others wait for rank ${slowest.rank} on ${slowest.host}, busy ${slowest.times} times as long as most.`,
    );
  }

  #showSquares() {
    const { squares, perSquare, ranks } = this.#picture;
    byId('ranks').classList.toggle('numbered', perSquare === 1);
    const slowest = this.#run.coordinated?.slowest?.rank;
    keep(byId('ranks'), squares, {
      key: (_, index) => index,
      make: () => Object.assign(element('button'), { type: 'button' }),
      fill: (square, counts, index) => {
        const first = index * perSquare;
        const last = Math.min(ranks, first + perSquare) - 1;
        if (perSquare === 1) say(square, String(first));
        const isSlowest = slowest >= first && slowest <= last;
        // The worst that is in a square shows: one rank among twenty must not be overlooked.
        const state = counts.missing ? 'missing' : counts.silent ? 'silent' : 'fresh';
        const name = first === last ? `Rank ${first}` : `Ranks ${first} to ${last}`;
        const label = `${name}: ${describe(counts)}${isSlowest ? ', slowest' : ''}`;
        const className = `${state}${isSlowest ? ' slowest' : ''}`;
        if (square.className !== className) square.className = className;
        if (square.title !== label) {
          square.title = label;
          square.setAttribute('aria-label', label);
        }
        square.setAttribute('aria-pressed', String(index === this.#chosen));
        square.tabIndex = index === (this.#chosen ?? 0) ? 0 : -1;
      },
    });
  }

  /** Of the square that was chosen; of all ranks where they are few. */
  async #showTable() {
    const { ranks, perSquare } = this.#picture;
    const chosen = this.#chosen === undefined ? undefined : { from: this.#chosen * perSquare, count: perSquare };
    const asked = chosen ?? (ranks <= ALL_IN_TABLE ? { from: 0, count: ranks } : undefined);
    if (!asked) {
      delete byId('ranks-table').dataset.shown;
      const hint = perSquare > 1 ? `A square stands for ${someRanks(perSquare)}. ` : '';
      return void byId('ranks-table').replaceChildren(element('p', 'quiet', `${hint}Choose one to see who is where.`));
    }
    const { run } = this.#run;
    const response = await fetch(`api/runs/${run}/ranks?from=${asked.from}&count=${asked.count}`).catch(
      () => undefined,
    );
    if (!response?.ok || run !== this.#run.run) return;
    const { ranks: shown } = await response.json();
    // Ranks that all do the same have no roles.
    const columns = COLUMNS.filter(({ name }) => name !== 'role' || shown.some(({ role }) => role));
    fillTable(byId('ranks-table'), {
      header: columns.map(({ name }) => name),
      rows: shown.map((rank) => columns.map(({ of }) => of(rank) ?? '')),
      empty: 'No rank is known there.',
    });
  }

  #choose(square) {
    if (!square) return;
    const index = Number(square.dataset.key);
    this.#chosen = this.#chosen === index ? undefined : index;
    this.#showSquares();
    void this.#showTable();
  }

  /** One stop for the tabulator, as for a toolbar; arrows go on from there. */
  #walk(event) {
    const squares = [...byId('ranks').children];
    const at = squares.indexOf(document.activeElement);
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: JUMP,
      ArrowUp: -JUMP,
      Home: -at,
      End: squares.length - 1 - at,
    };
    const next = squares[at + (steps[event.key] ?? NaN)];
    if (at < 0 || !next) return;
    event.preventDefault();
    squares[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

function describe(counts) {
  return STATES.filter((state) => counts[state] > 0)
    .map((state) => `${count(counts[state])} ${state}`)
    .join(', ');
}
