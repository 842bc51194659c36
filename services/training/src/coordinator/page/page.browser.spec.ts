import { CodedError } from '@bluewaters/errors';
import { Checkpointed, Steer, type SteerRequest } from '@bluewaters/messages';
import { CHROMIUM, CHROMIUM_OPTIONS } from '@bluewaters/testing';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { coordinatedRun, figuresAt, PageRig, runRecord, tell } from './page.fixture.js';

describe.skipIf(!CHROMIUM)('the page of runs, in a browser [BLUEWATERS_CHROMIUM]', () => {
  let browser: Browser;
  let rig: PageRig;
  let page: Page;
  const faults: string[] = [];
  const requested: string[] = [];
  const orders: SteerRequest[] = [];

  beforeAll(async () => {
    browser = await chromium.launch(CHROMIUM_OPTIONS);
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    for (const list of [faults, requested, orders]) list.length = 0;
    rig = await new PageRig().start();
    rig.watched.know(coordinatedRun({ run: 'birds', phase: 'paused', reason: 'ordered to pause' }));
    rig.watched.know(coordinatedRun());
    await rig.bus.serve(Steer, async (order) => {
      if (order.order === 'scale') throw new CodedError('ORDER_REFUSED', 'A batch of 128 does not divide over 5 ranks');
      orders.push(order);
      return coordinatedRun({ phase: 'ending' });
    });
    page = await browser.newPage();
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => requested.push(request.url()));
    await open('digits');
  });
  afterEach(async () => {
    await page.close();
    await rig.stop();
  });

  async function open(run: string): Promise<void> {
    await page.goto(`${rig.address}/#run=${run}`);
    await page.locator('#run-title', { hasText: run }).waitFor();
  }

  const figure = (name: string) => page.locator('#figures > div', { has: page.getByText(name, { exact: true }) });
  const text = (selector: string) => page.locator(selector).innerText();

  it('shows where runs stand, what they do, and what is beside them', async () => {
    const best = { step: 100, epoch: 1, evaluation: { examples: 10, top1: 0.9, top5: 1, loss: 0.2 } };
    const progress = { phase: 'indexing n01440764', done: 250, total: 1000, unit: 'images', ratePerSecond: 50 };
    const updatedAt = Date.now();
    await tell(rig.bus, {
      runs: [runRecord({ best })],
      jobs: [{ job: 'index', work: 'ingest.v1.index', state: 'running', attempt: 1, progress, updatedAt }],
    });
    await figure('best top-1').getByText('90.00 %').waitFor();
    expect(await page.locator('#runs a').count()).toBe(2);
    expect(await text('#runs a[aria-current]')).toContain('digits');
    expect(await text('#phase')).toBe('running');
    expect(await figure('ranks').innerText()).toContain('4 of 4');
    expect(await text('#split-legend')).toContain('80 ms, 80 %');
    await page.getByRole('img', { name: 'Loss' }).waitFor();
    expect(await text('#jobs')).toContain('250 of 1,000 images, 50 images/s, 15 s left');
    expect(await page.getByRole('progressbar', { name: 'Ingest' }).getAttribute('value')).toBe('0.25');
    expect(await text('#ranks-table')).toContain('nid00002');
    expect(faults).toEqual([]);
    expect(requested.filter((url) => !url.startsWith(rig.address))).toEqual([]);
  });

  it('follows what happens without being asked', async () => {
    rig.watched.lines = [{ at: Date.now(), run: 'digits', text: 'rank 3 was lost' }];
    rig.watched.know(coordinatedRun({ phase: 'lost', arrived: 3, reason: 'rank 3 is gone', figures: figuresAt(777) }));
    await rig.bus.publish(Checkpointed, { run: 'digits', step: 700, epoch: 7, key: 'runs/digits/700' });
    await page.locator('#phase', { hasText: 'lost' }).waitFor();
    expect(await text('#reason')).toBe('rank 3 is gone');
    expect(await figure('step').innerText()).toContain('777');
    expect(await text('#log')).toContain('rank 3 was lost');
    await page.locator('#checkpoints', { hasText: 'runs/digits/700' }).waitFor();
    await page.getByRole('button', { name: 'Rank 3: 1 missing' }).waitFor();
    expect(faults).toEqual([]);
  });

  it('shows what each rank does where not all do the same', async () => {
    expect(await text('#ranks-table thead')).not.toContain('role');
    const workers = { role: 'worker' as const, count: 2, ranks: [2, 3], hosts: ['nid00001', 'nid00002'] };
    const alone = (['server', 'chief'] as const).map((role, n) => ({
      role,
      count: 1,
      ranks: [n],
      hosts: ['nid00001'],
    }));
    rig.watched.know(coordinatedRun({ roles: [...alone, workers], figures: figuresAt(130, { staleness: 1.5 }) }));
    await figure('roles').getByText('1 server, 1 chief, 2 workers').waitFor();
    await page.locator('#ranks-table tr', { hasText: 'server' }).waitFor();
    expect(await page.locator('#ranks-table tr', { hasText: 'worker' }).count()).toBe(2);
    expect(await text('#ranks-table thead')).toContain('role');
    expect(faults).toEqual([]);
  });

  it('sends orders, and says why one is refused', async () => {
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('#answer', { hasText: 'It pauses after a checkpoint.' }).waitFor();
    await page.getByRole('spinbutton', { name: 'Ranks' }).fill('5');
    await page.getByRole('button', { name: 'Scale' }).click();
    await page.locator('#answer.bad', { hasText: 'does not divide over 5 ranks' }).waitFor();
    await page.getByRole('button', { name: 'Evaluate' }).click();
    await page.locator('#answer', { hasText: 'It is evaluated after its next step.' }).waitFor();
    expect(orders).toEqual([
      { run: 'digits', order: 'pause' },
      { run: 'digits', order: 'evaluate' },
    ]);
  });

  it('stops a run only when one says so twice', async () => {
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Let it run' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Stop the run' }).click();
    await page.locator('#answer', { hasText: 'It stops after a checkpoint.' }).waitFor();
    expect(orders).toEqual([{ run: 'digits', order: 'stop' }]);
    expect(faults).toEqual([]);
  });

  it('goes over to another run, whose orders are others', async () => {
    await page.locator('#runs a', { hasText: 'birds' }).click();
    await page.locator('#run-title', { hasText: 'birds' }).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('#answer', { hasText: 'It goes on.' }).waitFor();
    expect(orders).toEqual([{ run: 'birds', order: 'resume' }]);
  });

  it('has room for 10,000 ranks, and finds the one that is silent', async () => {
    rig.watched.know(coordinatedRun({ ranks: 10_000, arrived: 10_000, hosts: 1250 }), [4321]);
    await page.locator('#ranks-legend', { hasText: '9,999 fresh' }).waitFor();
    await page.getByRole('button', { name: '1 silent' }).click();
    await page.locator('#ranks-table tr', { hasText: '4321' }).getByText('silent').waitFor();
    expect(await page.locator('#ranks button').count()).toBe(250);
    expect(await page.locator('#ranks-table tbody tr').count()).toBe(40);
    expect(faults).toEqual([]);
  });

  it('says when the server is gone, keeps what it knew, and finds it again', async () => {
    const { port } = new URL(rig.address);
    await rig.stopPage();
    await page.locator('#connection.lost', { hasText: 'Connection lost' }).waitFor();
    expect(await figure('step').innerText()).toContain('120');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('#answer.bad', { hasText: 'does not answer' }).waitFor();
    rig.watched.know(coordinatedRun({ figures: figuresAt(999) }));
    await rig.start({ listen: { host: '127.0.0.1', port: Number(port) } });
    await page.locator('#connection', { hasText: 'Live' }).waitFor();
    await figure('step').getByText('999').waitFor();
  });

  it('can be used by keyboard, and tells what changes to whoever listens to it', async () => {
    await page.keyboard.press('Tab');
    expect(await page.locator('#runs a:focus').count()).toBe(1);
    await page.locator('#ranks button').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    expect(await page.locator('#ranks button:focus').getAttribute('aria-pressed')).toBe('true');
    await expect.poll(() => page.locator('#ranks-table tbody tr').count()).toBe(1);
    expect(await page.locator('#connection').getAttribute('aria-live')).toBe('polite');
    // A change of figures leaves the focus where it is.
    rig.watched.know(coordinatedRun({ figures: figuresAt(333) }));
    await figure('step').getByText('333').waitFor();
    expect(await page.locator('#ranks button:focus').count()).toBe(1);
  });

  it.each(['light', 'dark'] as const)('fits on a narrow screen and can be read, in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 360, height: 700 });
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
    expect(await page.evaluate(LEAST_CONTRAST)).toBeGreaterThanOrEqual(4.5);
  });
});

/** The least contrast between a text and the ground it stands on, as WCAG 2.2 reckons it (1.4.3). */
const LEAST_CONTRAST = `(() => {
  const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  };
  const ground = (node) => {
    const [r, g, b, a] = rgba(getComputedStyle(node).backgroundColor);
    return a > 0 || !node.parentElement ? [r, g, b] : ground(node.parentElement);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const shown = [...document.querySelectorAll('body *')].filter(
    (node) => node.offsetParent && [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()),
  );
  return Math.min(...shown.map((node) => {
    const [light, dark] = [luminance(rgba(getComputedStyle(node).color).slice(0, 3)), luminance(ground(node))].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }));
})()`;
