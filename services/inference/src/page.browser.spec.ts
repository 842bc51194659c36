import { MemoryStore } from '@bluewaters/storage';
import { CHROMIUM, CHROMIUM_OPTIONS } from '@bluewaters/testing';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { blue, jpeg, Rig } from './rig.fixture.js';
import { registerColours } from './tiny-model.fixture.js';

/** What the page has and Node has not. */
interface PageGlobals {
  readonly document: EventTarget;
  readonly ClipboardEvent: new (type: string, options: object) => Event;
}

describe.skipIf(!CHROMIUM)('the page, in a browser [BLUEWATERS_CHROMIUM]', () => {
  let rig: Rig;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    const store = new MemoryStore();
    await registerColours(store, 'colours', 1);
    await registerColours(store, 'birds', 3);
    rig = await (await new Rig(store).start()).ready();
    browser = await chromium.launch(CHROMIUM_OPTIONS);
  });
  afterAll(async () => {
    await browser?.close();
    await rig?.stop();
  });
  beforeEach(async () => {
    faults.length = 0;
    page = await browser.newPage();
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(rig.service.address);
    await page.locator('#model option').nth(1).waitFor({ state: 'attached' });
  });
  afterEach(() => page.close());

  const status = () => page.locator('#status');
  const rows = () => page.locator('#classes li');
  const choose = (name: string, buffer: Buffer, mimeType = 'image/jpeg') =>
    page.setInputFiles('#file', { name, mimeType, buffer });

  /** Hands a file to the page the way a browser does when something is dropped or pasted. */
  async function hand(kind: 'drop' | 'paste', bytes: Buffer): Promise<void> {
    const transfer = await page.evaluateHandle(`{
      const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (character) => character.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], 'handed.jpeg', { type: 'image/jpeg' }));
      transfer;
    }`);
    if (kind === 'drop') await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
    else {
      await transfer.evaluate((clipboardData) => {
        const { document, ClipboardEvent } = globalThis as unknown as PageGlobals;
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
      });
    }
  }

  it.each(['drop', 'paste'] as const)('classifies a picture that one gives it by %s, and shows it', async (kind) => {
    await hand(kind, await jpeg('green'));
    await rows().first().waitFor();
    expect(await status().textContent()).toMatch(/^Most likely green: [\d.> ]+%\.$/u);
    expect(await rows().count()).toBe(3);
    expect(await rows().first().textContent()).toContain('n00000002');
    expect(await page.locator('#preview').isVisible()).toBe(true);
    expect(faults).toEqual([]);
  });

  it('classifies a file that one chooses, of another format', async () => {
    await choose('blue.png', await blue('png'), 'image/png');
    await rows().first().waitFor();
    expect(await status().textContent()).toContain('Most likely blue');
  });

  it('asks again when another model is chosen', async () => {
    await choose('red.jpeg', await jpeg('red'));
    await page.locator('#timing', { hasText: 'birds, version 3' }).waitFor();
    await page.selectOption('#model', 'colours');
    await page.locator('#timing', { hasText: 'colours, version 1' }).waitFor();
    expect(await page.locator('#command').textContent()).toContain('/v1/models/colours/image');
  });

  it('says what is wrong with a file that is no picture, and goes on with the next one', async () => {
    await choose('notes.jpeg', Buffer.from('no picture'));
    await page.locator('#status.bad', { hasText: 'not a whole picture' }).waitFor();
    expect(await rows().count()).toBe(0);
    await choose('red.jpeg', await jpeg('red'));
    await rows().first().waitFor();
    expect(await page.locator('#status.bad').count()).toBe(0);
  });

  it('can be used by keyboard, and tells its answer to whoever listens to the page', async () => {
    await page.keyboard.press('Tab');
    expect(await page.locator('#model:focus').count()).toBe(1);
    await page.keyboard.press('Tab');
    expect(await page.locator('#file:focus').count()).toBe(1);
    expect(await status().getAttribute('aria-live')).toBe('polite');
    expect(await page.getByLabel('Model').count()).toBe(1);
  });

  it('fits on a narrow screen', async () => {
    await page.setViewportSize({ width: 360, height: 700 });
    await choose('red.jpeg', await jpeg('red'));
    await rows().first().waitFor();
    const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
