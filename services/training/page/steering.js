/** Orders to a run, and what became of them. */
import { byId, say } from './elements.js';
import { ranks } from './words.js';

const OVER = ['stopped', 'failed', 'done'];

export class Steering {
  #run;

  constructor() {
    byId('pause').addEventListener('click', () => this.#order({ order: byId('pause').dataset.order }));
    byId('evaluate').addEventListener('click', () => this.#order({ order: 'evaluate' }));
    byId('stop').addEventListener('click', () => {
      say(byId('confirm-title'), `Stop ${this.#run.run}?`);
      byId('confirm').returnValue = '';
      byId('confirm').showModal();
    });
    byId('confirm').addEventListener('close', () => {
      if (byId('confirm').returnValue === 'stop') void this.#order({ order: 'stop' });
    });
    byId('steering').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#order({ order: 'scale', ranks: byId('scale-to').valueAsNumber });
    });
  }

  /** Only runs that are coordinated can be steered, as long as they are under way. */
  show(run) {
    const { coordinated } = run;
    byId('steering').hidden = !coordinated || OVER.includes(coordinated.phase);
    if (run.run !== this.#run?.run) {
      this.#say('');
      byId('scale-to').value = coordinated?.scaleTo ?? coordinated?.ranks ?? '';
    }
    this.#run = run;
    const isPaused = coordinated?.phase === 'paused' || coordinated?.order === 'pause';
    byId('pause').dataset.order = isPaused ? 'resume' : 'pause';
    say(byId('pause'), isPaused ? 'Resume' : 'Pause');
  }

  async #order(order) {
    const { run } = this.#run;
    this.#say('Asking …');
    const answer = await send(run, order).catch(() => ({ error: 'The coordinator does not answer.' }));
    if (run !== this.#run.run) return;
    if (answer.error) this.#say(answer.error, { bad: true });
    else this.#say(told(order));
  }

  #say(text, { bad = false } = {}) {
    say(byId('answer'), text);
    byId('answer').classList.toggle('bad', bad);
  }
}

async function send(run, order) {
  const response = await fetch(`api/runs/${run}/steer`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(order),
  });
  return response.json();
}

function told({ order, ranks: number }) {
  if (order === 'resume') return 'It goes on.';
  if (order === 'evaluate') return 'It is evaluated after its next step.';
  if (order === 'scale') return `After a checkpoint it goes on with ${ranks(number)}.`;
  return order === 'pause' ? 'It pauses after a checkpoint.' : 'It stops after a checkpoint.';
}
