import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHROMIUM, CHROMIUM_OPTIONS, temporaryDirectory } from '@bluewaters/testing';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOXED, BOXES, id, tourOdd } from './odd-archive.fixture.js';
import { tourPage } from './tour-page.js';

describe.skipIf(!CHROMIUM)('the page of a tour, in a browser [BLUEWATERS_CHROMIUM]', () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  const asked: string[] = [];

  beforeAll(async () => {
    const file = join(await temporaryDirectory(), 'tour.html');
    await writeFile(file, tourPage((await tourOdd()).tour));
    browser = await chromium.launch(CHROMIUM_OPTIONS);
    page = await browser.newPage();
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => void asked.push(request.url().slice(0, 5)));
    await page.goto(pathToFileURL(file).href);
  });
  afterAll(() => browser?.close());

  /** In pixels of the window. */
  async function placeOf(element: Locator) {
    const place = await element.boundingBox();
    if (!place) throw new Error('The element is not shown');
    return place;
  }

  it('shows every picture, and asks for nothing but itself', async () => {
    const shown = await page.evaluate(
      `Promise.all([...document.images].map((image) => image.decode().then(() => image.naturalWidth)))`,
    );
    expect(shown).toHaveLength(8);
    expect((shown as number[]).every((width) => width > 0)).toBe(true);
    expect(asked.filter((start) => start === 'file:')).toHaveLength(1);
    expect(asked.filter((start) => start !== 'file:' && start !== 'data:')).toEqual([]);
    expect(faults).toEqual([]);
  });

  it.each([1200, 360])('draws each box where its annotation has it, at a width of %i', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    const image = page.locator('.frame:has(rect) img');
    expect(await image.count()).toBe(1);
    const picture = await placeOf(image);
    const [across, down] = [picture.width / BOXED.width, picture.height / BOXED.height];
    const rectangles = await page.locator('.frame rect').all();
    expect(rectangles).toHaveLength(BOXES.length);
    for (const [n, [left, top, right, bottom]] of BOXES.entries()) {
      const drawn = await placeOf(rectangles[n]!);
      // A browser counts the line of a shape as part of it, or does not: one and a half pixels on each side.
      expect(Math.abs(drawn.x - picture.x - left * across)).toBeLessThan(2.5);
      expect(Math.abs(drawn.y - picture.y - top * down)).toBeLessThan(2.5);
      expect(Math.abs(drawn.width - (right - left) * across)).toBeLessThan(4);
      expect(Math.abs(drawn.height - (bottom - top) * down)).toBeLessThan(4);
    }
  });

  it('has a tree that folds, and names of odd pictures that unfold', async () => {
    const hound = page.locator('.tree', { hasText: 'hound' }).getByText(id('hound'));
    expect(await hound.isVisible()).toBe(true);
    await page.locator('.tree summary', { hasText: 'animal' }).first().click();
    expect(await hound.isVisible()).toBe(false);
    const row = page.locator('tr', { hasText: 'under the name of a JPEG' });
    const name = row.getByText(`${id('hound')}_2.JPEG`);
    expect(await name.isVisible()).toBe(false);
    await row.locator('summary').click();
    expect(await name.isVisible()).toBe(true);
  });

  it('fits on a narrow screen', async () => {
    await page.setViewportSize({ width: 360, height: 700 });
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
  });
});
